import Kubernetes
import Resilience
import Testing
import Workflows

/// The world of one workflow: pods that end as they are told to, an agent, locks, and a clock that jumps.
struct WorkflowPlay {
    /// How a pod ends.
    struct End {
        var exitCode: Int64 = 0
        var result: String?
        var parameters: [String: String] = [:]
        /// It runs until it is stopped.
        var isEndless = false
    }

    var workflow: Workflow
    var pods: [String: Pod] = [:]
    var taskSet: WorkflowTaskSet?
    var templates: [String: WorkflowTemplate] = [:]
    var configMaps: [String: ConfigMap] = [:]
    var locks: [LockHolder: LockAnswer] = [:]
    var now = WorkflowFixtures.start
    var policy = Policy.boreas
    /// How many may hold each lock; others wait.
    var limit = 1
    var end: (Pod) -> End = { _ in End() }
    /// The results of HTTP tasks, by node id.
    var answer: (String) -> JSONObject = { _ in ["phase": "Succeeded", "outputs": ["result": "hi"]] }
    /// What happens once, as soon as nothing else is left to be done.
    var interventions: [(inout WorkflowPlay) -> Void] = []
    private(set) var effects: [Reconciler.Effect] = []
    private(set) var createdPods: [String] = []
    /// The most pods that have been there and unfinished at a time.
    private(set) var mostPods = 0

    init(_ text: String, name: String = "wf") throws {
        let spec = try #require(try JSONValue(parsing: Array(text.utf8)).object)
        self.init(spec: spec, name: name)
    }

    init(spec: JSONObject, name: String = "wf") {
        workflow = WorkflowFixtures.workflow(name, spec: spec)
        workflow.metadata.creationTimestamp = WorkflowFixtures.start
    }

    /// One look, and what it asks for is done.
    ///
    /// - Returns: Whether anything came of it.
    @discardableResult
    mutating func look() -> Bool {
        let plan = Reconciler.reconcile(
            Reconciler.Observation(
                workflow: workflow, pods: pods.keys.sorted().compactMap { pods[$0] }, taskSet: taskSet, locks: locks,
                templates: { [templates] in templates[$0] }, configMaps: { [configMaps] in configMaps[$0] }, now: now),
            settings: WorkflowFixtures.settings(policy))
        var hasChanged = plan.workflow != workflow
        for effect in plan.effects { hasChanged = perform(effect) || hasChanged }
        effects += plan.effects
        workflow = plan.workflow
        lookAgain = plan.lookAgain
        mostPods = max(mostPods, pods.values.count { !$0.phase.isTerminal })
        return hasChanged
    }

    private(set) var lookAgain: Timestamp?

    /// Goes on until the workflow is over and all is tidied up, or nothing happens any more.
    @discardableResult
    mutating func run(rounds: Int = 3000) -> Workflow {
        for _ in 0..<rounds {
            if look() { continue }
            if advancePods() { continue }
            if !interventions.isEmpty {
                interventions.removeFirst()(&self)
                continue
            }
            guard let lookAgain, lookAgain > now else { return workflow }
            now = lookAgain
        }
        return workflow
    }

    private mutating func perform(_ effect: Reconciler.Effect) -> Bool {
        switch effect {
        case .createPod(var pod, _), .createAgentPod(var pod):
            guard pods[pod.metadata.name] == nil else { return false }
            pod.metadata.uid = "uid-\(createdPods.count)"
            createdPods.append(pod.metadata.name)
            pods[pod.metadata.name] = pod
        case .writeTaskSet(let new):
            var set = taskSet ?? new
            set.tasks = JSONObject(uniqueKeysWithValues: set.tasks.map { $0 } + new.tasks.map { $0 })
            taskSet = set
        case .deletePod(let key, _): return pods.removeValue(forKey: key.name) != nil
        case .acquireLocks(let request):
            acquire(request)
        case .releaseLocks(let holder):
            locks[holder] = nil
            waiting.removeAll { $0.holder == holder }
            let others = waiting
            waiting = []
            for request in others { acquire(request) }
        case .cleanUp(let cleanup, _): return perform(cleanup)
        case .pruneTaskSet(let ids):
            for id in ids {
                taskSet?.tasks[id] = nil
                taskSet?.results[id] = nil
            }
        case .completeTaskSet: taskSet?.metadata.labels[WorkflowNames.completedLabel] = "true"
        }
        return true
    }

