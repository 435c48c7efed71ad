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
        package var templates: @Sendable (String) -> WorkflowTemplate?
        /// The ConfigMaps of the namespace, by name.
        package var configMaps: @Sendable (String) -> ConfigMap?
        package var now: Timestamp

        package init(
            workflow: Workflow, pods: [Pod] = [], taskSet: WorkflowTaskSet? = nil,
            locks: [LockHolder: LockAnswer] = [:],
            templates: @escaping @Sendable (String) -> WorkflowTemplate? = { _ in nil },
            configMaps: @escaping @Sendable (String) -> ConfigMap? = { _ in nil }, now: Timestamp
        ) {
            self.workflow = workflow
            self.pods = pods
            self.taskSet = taskSet
            self.locks = locks
            self.templates = templates
            self.configMaps = configMaps
            self.now = now
        }
    }

    /// What differs from one controller to the next.
    package struct Settings: Sendable {
        package var instanceID: String?
        package var agent: AgentPod
        /// What the loss of the agent pod ends: the workflow (Argo before v3.6), its unfinished HTTP nodes, or nothing
        /// but the pod.
        package var onAgentLoss: Policy.Disposition
        /// Whether finished tasks leave the task set before the status that has their results is written.
        package var prunesTasksFirst: Bool
        /// Whether the status says that a lock is held before the work that it guards begins, and says that the work
        /// has ended before the lock is given back.
        package var isWriteAhead: Bool
        /// Whether each change of how many permits are left is told to those who wait for one, as Argo does: a write
        /// for each, and out of date when it is made.
        package var tellsPermitsLeft: Bool
        /// Which spellings of `synchronization` are understood.
        package var synchronizationForms: SynchronizationForms
        /// How long after its end a pod is deleted, unless the workflow says otherwise.
        package var deleteDelay: Duration
        /// Tells for `retryPolicy: OnTransientError` whether a message speaks of trouble that passes.
        package var classifier: Classifier
        /// Makes no difference but to the time that a look takes.
        let specifications = SpecificationCache()

        package init(instanceID: String?, agent: AgentPod = AgentPod(), policy: Policy) {
            self.instanceID = instanceID
            self.agent = agent
            onAgentLoss = policy.agent.onPodLoss
            prunesTasksFirst = policy.agent.prunesTasksFirst
            isWriteAhead = policy.locks.isWriteAhead
            tellsPermitsLeft = policy.locks.isSerial
            synchronizationForms = policy.locks.forms
            deleteDelay = policy.cleanup.deleteDelay
            classifier = policy.classifier
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
        /// The nodes that a retryStrategy gives another try; the same for as long as their backoff lasts.
        package var retries: [WorkflowRetry] = []
    }

    let settings: Settings
    let observation: Observation
    let now: Timestamp
    let taskSet: WorkflowTaskSet?
    let agentPod: Pod?
    let podsByNode: [String: Pod]
    var workflow: Workflow
    var specification: WorkflowSpecification
    /// The workflow's nodes while it is worked on, in place of those in its status.
    var nodes: [String: WorkflowNode] = [:]
    /// How many nodes within each boundary are at work, and how many have failed.
    var census: [String: (active: Int, failed: Int)] = [:]
    /// The pods that are at work.
    var activePods = 0
    /// The variables that are the same everywhere in the workflow, as far as this look has made or changed them.
    var globals: [String: String] = [:]
    /// All of them, as they were when the look began.
    var givenGlobals: LazyVariables?
    var effects: [Effect] = []
    var lookAgain: Timestamp?
    var retries: [WorkflowRetry] = []
    /// The templates of the unfinished HTTP nodes, by node id.
    var tasks = JSONObject()
    /// Templates that were resolved in this look, by scope and name.
    var resolved: [String: Resolved] = [:]
    /// How many templates call one another at this point.
    var depth = 0

    package static func reconcile(_ observation: Observation, settings: Settings) -> Plan {
        var reconciler = Reconciler(observation, settings: settings)
        reconciler.operate()
        let isOver = reconciler.workflow.phase.isTerminal
        return Plan(
            workflow: reconciler.workflow, effects: reconciler.effects,
            lookAgain: isOver ? nil : reconciler.lookAgain, retries: reconciler.retries)
    }

    private init(_ observation: Observation, settings: Settings) {
        self.settings = settings
        self.observation = observation
        now = observation.now
        workflow = observation.workflow
        specification = settings.specifications.specification(of: workflow)
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
                pod.metadata[annotation: WorkflowNames.nodeIDAnnotation].map { ($0, pod) }
            }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func operate() {
        guard !workflow.phase.isTerminal else { return windUp() }
        guard workflow.metadata.deletionTimestamp == nil else { return }
        do throws(WorkflowSpecification.Unsupported) {
            try prepare()
            if let failure = takeArgumentsFromConfigMaps() { return finish(.failed, message: failure) }
            try makeReady()
        } catch {
            return finish(.error, message: error.description)
        }
        loadNodes()
        guard acquireWorkflowLocks() else { return }
        begin()
        assessPods()
        mergeTaskResults()
        applyExecutionControl()
        countActivePods()
        defer {
            storeNodes()
            collectPods()
            releaseLocks()
        }
        guard !isSuspended, assessAgent() else { return }
        carryOn()
    }

    /// Marks the workflow as begun.
    private mutating func begin() {
        if let text = specification.json["activeDeadlineSeconds"]?.parameterText, let seconds = Int64(text) {
            deadline = (workflow.startedAt ?? now) + .seconds(seconds)
            look(at: deadline)
        }
        guard workflow.phase != .running else { return }
        workflow.phase = .running
        workflow.message = nil
        if workflow.startedAt == nil { workflow.startedAt = now }
        Self.label(&workflow, .running)
    }

    /// When the workflow has to be over, its exit handlers apart.
    var deadline: Timestamp?

    /// The workflow is over: what it has left behind goes.
    private mutating func windUp() {
        loadNodes()
        if let agentPod, agentPod.metadata.deletionTimestamp == nil {
            effects.append(.deletePod(agentPod.metadata.key, uid: agentPod.metadata.uid))
        }
        pruneTasks()
        collectPods()
        releaseLocks()
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

    static func label(_ workflow: inout Workflow, _ phase: Workflow.Phase) {
        workflow.metadata[label: WorkflowNames.phaseLabel] = phase.rawValue
        workflow.metadata[label: WorkflowNames.completedLabel] = phase.isTerminal ? "true" : "false"
    }

    /// Asks to be called again at a moment to come.
    mutating func look(at moment: Timestamp?) {
        guard let moment, moment > now else { return }
        lookAgain = lookAgain.map { min($0, moment) } ?? moment
    }

    var isSuspended: Bool {
        (workflow.spec["suspend"] ?? specification.json["suspend"]) == .bool(true)
    }
}
