import Determinism
import Kubernetes

/// `spec.podGC`: what becomes of pods after their end.
/// https://argo-workflows.readthedocs.io/en/latest/fields/#podgc
struct PodCollection: Sendable {
    enum Strategy: String, Sendable {
        case onPodCompletion = "OnPodCompletion"
        case onPodSuccess = "OnPodSuccess"
        case onWorkflowCompletion = "OnWorkflowCompletion"
        case onWorkflowSuccess = "OnWorkflowSuccess"
    }

    /// Nil keeps all pods.
    var strategy: Strategy?
    /// The pods that may be deleted.
    var selector: LabelSelector
    var delay: Duration

    /// - Parameter delay: What holds where the workflow doesn't say.
    init(_ json: JSONObject, delay: Duration) {
        strategy = json["strategy"]?.string.flatMap(Strategy.init(rawValue:))
        selector = LabelSelector(Self.requirements(json["labelSelector"]?.object ?? [:]))
        self.delay = json["deleteDelayDuration"]?.parameterText.flatMap(Duration.init(argo:)) ?? delay
    }

    private static let operations: [String: LabelSelector.Operator] = [
        "In": .among, "NotIn": .notAmong, "Exists": .exists, "DoesNotExist": .absent,
    ]

    private static func requirements(_ json: JSONObject) -> [LabelSelector.Requirement] {
        let labels = json["matchLabels"]?.object?.stringMembers ?? [:]
        var requirements = labels.sorted { $0.key < $1.key }
            .map { LabelSelector.Requirement(key: $0.key, operation: .equal, values: [$0.value]) }
        for expression in (json["matchExpressions"]?.array ?? []).compactMap(\.object) {
            guard let operation = operations[expression["operator"]?.string ?? ""] else { continue }
            requirements.append(
                LabelSelector.Requirement(
                    key: expression["key"]?.string ?? "", operation: operation,
                    values: expression["values"]?.strings ?? []))
        }
        return requirements
    }

    /// What is to be done about a pod that has ended: Argo's `determinePodCleanupAction`.
    func action(for pod: Pod, _ workflow: Workflow.Phase) -> PodCleanup.Action? {
        guard selector.matches(pod.metadata.labels) else { return .labelPodCompleted }
        switch strategy {
        case nil: return .labelPodCompleted
        case .onPodCompletion: return .deletePod
        case .onPodSuccess: return pod.phase == .succeeded ? .deletePod : .labelPodCompleted
        case .onWorkflowCompletion: return workflow.isTerminal ? .deletePod : nil
        case .onWorkflowSuccess:
            if workflow == .succeeded { return .deletePod }
            return workflow.isTerminal ? .labelPodCompleted : nil
        }
    }
}

extension Reconciler {
    /// Sees to the pods whose nodes are over: those that run on are stopped, those that have ended are collected.
    mutating func collectPods() {
        guard !podsByNode.isEmpty else { return }
        let collection = PodCollection(specification.json["podGC"]?.object ?? [:], delay: settings.deleteDelay)
        let known = observation.workflow
        for id in podsByNode.keys.sorted() {
            guard let pod = podsByNode[id], pod.metadata.deletionTimestamp == nil, let node = nodes[id],
                node.phase.isTerminal
            else { continue }
            guard pod.phase.isTerminal else {
                let isRunning = pod.phase == .running
                cleanUp(pod, isRunning ? .terminateContainers : .deletePod, after: .zero)
                continue
            }
            // The pod says what became of it until the status does.
            guard known.node(id)?.phase.isTerminal == true, let action = collection.action(for: pod, known.phase) else {
                continue
            }
            if action == .labelPodCompleted, pod.metadata[label: WorkflowNames.completedLabel] == "true" { continue }
            cleanUp(pod, action, after: action == .deletePod ? collection.delay : .zero)
        }
    }

    private mutating func cleanUp(_ pod: Pod, _ action: PodCleanup.Action, after delay: Duration) {
        let cleanup = PodCleanup(pod: pod.metadata.key, uid: pod.metadata.uid ?? "", action: action)
        effects.append(.cleanUp(cleanup, after: delay))
    }
}
