import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

@testable import Harness

/// A small run with all that the controller core writes about: semaphores, a mutex, cron, http, a dag with a retry, and
/// a workflow that is terminated; and the means to run it often.
enum SweepWorkload {
    /// One container under a semaphore with one permit; its pod goes when it has ended.
    private static let locked = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "locked-"},
         "spec": {"entrypoint": "work", "podGC": {"strategy": "OnPodCompletion"},
          "synchronization": {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "workers"}}]},
          "templates": [{"name": "work", "container": {"image": "busybox", "command": ["sleep", "0.1"]}}]}}
        """

    /// A dag whose second task fails at its first try, and whose tasks share a mutex.
    private static let dag = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "dag-"},
         "spec": {"entrypoint": "dag", "templates": [
           {"name": "dag", "dag": {"tasks": [
             {"name": "a", "template": "work"}, {"name": "b", "template": "flaky", "depends": "a"},
             {"name": "c", "template": "work", "depends": "a"}]}},
           {"name": "work", "synchronization": {"mutexes": [{"name": "bench"}]},
            "container": {"image": "busybox", "command": ["sleep", "0.1"]}},
           {"name": "flaky", "retryStrategy": {"limit": "2", "backoff": {"duration": "100ms"}},
            "container": {"image": "busybox", "command": ["sh", "-c", "test {{retries}} -ge 1"]}}]}}
        """

    private static let sleeper = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "sleeper"},
         "spec": {"entrypoint": "sleep", "podGC": {"strategy": "OnPodCompletion"},
          "templates": [{"name": "sleep", "container": {"image": "busybox", "command": ["sleep", "40"]}}]}}
        """

    private static let objects = [
        #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"workers": "1"}}"#,
        """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow",
         "metadata": {"name": "tick", "annotations": {"boreas.dev/schedule-seconds": "true"}},
         "spec": {"schedules": ["*/2 * * * * *"], "concurrencyPolicy": "Allow", "startingDeadlineSeconds": 20,
          "successfulJobsHistoryLimit": 100, "failedJobsHistoryLimit": 100,
          "workflowSpec": {"entrypoint": "work", "templates": [
            {"name": "work", "container": {"image": "busybox", "command": ["sleep", "0.1"]}}]}}}
        """,
    ]

    /// What ends otherwise than well, because it is made to.
    static let stopped = "sleeper"

    static func trial(_ name: String, _ rules: [Rule], replicas: Int = 1, seed: UInt64 = 11) throws -> TrialSpec {
        let policy = try Fixtures.policy("boreas")
        let variation = Experiment.Variation(
            name: name, policies: [policy],
            // The one that is changed comes first, so that it is there by then on the slowest machine.
            workload: [
                .init(manifest: sleeper, count: 1, every: .zero), .init(manifest: locked, count: 2, every: .zero),
                .init(manifest: Fixtures.httpWorkflow, count: 1, every: .zero),
                .init(manifest: dag, count: 1, every: .zero),
            ], phases: .init(calm: .zero, storm: .seconds(2), converge: .seconds(60)), plan: Plan(rules: rules),
            objects: objects,
            changes: [
                .init(
                    at: .milliseconds(1200), resource: "workflows", name: stopped,
                    patch: #"{"spec": {"shutdown": "Terminate"}}"#)
            ], replicas: replicas)
        return TrialSpec(number: 1, policy: policy, variation: variation, index: 1, seed: seed)
    }

    /// Trials that wait more than they work share the cores.
    private static let lanes = 8

    /// Carries out trials, several at a time, each in a world of its own.
    ///
    /// A trial that the fault never hit is flown again, up to twice: how often a status is written depends on how the
    /// machine's threads meet.
    static func fly(_ specs: [TrialSpec]) async throws -> [TrialRecord] {
        try await withThrowingTaskGroup(of: (Int, TrialRecord).self) { group in
            var records: [Int: TrialRecord] = [:]
            for (index, spec) in specs.enumerated() {
                if index >= lanes, let (done, record) = try await group.next() { records[done] = record }
                group.addTask { (index, try await fly(spec)) }
            }
            for try await (done, record) in group { records[done] = record }
            return specs.indices.compactMap { records[$0] }
        }
    }

    private static func fly(_ spec: TrialSpec) async throws -> TrialRecord {
        var record = try await once(spec)
        for _ in 1...2 where record.outcome == .inconclusive && record.injections.isEmpty {
            record = try await once(spec)
        }
        return record
    }

    private static func once(_ spec: TrialSpec) async throws -> TrialRecord {
        try #require(try await Fixtures.run([spec]).first)
    }

    /// Fails the test where a trial did not pass, or a workflow ended in another phase than in fair weather. A fault that
    /// hit nothing because what it was for never came about is the caller's to count.
    static func expectConverged(_ record: TrialRecord, sourceLocation: SourceLocation = #_sourceLocation) {
        let name = record.key.variation
        let missed = record.injections.isEmpty ? "the fault \(rule) never hit a request" : ""
        #expect(
            record.outcome == .pass || record.outcome == .inconclusive && record.reason == missed,
            "\(name): \(record.outcome), \(record.reason)\n\(story(of: record))", sourceLocation: sourceLocation)
        let ends = record.observations.filter { $0.kind == .workflowFinished }
        let surprises = ends.filter { ($0.detail == "Succeeded") == ($0.subject == stopped) }
            .map { "\($0.subject) \($0.detail): \($0.message)" }
        #expect(surprises.isEmpty, "\(name): \(surprises)", sourceLocation: sourceLocation)
        let submitted = Set(ends.map(\.subject).filter { !$0.hasPrefix("tick-") })
        #expect(submitted.count == 5, "\(name): \(submitted.sorted())", sourceLocation: sourceLocation)
    }

    /// What the rules of trials are called.
    static let rule = "fault"

    /// What was seen and what was written, for whoever has to find out why.
    private static func story(of record: TrialRecord) -> String {
        let seen = record.observations.filter { $0.kind != .cleanupSampled }.map { observation in
            (observation.at, "\(observation.kind) \(observation.subject) \(observation.detail) \(observation.message)")
        }
        let sent = record.attempts.filter { $0.exchange.identity.verb != .watch }.map { attempt in
            let exchange = attempt.exchange
            let fault = attempt.injection == nil ? "" : " (hit)"
            return (exchange.started, "> \(exchange.identity) \(exchange.outcomeText)\(fault)")
        }
        return (seen + sent).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { "\($0.0.text) \($0.1)" }
            .joined(separator: "\n")
    }
}
