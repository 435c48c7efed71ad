import Determinism
package import Kubernetes

/// Plays the kubelet for one pod: decides when its containers start and end, and what the API server is to hear.
///
/// Level-triggered, as a kubelet is: an event changes what is known, ``advance(to:)`` brings the containers up to the
/// present, and ``takeRequest(at:)`` gives the one request that would bring the server in step, until it is answered.
package struct PodMachine: Sendable {
    /// What the virtual node asks the API server for.
    package enum Request: Hashable, Sendable {
        /// POST to `pods/binding`.
        case bind
        /// Strategic merge patch to `pods/status`.
        case writeStatus(JSONObject)
        /// The same, with what a workflow asked of the container: results and end come in one write, or not at all.
        case report(JSONObject, outputs: JSONObject)
        /// DELETE without grace, once nothing runs any more and the status says so.
        case finalize
    }

    package enum AgentAction: Hashable, Sendable {
        case start(run: Int)
        case stop(run: Int)
    }

    /// Why the pod was ended before its containers were through.
    enum Stop: Hashable, Sendable {
        case deleted
        case deadlineExceeded
        /// Its status says that it is over, and this node did not write that.
        case endedElsewhere
    }

    let key: ObjectKey
    let uid: String
    let settings: NodeConfiguration
    /// Civil time at the clock's zero.
    let epoch: Timestamp
    /// As last seen.
    private(set) var pod: Pod
    /// When this node took the pod on; nil while the pod is on no node.
    private(set) var started: Duration?
    var containers: [ContainerRun] = []
    private(set) var stop: Stop?
    /// When what still runs after ``stop`` is killed.
    private var killAt: Duration?

    private var inFlight: Request?
    private var failures = 0
    private var retryAt: Duration?
    /// The status that the server has acknowledged.
    private var writtenStatus: JSONObject?
    private var isFinalized = false
    /// Another binding was quicker, whether this node's own, unanswered one or a scheduler's.
    private var isBindingRefused = false
    /// The server does not have this pod any more.
    private var isGone = false

    private var agentActions: [AgentAction] = []
    private var agentRun = 0

    /// - Parameters:
    ///   - epoch: Civil time at the zero of the clock that `now` is read from.
    ///   - isAgent: Whether a closure of this process stands for the pod's main container.
    package init(_ pod: Pod, settings: NodeConfiguration, epoch: Timestamp, isAgent: Bool, now: Duration) {
        key = pod.metadata.key
        uid = pod.metadata.uid ?? ""
        self.settings = settings
        self.epoch = epoch
        self.pod = pod
        containers = Self.makeContainers(pod, isAgent: isAgent, startedAt: epoch + now)
        observe(pod, now: now)
    }

    // MARK: Events

    /// The pod was listed, added or modified.
    package mutating func observe(_ pod: Pod, now: Duration) {
        self.pod = pod
        if started == nil {
            if pod.nodeName == settings.name { accept(now: now) }
            return
        }
        advance(to: now)
        // An eviction by a controller writes the status first.
        if pod.phase.isTerminal { end(.endedElsewhere, at: now) }
        if pod.metadata.deletionTimestamp != nil { observedDeletion(now: now) }
    }

    /// A second deletion may leave less time than the first.
    private mutating func observedDeletion(now: Duration) {
        guard stop != nil, let killAt else { return end(.deleted, at: now) }
        self.killAt = min(killAt, now + gracePeriod(.deleted))
        advance(to: now)
    }

    /// The request that ``takeRequest(at:)`` gave was answered; nil for success.
    package mutating func answered(_ error: APIError?, now: Duration) {
        guard let request = inFlight else { return }
        inFlight = nil
        guard let error else {
            failures = 0
            switch request {
            case .bind: if started == nil { accept(now: now) }
            case .writeStatus(let status), .report(let status, _): writtenStatus = status
            case .finalize: isFinalized = true
            }
            advance(to: now)
            return
        }
        switch (request, error.code) {
        // The pod is gone, or another one has its name; the watch will say so.
        case (_, .notFound), (.finalize, .conflict): isGone = true
        case (.bind, .conflict): isBindingRefused = true
        default:
            failures += 1
            retryAt = now + settings.retryDelay(failures: failures, asked: error.retryAfter)
        }
        advance(to: now)
    }

    /// The agent ended by itself.
    package mutating func agentFinished(run: Int, exitCode: Int, now: Duration) {
        guard run == agentRun, let index = containers.firstIndex(where: { $0.program == .agent && $0.isRunning })
        else { return }
        advance(to: now)
        endContainer(index, at: now, exitCode: exitCode)
        advance(to: now)
    }

    /// The pod is not there any more.
    package mutating func removed(now: Duration) {
        isGone = true
        stopContainers(at: now, leavesObstinate: false)
    }

    // MARK: What is to be done

    /// The next request, unless one is unanswered or has to wait.
    package mutating func takeRequest(at now: Duration) -> Request? {
        guard inFlight == nil, !isGone, retryAt.map({ $0 <= now }) ?? true, let request = wantedRequest else {
            return nil
        }
        retryAt = nil
        inFlight = request
        return request
    }

    package mutating func takeAgentActions() -> [AgentAction] {
        defer { agentActions = [] }
        return agentActions
    }

    /// When to call ``advance(to:)`` next, if nothing happens before.
    package var nextDeadline: Duration? {
        guard !isGone else { return nil }
        var deadlines = containers.compactMap(\.nextChange)
        if stop == nil, !isFinished, let deadline = activeDeadline { deadlines.append(deadline) }
        if !isFinished, let killAt { deadlines.append(killAt) }
        if inFlight == nil, let retryAt, wantedRequest != nil { deadlines.append(retryAt) }
        return deadlines.min()
    }

    /// Whether the pod takes one of the node's places.
    package var occupiesNode: Bool { !isGone && (started == nil ? inFlight == .bind : !isFinished) }

    /// Whether the pod waits for a place on a node.
    package var awaitsBinding: Bool { started == nil && inFlight == nil && wantedRequest == .bind }

    /// What a container has printed; nil for a container that the pod does not have, or that has not started.
    package func log(of container: String, at now: Duration) -> ContainerLog? {
        log(of: container, run: .latest, at: now)
    }

    func log(of container: String, run: LogRun, at now: Duration) -> ContainerLog? {
        containers.first { $0.name == container }?.log(of: run, epoch: epoch, at: now)
    }

    private var wantedRequest: Request? {
        guard started != nil else {
            let isOver = pod.metadata.deletionTimestamp != nil || pod.phase.isTerminal
            return isOver || isBindingRefused || !settings.binds(pod) ? nil : .bind
        }
        let wanted = status
        if stop != .endedElsewhere, wanted != writtenStatus {
            return outputs.map { .report(wanted, outputs: $0) } ?? .writeStatus(wanted)
        }
        return pod.metadata.deletionTimestamp != nil && isFinished && !isFinalized ? .finalize : nil
    }

    private mutating func accept(now: Duration) {
        started = now
        if pod.phase.isTerminal { end(.endedElsewhere, at: now) } else { loseEarlierRuns(now: now) }
        if pod.metadata.deletionTimestamp != nil { observedDeletion(now: now) }
        advance(to: now)
    }
}

