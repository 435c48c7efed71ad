import APIMachinery
import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

/// The controller on the embedded server's store, in virtual time: what ``ScriptedAPI`` takes for granted is judged here.
struct EmbeddedStoreTests {
    /// An API whose answers a test spoils, over one that answers truly.
    private final class SpoiledAPI: KubernetesAPI {
        private let inner: any KubernetesAPI
        private let log = Mutex<[APIRequest]>([])
        private let script: @Sendable (APIRequest, _ ordinal: Int) -> ScriptedAPI.Fault?

        init(_ inner: any KubernetesAPI, script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault?) {
            self.inner = inner
            self.script = script
        }

        var requests: [APIRequest] { log.withLock { $0 } }

        func send(_ request: APIRequest) async throws -> JSONObject {
            let ordinal = log.withLock { log in
                log.append(request)
                return log.count { $0.identity == request.identity }
            }
            switch script(request, ordinal) {
            case .refuse(let error): throw error
            case .loseAnswer(let error):
                _ = try? await inner.send(request)
                throw error
            case nil: return try await inner.send(request)
            }
        }

        func withWatch<Result: Sendable>(
            _ request: APIRequest, _ body: (WatchStream) async throws -> Result
        ) async throws -> Result {
            try await inner.withWatch(request, body)
        }

        func exec(_ request: ExecRequest) async throws -> ExecResult { try await inner.exec(request) }
    }

    private struct Outcome: Sendable {
        var workflow: Workflow
        var pods: [Pod]
        var requests: [APIRequest]
    }

    private func run(
        _ policy: Policy, _ spec: JSONObject,
        script: @escaping @Sendable (APIRequest, Int) -> ScriptedAPI.Fault? = { _, _ in nil }
    ) throws -> Outcome {
        let time = VirtualTime()
        let clock = time.clock
        let core = APIServerCore(clock: clock)
        let api = InProcessAPI(core)
        let spoiled = SpoiledAPI(api, script: script)
        let attempts = AttemptCounter()
        let controller = ControllerProcess(
            api: spoiled,
            configuration: .init(
                namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID, policy: policy,
                identity: "test"),
            clock: clock, streams: RandomStreams(seed: 1), attempts: attempts)
        let node = FakeNode(api: api, policy: policy, clock: clock, attempts: attempts)
        return try time.run {
            try await withThrowingTaskGroup { group in
                group.addTask { () -> Outcome? in
                    try await core.run()
                    return nil
                }
                try await Self.prepare(api, clock)
                var workflow = WorkflowFixtures.workflow(spec: spec)
                workflow.metadata.uid = nil
                workflow.metadata.resourceVersion = nil
                let key = try await api.create(workflow).metadata.key
                group.addTask { () -> Outcome? in
                    try await controller.run()
                    return nil
                }
                group.addTask { () -> Outcome? in
                    try await node.run()
                    return nil
                }
                group.addTask { try await Self.finished(key, api, spoiled, clock) }
                defer { group.cancelAll() }
                while let outcome = try await group.next() {
                    if let outcome { return outcome }
                }
                throw CancellationError()
            }
        }
    }

    private static func prepare(_ api: InProcessAPI, _ clock: TrialClock) async throws {
        _ = try await api.create(Namespace(name: WorkflowFixtures.namespace))
        let account = APIRequest.get(
            .serviceAccounts, ObjectKey(namespace: WorkflowFixtures.namespace, name: "default"))
        while true {
            do {
                _ = try await api.send(account)
                return
            } catch let error as APIError where error.code == .notFound {
                try await clock.sleep(for: .milliseconds(100))
            }
        }
    }

    private static func finished(
        _ key: ObjectKey, _ api: InProcessAPI, _ spoiled: SpoiledAPI, _ clock: TrialClock
    ) async throws -> Outcome {
        while true {
            let workflow = try await api.get(Workflow.self, key)
            let pods = try await api.list(Pod.self, namespace: key.namespace).items
            let agent = WorkflowNames.agentPodName(workflow: key.name)
            if workflow.phase.isTerminal, !pods.contains(where: { $0.metadata.name == agent }) {
                return Outcome(workflow: workflow, pods: pods, requests: spoiled.requests)
            }
            try await clock.sleep(for: .milliseconds(500))
        }
    }

    private static let specs = [
        WorkflowFixtures.containerSpec, WorkflowFixtures.httpSpec, WorkflowFixtures.stepsSpec,
    ]

    @Test("workflows complete in good weather, and nothing is written that changes nothing", arguments: specs)
    func goodWeather(spec: JSONObject) throws {
        let outcome = try run(.boreas, spec)
        #expect(outcome.workflow.phase == .succeeded)
        let updates = outcome.requests.filter { $0.verb == .update && $0.resource == .workflows }
        // Started, and at most twice for each node: running, done.
        #expect(updates.count <= 1 + 2 * outcome.workflow.nodes.count)
        let patches = outcome.requests.filter { $0.verb == .patch && $0.resource == .workflowTaskSets }
        #expect(Set(patches.map(\.body)).count == patches.count)
    }

    private static let quotaConflicts: [(Policy, Workflow.Phase)] = [
        (.argo3417, .error), (.argo412, .succeeded), (.boreas, .succeeded),
    ]

    @Test("one lost race for a quota ends the workflow under v3.4.17 alone", arguments: quotaConflicts)
    func quotaConflict(policy: Policy, phase: Workflow.Phase) throws {
        let outcome = try run(policy, WorkflowFixtures.httpSpec) { request, ordinal in
            request.verb == .create && request.resource == .pods && ordinal == 1 ? .refuse(.quotaConflict) : nil
        }
        #expect(outcome.workflow.phase == phase)
    }

    @Test("no write whose answer is lost is done twice", arguments: specs)
    func lostAnswers(spec: JSONObject) throws {
        let outcome = try run(.boreas, spec) { request, ordinal in
            request.verb.isWrite && ordinal == 1 ? .loseAnswer(.lostAnswer) : nil
        }
        #expect(outcome.workflow.phase == .succeeded)
        let nodes = outcome.workflow.nodes.filter { $0.kind == .pod }
        #expect(outcome.pods.count == nodes.count)
    }
}
