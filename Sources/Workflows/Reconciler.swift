package import Kubernetes
package import Resilience

/// What a workflow needs done, and its status as it stands: a pure function of what has been observed.
///
/// Every object that it asks for has a name that follows from the workflow, so that asking twice, after a restart or a
/// lost answer, makes nothing twice.
package struct Reconciler {
    /// What has been observed of one workflow.
    package struct Observation: Sendable {
        package var workflow: Workflow
        /// The pods labelled with the workflow's name, its agent's among them.
        package var pods: [Pod]
        package var taskSet: WorkflowTaskSet?
        /// What is known of the permits that the workflow and its nodes have asked for; who is not in it has to ask,
        /// by ``Effect/acquireLocks(_:)``, and is looked at again with the answer.
        package var locks: [LockHolder: LockAnswer]
        /// The WorkflowTemplates of the namespace, by name.
        package var templates: [String: WorkflowTemplate]
        package var now: Timestamp

        package init(
            workflow: Workflow, pods: [Pod] = [], taskSet: WorkflowTaskSet? = nil,
            locks: [LockHolder: LockAnswer] = [:], templates: [String: WorkflowTemplate] = [:], now: Timestamp
        ) {
            self.workflow = workflow
            self.pods = pods
            self.taskSet = taskSet
            self.locks = locks
            self.templates = templates
            self.now = now
        }
    }

    /// What differs from one controller to the next.
    package struct Settings: Sendable {
        package var instanceID: String?
        package var agent: AgentPod
        /// Whether the loss of the agent pod ends the workflow (Argo before v3.5.11), or its unfinished HTTP nodes.
        package var isAgentLossFatal: Bool

        package init(instanceID: String?, agent: AgentPod = AgentPod(), policy: Policy) {
            self.instanceID = instanceID
            self.agent = agent
            isAgentLossFatal = policy.rule(for: .agentPodCreate).onPermanent == .failWorkflow
        }
    }

    /// Something to be done in the world.
    package enum Effect: Hashable, Sendable {
        case createPod(Pod, nodeID: String)
        /// Create the task set, or where it is there already, give it these tasks.
        case writeTaskSet(WorkflowTaskSet)
        case createAgentPod(Pod)
        case deletePod(ObjectKey, uid: String?)
        case acquireLocks(LockRequest)
        /// All that the holder has, or waits for.
        case releaseLocks(LockHolder)
        /// Handed to the clean-up queue, to be done no sooner than after the delay.
        case cleanUp(PodCleanup, after: Duration)
        /// Takes tasks that are finished, and whose results the workflow has, out of the task set.
        case pruneTaskSet(nodeIDs: [String])
        /// The workflow is over: its task set is marked as completed, for its agent to see.
        case completeTaskSet

        /// The same for the same thing wanted again.
        package var key: String {
            switch self {
            case .createPod(let pod, _): "createPod/\(pod.metadata.name)"
            case .writeTaskSet: "writeTaskSet"
            case .createAgentPod: Self.createAgentPodKey
            case .deletePod(let key, _): "deletePod/\(key.name)"
            case .acquireLocks(let request): "acquireLocks/\(request.holder)"
            case .releaseLocks(let holder): "releaseLocks/\(holder)"
            case .cleanUp(let cleanup, _): "cleanUp/\(cleanup)"
            case .pruneTaskSet: "pruneTaskSet"
            case .completeTaskSet: "completeTaskSet"
            }
        }

        package static let createAgentPodKey = "createAgentPod"
    }

    package struct Plan: Sendable {
        /// With its new status and labels.
        package var workflow: Workflow
        /// In the order in which they are to be done.
        package var effects: [Effect]
        /// When the workflow is to be looked at although nothing has happened: a deadline, the end of a backoff or of a
        /// suspension.
        package var lookAgain: Timestamp?
    }

    let settings: Settings
    let now: Timestamp
    let taskSet: WorkflowTaskSet?
    let agentPod: Pod?
    let podsByNode: [String: Pod]
    var workflow: Workflow
    var effects: [Effect] = []
    /// The templates of the unfinished HTTP nodes, by node id.
    var tasks = JSONObject()

    package static func reconcile(_ observation: Observation, settings: Settings) -> Plan {
        var reconciler = Reconciler(observation, settings: settings)
        reconciler.operate()
        return Plan(workflow: reconciler.workflow, effects: reconciler.effects)
    }

    private init(_ observation: Observation, settings: Settings) {
        self.settings = settings
        now = observation.now
        workflow = observation.workflow
        let metadata = workflow.metadata
        // A namesake's leftovers are not this workflow's.
        let uid = metadata.uid
        let own = observation.pods.filter { $0.metadata.ownerReferences.contains { $0.uid == uid } }
        taskSet = observation.taskSet.flatMap { set in
            set.metadata.ownerReferences.contains { $0.uid == uid } ? set : nil
        }
        let agentName = WorkflowNames.agentPodName(workflow: metadata.name)
        agentPod = own.first { $0.metadata.name == agentName }
        podsByNode = Dictionary(
            own.compactMap { pod in
                pod.metadata.annotations[WorkflowNames.nodeIDAnnotation].map { ($0, pod) }
            }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func operate() {
        guard !workflow.phase.isTerminal else { return cleanUp() }
        guard workflow.metadata.deletionTimestamp == nil else { return }
        let specification: WorkflowSpecification
        do {
            specification = try WorkflowSpecification(workflow)
        } catch {
            return finish(.error, message: error.description)
        }
        if workflow.phase != .running {
            workflow.phase = .running
            if workflow.startedAt == nil { workflow.startedAt = now }
            Self.label(&workflow, .running)
        }
        assessPods()
        mergeTaskResults()
        if !assessAgent() { return }
        let name = workflow.metadata.name
        run(
            Invocation(
                template: specification.entrypoint, nodeName: name, displayName: name, boundaryID: nil,
                arguments: specification.arguments), of: specification)
        reconcileTasks(specification)
        if let root = workflow.node(name), root.phase.isTerminal {
            finish(Workflow.Phase(rawValue: root.phase.rawValue) ?? .error, message: root.message)
        }
        updateProgress()
    }

    private mutating func cleanUp() {
        guard let agentPod, agentPod.metadata.deletionTimestamp == nil else { return }
        effects.append(.deletePod(agentPod.metadata.key, uid: agentPod.metadata.uid))
    }

    mutating func finish(_ phase: Workflow.Phase, message: String?) {
        Self.finish(&workflow, phase, message: message, now: now)
    }

    static func finish(_ workflow: inout Workflow, _ phase: Workflow.Phase, message: String?, now: Timestamp) {
        if workflow.startedAt == nil { workflow.startedAt = now }
        workflow.phase = phase
        workflow.finishedAt = now
        if let message { workflow.message = message }
        workflow.json["status", "conditions"] = [["type": "Completed", "status": "True"]]
        label(&workflow, phase)
    }

    private static func label(_ workflow: inout Workflow, _ phase: Workflow.Phase) {
        workflow.metadata.labels[WorkflowNames.phaseLabel] = phase.rawValue
        workflow.metadata.labels[WorkflowNames.completedLabel] = phase.isTerminal ? "true" : "false"
    }

    /// `<succeeded>/<all>`, of the nodes that do work themselves.
    private mutating func updateProgress() {
        let working = workflow.nodes.filter { $0.kind == .pod || $0.kind == .http }
        let done = working.count { $0.phase == .succeeded }
        workflow.json["status", "progress"] = .string("\(done)/\(working.count)")
    }
}
