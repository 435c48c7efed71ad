package import Determinism
package import Kubernetes
package import Logging
package import Resilience

/// One life of a whole controller under one policy: workflows, cron, clean-up and time to live; where it is to, it leads
/// before it works.
///
/// Cancelling ``run()`` kills it, as the end of a process does: nothing is released in order.
package final class ControllerProcess: Sendable {
    package struct Configuration: Sendable {
        package var namespace: String
        /// Only objects labelled with it are touched; nil takes those that carry no such label.
        package var instanceID: String?
        package var policy: Policy
        /// Who it is to other controllers; unique among them, and among its own lives.
        package var identity: String
        /// The name of the Lease by which one of several leads; nil works at once.
        package var leaderLease: String?
        package var agent: AgentPod

        package init(
            namespace: String, instanceID: String?, policy: Policy, identity: String, leaderLease: String? = nil,
            agent: AgentPod = AgentPod()
        ) {
            self.namespace = namespace
            self.instanceID = instanceID
            self.policy = policy
            self.identity = identity
            self.leaderLease = leaderLease
            self.agent = agent
        }
    }

    private let runner: CallRunner
    private let workflows: WorkflowController
    private let cron: CronController
    private let elector: LeaderElector?
    private let metrics: ControllerMetrics
    private let onWork: @Sendable () -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - api: Through which the controller meets the weather.
    ///   - attempts: Shared with the client beneath `api`, and with the controller's next life after a restart.
    ///   - lockStore: Where permits are kept; nil keeps them where the policy says, unless that is a database.
    ///   - metrics: Shared with the client beneath `api`.
    ///   - onWork: Told when it begins to work; after it has come to lead, where it is to.
    package init(
        api: any KubernetesAPI, configuration: Configuration, clock: TrialClock, streams: RandomStreams,
        attempts: AttemptCounter, observer: ControllerObserver = ControllerObserver(),
        lockStore: (any LockStore)? = nil, metrics: ControllerMetrics? = nil,
        logger: Logger = Logger(label: "boreas.workflows"), onWork: @escaping @Sendable () -> Void = {}
    ) {
        let namespace = configuration.namespace
        let metrics = metrics ?? ControllerMetrics(clock: clock)
        let observer = metrics.observer.joined(with: observer)
        let runner = CallRunner(
            api: api, policy: configuration.policy, clock: clock, streams: streams, attempts: attempts,
            observer: observer)
        self.runner = runner
        self.metrics = metrics
        self.logger = logger
        self.onWork = onWork
        workflows = WorkflowController(
            runner: runner,
            configuration: .init(
                namespace: namespace, instanceID: configuration.instanceID, agent: configuration.agent),
            lockStore: lockStore ?? Self.lockStore(runner, configuration.instanceID), metrics: metrics,
            logger: logger)
        cron = CronController(
            api: api,
            configuration: .init(
                namespace: namespace, instanceID: configuration.instanceID, policy: configuration.policy,
                expressions: .standard), clock: clock, streams: streams.substreams("cron"), attempts: attempts,
            observer: observer, metrics: metrics, logger: logger)
        elector = configuration.leaderLease.map { name in
            LeaderElector(
                identity: configuration.identity, lease: ObjectKey(namespace: namespace, name: name), runner: runner,
                logger: logger)
        }
    }

    /// The store that needs nothing but the API server.
    private static func lockStore(
        _ runner: CallRunner, _ instanceID: String?
    ) -> any LockStore {
        switch runner.policy.locks.store {
        case .leases: LeaseLockStore(runner: runner, instanceID: instanceID)
        case .workflowStatus: WorkflowStatusLockStore()
        case .sqlite: preconditionFailure("permits in a database need a store to be given")
        }
    }

    /// Looks at workflows so far.
    package var reconcileCount: Int { workflows.reconcileCount }

    /// Clean-ups in line or being worked on, and how long ago the oldest of them came due.
    package var cleanup: (depth: Int, oldestAge: Duration) {
        let counts = workflows.cleaner.counts
        return (counts.ready + counts.processing, workflows.cleaner.oldestAge)
    }

    /// Works until its task is cancelled, and then returns. To be called once.
    ///
    /// - Throws: `LeaderElector.LeadershipLost`, on which a process ends and is started again.
    package func run() async throws {
        defer { runner.abandon() }
        do {
            guard let elector else { return try await work() }
            try await elector.lead { try await self.work() }
        } catch is CancellationError {
            logger.debug("controller stopped")
        }
    }

    private func work() async throws {
        onWork()
        metrics.leaderChanged(isLeader: true)
        defer { metrics.leaderChanged(isLeader: false) }
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.workflows.run() }
            group.addTask { try await self.cron.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
