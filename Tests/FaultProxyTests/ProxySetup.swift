import Determinism
import FaultProxy
import Faults
import Kubernetes
import KubernetesClient
import NIOConcurrencyHelpers
import Testing
import Wire

/// A server, a proxy in front of it, and what both have told.
struct ProxySetup {
    let server: RecordingServer
    let proxy: FaultProxy
    /// The proxy's root, in a file.
    let root: String
    private let log: NIOLockedValueBox<Log>

    private struct Log: Sendable {
        var injections: [Injection] = []
        var requests: [ProxiedRequest] = []
    }

    var injections: [Injection] { log.withLockedValue { $0.injections } }
    var requests: [ProxiedRequest] { log.withLockedValue { $0.requests } }

    /// - Parameter isObserved: Whether the proxy is to tell of each request.
    static func with<Result>(
        _ rules: Rule..., isObserved: Bool = false, basePath: String = "", seed: UInt64 = 1,
        _ body: (ProxySetup) async throws -> Result
    ) async throws -> Result {
        let authority = try CertificateAuthority(name: "cluster")
        let server = RecordingServer()
        let log = NIOLockedValueBox(Log())
        let listening = HTTPListener.Configuration(identity: try authority.issueServerIdentity())
        return try await HTTPListener.with(listening, makeHandlers: server.factory) { listener in
            let upstream = Upstream(
                server: "https://127.0.0.1:\(listener.port)\(basePath)", authorityPEM: authority.certificatePEM,
                bearerToken: { "upstream-token" })
            var configuration = FaultProxy.Configuration(
                upstream: upstream, plan: Plan(rules: rules), seed: seed,
                clock: TrialClock(ContinuousClock(), startEpochMicroseconds: 0))
            configuration.onInjection = { injection in log.withLockedValue { $0.injections.append(injection) } }
            if isObserved {
                configuration.onRequest = { request in log.withLockedValue { $0.requests.append(request) } }
            }
            return try await withFaultProxy(configuration) { proxy in
                try await withFile(proxy.authorityPEM) { root in
                    try await body(ProxySetup(server: server, proxy: proxy, root: root, log: log))
                }
            }
        }
    }

    /// Asks the proxy with curl.
    func curl(_ path: String, _ arguments: String..., version: String = "1.1", token: String? = nil) async throws
        -> Curl
    {
        try await curl(path, arguments: arguments, version: version, token: token)
    }

    func curl(
        _ path: String, arguments: [String], version: String = "1.1", token: String? = nil
    ) async throws -> Curl {
        try await Curl.run(
            ["--http\(version)", "--cacert", root, "-H", "Authorization: Bearer \(token ?? proxy.token)"] + arguments
                + [proxy.server + path])
    }

    var clock: TrialClock { TrialClock(ContinuousClock(), startEpochMicroseconds: 0) }

    /// The project's own client, by the kubeconfig that the proxy gives.
    func withClient<Result>(_ body: (ClusterClient) async throws -> Result) async throws -> Result {
        let kubeconfig = try Kubeconfig(yaml: proxy.kubeconfig(), file: "proxy")
        let connection = try kubeconfig.connection { _ throws(KubeconfigError) in nil }
        let client = ClusterClient(ClusterClient.Configuration(connection: connection, clock: clock))
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

/// Waits until a condition holds, or fails the test.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) async throws {
    let start = ContinuousClock.now
    while try !condition() {
        try #require(ContinuousClock.now - start < .seconds(15), what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(2))
    }
}
