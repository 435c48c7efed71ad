import Kubernetes
import Resilience

extension Reconciler {
    /// Takes the results that the agent has written into the task set over into the nodes.
    mutating func mergeTaskResults() {
        guard let results = taskSet?.results else { return }
        for (id, result) in results {
            guard let node = nodes[id], node.kind == .http, !node.phase.isTerminal,
                let result = result.object, let phase = result["phase"]?.string.flatMap(WorkflowNode.Phase.init)
            else { continue }
            change(id) { [now] node in
                node.json["outputs"] = result["outputs"]
                node.message = nil
                node.mark(phase, message: result["message"]?.string, at: now)
            }
        }
    }

    /// - Returns: Whether the workflow goes on.
    mutating func assessAgent() -> Bool {
        guard let agentPod, agentPod.phase.isTerminal, !unfinishedHTTPNodes.isEmpty else { return true }
        guard settings.onAgentLoss != .requeue else {
            // Another one is made once this one is gone; what it has found out is in the task set.
            if agentPod.metadata.deletionTimestamp == nil {
                effects.append(.deletePod(agentPod.metadata.key, uid: agentPod.metadata.uid))
            }
            return true
        }
        guard agentPod.phase == .failed, settings.onAgentLoss != .ignore else { return true }
        let status = agentPod.containerStatuses.first { ($0.exitCode ?? 0) != 0 }
        let message = "agent pod failed with reason:\"\(Self.failureMessage(of: agentPod, status))\""
        guard settings.onAgentLoss != .failWorkflow else {
            finish(.error, message: message)
            return false
        }
        for node in unfinishedHTTPNodes { mark(node.id, .error, message: message) }
        return true
    }

    mutating func runHTTP(
        _ id: String, _ template: WorkflowSpecification.Template, _ scope: Substitution
    ) throws(Halt) {
        guard nodes[id]?.phase.isTerminal == false else { return }
        let http = try fill(template.json["http"] ?? .object([:]), scope, field: "\(template.field).http")
        tasks[id] = ["name": .string(template.name), "inputs": [:], "outputs": [:], "metadata": [:], "http": http]
    }

    /// Hands unfinished HTTP nodes to the agent: first what there is to do, then somebody to do it.
    mutating func reconcileTasks() {
        pruneTasks()
        guard !tasks.isEmpty, !workflow.phase.isTerminal else { return }
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
        pod.metadata[label: WorkflowNames.componentLabel] = WorkflowNames.agentComponent
        pod.json["spec"] = .object(settings.agent.spec(workflow: workflow, specification: specification))
        effects.append(.createAgentPod(pod))
    }

    /// Marks the task set of a workflow that is over as completed. Until then it is left as it is, with its results, for
    /// an agent's next life to see; but where Argo prunes it, finished tasks are taken out.
    mutating func pruneTasks() {
        guard let taskSet else { return }
        if settings.prunesTasksFirst {
            let finished = Set(taskSet.tasks.keys + taskSet.results.keys).sorted().filter { id in
                nodes[id]?.phase.isTerminal ?? false
            }
            if !finished.isEmpty { effects.append(.pruneTaskSet(nodeIDs: finished)) }
        }
        guard observation.workflow.phase.isTerminal,
            taskSet.metadata[label: WorkflowNames.completedLabel] != "true"
        else { return }
        effects.append(.completeTaskSet)
    }

    var unfinishedHTTPNodes: [WorkflowNode] {
        nodes.keys.sorted().compactMap { nodes[$0] }.filter { $0.kind == .http && !$0.phase.isTerminal }
    }
}
