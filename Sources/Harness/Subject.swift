import Determinism
import Experiments
import Faults
import Kubernetes
import Logging
import Recording
import Resilience
import VirtualNode
import Workflows

/// The controller core under test, and the agents that the virtual node runs for it in this process.
struct Subject: Sendable {
    let site: TrialSite
    let namespace: String
    let instanceID: String
    let policy: Policy
    let streams: RandomStreams
    let attempts: AttemptCounter
    let collector: TrialCollector
    let logger: Logger
    /// When the controllers are to die.
    let crashes: CrashSwitch
    /// Controllers that run side by side.
    var replicas = 1
    /// Where a policy with permits in a database has them: they outlive the controllers.
    var permits: PermitDatabase?
    /// Where somebody may take the node away.
    var power: NodePower?

    /// By which one of several controllers leads; Argo's name.
    static let leaderLease = "workflow-controller"
    /// Between two looks at the clean-up queue.
    private static let samplingPeriod = Duration.milliseconds(250)

    private var observer: ControllerObserver {
        ControllerObserver(onDecision: { [collector] in collector.decided($0) })
    }

    /// Runs the controllers until cancelled, and starts each one again that was killed.
    func runControllers() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...replicas { group.addTask { try await runController(number) } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The lives of one controller, one after the other.
    private func runController(_ number: Int) async throws {
        var life = 1
        while true {
            collector.observe(
                Observation(.subjectStarted, "\(number)", detail: "\(life)", at: site.clock.now))
            let death = try await endOfLife(life, of: number)
            try Task.checkCancellation()
            guard let death else {
                // It ended by itself, having lost its lease.
                life += 1
                continue
            }
            let crash = death.crash
            let now = site.clock.now
            collector.observe(
                Observation(
                    .subjectCrashed, "\(number)", detail: crash.rule, message: "at \(crash.identity)", at: now))
            collector.injected(
                Injection(
                    rule: crash.rule, kind: .crash, identity: crash.identity, ordinal: crash.fault.afterWrites,
                    requestID: death.requestID, at: now))
            try await site.clock.sleep(for: crash.fault.downtime ?? .zero)
            life += 1
        }
    }

    /// - Returns: How the life ended; nil where it ended by itself.
    private func endOfLife(_ life: Int, of number: Int) async throws -> MortalAPI.Death? {
        guard !crashes.isIdle else {
            try await live(life, of: number, through: site.subject)
            return nil
        }
        let api = MortalAPI(site.subject, crashes)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await live(life, of: number, through: api)
                } catch is CancellationError {
                    // By its death, or with the trial.
                }
            }
            group.addTask { _ = await api.untilDeath() }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
        return api.death
    }

    /// One life of one controller, until its task is cancelled or its API is dead. Nothing of it outlives the call: what
    /// it holds in memory is made here, and what is to be kept for the next life belongs to the subject.
    ///
    /// - Parameters:
    ///   - life: From 1; each draws from streams of its own.
    ///   - number: Which of the replicas it is, from 1: with several, its identity in a leader election.
    private func live(_ life: Int, of number: Int, through api: any KubernetesAPI) async throws {
        let isFirst = life == 1 && number == 1
        let controller = ControllerProcess(
            api: api,
            configuration: .init(
                namespace: namespace, instanceID: instanceID, policy: policy,
                identity: "controller-\(number)-\(life)", leaderLease: replicas > 1 ? Self.leaderLease : nil),
            clock: site.clock,
            streams: isFirst
                ? streams.substreams("controller") : streams.substreams("controller", "\(number)", "\(life)"),
            attempts: attempts, observer: observer, lockStore: lockStore, logger: logger,
            onWork: { [collector, clock = site.clock, replicas] in
                guard replicas > 1 else { return }
                collector.observe(Observation(.subjectLeads, "\(number)", detail: "\(life)", at: clock.now))
            })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await controller.run()
                } catch is LeaderElector.LeadershipLost {
                    // As a process would: it ends, and its next life begins.
                }
            }
            group.addTask {
                while true {
                    let (depth, oldestAge) = controller.cleanup
                    collector.sampledCleanup(depth: depth, oldest: oldestAge, at: site.clock.now)
                    try await site.clock.sleep(for: Self.samplingPeriod)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private var lockStore: (any LockStore)? {
        permits.map { SQLiteLockStore($0, clock: site.clock, duration: policy.locks.permitDuration) }
    }

    /// Runs the trial's pods, those of agents in this process.
    func runNode() async throws {
        let kubelet = Kubelet(
            api: site.harness, settings: .trial(in: namespace, site.nodeAccess), clock: site.clock, logger: logger,
            runAgent: { await runAgent($0) })
        if case .direct(let serve) = site.nodeAccess { serve(kubelet) }
        guard let power else { return try await kubelet.run() }
        try await power.with(kubelet) { try await kubelet.run() }
    }

    /// Plays the pod of an agent: the same code that `boreas agent` runs on a real node, through the same weather.
    ///
    /// - Returns: The exit code.
    func runAgent(_ pod: Pod) async -> Int {
        guard let workflow = pod.metadata.labels[WorkflowNames.workflowLabel] else { return 64 }
        let agent = Agent(
            api: onNode(site.subject), configuration: .init(namespace: namespace, workflow: workflow, policy: policy),
            http: observed(onNode(site.http), workflow), clock: site.clock,
            streams: streams.substreams("agent", workflow),
            attempts: attempts, observer: observer, logger: logger)
        do {
            try await agent.run()
            return 0
        } catch {
            logger.debug("agent failed", metadata: ["workflow": "\(workflow)", "error": "\(error)"])
            return 1
        }
    }

    /// What runs on the node stands still while the node is off.
    private func onNode(_ api: any KubernetesAPI) -> any KubernetesAPI {
        guard let power, !power.isSteady else { return api }
        return HeldAPI(api: api, power: power, clock: site.clock)
    }

    private func onNode(_ http: HTTPPort) -> HTTPPort {
        guard let power, !power.isSteady else { return http }
        return HTTPPort { [clock = site.clock] request in
            try await power.untilOn(clock)
            return try await http.send(request)
        }
    }

    /// The way to the servers that a workflow calls, with every answer on record.
    private func observed(_ http: HTTPPort, _ workflow: String) -> HTTPPort {
        HTTPPort { [collector, clock = site.clock] request in
            let response = try await http.send(request)
            collector.observe(
                Observation(
                    .httpCallReturned, workflow, detail: "\(request.method) \(request.url)",
                    message: "\(response.status)", at: clock.now))
            return response
        }
    }
}

extension NodeConfiguration {
    /// The node that runs a trial's pods and no others.
    static func trial(in namespace: String, _ access: TrialSite.NodeAccess) -> NodeConfiguration {
        var configuration = NodeConfiguration(namespace: namespace, binding: .scheduler(schedulerName))
        if case .host(let host) = access { configuration.endpointHost = host }
        return configuration
    }

    /// Names the virtual node in the place of a scheduler, so that the cluster's own leaves the pods alone.
    static let schedulerName = "boreas"
}