    private var waiting: [LockRequest] = []

    private mutating func acquire(_ request: LockRequest) {
        let held = locks.filter { $0.value == .granted }.count
        if held < limit {
            locks[request.holder] = .granted
        } else if let lock = request.locks.first {
            locks[request.holder] = .waiting(
                on: lock, message: "Waiting for \(lock) lock. Lock status: 0/\(limit)")
            waiting.append(request)
        }
    }

    private mutating func perform(_ cleanup: PodCleanup) -> Bool {
        guard var pod = pods[cleanup.pod.name] else { return false }
        switch cleanup.action {
        case .deletePod:
            pods[cleanup.pod.name] = nil
            return true
        case .labelPodCompleted: pod.metadata.labels[WorkflowNames.completedLabel] = "true"
        case .terminateContainers, .killContainers: finish(&pod, End(exitCode: 143))
        }
        pods[cleanup.pod.name] = pod
        return true
    }

    /// Pending pods run, running pods end, tasks are answered: the first kind of these that there is.
    private mutating func advancePods() -> Bool {
        now = now + .seconds(1)
        let names = pods.keys.sorted()
        var hasChanged = false
        for name in names {
            guard var pod = pods[name], pod.phase == .pending else { continue }
            pod.phase = .running
            pod.nodeName = "node"
            pod.json["status", "podIP"] = "10.0.0.1"
            pods[name] = pod
            hasChanged = true
        }
        if hasChanged { return true }
        for name in names {
            guard var pod = pods[name], pod.phase == .running else { continue }
            if pod.metadata.labels[WorkflowNames.componentLabel] != nil {
                hasChanged = answerTasks() || hasChanged
                continue
            }
            let end = end(pod)
            guard !end.isEndless else { continue }
            finish(&pod, end)
            pods[name] = pod
            hasChanged = true
        }
        return hasChanged
    }

    private mutating func answerTasks() -> Bool {
        guard let tasks = taskSet?.tasks else { return false }
        let open = tasks.keys.filter { taskSet?.results[$0] == nil }
        for id in open { taskSet?.results[id] = .object(answer(id)) }
        return !open.isEmpty
    }

    private func finish(_ pod: inout Pod, _ end: End) {
        pod.phase = end.exitCode == 0 ? .succeeded : .failed
        pod.json["status", "containerStatuses"] = [
            ["name": "main", "state": ["terminated": ["exitCode": .integer(end.exitCode)]]]
        ]
        var outputs: JSONObject = ["exitCode": .string(String(end.exitCode))]
        if pod.metadata.annotations[WorkflowNames.captureAnnotation] == "result" {
            outputs["result"] = end.result.map(JSONValue.string) ?? "out"
        }
        outputs["parameters"] = .array(
            end.parameters.sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": .string($0.value)] })
        pod.metadata.annotations[WorkflowNames.outputsAnnotation] = JSONValue.object(outputs).text
    }

    /// The node of a name, with the workflow's name left out: `[0].a`.
    func node(_ name: String) -> WorkflowNode? {
        workflow.node(WorkflowNames.nodeID(workflow: workflow.metadata.name, nodeName: workflow.metadata.name + name))
    }

    /// `name phase` of all nodes, sorted by name.
    var summary: [String] {
        workflow.nodes.map { "\($0.name) \($0.kind?.rawValue ?? "") \($0.phase.rawValue)" }.sorted()
    }

    /// The arguments of a pod's main container.
    func args(of pod: Pod) -> [String] { pod.containers.first?.args ?? [] }
}

extension Pod {
    /// The name of the node that it belongs to.
    var workflowNode: String { metadata.annotations[WorkflowNames.nodeNameAnnotation] ?? "" }
}
