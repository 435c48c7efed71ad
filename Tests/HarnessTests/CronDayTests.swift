import Determinism
import Experiments
import Faults
import Foundation
import Kubernetes
import Testing

@testable import Harness

/// Long trials in virtual time. By itself, because it looks at the memory of the process.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CronDayTests {
    private static let cron = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": {"name": "often"},
         "spec": {"schedules": ["*/4 * * * *"], "concurrencyPolicy": "Allow", "startingDeadlineSeconds": 30,
          "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 3,
          "workflowSpec": {"entrypoint": "work", "podGC": {"strategy": "OnPodCompletion"}, "templates": [
            {"name": "work", "container": {"image": "busybox", "command": ["sleep", "5"]}}]}}}
        """

    private func day(of hours: Int64) throws -> TrialSpec {
        let policy = try Fixtures.policy("boreas")
        let rules = [
            Rule(
                name: "lost-answer", during: .storm,
                match: RequestMatch(verb: [.create], resource: "workflows.argoproj.io"),
                when: Timing(probability: 0.2, limitConsecutive: 3), fault: .reset(.init(at: .afterCommit))),
            Rule(
                name: "unavailable", during: .storm, match: RequestMatch(verb: [.create, .update, .patch, .delete]),
                when: Timing(probability: 0.05, limitConsecutive: 3), fault: .status(.init(code: 503))),
        ]
        let variation = Experiment.Variation(
            policies: [policy], workload: [],
            phases: .init(calm: .seconds(250), storm: .seconds(hours * 3_600), converge: .seconds(600)),
            plan: Plan(rules: rules), objects: [Self.cron])
        return TrialSpec(number: 1, policy: policy, variation: variation, index: 1, seed: 5)
    }

    /// In KiB.
    private func residentMemory() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(fields.count > 1 ? Int(fields[1]) : nil) * 4
    }

    @Test("a trial in virtual time leaves nothing behind in memory")
    func nothingLeft() async throws {
        let specs = try (1...80).map { (seed: UInt64) in
            let cut = Rule(
                name: "cut", match: RequestMatch(verb: [.create, .update, .watch]), when: Timing(probability: 0.2),
                fault: .reset(.init(at: .beforeRequest)))
            return try SweepWorkload.trial("seed \(seed)", [cut], seed: seed)
        }
        // The first ones fill what stays: caches, pools, the heap itself.
        _ = try await Fixtures.simulate(Array(specs.prefix(20)))
        let before = try residentMemory()
        for spec in specs.dropFirst(20) { _ = try await Fixtures.simulate([spec], jobs: 1) }
        let grown = try residentMemory() - before
        #expect(grown < 8_192, "\(grown) KiB after 60 trials")
    }

    @Test("24 hours of cron with faults run in virtual time, and memory grows by the record of what happened alone")
    func day() async throws {
        let hour = try #require(try await Fixtures.simulate([try day(of: 1)], jobs: 1).first)
        // So few runs need not meet every fault.
        try #require(hour.violations.isEmpty, "\(hour.reason)")
        let before = try residentMemory()
        let records = try await Fixtures.simulate([try day(of: 24)], jobs: 1)
        let record = try #require(records.first)
        #expect(record.outcome == .pass, "\(record.reason)")
        let runs = record.observations.count { $0.kind == .cronRunCreated }
        #expect((360...364).contains(runs), "\(runs) runs")
        #expect(record.injections.count > 50)
        // What is kept of each request and each fact; a store or a queue that grew would come on top.
        let facts = record.attempts.count + record.observations.count
        let grown = try residentMemory() - before
        #expect(grown < facts * 3 + 8_192, "\(grown) KiB for \(facts) facts")
    }
}
