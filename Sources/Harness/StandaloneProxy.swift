import Determinism
import FaultProxy
package import Faults
package import KubernetesClient
package import Logging

/// The fault proxy by itself, for clients that are no part of a trial.
package enum StandaloneProxy {
    /// Runs a proxy before the server of a connection while `body` runs.
    ///
    /// - Parameter body: Takes a kubeconfig that leads through the proxy, and the proxy's URL.
    package static func with<Result: Sendable>(
        _ connection: ClusterConnection, plan: Plan, seed: UInt64, port: Int, logger: Logger,
        onInjection: @escaping @Sendable (Injection) -> Void, _ body: (String, String) async throws -> Result
    ) async throws -> Result {
        let clock = TrialClock.real()
        var settings = ClusterClient.Configuration(connection: connection, clock: clock)
        settings.name = "proxy"
        let client = ClusterClient(settings)
        return try await withCleanup {
            let access = try await UpstreamAccess(connection, client)
            let configuration = ReverseProxy.Configuration(
                upstream: access.upstream, plan: plan, seed: seed, phase: .storm, port: port, clock: clock,
                onInjection: onInjection, logger: logger)
            return try await access.keepingFresh {
                try await translatingErrors {
                    try await withFaultProxy(configuration) { proxy in
                        try await body(proxy.kubeconfig(namespace: connection.namespace), proxy.server)
                    }
                }
            }
        } cleanup: {
            await client.shutDown()
        }
    }
}
