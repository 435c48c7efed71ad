import APIMachinery
import Determinism
import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import KubernetesServer
import NIOConcurrencyHelpers
import Wire

/// A cluster on a socket, a proxy in front of it, and what the proxy has told.
struct ClusterSetup: Sendable {
    /// The cluster, past the proxy.
    let api: InProcessAPI
    let proxy: ReverseProxy
    /// For the kubeconfig that leads through the proxy, and for what kubectl remembers.
    let directory: String
    private let log: NIOLockedValueBox<[Injection]>

    var injections: [Injection] { log.withLockedValue { $0 } }
    var kubeconfig: String { directory + "/kubeconfig" }

    private static let token = "cluster-token"

    static func with(
        _ rules: Rule..., configure: @escaping @Sendable (inout ReverseProxy.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (ClusterSetup) async throws -> Void
    ) async throws {
        let clock = TrialClock(
            ContinuousClock(), startEpochMicroseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        let core = APIServerCore(configuration: ClusterStore.Configuration(), clock: clock)
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.path
        try await EmbeddedServer.with(ServerConfiguration(users: [token: "tester"]), newCore: core) { server in
            let upstream = Upstream(
                server: server.url, authorityPEM: server.authority.certificatePEM,
                authorization: { "Bearer \(token)" })
            let log = NIOLockedValueBox<[Injection]>([])
            var configuration = ReverseProxy.Configuration(
                upstream: upstream, plan: Plan(rules: rules), seed: 1, clock: clock)
            configuration.onInjection = { injection in log.withLockedValue { $0.append(injection) } }
            configure(&configuration)
            try await withFaultProxy(configuration) { proxy in
                let setup = ClusterSetup(api: InProcessAPI(core), proxy: proxy, directory: path, log: log)
                try Data(proxy.kubeconfig(namespace: "default").utf8).write(to: URL(filePath: setup.kubeconfig))
                try await body(setup)
            }
        }
    }

    func kubectl(_ arguments: String...) async throws -> Program {
        try await Program.run(
            ["kubectl", "--kubeconfig", kubeconfig, "--cache-dir", directory + "/cache"] + arguments)
    }

    /// The project's own client, through the proxy.
    func withClient<Result>(_ body: (ClusterClient) async throws -> Result) async throws -> Result {
        let kubeconfig = try Kubeconfig(yaml: proxy.kubeconfig(), file: "proxy")
        let connection = try kubeconfig.connection { _ throws(KubeconfigError) in nil }
        let client = ClusterClient(
            ClusterClient.Configuration(
                connection: connection, clock: TrialClock(ContinuousClock(), startEpochMicroseconds: 0)))
        do {
            let result = try await body(client)
            await client.shutDown()
            return result
        } catch {
            await client.shutDown()
            throw error
        }
    }
}
