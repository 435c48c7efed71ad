import APIMachinery
import Determinism
import Kubernetes
import KubernetesClient
import KubernetesServer
package import Logging
import Resilience
import VirtualNode
import Workflows

/// The embedded API server with a virtual node, for whoever holds its kubeconfig.
package struct LocalCluster: Sendable {
    package var url: String
    package var kubeconfig: String

    /// Serves on the loopback while `body` runs.
    ///
    /// - Parameter port: 0 takes a free one.
    package static func with<Result: Sendable>(
        port: Int, logger: Logger, _ body: @Sendable @escaping (LocalCluster) async throws -> Result
    ) async throws -> Result {
        let token = SecretToken.make()
        let core = APIServerCore(configuration: .embedded, clock: .real())
        let multiplexer = CurlMultiplexer()
        let agents = NodeAgents(
            api: InProcessAPI(core), http: HTTPPort(multiplexer), policy: .boreas, clock: core.clock,
            streams: RandomStreams(seed: .random(in: 0 ... .max)), logger: logger)
        let kubelet = Kubelet(
            api: InProcessAPI(core), settings: NodeConfiguration(endpointHost: "127.0.0.1"), clock: core.clock,
            logger: logger, runAgent: { await agents.run($0) })
        let configuration = ServerConfiguration(
            port: port, users: [token: ServerRequest.administrator], logger: logger)
        return try await translatingErrors {
            try await withCleanup {
                try await EmbeddedServer.with(configuration, newCore: core) { server in
                    try await kubelet.withNode {
                        try await body(LocalCluster(url: server.url, kubeconfig: server.kubeconfig(token: token)))
                    }
                }
            } cleanup: {
                await multiplexer.shutDown()
            }
        }
    }
}

extension ClusterStore.Configuration {
    /// A server that takes as long as a real one does, so that its quota admission loses as often.
    static var embedded: ClusterStore.Configuration {
        ClusterStore.Configuration(seed: .random(in: 0 ... .max), serviceTimes: .measured)
    }
}

/// Bearer tokens of a run.
enum SecretToken {
    /// 128 bits from the system's generator, in hexadecimal.
    static func make() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
