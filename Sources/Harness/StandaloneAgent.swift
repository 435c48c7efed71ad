import Determinism
package import Kubernetes
package import KubernetesClient
package import Logging
package import Resilience
import Workflows

/// The agent of one workflow as a process of its own.
package enum StandaloneAgent {
    /// Works until cancelled.
    package static func run(
        workflow: ObjectKey, policy: Policy, connection: ClusterConnection, logger: Logger
    ) async throws {
        let clock = TrialClock.real()
        let attempts = AttemptCounter()
        var configuration = ClusterClient.Configuration(connection: connection, clock: clock)
        configuration.name = "agent"
        configuration.transport = policy.transport
        configuration.rateLimit = policy.rateLimit
        configuration.attempts = attempts
        let client = ClusterClient(configuration)
        let multiplexer = CurlMultiplexer()
        let agent = Agent(
            api: client,
            configuration: .init(namespace: workflow.namespace, workflow: workflow.name, policy: policy),
            http: HTTPPort(multiplexer), clock: clock, streams: RandomStreams(seed: .random(in: 0 ... .max)),
            attempts: attempts, logger: logger)
        try await withCleanup {
            try await agent.run()
        } cleanup: {
            await client.shutDown()
            await multiplexer.shutDown()
        }
    }
}
