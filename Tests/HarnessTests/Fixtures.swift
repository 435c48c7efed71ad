import APIMachinery
import Determinism
import Experiments
import Faults
import Kubernetes
import Logging
import Resilience
import Testing

@testable import Harness

enum Fixtures {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A workflow of one HTTP call, as JSON text.
    static let httpWorkflow = """
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "call-"},
         "spec": {"entrypoint": "call", "templates": [
           {"name": "call", "http": {"url": "$(responder)/hello", "timeoutSeconds": 10,
            "successCondition": "response.statusCode == 200"}}]}}
        """

    static func policy(_ name: String) throws -> Policy {
        try #require(Policy.presets.first { $0.name == name })
    }

    static func trial(
        _ policy: String, seed: UInt64, workflows: Int, every: Duration, phases: Experiment.Phases, _ rules: [Rule]
    ) throws -> TrialSpec {
        let policy = try self.policy(policy)
        let variation = Experiment.Variation(
            policies: [policy],
            workload: [Experiment.Load(manifest: httpWorkflow, count: workflows, every: every)], phases: phases,
            plan: Plan(rules: rules))
        return TrialSpec(number: 1, policy: policy, variation: variation, index: 1, seed: seed)
    }

    /// Carries out trials one after the other in one embedded world, then looks at what is left there.
    static func run(
        _ specs: [TrialSpec], afterwards look: @escaping @Sendable (any KubernetesAPI) async throws -> Void = { _ in }
    ) async throws -> [TrialRecord] {
        try await SocketWorld.withEmbedded(logger: logger) { world in
            var records: [TrialRecord] = []
            let executor = RunExecutor(world: world, runID: "r1", logger: logger, onProgress: { _, _ in })
            try await executor.run(specs) { records.append($0) }
            let site = SiteRequest(
                policy: specs[0].policy, plan: Plan(), seed: 1, attempts: AttemptCounter(),
                observer: SiteObserver(onExchange: { _ in }, onDecision: { _ in }, onInjection: { _ in }))
            try await world.withSite(site) { try await look($0.harness) }
            return records
        }
    }

    /// Carries out trials in virtual time, on all processors.
    static func simulate(
        _ specs: [TrialSpec], jobs: Int = 2, in world: (any World)? = nil
    ) async throws -> [TrialRecord] {
        let world = try world ?? SimulatedWorld(logger: logger)
        var records: [TrialRecord] = []
        let executor = RunExecutor(world: world, runID: "r1", jobs: jobs, logger: logger, onProgress: { _, _ in })
        try await executor.run(specs) { records.append($0) }
        return records
    }

    /// An API server without sockets.
    static func withAPI<Result: Sendable>(
        _ body: (InProcessAPI, TrialClock) async throws -> Result
    ) async throws -> Result {
        let clock = TrialClock.real()
        let core = APIServerCore(clock: clock)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await core.run() }
            defer { group.cancelAll() }
            return try await body(InProcessAPI(core), clock)
        }
    }

    /// Waits until a condition holds, or fails the test.
    static func eventually(
        _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
    ) async throws {
        let start = ContinuousClock.now
        while try await !condition() {
            try #require(ContinuousClock.now - start < .seconds(30), what, sourceLocation: sourceLocation)
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
