import Determinism
import FaultProxy
import Faults
import Kubernetes
import KubernetesClient
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import Testing
import Wire

/// A server, a proxy in front of it, and what both have told.
struct ProxySetup {
    let server: RecordingServer
    let proxy: ReverseProxy
    /// The proxy's root, in a file.
    let root: String
    private let log: NIOLockedValueBox<Log>

    private struct Log: Sendable {
        var injections: [Injection] = []
        var requests: [ProxiedRequest] = []
        var crashes: [CrashCounter.Crash] = []
    }

    var injections: [Injection] { log.withLockedValue { $0.injections } }
    var requests: [ProxiedRequest] { log.withLockedValue { $0.requests } }
    var crashes: [CrashCounter.Crash] { log.withLockedValue { $0.crashes } }

    /// - Parameters:
    ///   - isObserved: Whether the proxy is to tell of each request.
    ///   - handlers: Another server than the one that records.
    static func with<Result>(
        _ rules: Rule..., isObserved: Bool = false, basePath: String = "", seed: UInt64 = 1,
        _ body: (ProxySetup) async throws -> Result
    ) async throws -> Result {
        try await with(rules: rules, isObserved: isObserved, basePath: basePath, seed: seed, body)
    }

    static func with<Result>(
        rules: [Rule], isObserved: Bool = false, basePath: String = "", seed: UInt64 = 1,
        handlers: HTTPListener.HandlerFactory? = nil,
        configure: (inout ReverseProxy.Configuration) -> Void = { _ in },
        _ body: (ProxySetup) async throws -> Result
    ) async throws -> Result {
        let authority = try CertificateAuthority(name: "cluster")
        let server = RecordingServer()
        let log = NIOLockedValueBox(Log())
        let listening = HTTPListener.Configuration(identity: try authority.issueServerIdentity())
        return try await HTTPListener.with(listening, makeHandlers: handlers ?? server.factory) { listener in
            let upstream = Upstream(
                server: "https://127.0.0.1:\(listener.port)\(basePath)", authorityPEM: authority.certificatePEM,
                authorization: { "Bearer upstream-token" })
            var configuration = ReverseProxy.Configuration(
                upstream: upstream, plan: Plan(rules: rules), seed: seed,
                clock: TrialClock(ContinuousClock(), startEpochMicroseconds: 0))
            configuration.onInjection = { injection in log.withLockedValue { $0.injections.append(injection) } }
            configuration.onCrash = { crash in log.withLockedValue { $0.crashes.append(crash) } }
            if isObserved {
                configuration.onRequest = { request in log.withLockedValue { $0.requests.append(request) } }
            }
            configure(&configuration)
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

    static let execPath = "/api/v1/namespaces/t/pods/p/exec?command=sh"

    /// Asks for an upgrade over a bare TLS connection, with bytes right behind the request.
    func withUpgrade(
        early: String,
        _ body: (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws ->
            Void
    ) async throws {
        try await withConnection(
            sending: "POST \(Self.execPath) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(proxy.token)\r\n"
                + "Connection: Upgrade\r\nUpgrade: echo\r\nContent-Length: 0\r\n\r\n\(early)", body)
    }

    /// Sends bytes over a bare TLS connection.
    func withConnection(
        sending text: String,
        _ body: (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws ->
            Void
    ) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(root)
        let context = try NIOSSLContext(configuration: tls)
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: proxy.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await client.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            try await body(inbound, outbound)
        }
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