extension PodMachine {
    /// Nothing runs, and nothing will.
    package var isFinished: Bool {
        guard started != nil else { return false }
        if stop != nil { return containers.allSatisfy { $0.termination != nil } }
        let mains = containers.filter { $0.role == .main }
        let hasFailedToInitialize = containers.contains {
            $0.role == .initializer && ($0.termination?.exitCode ?? 0) != 0
        }
        return hasFailedToInitialize || mains.allSatisfy { $0.termination != nil }
    }

    var activeDeadline: Duration? {
        guard let started, let seconds = pod.json["spec", "activeDeadlineSeconds"]?.integer else { return nil }
        return started + .seconds(seconds)
    }

    /// Brings the containers up to `now`.
    package mutating func advance(to now: Duration) {
        guard started != nil else { return }
        guard stop == nil else { return advanceStopping(to: now) }
        let deadline = activeDeadline ?? now
        let horizon = min(now, deadline)
        startContainers(at: horizon)
        while let (index, time) = nextContainerChange, time <= horizon {
            change(index, at: time)
            startContainers(at: time)
        }
        if isFinished {
            stopContainers(at: now)
        } else if activeDeadline != nil, deadline <= now {
            end(.deadlineExceeded, at: deadline)
        }
    }

    /// Lets what ignores SIGTERM go on to its own end, or to the end of the grace period.
    private mutating func advanceStopping(to now: Duration) {
        let horizon = min(now, killAt ?? now)
        while let (index, time) = nextContainerChange, time <= horizon { change(index, at: time) }
        if let killAt, killAt <= now { stopContainers(at: killAt, leavesObstinate: false) }
    }

