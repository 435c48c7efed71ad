package import Determinism
package import Kubernetes
package import Logging
package import Resilience

/// The subject of Boreas: a controller of workflows that survives as its policy lets it.
///
/// It reaches the world only through a ``KubernetesAPI``, waits only on its clock and draws only from its streams.
package final class WorkflowController: Sendable {
    package struct Configuration: Sendable {
        package var namespace: String
        /// Only workflows labelled with it are touched; nil takes those that carry no such label.
        package var instanceID: String?
        package var policy: Policy
        package var workers: Int
        /// How long after a reconcile a workflow is looked at again although nothing happened.
        package var resync: Duration
        package var agent: AgentPod

        /// - Parameters: Workers and resync are Argo's.
        package init(
            namespace: String, instanceID: String?, policy: Policy, workers: Int = 32,
            resync: Duration = .seconds(20 * 60), agent: AgentPod = AgentPod()
        ) {
            self.namespace = namespace
            self.instanceID = instanceID
            self.policy = policy
            self.workers = workers
            self.resync = resync
            self.agent = agent
        }
    }

    let configuration: Configuration
    let runner: CallRunner
    let logger: Logger
    let settings: Reconciler.Settings
    let workflows: Informer<Workflow>
    let pods: Informer<Pod>
    let taskSets: Informer<WorkflowTaskSet>
    private let queue: WorkQueueRunner<ObjectKey>

    /// - Parameters:
    ///   - api: Through which the controller meets the weather.
    ///   - attempts: Shared with the client beneath `api`, and with the controller's next life after a restart.
    package init(
        api: any KubernetesAPI, configuration: Configuration, clock: TrialClock, streams: RandomStreams,
        attempts: AttemptCounter, observer: ControllerObserver = ControllerObserver(),
        logger: Logger = Logger(label: "boreas.workflows")
    ) {
        self.configuration = configuration
        self.logger = logger
        let policy = configuration.policy
        let runner = CallRunner(
            api: api, policy: policy, clock: clock, streams: streams, attempts: attempts, observer: observer)
        let queue = WorkQueueRunner<ObjectKey>(
            name: "workflows", workers: configuration.workers, backoff: policy.requeue, clock: clock, streams: streams)
        let namespace = configuration.namespace
        let selector = WorkflowNames.selector(instanceID: configuration.instanceID)
        workflows = Informer(
            runner: runner, scope: .init(namespace: namespace, labelSelector: selector),
            onChange: { change in
                guard let key = change.object?.metadata.key else { return }
                // What is new is looked at once; what changed may go on changing.
                queue.add(key, after: change.old == nil || change.new == nil ? .zero : policy.batching)
            }, onSync: { queue.nudge() })
        let owned = "\(selector),\(WorkflowNames.workflowLabel)"
        pods = Informer(
            runner: runner, scope: .init(namespace: namespace, labelSelector: owned),
            indexedBy: { $0.metadata.labels[WorkflowNames.workflowLabel] },
            onChange: { change in
                guard let name = change.object?.metadata.labels[WorkflowNames.workflowLabel] else { return }
                queue.add(ObjectKey(namespace: namespace, name: name), after: policy.batching)
            }, onSync: { queue.nudge() })
        taskSets = Informer(
            runner: runner, scope: .init(namespace: namespace, labelSelector: selector),
            onChange: { change in
                guard let key = change.object?.metadata.key else { return }
                queue.add(key)
            }, onSync: { queue.nudge() })
        self.runner = runner
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

    private var hasSynced: Bool { workflows.hasSynced && pods.hasSynced && taskSets.hasSynced }

    /// Works until its task is cancelled, and then returns. To be called once.
    package func run() async throws {
        defer { runner.abandon() }
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.workflows.run() }
                group.addTask { try await self.pods.run() }
                group.addTask { try await self.taskSets.run() }
                group.addTask {
                    // Deciding before all is known would create what exists.
                    try await self.queue.run(isReady: { self.hasSynced }, work: { try await self.reconcile($0) })
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            logger.debug("controller stopped")
        }
    }

    var now: Timestamp { Timestamp(microsecondsSinceEpoch: runner.clock.epochMicrosecondsNow) }
}
