import Kubernetes

extension Reconciler {
    /// How long a pod that is not to be seen may still be on its way into the informer (Argo's
    /// `RECENTLY_STARTED_POD_DURATION`).
    private static let recentlyStarted = Duration.seconds(10)

    /// Brings the nodes of pods in step with their pods.
    mutating func assessPods() {
        for var node in workflow.nodes where node.kind == .pod && !node.phase.isTerminal {
            guard let pod = podsByNode[node.id] else {
                // A pending node's pod is created again; one that ran is gone for good.
                if node.phase == .running, let started = node.startedAt, now - started > Self.recentlyStarted {
                    node.mark(.error, message: "pod deleted", at: now)
                    workflow.setNode(node)
                }
                continue
            }
            switch pod.phase {
            case .pending, .unknown: continue
            case .running:
                guard node.phase == .pending else { continue }
                node.mark(.running, at: now)
                node.message = nil
            case .succeeded:
                node.exitCode = "0"
                node.message = nil
                node.mark(.succeeded, at: now)
            case .failed:
                let code = pod.containerStatuses.compactMap(\.exitCode).first { $0 != 0 }
                node.exitCode = code.map { String($0) }
                node.mark(.failed, message: Self.failureMessage(of: pod, exitCode: code), at: now)
            }
            workflow.setNode(node)
        }
    }

    static func failureMessage(of pod: Pod, exitCode: Int64?) -> String {
        if let message = pod.statusMessage, !message.isEmpty { return message }
        if let exitCode { return "Error (exit code \(exitCode))" }
        return pod.statusReason ?? "pod failed for unknown reason"
    }

    mutating func runPod(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution,
        _ specification: WorkflowSpecification
    ) throws(Substitution.Failure) {
        guard let node = workflow.node(id), node.phase == .pending, podsByNode[id] == nil else { return }
        let container = try scope.apply(
            template.json["container"] ?? .object([:]), field: "\(template.field).container")
        var pod = makePod(
            name: WorkflowNames.podName(
                workflow: workflow.metadata.name, nodeName: node.name, template: template.name))
        let metadata = try scope.apply(template.json["metadata"] ?? .object([:]), field: "\(template.field).metadata")
        let labels = metadata.object?["labels"]?.object?.stringMembers ?? [:]
        pod.metadata.labels.merge(labels, uniquingKeysWith: { own, _ in own })
        pod.metadata.annotations = (metadata.object?["annotations"]?.object?.stringMembers ?? [:])
            .merging(
                [
                    WorkflowNames.nodeNameAnnotation: node.name, WorkflowNames.nodeIDAnnotation: id,
                    "kubectl.kubernetes.io/default-container": "main",
                ], uniquingKeysWith: { _, own in own })
        var main = container.object ?? [:]
        main["name"] = "main"
        var spec = specification.podMembers
        for key in ["nodeSelector", "tolerations"] { spec[key] = template.json[key] ?? spec[key] }
        spec["containers"] = [.object(main)]
        spec["restartPolicy"] = "Never"
        spec["serviceAccountName"] = specification.serviceAccountName.map(JSONValue.string)
        pod.json["spec"] = .object(spec)
        effects.append(.createPod(pod, nodeID: id))
    }

    /// A pod of this workflow, without its spec.
    func makePod(name: String) -> Pod {
        var pod = Pod(name: name, namespace: workflow.metadata.namespace)
        pod.metadata.labels = ownedLabels
        pod.metadata.ownerReferences = [OwnerReference(to: workflow)]
        return pod
    }

    /// What marks an object as this workflow's, for the informers.
    var ownedLabels: [String: String] {
        var labels = [WorkflowNames.workflowLabel: workflow.metadata.name]
        labels[WorkflowNames.instanceLabel] = settings.instanceID
        return labels
    }
}