    private var nextContainerChange: (index: Int, time: Duration)? {
        containers.indices.compactMap { index in containers[index].nextChange.map { (index, $0) } }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }
    }

    private mutating func change(_ index: Int, at time: Duration) {
        if case .backingOff = containers[index].state {
            startContainer(index, at: time)
        } else if case .planned(let plan) = containers[index].program {
            endContainer(index, at: time, exitCode: plan.exitCode, message: plan.refusal)
        }
    }

    /// Starts what may start: init containers one after the other, then the main ones together.
    private mutating func startContainers(at time: Duration) {
        for index in containers.indices where containers[index].role != .main {
            if containers[index].state == .waiting { startContainer(index, at: time) }
            let isThrough = containers[index].role == .sidecar || containers[index].termination?.exitCode == 0
            guard isThrough else { return }
        }
        for index in containers.indices where containers[index].state == .waiting {
            startContainer(index, at: time)
        }
    }

    private mutating func startContainer(_ index: Int, at time: Duration) {
        containers[index].start(at: time)
        guard containers[index].program == .agent else { return }
        agentRun += 1
        agentActions.append(.start(run: agentRun))
    }

    private mutating func endContainer(_ index: Int, at time: Duration, exitCode: Int, message: String? = nil) {
        let role = containers[index].role
        let policy = pod.json["spec", "restartPolicy"]?.string ?? "Always"
        let isStopping = stop != nil
        containers[index].end(at: time, exitCode: exitCode, message: message) { code in
            if isStopping { return false }
            if role == .sidecar { return true }
            // An init container that succeeded is not run again, whatever the policy.
            return policy == "Always" && role == .main || policy != "Never" && code != 0
        }
    }

    /// A signal has ended a container; whether there is another run is for its policy to say.
    mutating func signalled(_ index: Int, exitCode: Int, at time: Duration) {
        if containers[index].program == .agent { agentActions.append(.stop(run: agentRun)) }
        endContainer(index, at: time, exitCode: exitCode)
        advance(to: time)
    }

    private mutating func end(_ reason: Stop, at time: Duration) {
        guard stop == nil, !isFinished else { return }
        stop = reason
        killAt = time + gracePeriod(reason)
        stopContainers(at: time)
        advance(to: time)
    }

    /// How long SIGTERM has before SIGKILL follows.
    private func gracePeriod(_ reason: Stop) -> Duration {
        let asked = reason == .deleted ? pod.metadata.deletionGracePeriodSeconds : nil
        return .seconds(max(0, asked ?? pod.json["spec", "terminationGracePeriodSeconds"]?.integer ?? 30))
    }

    /// SIGTERM's code in a shell. A virtual container obeys it at once, unless it is annotated as one that does not.
    private static let terminatedCode = 143

    /// Ends everything that runs or would run again.
    ///
    /// - Parameter leavesObstinate: Whether containers that ignore SIGTERM run on: they are left until ``killAt``.
    private mutating func stopContainers(at time: Duration, leavesObstinate: Bool = true) {
        for index in containers.indices {
            switch containers[index].state {
            case .terminated: break
            case .running(let since):
                let isObstinate = containers[index].ignoresTermination
                if leavesObstinate, isObstinate, stop != nil { break }
                if containers[index].program == .agent { agentActions.append(.stop(run: agentRun)) }
                // A sidecar that is stopped because its work is done has done well.
                let isDone = containers[index].role == .sidecar && stop == nil
                containers[index].state = .terminated(
                    .init(
                        started: since, finished: max(since, time),
                        exitCode: isDone ? 0 : isObstinate ? Self.lostCode : Self.terminatedCode,
                        reason: isDone ? "Completed" : "Error"))
            case .backingOff(_, let last): containers[index].state = .terminated(last)
            case .waiting:
                guard stop != nil else { break }
                containers[index].state = .terminated(
                    .init(
                        started: time, finished: time, exitCode: Self.lostCode, reason: "ContainerStatusUnknown",
                        message: "The container did not start before the pod was stopped"))
            }
        }
    }

    /// SIGKILL's code in a shell.
    private static let lostCode = 137

    /// Takes over a pod that was on this node before it came up: what has ended has ended, and containers that ran
    /// went with the one that ran them, and count as killed.
    private mutating func loseEarlierRuns(now: Duration) {
        let statuses = Dictionary(
            pod.containerStatuses.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for index in containers.indices {
            guard containers[index].role == .main, let status = statuses[containers[index].name] else { continue }
            containers[index].restarts = status.json["restartCount"]?.integer.map(Int.init(truncatingIfNeeded:)) ?? 0
            if let code = status.exitCode {
                containers[index].state = .running(since: now)
                endContainer(index, at: now, exitCode: Int(truncatingIfNeeded: code))
            } else if status.json["state", "running"] != nil {
                containers[index].state = .running(since: now)
                endContainer(
                    index, at: now, exitCode: Self.lostCode,
                    message: "The container could not be located when the node came up")
            }
        }
    }

    static func makeContainers(_ pod: Pod, isAgent: Bool, startedAt epoch: Timestamp) -> [ContainerRun] {
        let policy = pod.json["spec", "restartPolicy"]?.string ?? "Always"
        let annotations = pod.metadata.annotations
        let initializers = (pod.json["spec", "initContainers"]?.array ?? []).compactMap(\.object).map { json in
            let container = Container(json: json)
            let isSidecar = json["restartPolicy"]?.string == "Always"
            // An agent's init containers prepare what its closure does not need.
            let plan =
                isAgent && !isSidecar
                ? ContainerPlan(duration: .zero, exitCode: 0)
                : ContainerPlan(
                    container, annotations: [:], isServer: isSidecar, startedAt: epoch,
                    seed: seed(of: container.name, in: pod))
            return ContainerRun(
                name: container.name, image: container.image ?? "", role: isSidecar ? .sidecar : .initializer,
                program: .planned(plan), ignoresTermination: ignoresTermination(container.name, annotations),
                environment: container.environment)
        }
        let isDaemon = annotations[ContainerOutputs.daemonAnnotation] == "true"
        let chief = pod.containers.first { $0.name == "main" } ?? pod.containers.first
        return initializers
            + pod.containers.map { container in
                let isChief = container.name == chief?.name
                var plan = ContainerPlan(
                    container, annotations: annotations, isServer: policy == "Always" || isDaemon, startedAt: epoch,
                    seed: seed(of: container.name, in: pod))
                if isChief { plan.report(annotations) }
                return ContainerRun(
                    name: container.name, image: container.image ?? "", role: .main,
                    program: isAgent && isChief ? .agent : .planned(plan),
                    ignoresTermination: ignoresTermination(container.name, annotations),
                    environment: container.environment)
            }
    }

    /// A pod of the same name draws the same, so that policies which are compared meet the same luck.
    private static func seed(of container: String, in pod: Pod) -> UInt64 {
        var hash = StableHash()
        hash.combine(pod.metadata.name)
        hash.combine(container)
        return hash.value
    }

    private static func ignoresTermination(_ container: String, _ annotations: [String: String]) -> Bool {
        (annotations["\(ignoresTerminationAnnotation).\(container)"] ?? annotations[ignoresTerminationAnnotation])
            == "true"
    }
}
