import Determinism
import Experiments
import Faults
import Kubernetes
import Testing

@testable import Harness

/// The controller is killed at each of its writes, and started again; over real sockets.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct KillSweepTests {
    @Test("a controller that is killed after its n-th write is started again and everything converges, for every n")
    func everyWrite() async throws {
        let calm = try await SweepWorkload.fly([SweepWorkload.trial("calm", [])])
        let record = try #require(calm.first)
        SweepWorkload.expectConverged(record)
        // The agents are no part of the controller.
        let count = record.attempts.count { attempt in
            let identity = attempt.exchange.identity
            return identity.verb.isWrite && attempt.exchange.isSuccess && identity.subresource != "status"
        }
        let crashes = (1...count).map { write in
            Fault.Crash(
                afterWrites: write, at: write.isMultiple(of: 2) ? .afterAnswer : .beforeAnswer,
                downtime: (write / 2).isMultiple(of: 2) ? nil : .milliseconds(300))
        }
        let records = try await SweepWorkload.fly(
            crashes.map { crash in
                let point = crash.at?.rawValue ?? ""
                return try SweepWorkload.trial(
                    "\(point) \(crash.afterWrites)", [Rule(name: SweepWorkload.rule, fault: .crash(crash))])
            })
        for record in records { SweepWorkload.expectConverged(record) }
        // The last writes are not made in every trial, and one that is not made kills nobody.
        let killed = records.count { record in record.observations.contains { $0.kind == .subjectCrashed } }
        #expect(killed * 10 >= count * 9, "\(killed) of \(count) writes killed")
    }
}
