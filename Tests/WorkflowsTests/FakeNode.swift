import Determinism
import Kubernetes
import Resilience
import Workflows

/// Runs pods in no time: those of containers succeed, and those of agents run an agent whose calls answer themselves.
struct FakeNode {
    var api: any KubernetesAPI
    var policy: Policy
    var clock: TrialClock
    var attempts: AttemptCounter

    /// Works until its task is cancelled.
    func run() async throws {
        let list = try await api.list(Pod.self, namespace: WorkflowFixtures.namespace)
        let request = APIRequest(
            .watch, .pods, namespace: WorkflowFixtures.namespace,
            options: RequestOptions(resourceVersion: list.resourceVersion, allowWatchBookmarks: true))
        try await withThrowingDiscardingTaskGroup { group in
            for pod in list.items { group.addTask { try await run(pod) } }
            try await api.withWatch(request) { stream in
                for try await event in stream {
                    guard case .added(let json) = event else { continue }
                    group.addTask { try await run(Pod(json: json)) }
                }
            }
        }
    }

    private func run(_ pod: Pod) async throws {
        try await set(.running, of: pod)
        guard pod.metadata.labels[WorkflowNames.componentLabel] == WorkflowNames.agentComponent else {
            return try await set(.succeeded, of: pod)
        }
        let agent = Agent(
            api: api,
            configuration: .init(
                namespace: WorkflowFixtures.namespace,
                workflow: pod.metadata.labels[WorkflowNames.workflowLabel] ?? "", policy: policy),
            http: HTTPPort { HTTPPort.Response(status: 200, body: "\($0.method) \($0.url)") }, clock: clock,
            streams: RandomStreams(seed: 2), attempts: attempts)
        try await agent.run()
    }

    private func set(_ phase: Pod.Phase, of pod: Pod) async throws {
        do {
            let status: JSONObject = ["status": ["phase": .string(phase.rawValue)]]
            _ = try await api.patch(Pod.self, pod.metadata.key, status, subresource: "status")
        } catch let error as APIError where error.code == .notFound {
            // Deleted meanwhile.
        }
    }
}
