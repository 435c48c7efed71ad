import Determinism
import Kubernetes
package import KubernetesClient
package import Logging
import Recording
package import Resilience
import Workflows

/// The controller core as a process of its own.
package enum StandaloneController {
    package struct Configuration: Sendable {
        /// Of the program, for the metrics.
        package var version: String
        package var namespace: String
        /// Only objects labelled with it are touched; nil takes those that carry no such label.
        package var instanceID: String?
        package var policy: Policy
        /// The Lease by which one of several leads; nil works at once.
        package var leaderLease: String?
        /// Where Prometheus finds the metrics, on the loopback; nil serves none, and 0 takes a free one.
        package var metricsPort: Int?
        /// The database of permits, where the policy keeps them in SQLite.
        package var permits: String?

        package init(
            version: String, namespace: String, instanceID: String?, policy: Policy, leaderLease: String? = nil,
            metricsPort: Int? = nil, permits: String? = nil
        ) {
            self.version = version
            self.namespace = namespace
            self.instanceID = instanceID
            self.policy = policy
            self.leaderLease = leaderLease
            self.metricsPort = metricsPort
            self.permits = permits
        }
    }

    /// As Go names it.
    private static var platform: String {
        #if arch(arm64)
            "linux/arm64"
        #else
            "linux/amd64"
        #endif
    }

    /// Works until cancelled.
    ///
    /// - Parameter isServing: Told where the metrics are.
    package static func run(
        _ configuration: Configuration, connection: ClusterConnection, logger: Logger,
        isServing: @Sendable (String) -> Void = { _ in }
    ) async throws {
        let clock = TrialClock.real()
        let attempts = AttemptCounter()
        var settings = ClusterClient.Configuration(connection: connection, clock: clock)
        settings.name = "workflow-controller"
        settings.transport = configuration.policy.transport
        settings.rateLimit = configuration.policy.rateLimit
        settings.attempts = attempts
        let metrics = ControllerMetrics(clock: clock)
        settings.onExchange = { metrics.exchanged($0) }
        settings.onDecision = { metrics.decided($0) }
        settings.onHeldBack = { metrics.rateLimited($0) }
        metrics.started(version: configuration.version, platform: Self.platform)
        let client = ClusterClient(settings)
        let permits = try configuration.permits.map { try PermitDatabase(path: $0) }
        try await withCleanup {
            let process = ControllerProcess(
                api: client,
                configuration: .init(
                    namespace: configuration.namespace, instanceID: configuration.instanceID,
                    policy: configuration.policy, identity: "boreas-\(SecretToken.make().prefix(8))",
                    leaderLease: configuration.leaderLease),
                clock: clock, streams: RandomStreams(seed: .random(in: 0 ... .max)), attempts: attempts,
                lockStore: permits.map {
                    SQLiteLockStore($0, clock: clock, duration: configuration.policy.locks.permitDuration)
                }, metrics: metrics, logger: logger)
            guard let port = configuration.metricsPort else { return try await process.run() }
            try await translatingErrors {
                try await MetricsEndpoint.with(port: port, exposition: { metrics.exposition() }) { url in
                    isServing(url)
                    try await process.run()
                }
            }
        } cleanup: {
            await client.shutDown()
            try permits?.close()
        }
    }
}
