import Determinism
import Experiments
import Faults
import Foundation
import Kubernetes
import Resilience
import Statistics
import Testing

@testable import Harness

/// A comparison of A with A: trials whose subject reaches the server straight, and trials with a proxy and no rules on
/// the way. One after another, in real time.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DirectProxiedTests {
    /// What one trial came to, as far as a proxy could change it.
    private struct Measure {
        var outcome: Verdict
        var fates: [String]
        var attempts: Double
        var operations: Double
        /// The median time from a workflow's submission to its end, in seconds.
        var completion: Double

        init(_ record: TrialRecord) {
            outcome = record.outcome
            fates = record.observations.filter { $0.kind == .workflowFinished }.map { "\($0.subject) \($0.detail)" }
                .sorted()
            attempts = Double(record.attempts.count)
            operations = Double(record.operations.count)
            completion = median(record.samples.filter { $0.metric == .workflowCompletion }.map(\.value))
        }
    }

    private static let locked = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "locked-"},
         "spec": {"entrypoint": "work",
          "synchronization": {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "workers"}}]},
          "templates": [{"name": "work", "container": {"image": "busybox", "command": ["sleep", "0.05"]}}]}}
        """

    private static let limits =
        #"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"workers": "2"}}"#

    private static func trial(_ rules: [Rule], number: Int) throws -> TrialSpec {
        let policy = try Fixtures.policy("boreas")
        let variation = Experiment.Variation(
            policies: [policy],
            workload: [
                .init(manifest: Fixtures.httpWorkflow, count: 4, every: .milliseconds(40)),
                .init(manifest: locked, count: 4, every: .milliseconds(40)),
            ], phases: .init(calm: .zero, storm: .milliseconds(300), converge: .seconds(20)), plan: Plan(rules: rules),
            objects: [limits])
        return TrialSpec(number: number, policy: policy, variation: variation, index: number, seed: 5)
    }

    private static func measure(_ world: SocketWorld, isDirect: Bool, _ rules: [Rule] = [], number: Int) async throws
        -> Measure
    {
        var world = world
        world.isDirect = isDirect
        var records: [TrialRecord] = []
        let executor = RunExecutor(world: world, runID: "r1", logger: Fixtures.logger, onProgress: { _, _ in })
        try await executor.run([trial(rules, number: number)]) { records.append($0) }
        return Measure(try #require(records.first))
    }

    /// Whether two samples of times differ by more than an unoptimised proxy costs, and not by chance.
    private static func differ(_ one: [Double], _ other: [Double]) -> Bool {
        abs(median(one) - median(other)) > 0.25 && MannWhitney(one, other).p <= 0.01
    }

    private static let pairs = 8
    private static let late = 6

    @Test("trials through a proxy without rules come to what trials without a proxy come to")
    func invisible() async throws {
        try await SocketWorld.withEmbedded(logger: Fixtures.logger) { world in
            // The first trial warms what all of them use.
            _ = try await Self.measure(world, isDirect: true, number: 1)
            var direct: [Measure] = []
            var proxied: [Measure] = []
            for pair in 0..<Self.pairs {
                for isDirect in pair.isMultiple(of: 2) ? [true, false] : [false, true] {
                    let measure = try await Self.measure(world, isDirect: isDirect, number: 1)
                    if isDirect { direct.append(measure) } else { proxied.append(measure) }
                }
            }
            for measure in direct + proxied {
                #expect(measure.outcome == .pass)
                #expect(measure.fates == direct[0].fates)
                #expect(measure.fates.count == 8)
            }
            // Unoptimised, the proxy takes its milliseconds, in which more news comes at once; benchmarks of the optimised
            // one tell the rest.
            let counts: [KeyPath<Measure, Double>] = [\.attempts, \.operations]
            for count in counts {
                let (one, other) = (direct.map { $0[keyPath: count] }, proxied.map { $0[keyPath: count] })
                #expect(abs(median(one) - median(other)) <= 0.1 * median(one), "\(one) \(other)")
            }
            let times = direct.map(\.completion)
            #expect(!Self.differ(times, proxied.map(\.completion)), "\(times) \(proxied.map(\.completion))")

            // The same comparison finds what is there.
            let latency = Rule(name: "late", match: RequestMatch(), fault: .latency(.init(fixed: .milliseconds(100))))
            var late: [Measure] = []
            for _ in 0..<Self.late {
                late.append(try await Self.measure(world, isDirect: false, [latency], number: 1))
            }
            #expect(Self.differ(times, late.map(\.completion)), "\(times) \(late.map(\.completion))")
        }
    }
}

/// The middle value, or the mean of the two in the middle; 0 where there are none.
private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
