import Kubernetes

extension Reconciler {
    /// Takes the results that the agent has written into the task set over into the nodes.
    mutating func mergeTaskResults() {
        guard let results = taskSet?.results else { return }
        for (id, result) in results {
            guard var node = workflow.node(id), node.kind == .http, !node.phase.isTerminal,
                let result = result.object, let phase = result["phase"]?.string.flatMap(WorkflowNode.Phase.init)
            else { continue }
            node.json["outputs"] = result["outputs"]
            node.message = nil
            node.mark(phase, message: result["message"]?.string, at: now)
            workflow.setNode(node)
        }
    }

    /// - Returns: Whether the workflow goes on.
    mutating func assessAgent() -> Bool {
        guard let agentPod, agentPod.phase == .failed, !unfinishedHTTPNodes.isEmpty else { return true }
        let code = agentPod.containerStatuses.compactMap(\.exitCode).first { $0 != 0 }
        let reason = Self.failureMessage(of: agentPod, exitCode: code)
        let message = "agent pod failed with reason:\"\(reason)\""
        guard !settings.isAgentLossFatal else {
            finish(.error, message: message)
            return false
        }
        for node in unfinishedHTTPNodes { mark(node.id, .error, message: message) }
        return true
    }

    mutating func runHTTP(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Substitution.Failure) {
        let http = try scope.apply(template.json["http"] ?? .object([:]), field: "\(template.field).http")
        tasks[id] = ["name": .string(template.name), "inputs": [:], "outputs": [:], "metadata": [:], "http": http]
    }

    /// Hands unfinished HTTP nodes to the agent: first what there is to do, then somebody to do it.
    mutating func reconcileTasks(_ specification: WorkflowSpecification) {
        guard !tasks.isEmpty else { return }
        let handedOver = taskSet?.tasks
        if handedOver == nil || tasks.keys.contains(where: { handedOver?[$0] == nil }) {
            var taskSet = WorkflowTaskSet(name: workflow.metadata.name, namespace: workflow.metadata.namespace)
            taskSet.metadata.labels = ownedLabels
            taskSet.metadata.ownerReferences = [OwnerReference(to: workflow)]
            taskSet.tasks = tasks
            effects.append(.writeTaskSet(taskSet))
        }
        guard agentPod == nil else { return }
        var pod = makePod(name: WorkflowNames.agentPodName(workflow: workflow.metadata.name))
        pod.metadata.labels[WorkflowNames.componentLabel] = WorkflowNames.agentComponent
        pod.json["spec"] = .object(settings.agent.spec(workflow: workflow, specification: specification))
        effects.append(.createAgentPod(pod))
    }

    var unfinishedHTTPNodes: [WorkflowNode] { workflow.nodes.filter { $0.kind == .http && !$0.phase.isTerminal } }
}
