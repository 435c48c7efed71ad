import Determinism
import Experiments
import Faults
import Kubernetes
import Testing

@testable import Harness

/// The sweeps of the controller core over every write, in virtual time: each of a thousand seeds has weather of its own.
@Suite(.serialized, .timeLimit(.minutes(15)))
struct SimulatedSweepTests {
    private static let seeds: UInt64 = 1_000

    @Test("an answer that is lost after the write was done makes nothing come twice, at every write under 1,000 seeds")
    func ambiguity() async throws {
        let calm = try await Fixtures.simulate((1...3).map { try SweepWorkload.trial("calm", [], seed: $0) })
        for record in calm { SweepWorkload.expectConverged(record) }
        var all: Set<AmbiguitySweepTests.Write> = []
        for record in calm { all.formUnion(AmbiguitySweepTests.Write.all(of: record)) }
        let writes = all.sorted()
        #expect(writes.count > 40)
        let specs = try (1...Self.seeds).map { seed in
            let write = writes[Int(seed) % writes.count]
            return try SweepWorkload.trial("\(write), seed \(seed)", [write.rule], seed: seed)
        }
        let records = try await Fixtures.simulate(specs)
        for record in records { SweepWorkload.expectConverged(record) }
        // What only some seeds write is not hit in every other.
        let hit = records.count { !$0.injections.isEmpty }
        #expect(hit * 10 >= records.count * 8, "\(hit) of \(records.count) answers were lost")
        let rules = Set(
            records.filter { !$0.injections.isEmpty }.compactMap { $0.key.variation.split(separator: ",").first })
        #expect(rules.count * 10 >= writes.count * 9, "\(rules.count) of \(writes.count) writes were hit")
    }

    @Test(
        "a controller that is killed after its n-th write converges when it is started again, for every n, 1,000 seeds")
    func kill() async throws {
        let calm = try await Fixtures.simulate((1...3).map { try SweepWorkload.trial("calm", [], seed: $0) })
        let counts = calm.map { record in
            record.attempts.count { attempt in
                let identity = attempt.exchange.identity
                return identity.verb.isWrite && attempt.exchange.isSuccess && identity.subresource != "status"
            }
        }
        let count = try #require(counts.max())
        #expect(count > 40)
        let specs = try (1...Self.seeds).map { seed in
            let write = 1 + Int(seed) % count
            let crash = Fault.Crash(
                afterWrites: write, at: seed.isMultiple(of: 2) ? .afterAnswer : .beforeAnswer,
                downtime: (seed / 2).isMultiple(of: 2) ? nil : .milliseconds(300))
            return try SweepWorkload.trial(
                "write \(write), seed \(seed)", [Rule(name: SweepWorkload.rule, fault: .crash(crash))], seed: seed)
        }
        let records = try await Fixtures.simulate(specs)
        for record in records { SweepWorkload.expectConverged(record) }
        let killed = records.count { record in record.observations.contains { $0.kind == .subjectCrashed } }
        #expect(killed * 10 >= records.count * 8, "\(killed) of \(records.count) controllers were killed")
    }
}
