import Determinism
import Kubernetes
import Logging
import Resilience
import Workflows

/// The agents of workflows that a virtual node runs in this process, in place of their pods' images.
struct NodeAgents: Sendable {
    let api: any KubernetesAPI
    let http: HTTPPort
    let policy: Policy
    let clock: TrialClock
    let streams: RandomStreams
    let attempts = AttemptCounter()
    let logger: Logger

    init(
        api: any KubernetesAPI, http: HTTPPort, policy: Policy, clock: TrialClock, streams: RandomStreams,
        logger: Logger
    ) {
        self.api = api
        self.http = http
        self.policy = policy
        self.clock = clock
        self.streams = streams
        self.logger = logger
    }

    /// Plays the pod of an agent until its workflow is over.
    ///
    /// - Returns: The exit code.
    func run(_ pod: Pod) async -> Int {
        guard let workflow = pod.metadata.labels[WorkflowNames.workflowLabel] else { return 64 }
        let agent = Agent(
            api: api,
            configuration: .init(namespace: pod.metadata.namespace ?? "default", workflow: workflow, policy: policy),
            http: http, clock: clock, streams: streams.substreams("agent", workflow), attempts: attempts,
            logger: logger)
        do {
            try await agent.run()
            return 0
        } catch {
            logger.debug("agent failed", metadata: ["workflow": "\(workflow)", "error": "\(error)"])
            return 1
        }
    }
}
