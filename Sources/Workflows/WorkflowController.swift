import Determinism
import Kubernetes
package import Logging
import Resilience
import Synchronization

/// Carries workflows from their submission to their end, as its policy lets it.
///
/// It reaches the world only through a ``KubernetesAPI``, waits only on its clock and draws only from its streams.
package final class WorkflowController: Sendable {
    package struct Configuration: Sendable {
        package var namespace: String
        /// Only workflows labelled with it are touched; nil takes those that carry no such label.
        package var instanceID: String?
        /// How long after a reconcile a workflow is looked at again although nothing happened.
        package var resync: Duration
        package var agent: AgentPod

        /// - Parameter resync: Argo's.
        package init(
            namespace: String, instanceID: String?, resync: Duration = .seconds(20 * 60), agent: AgentPod = AgentPod()
        ) {
            self.namespace = namespace
            self.instanceID = instanceID
            self.resync = resync
            self.agent = agent
        }
    }

    let configuration: Configuration
    let runner: CallRunner
    let metrics: ControllerMetrics
    let logger: Logger
    let settings: Reconciler.Settings
    let workflows: Informer<Workflow>
    let pods: Informer<Pod>
    let taskSets: Informer<WorkflowTaskSet>
    let templates: Informer<WorkflowTemplate>
    let locks: LockKeeper
    let cleaner: PodCleaner
    let collector: WorkflowCollector
    /// A change of one wakes those who wait for a semaphore; the limits themselves are read from the server.
    /// Parameters are taken from here.
    let configMaps: Informer<ConfigMap>
    let queue: WorkQueueRunner<ObjectKey>
    let state = Mutex(State())

    struct State {
        var takeover = Takeover.pending
        var reconciles = 0
        /// As they were when they were last looked at.
        var known: [ObjectKey: Known] = [:]
    }

    /// Of the permits of an earlier life.
    enum Takeover { case pending, underWay, done }

    struct Known {
        var uid: String
        var phase: Workflow.Phase
    }

    package init(
        runner: CallRunner, configuration: Configuration, lockStore: any LockStore, metrics: ControllerMetrics,
        logger: Logger
    ) {
        self.configuration = configuration
        self.runner = runner
        self.metrics = metrics
        self.logger = logger
        let policy = runner.policy
        let queue = WorkQueueRunner<ObjectKey>(
            name: "workflows", workers: policy.workers.workflow, backoff: policy.requeue, clock: runner.clock,
            streams: runner.streams, observer: metrics.observer(of: .workflow))
        let locks = LockKeeper(
            runner: runner, store: lockStore, logger: logger, onAvailable: { queue.add($0, after: $1) })
        let namespace = configuration.namespace
        let selector = WorkflowNames.selector(instanceID: configuration.instanceID)
        let workflows = Informer<Workflow>(
            runner: runner, scope: .init(namespace: namespace, labelSelector: selector),
            onChange: { change in
                guard let key = change.object?.metadata.key else { return }
                // What is new is looked at once; what changed may go on changing.
                queue.add(key, after: change.old == nil || change.new == nil ? .zero : policy.batching)
            }, onSync: { queue.nudge() })
        let owned = "\(selector),\(WorkflowNames.workflowLabel)"
        let pods = Informer<Pod>(
            runner: runner, scope: .init(namespace: namespace, labelSelector: owned),
            indexedBy: { $0.metadata[label: WorkflowNames.workflowLabel] },
            onChange: { change in
                metrics.podChanged(from: change.old?.phase, to: change.new?.phase, namespace: namespace)
                guard let name = change.object?.metadata[label: WorkflowNames.workflowLabel] else { return }
                queue.add(ObjectKey(namespace: namespace, name: name), after: policy.batching)
            }, onSync: { queue.nudge() })
        taskSets = Informer(
            runner: runner, scope: .init(namespace: namespace, labelSelector: selector),
            onChange: { change in
                guard let key = change.object?.metadata.key else { return }
                queue.add(key)
            }, onSync: { queue.nudge() })
        templates = Informer(
            runner: runner, scope: .init(namespace: namespace), onChange: { _ in }, onSync: { queue.nudge() })
        configMaps = Informer(
            runner: runner, scope: .init(namespace: namespace),
            onChange: { change in
                guard let key = change.object?.metadata.key else { return }
                locks.configMapChanged(key)
            }, onSync: { queue.nudge() })
        collector = WorkflowCollector(
            runner: runner, workflows: { workflows[$0] }, observer: metrics.observer(of: .timeToLive), logger: logger)
        cleaner = PodCleaner(
            runner: runner, pods: { pods[$0] }, onFailure: { metrics.cleanupFailed($0, error: $1) },
            observer: metrics.observer(of: .podCleanup), logger: logger)
        self.workflows = workflows
        self.pods = pods
        self.locks = locks
        self.queue = queue
        settings = Reconciler.Settings(
            instanceID: configuration.instanceID, agent: configuration.agent, policy: policy)
    }

    /// Whether all that is known of has been dealt with, but for resyncs to come.
    package var isIdle: Bool {
        let counts = queue.counts
        return hasSynced && counts.ready == 0 && counts.processing == 0
    }

    /// Workflows in line, being worked on, and waiting for a requeue or a resync.
    package var queueCounts: (ready: Int, processing: Int, waiting: Int) { queue.counts }

    /// Looks at workflows so far.
    package var reconcileCount: Int { state.withLock { $0.reconciles } }

    private var hasSynced: Bool {
        workflows.hasSynced && pods.hasSynced && taskSets.hasSynced && templates.hasSynced && configMaps.hasSynced
    }

    /// Works until its task is cancelled, or throws what it can't go on with. To be called once.
    package func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.workflows.run() }
            group.addTask { try await self.pods.run() }
            group.addTask { try await self.taskSets.run() }
            group.addTask { try await self.templates.run() }
            group.addTask { try await self.configMaps.run() }
            group.addTask { try await self.locks.run() }
            group.addTask { try await self.sweepLocks() }
            group.addTask { try await self.cleaner.run() }
            group.addTask { try await self.collector.run() }
            group.addTask {
                // Deciding before all is known would create what exists, and give away what is held.
                try await self.queue.run(isReady: { self.hasSynced }, work: { try await self.look(at: $0) })
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Argo's.
    private static let lockSweepPeriod = Duration.seconds(60)

    /// Gives back what workflows hold that are gone without anybody having told of it.
    private func sweepLocks() async throws {
        while true {
            try await runner.clock.sleep(for: Self.lockSweepPeriod)
            guard hasSynced else { continue }
            locks.sweep { workflow, uid in workflows[workflow]?.metadata.uid == uid }
        }
    }

    var now: Timestamp { Timestamp(microsecondsSinceEpoch: runner.clock.epochMicrosecondsNow) }
}
