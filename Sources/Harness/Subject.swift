import Determinism
import Kubernetes
import Logging
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

    private var observer: ControllerObserver {
        ControllerObserver(onDecision: { [collector] in collector.decided($0) })
    }

    func runController() async throws {
        let controller = WorkflowController(
            api: site.subject,
            configuration: .init(namespace: namespace, instanceID: instanceID, policy: policy), clock: site.clock,
            streams: streams.substreams("controller"), attempts: attempts, observer: observer, logger: logger)
        try await controller.run()
    }

    /// Runs the trial's pods, those of agents in this process.
    func runNode() async throws {
        let kubelet = Kubelet(
            api: site.harness, settings: .trial(in: namespace), clock: site.clock, logger: logger,
            runAgent: { await runAgent($0) })
        try await kubelet.run()
    }

    /// Plays the pod of an agent: the same code that `boreas agent` runs on a real node, through the same weather.
    ///
    /// - Returns: The exit code.
    func runAgent(_ pod: Pod) async -> Int {
        guard let workflow = pod.metadata.labels[WorkflowNames.workflowLabel] else { return 64 }
        let agent = Agent(
            api: site.subject, configuration: .init(namespace: namespace, workflow: workflow, policy: policy),
            http: site.http, clock: site.clock, streams: streams.substreams("agent", workflow), attempts: attempts,
            observer: observer, logger: logger)
        do {
            try await agent.run()
            return 0
        } catch {
            logger.debug("agent failed", metadata: ["workflow": "\(workflow)", "error": "\(error)"])
            return 1
        }
    }
}

extension NodeConfiguration {
    /// The node that runs a trial's pods and no others, and takes exec from API servers of this machine.
    static func trial(in namespace: String) -> NodeConfiguration {
        NodeConfiguration(namespace: namespace, binding: .scheduler(schedulerName), endpointHost: "127.0.0.1")
    }

    /// Names the virtual node in the place of a scheduler, so that the cluster's own leaves the pods alone.
    static let schedulerName = "boreas"
}
