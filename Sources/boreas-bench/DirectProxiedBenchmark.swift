import Experiments
import Faults
import Harness
import Logging
import Resilience
import Statistics

/// A comparison of A with A: trials whose subject reaches the server straight, and trials with the fault proxy and no rule
/// on the way, in turns. A proxy that nobody sees makes no difference.
enum DirectProxiedBenchmark {
    private static let pairs = 20

    private struct Measure {
        var attempts: Double
        var operations: Double
        /// The median of the trial's workflows, in seconds.
        var completion: Double
    }

    private static let workflow = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "call-"},
         "spec": {"entrypoint": "call", "templates": [
           {"name": "call", "http": {"url": "$(responder)/hello", "timeoutSeconds": 10,
            "successCondition": "response.statusCode == 200"}}]}}
        """

    private static var spec: TrialSpec {
        let variation = Experiment.Variation(
            policies: [.boreas],
            workload: [Experiment.Load(manifest: workflow, count: 8, every: .milliseconds(50))],
            phases: Experiment.Phases(calm: .zero, storm: .milliseconds(500), converge: .seconds(20)), plan: Plan())
        return TrialSpec(number: 1, policy: .boreas, variation: variation, index: 1, seed: 5)
    }

    static func report() async throws -> String {
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let (direct, proxied) = try await SocketWorld.withEmbedded(logger: logger) { world in
            _ = try await measure(world, isDirect: true, logger)
            var direct: [Measure] = []
            var proxied: [Measure] = []
            for pair in 0..<pairs {
                for isDirect in pair.isMultiple(of: 2) ? [true, false] : [false, true] {
                    let measure = try await measure(world, isDirect: isDirect, logger)
                    if isDirect { direct.append(measure) } else { proxied.append(measure) }
                }
            }
            return (direct, proxied)
        }
        func row(_ name: String, _ digits: Int, _ value: (Measure) -> Double) -> [String] {
            let (one, other) = (direct.map(value), proxied.map(value))
            func text(_ values: [Double]) -> String { SortedSample(values).median.map { $0.text(digits) } ?? "-" }
            return [name, text(one), text(other), MannWhitney(one, other).p.text(3)]
        }
        return Table.text(
            title:
                "The same trials straight and through a proxy without rules, \(pairs) pairs, medians and Mann-Whitney's p",
            [
                ["", "straight", "proxied", "p"], row("attempts", 0, \.attempts), row("operations", 0, \.operations),
                row("completion in s", 4, \.completion),
            ])
    }

    private static func measure(_ world: SocketWorld, isDirect: Bool, _ logger: Logger) async throws -> Measure {
        var world = world
        world.isDirect = isDirect
        let executor = RunExecutor(world: world, runID: "bench", logger: logger, onProgress: { _, _ in })
        let record = try await executor.trial(spec)
        guard record.outcome == .pass else {
            throw BenchmarkError("a trial came to \(record.outcome.rawValue): \(record.reason)")
        }
        let times = record.samples.filter { $0.metric == .workflowCompletion }.map(\.value)
        return Measure(
            attempts: Double(record.attempts.count), operations: Double(record.operations.count),
            completion: SortedSample(times).median ?? .nan)
    }
}

extension Double {
    fileprivate func text(_ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
        let rounded = (self * scale).rounded() / scale
        return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}
