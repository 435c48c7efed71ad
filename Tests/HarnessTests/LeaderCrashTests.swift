import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

@testable import Harness

/// Two controllers, of which one leads and is killed; over real sockets.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct LeaderCrashTests {
    @Test("when the leader is killed at a write the other takes over, and everything converges")
    func crash() async throws {
        let specs = try [4, 9, 14, 19, 24, 29].map { write in
            let crash = Fault.Crash(
                afterWrites: write, at: write.isMultiple(of: 2) ? .afterAnswer : .beforeAnswer,
                downtime: .milliseconds(500))
            var spec = try SweepWorkload.trial(
                "leader \(write)",
                [Rule(name: SweepWorkload.rule, match: RequestMatch(resource: "*.argoproj.io"), fault: .crash(crash))],
                replicas: 2)
            // Argo's own times are four times as long.
            spec.policy.leaderElection = Policy.LeaderElection(
                leaseDuration: .seconds(4), renewDeadline: .seconds(3), retryPeriod: .milliseconds(500))
            spec.variation.policies = [spec.policy]
            return spec
        }
        for record in try await SweepWorkload.fly(specs) {
            SweepWorkload.expectConverged(record)
            let name = record.key.variation
            let crashed = try #require(record.observations.first { $0.kind == .subjectCrashed }, "\(name)")
            let leaders = record.observations.filter { $0.kind == .subjectLeads }
            let before = try #require(leaders.last { $0.at <= crashed.at }, "\(name)")
            #expect(before.subject == crashed.subject, "\(name)")
            let after = try #require(leaders.first { $0.at > crashed.at }, "\(name): nobody took over")
            // The lease of the dead runs out first, whoever follows: its next life has another identity.
            #expect(after.at - crashed.at >= .seconds(3), "\(name)")
            let writes = record.attempts.map(\.exchange).filter {
                $0.identity.verb.isWrite && $0.identity.group == "argoproj.io" && $0.identity.subresource.isEmpty
            }
            // Nobody writes between the two reigns.
            let between = writes.filter { $0.started > crashed.at + .milliseconds(500) && $0.started < after.at }
            #expect(between.isEmpty, "\(name): \(between.map(\.identity))")
        }
    }
}
