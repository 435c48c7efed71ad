package import Determinism
package import Kubernetes
package import Logging
package import Resilience
import Synchronization

/// Runs CronWorkflows: the shell around ``CronReconciler``.
///
/// It reaches the world only through a ``KubernetesAPI``, waits only on its clock and draws only from its streams.
package final class CronController: Sendable {
    package struct Configuration: Sendable {
        package var namespace: String
        /// Only CronWorkflows labelled with it are touched; nil takes those that carry no such label.
        package var instanceID: String?
        package var policy: Policy
        package var expressions: CronExpressions
        /// Throws where the workflow that a tick would make cannot be run.
        package var validate: @Sendable (Workflow) throws -> Void
        /// How long after a look a CronWorkflow is looked at again although nothing happened; Argo's by default.
        package var resync: Duration

        package init(
            namespace: String, instanceID: String?, policy: Policy, expressions: CronExpressions,
            validate: @escaping @Sendable (Workflow) throws -> Void = { _ in }, resync: Duration = .seconds(20 * 60)
        ) {
            self.namespace = namespace
            self.instanceID = instanceID
            self.policy = policy
            self.expressions = expressions
            self.validate = validate
            self.resync = resync
        }
    }

    let configuration: Configuration
    let runner: CallRunner
    let logger: Logger
    let settings: CronReconciler.Settings
    let crons: Informer<CronWorkflow>
    /// The runs.
    let workflows: Informer<Workflow>
    let metrics: ControllerMetrics?
    let queue: WorkQueueRunner<ObjectKey>
    let memories = Mutex<[ObjectKey: CronReconciler.Memory]>([:])

    /// - Parameters:
    ///   - api: Through which the controller meets the weather.
    ///   - attempts: Shared with the client beneath `api`, and with the controller's next life after a restart.
    package init(
        api: any KubernetesAPI, configuration: Configuration, clock: TrialClock, streams: RandomStreams,
        attempts: AttemptCounter, observer: ControllerObserver = ControllerObserver(),
        metrics: ControllerMetrics? = nil, logger: Logger = Logger(label: "boreas.cron")
    ) {
        self.configuration = configuration
        self.logger = logger
        let policy = configuration.policy
        let runner = CallRunner(
            api: api, policy: policy, clock: clock, streams: streams, attempts: attempts, observer: observer)
        let queue = WorkQueueRunner<ObjectKey>(
            name: "cron", workers: policy.workers.cron, backoff: policy.requeue, clock: clock, streams: streams,
            observer: metrics?.observer(of: .cron) ?? WorkQueueObserver())
        let namespace = configuration.namespace
        let selector = WorkflowNames.selector(instanceID: configuration.instanceID)
        crons = Informer(
            runner: runner, scope: .init(namespace: namespace, labelSelector: selector),
            onChange: { change in
                guard let key = change.object?.metadata.key else { return }
                queue.add(key)
            }, onSync: { queue.nudge() })
        workflows = Informer(
            runner: runner, scope: .init(namespace: namespace, labelSelector: "\(selector),\(CronNames.cronLabel)"),
            indexedBy: { $0.metadata[label: CronNames.cronLabel] },
            onChange: { change in
                guard let name = change.object?.metadata[label: CronNames.cronLabel] else { return }
                // Argo looks at the runs every so often only.
                queue.add(ObjectKey(namespace: namespace, name: name), after: policy.batching)
            }, onSync: { queue.nudge() })
        self.runner = runner
        self.queue = queue
        self.metrics = metrics
        settings = CronReconciler.Settings(
            policy: policy, expressions: configuration.expressions, validate: configuration.validate)
    }

    /// Whether all that is due has been dealt with.
    package var isIdle: Bool {
        let counts = queue.counts
        let hasPending = memories.withLock { $0.values.contains { !$0.pending.isEmpty } }
        return hasSynced && counts.ready == 0 && counts.processing == 0 && !hasPending
    }

    /// CronWorkflows in line, being worked on, and waiting for a tick, a requeue or a resync.
    package var queueCounts: (ready: Int, processing: Int, waiting: Int) { queue.counts }

    private var hasSynced: Bool { crons.hasSynced && workflows.hasSynced }

    /// Works until its task is cancelled, and then returns. To be called once.
    package func run() async throws {
        defer { runner.abandon() }
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.crons.run() }
                group.addTask { try await self.workflows.run() }
                group.addTask {
                    // Deciding before all is known would take runs for missed that were made.
                    try await self.queue.run(isReady: { self.hasSynced }, work: { try await self.reconcile($0) })
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            logger.debug("cron controller stopped")
        }
    }

    var now: Timestamp { Timestamp(microsecondsSinceEpoch: runner.clock.epochMicrosecondsNow) }
}
