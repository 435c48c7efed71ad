import Determinism
import Experiments
import Kubernetes
import Workflows

/// The oracle's eyes: follows a trial's workflows beside the fault path, and looks at what is left in the end.
struct TrialMonitor: Sendable {
    let api: any KubernetesAPI
    let namespace: String
    let clock: TrialClock
    /// Workflows that the workload submits.
    let expected: Int
    let collector: TrialCollector

    /// Watches the workflows until cancelled; a stream that ends is taken up again with a fresh list.
    func run() async throws {
        while true {
            do {
                try await follow()
            } catch let error as APIError {
                collector.observe(
                    Observation(.note, "monitor", message: "the harness's own watch failed: \(error)", at: clock.now))
                try await clock.sleep(for: .milliseconds(200))
            }
        }
    }

    private func follow() async throws {
        let list = try await api.list(Workflow.self, namespace: namespace, timeout: .seconds(10))
        for workflow in list.items { collector.saw(workflow, at: clock.now) }
        let request = APIRequest(
            .watch, .workflows, namespace: namespace,
            options: RequestOptions(resourceVersion: list.resourceVersion, timeoutSeconds: 300))
        try await api.withWatch(request) { stream in
            for try await event in stream {
                switch event {
                case .added(let json), .modified(let json): collector.saw(Workflow(json: json), at: clock.now)
                case .deleted, .bookmark: continue
                case .error: return
                }
            }
        }
    }

    /// Returns when every workflow has ended and nothing of theirs is left, or when the bound has passed.
    func settled(within bound: Duration) async throws {
        let deadline = clock.now + bound
        while clock.now < deadline {
            if collector.finishedCount >= expected, try await remains().isEmpty { return }
            try await clock.sleep(for: .milliseconds(100))
        }
    }

    /// Records what a controller should have taken away when its workflow ended, and did not; and whether the looks
    /// that the judgement rests on failed.
    func inspect() async {
        do {
            // The watch may lag behind; the end is judged by a fresh look.
            let list = try await api.list(Workflow.self, namespace: namespace, timeout: .seconds(10))
            for workflow in list.items { collector.saw(workflow, at: clock.now) }
            for observation in try await remains() { collector.observe(observation) }
        } catch {
            collector.observe(Observation(.oracleFailed, "the end state", message: "\(error)", at: clock.now))
        }
    }

    /// Agent pods that are still there.
    private func remains() async throws -> [Observation] {
        let selector = "\(WorkflowNames.componentLabel)=\(WorkflowNames.agentComponent)"
        let pods = try await api.list(
            Pod.self, namespace: namespace, options: RequestOptions(labelSelector: selector), timeout: .seconds(10))
        return pods.items.filter { $0.metadata.deletionTimestamp == nil }.map { pod in
            Observation(
                .podRemained, pod.metadata.name, detail: pod.metadata.labels[WorkflowNames.workflowLabel] ?? "",
                at: clock.now)
        }
    }
}
