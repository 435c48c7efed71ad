package import Kubernetes

/// All pods of a virtual node: takes what the watch, the server's answers and the agents tell, and gives what to do.
package struct NodeState: Sendable {
    package enum Action: Hashable, Sendable {
        case request(PodIdentity, PodMachine.Request)
        case startAgent(Pod, run: Int)
        case stopAgent(PodIdentity, run: Int)
    }

    /// One pod of all those that bear a name one after the other.
    package struct PodIdentity: Hashable, Comparable, Sendable {
        package var key: ObjectKey
        package var uid: String

        package init(key: ObjectKey, uid: String) {
            self.key = key
            self.uid = uid
        }

        package init(_ pod: Pod) { self.init(key: pod.metadata.key, uid: pod.metadata.uid ?? "") }

        package static func < (left: PodIdentity, right: PodIdentity) -> Bool {
            (left.key, left.uid) < (right.key, right.uid)
        }
    }

    private let settings: NodeConfiguration
    private let epoch: Timestamp
    private let isAgent: @Sendable (Pod) -> Bool

    private var machines: [ObjectKey: PodMachine] = [:]
    private var timers = TimerHeap<ObjectKey>()
    /// Pods that may want a request, first come, first served.
    private var queue = UniqueQueue<ObjectKey>()
    /// Pods that found the node full.
    private var waiting = UniqueQueue<ObjectKey>()
    private var occupants: Set<ObjectKey> = []
    private var agentActions: [Action] = []
    private var requestsInFlight = 0

    /// - Parameters:
    ///   - epoch: Civil time at the zero of the clock that `now` is read from.
    ///   - isAgent: Which pods are run by ``Action/startAgent(_:run:)``.
    package init(settings: NodeConfiguration, epoch: Timestamp, isAgent: @escaping @Sendable (Pod) -> Bool) {
        self.settings = settings
        self.epoch = epoch
        self.isAgent = isAgent
    }

    // MARK: Events

    /// A complete list of the pods; those that are not in it are gone.
    package mutating func listed(_ pods: [Pod], now: Duration) {
        let present = Set(pods.map(\.metadata.key))
        for key in machines.keys.sorted() where !present.contains(key) { remove(key, now: now) }
        for pod in pods { observed(pod, now: now) }
    }

    /// A pod was added or changed.
    package mutating func observed(_ pod: Pod, now: Duration) {
        let key = pod.metadata.key
        // Another pod of the same name: the old one is gone, whether its deletion was seen or not.
        if let machine = machines[key], machine.uid != pod.metadata.uid ?? "" { remove(key, now: now) }
        guard pod.nodeName == nil || pod.nodeName == settings.name else {
            remove(key, now: now)
            return
        }
        if machines[key] == nil {
            machines[key] = PodMachine(pod, settings: settings, epoch: epoch, isAgent: isAgent(pod), now: now)
        } else {
            machines[key]?.observe(pod, now: now)
        }
        attend(to: key)
    }

    package mutating func deleted(_ pod: Pod, now: Duration) {
        guard let machine = machines[pod.metadata.key], machine.uid == pod.metadata.uid ?? "" else { return }
        remove(machine.key, now: now)
    }

    /// A request that ``takeActions(now:)`` gave was answered; nil for success.
    package mutating func answered(_ pod: PodIdentity, _ error: APIError?, now: Duration) {
        requestsInFlight -= 1
        guard machines[pod.key]?.uid == pod.uid else { return }
        machines[pod.key]?.answered(error, now: now)
        attend(to: pod.key)
    }

    package mutating func agentFinished(_ pod: PodIdentity, run: Int, exitCode: Int, now: Duration) {
        guard machines[pod.key]?.uid == pod.uid else { return }
        machines[pod.key]?.agentFinished(run: run, exitCode: exitCode, now: now)
        attend(to: pod.key)
    }

    /// Time has passed.
    package mutating func advance(to now: Duration) {
        for key in timers.due(at: now) {
            machines[key]?.advance(to: now)
            attend(to: key)
        }
    }

    // MARK: What is to be done

    /// The actions that may be started now, within the bound on requests; each request is to be answered by
    /// ``answered(_:_:now:)``.
    package mutating func takeActions(now: Duration) -> [Action] {
        var actions = agentActions
        agentActions = []
        while requestsInFlight < settings.maxConcurrentRequests, let key = nextInLine() {
            guard let machine = machines[key] else { continue }
            if machine.awaitsBinding, occupants.count >= settings.podCapacity {
                waiting.append(key)
                continue
            }
            if let request = machines[key]?.takeRequest(at: now) {
                requestsInFlight += 1
                actions.append(.request(PodIdentity(key: key, uid: machine.uid), request))
            }
            settle(key)
        }
        return actions
    }

    /// When to call ``advance(to:)`` next, if nothing happens before.
    package mutating func nextDeadline() -> Duration? { timers.next() }

    /// What a container has printed; nil where the node does not have it.
    package func log(of key: ObjectKey, container: String, now: Duration) -> ContainerLog? {
        machines[key]?.log(of: container, at: now)
    }

    /// What one run of a container has printed, brought up to now.
    mutating func log(of key: ObjectKey, container: String, run: LogRun, now: Duration) -> ContainerLog? {
        machines[key]?.advance(to: now)
        attend(to: key)
        return machines[key]?.log(of: container, run: run, at: now)
    }

    /// Why no command can run in a container; nil where one can.
    package mutating func refusal(of key: ObjectKey, container: String, now: Duration) -> ExecRefusal? {
        guard machines[key] != nil else { return .podNotFound }
        machines[key]?.advance(to: now)
        attend(to: key)
        return isRunning(key, container: container) ? nil : .containerNotRunning(container)
    }

    /// Runs a command in a container, and lets its signals take effect.
    package mutating func exec(
        _ command: [String], in key: ObjectKey, container: String, now: Duration
    ) throws(ExecRefusal) -> ContainerPlan {
        guard machines[key] != nil else { throw .podNotFound }
        defer { attend(to: key) }
        guard let plan = machines[key]?.exec(command, container: container, at: now) else {
            throw .containerNotRunning(container)
        }
        return plan
    }

    private func isRunning(_ key: ObjectKey, container: String) -> Bool {
        machines[key]?.containers.first { $0.name == container }?.isRunning ?? false
    }

    package var podCount: Int { machines.count }

    /// Who found the node full comes first, once it is not.
    private mutating func nextInLine() -> ObjectKey? {
        if occupants.count < settings.podCapacity, let key = waiting.popFirst() { return key }
        return queue.popFirst()
    }

    private mutating func remove(_ key: ObjectKey, now: Duration) {
        machines[key]?.removed(now: now)
        settle(key)
        machines[key] = nil
    }

    private mutating func attend(to key: ObjectKey) {
        settle(key)
        queue.append(key)
    }

    /// Takes over what a pod's machine wants besides requests.
    private mutating func settle(_ key: ObjectKey) {
        for action in machines[key]?.takeAgentActions() ?? [] {
            guard let machine = machines[key] else { continue }
            switch action {
            case .start(let run): agentActions.append(.startAgent(machine.pod, run: run))
            case .stop(let run):
                agentActions.append(.stopAgent(PodIdentity(key: key, uid: machine.uid), run: run))
            }
        }
        timers.set(machines[key]?.nextDeadline, for: key)
        if machines[key]?.occupiesNode == true {
            occupants.insert(key)
        } else {
            occupants.remove(key)
        }
    }
}

/// Why a command cannot run in a container, in the words of kubelets.
package enum ExecRefusal: Error, Hashable, Sendable {
    case podNotFound
    case containerNotRunning(String)
    /// The node is suspended.
    case nodeLost

    package var httpStatus: Int { self == .podNotFound ? 404 : 500 }

    package var message: String {
        switch self {
        case .podNotFound: "pod does not exist"
        case .containerNotRunning(let name): "container not found (\"\(name)\")"
        case .nodeLost: "error dialing backend: EOF"
        }
    }
}

/// A first-in, first-out queue in which an element stands once.
struct UniqueQueue<Element: Hashable & Sendable>: Sendable {
    private var elements: [Element] = []
    private var head = 0
    private var members: Set<Element> = []

    /// Does nothing where the element is waiting already.
    mutating func append(_ element: Element) {
        guard members.insert(element).inserted else { return }
        elements.append(element)
    }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        head += 1
        members.remove(element)
        // Moved up only when half is used, so that a pop costs constant time on average.
        if head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}
