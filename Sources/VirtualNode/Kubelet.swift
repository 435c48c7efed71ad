package import Determinism
package import Kubernetes
package import Logging
import Synchronization

/// A node without a machine: takes pods, runs them for as long as they say, and reports, as an ordinary API client.
///
/// ``NodeState`` decides everything; this shell keeps the watch, the timers and the node's signs of life, and sends.
package final class Kubelet: Sendable {
    /// Stands for the main container of an agent pod, and returns its exit code; cancelled when the pod is deleted.
    package typealias Agent = @Sendable (Pod) async -> Int

    /// Argo's label for the role of a pod in a workflow, and its value for agents.
    package static let componentLabel = "workflows.argoproj.io/component"
    package static let agentComponent = "agent"

    private let api: any KubernetesAPI
    private let settings: NodeConfiguration
    private let clock: TrialClock
    private let logger: Logger
    private let runAgent: Agent?
    private let state: Mutex<State>

    private struct State: Sendable {
        var node: NodeState
        /// Ends the agent that runs for a pod.
        var agentStops: [AgentRun: AsyncStream<Void>.Continuation] = [:]
        /// The earliest deadline that something sleeps for.
        var alarm: Duration?
        /// Whether the node is out of touch.
        var isSuspended = false
        /// Whether it has just come back, and has not said so yet.
        var isBack = false
        /// Has the loop look for what to do; nil while nothing serves.
        var wake: AsyncStream<Void>.Continuation?
        /// Where exec and logs are served; nil where they are not.
        var endpoint: NodeEndpoint?

        /// Whether there is a return to tell of, which is told of once.
        mutating func takeReturn() -> Bool {
            defer { isBack = false }
            return isBack
        }
    }

    private struct AgentRun: Hashable, Sendable {
        var pod: NodeState.PodIdentity
        var run: Int
    }

    /// - Parameters:
    ///   - api: Leads to the server beside any fault path.
    ///   - runAgent: Runs the pods that are labelled as a workflow's agent; without it they run like all others.
    package init(
        api: any KubernetesAPI, settings: NodeConfiguration = NodeConfiguration(), clock: TrialClock, logger: Logger,
        runAgent: Agent? = nil
    ) {
        self.api = api
        self.settings = settings
        self.clock = clock
        self.logger = logger
        self.runAgent = runAgent
        let epoch = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow - clock.now.microseconds)
        let hasAgent = runAgent != nil
        let node = NodeState(settings: settings, epoch: epoch) { pod in
            hasAgent && pod.metadata[label: Self.componentLabel] == Self.agentComponent
        }
        state = Mutex(State(node: node))
    }

    /// What a container's present or last run has printed; nil for a pod or container that does not run here, or has
    /// not started.
    package func log(of pod: ObjectKey, container: String) -> ContainerLog? {
        log(of: pod, container: container, run: .latest)
    }

    func log(of pod: ObjectKey, container: String, run: LogRun) -> ContainerLog? {
        let now = clock.now
        return state.withLock { $0.node.log(of: pod, container: container, run: run, now: now) }
    }

    /// The node's name.
    package var name: String { settings.name }

    /// Takes the node out of touch: it says nothing any more, starts no pod and serves no command. What its containers
    /// do for so long by themselves goes on unseen, as where a kubelet has lost its network.
    package func suspend() { state.withLock { $0.isSuspended = true } }

    /// Brings the node back: it says that it lives, and what has become of its pods.
    package func resume() {
        state.withLock { state in
            guard state.isSuspended else { return }
            state.isSuspended = false
            state.isBack = true
            _ = state.wake?.yield()
        }
    }

    /// Starts a command in a container; its signals have taken effect when this returns.
    func start(_ request: ExecRequest) throws(ExecRefusal) -> ContainerPlan {
        let now = clock.now
        let result = state.withLock { state in
            Result { () throws(ExecRefusal) in
                if state.isSuspended { throw .nodeLost }
                return try state.node.exec(request.command, in: request.pod, container: request.container, now: now)
            }
        }
        state.withLock { _ = $0.wake?.yield() }
        return try result.get()
    }

    /// Why a command cannot run in a container; nil where it can.
    func refusal(of request: ExecRequest) -> ExecRefusal? {
        let now = clock.now
        return state.withLock { state in
            if state.isSuspended { return .nodeLost }
            return state.node.refusal(of: request.pod, container: request.container, now: now)
        }
    }

    func pause(_ time: Duration) async throws { try await clock.sleep(for: time) }

    /// Registers the node, runs pods while `body` runs, and removes the node.
    ///
    /// A pod that is deleted goes only while its node runs: `body` deletes what it has made.
    ///
    /// - Throws: What `body` throws; ``APIError`` where the server refuses the node. Where the task is cancelled the
    ///   node stays behind, because a cancelled task cannot send: call ``remove()`` from one that is not.
    package func withNode<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await withEndpoint { try await withRegisteredNode(body) }
    }

    private func withRegisteredNode<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await register()
        let result: Result
        do {
            result = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.serve() }
                let result = try await body()
                group.cancelAll()
                return result
            }
        } catch {
            await remove()
            throw error
        }
        await remove()
        return result
    }

    /// Registers the node and runs pods until the task is cancelled; ``remove()`` is left to the caller.
    package func run() async throws {
        try await withEndpoint {
            try await register()
            try await serve()
        }
    }

    private var registration: NodeRegistration {
        NodeRegistration(settings: settings, endpoint: state.withLock { $0.endpoint })
    }

    /// Serves exec and logs while `body` runs, where the settings say so.
    private func withEndpoint<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard let host = settings.endpointHost else { return try await body() }
        return try await ExecEndpoint.with(self, host: host, logger: logger) { port in
            state.withLock { $0.endpoint = NodeEndpoint(host: host, port: port) }
            return try await body()
        }
    }

    // MARK: Serving

    private func serve() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.wake = wake }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await self.observePods { wake.yield() } }
            group.addTask { try await self.giveSignsOfLife() }
            for await _ in wakes {
                if state.withLock({ $0.takeReturn() }) { group.addTask { try await self.beat() } }
                let (actions, alarm) = take()
                for action in actions {
                    switch action {
                    case .request(let pod, let request):
                        group.addTask {
                            try await self.send(request, for: pod)
                            wake.yield()
                        }
                    case .startAgent(let pod, let run):
                        let identity = AgentRun(pod: NodeState.PodIdentity(pod), run: run)
                        let (stopped, stop) = AsyncStream.makeStream(of: Void.self)
                        state.withLock { $0.agentStops[identity] = stop }
                        group.addTask {
                            await self.runAgent(identity, pod, until: stopped)
                            wake.yield()
                        }
                    case .stopAgent(let pod, let run):
                        state.withLock { $0.agentStops[AgentRun(pod: pod, run: run)] }?.finish()
                    }
                }
                guard let alarm else { continue }
                group.addTask {
                    try await self.sleep(until: alarm)
                    wake.yield()
                }
            }
            // The wakes end only where the task is cancelled.
            throw CancellationError()
        }
    }

    /// What to do now, and the deadline to sleep for where nothing sleeps for one as early.
    private func take() -> (actions: [NodeState.Action], alarm: Duration?) {
        let now = clock.now
        return state.withLock { state in
            if state.isSuspended { return ([], nil) }
            state.node.advance(to: now)
            let actions = state.node.takeActions(now: now)
            guard let deadline = state.node.nextDeadline(), state.alarm.map({ deadline < $0 }) ?? true else {
                return (actions, nil)
            }
            state.alarm = deadline
            return (actions, deadline)
        }
    }

    private func sleep(until deadline: Duration) async throws {
        try await clock.sleep(for: deadline - clock.now)
        state.withLock { if $0.alarm == deadline { $0.alarm = nil } }
    }

    private func send(_ request: PodMachine.Request, for pod: NodeState.PodIdentity) async throws {
        let failure = try await attempt(request.apiRequest(for: pod, settings: settings))
        if let failure {
            logger.debug("request failed", metadata: ["pod": "\(pod.key)", "error": "\(failure)"])
        }
        let now = clock.now
        state.withLock { $0.node.answered(pod, failure, now: now) }
    }

    private func runAgent(_ agent: AgentRun, _ pod: Pod, until stopped: AsyncStream<Void>) async {
        guard let runAgent else { return }
        let exitCode = await withTaskGroup(of: Int?.self) { group in
            group.addTask { await runAgent(pod) }
            group.addTask {
                for await _ in stopped {}
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        let now = clock.now
        state.withLock { state in
            state.agentStops[agent] = nil
            guard let exitCode else { return }
            state.node.agentFinished(agent.pod, run: agent.run, exitCode: exitCode, now: now)
        }
    }

    /// - Returns: How the request failed; nil for success.
    /// - Throws: `CancellationError`.
    private func attempt(_ request: APIRequest) async throws -> APIError? {
        do {
            _ = try await api.send(request)
            return nil
        } catch let error as APIError {
            return error
        } catch let error as CancellationError {
            throw error
        } catch {
            return APIError(code: .unreachable, message: "\(error)")
        }
    }
}

extension Kubelet {
    // MARK: Watching

    private func observePods(_ changed: @Sendable () -> Void) async throws {
        var resumption = WatchResumption(settings: settings)
        while true {
            var wait = Duration.zero
            do {
                switch resumption.step {
                case .list:
                    let list = try await api.list(
                        Pod.self, namespace: settings.namespace,
                        options: RequestOptions(labelSelector: settings.labelSelector),
                        timeout: settings.requestTimeout)
                    let now = clock.now
                    state.withLock { $0.node.listed(list.items, now: now) }
                    resumption.listed(resourceVersion: list.resourceVersion)
                    changed()
                case .watch(let resourceVersion):
                    try await api.withWatch(watchRequest(from: resourceVersion)) { events in
                        for try await event in events {
                            resumption.received(resourceVersion: try take(event))
                            changed()
                        }
                    }
                    wait = resumption.ended()
                }
            } catch let error as APIError {
                logger.debug("list or watch of pods failed", metadata: ["error": "\(error)"])
                wait = resumption.failed(error)
            }
            try await clock.sleep(for: wait)
        }
    }

    private func watchRequest(from resourceVersion: String) -> APIRequest {
        APIRequest(
            .watch, .pods, namespace: settings.namespace,
            options: RequestOptions(
                labelSelector: settings.labelSelector, resourceVersion: resourceVersion,
                timeoutSeconds: settings.watchTimeoutSeconds, allowWatchBookmarks: true))
    }

    /// - Returns: The resourceVersion that the watch has come to.
    private func take(_ event: WatchEvent) throws -> String? {
        let now = clock.now
        switch event {
        case .added(let object), .modified(let object):
            state.withLock { $0.node.observed(Pod(json: object), now: now) }
        case .deleted(let object): state.withLock { $0.node.deleted(Pod(json: object), now: now) }
        case .bookmark: break
        case .error(let status): throw APIError(status)
        }
        return event.object["metadata", "resourceVersion"]?.string
    }

    // MARK: The Node object

    var civilNow: Timestamp { Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow) }

    /// Creates the Node, and waits out a server that cannot answer yet.
    private func register() async throws {
        var failures = 0
        while let error = try await attempt(registration.creation(at: civilNow)) {
            failures += 1
            switch error.code {
            // Left behind by one that could not remove it.
            case .alreadyExists: return try await beat()
            case .unreachable, .throttled, .serverFailure:
                logger.debug("node not registered yet", metadata: ["error": "\(error)"])
                try await clock.sleep(for: settings.retryDelay(failures: failures, asked: error.retryAfter))
            default: throw error
            }
        }
        try await beat()
    }

    /// Deletes the Node and its Lease, where they are; gives up after three failures of one request.
    package func remove() async {
        for request in [registration.removal(), registration.leaseRemoval()] {
            for failures in 1...3 {
                do {
                    guard let error = try await attempt(request), error.code != .notFound else { break }
                    logger.debug("node not removed", metadata: ["error": "\(error)"])
                    try await clock.sleep(for: settings.retryDelay(failures: failures, asked: error.retryAfter))
                } catch {
                    return
                }
            }
        }
    }

    private func giveSignsOfLife() async throws {
        while true {
            try await clock.sleep(for: settings.heartbeatInterval)
            if !state.withLock({ $0.isSuspended }) { try await beat() }
        }
    }

    /// Says once that the node lives. A failure is left to the next time: clusters bear several.
    private func beat() async throws {
        let now = civilNow
        if let error = try await attempt(registration.heartbeat(at: now)) {
            logger.debug("node status not renewed", metadata: ["error": "\(error)"])
            if error.code == .notFound { _ = try await attempt(registration.creation(at: now)) }
        }
        guard let error = try await attempt(registration.leaseRenewal(at: now)) else { return }
        guard error.code == .notFound, let failure = try await attempt(registration.leaseCreation(at: now)) else {
            return
        }
        // Without its namespace there is no Lease, and nobody looks for one.
        logger.trace("node lease not renewed", metadata: ["error": "\(failure)"])
    }
}
