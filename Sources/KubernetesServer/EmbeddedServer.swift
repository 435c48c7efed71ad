package import APIMachinery
import Determinism
import Kubernetes
import NIOCore
import NIOPosix
package import Wire

/// An API server on a socket of this machine, over the cluster that an ``APIServerCore`` keeps.
///
/// It serves what kubectl and client libraries use: TLS with a root of its own, HTTP/1.1 and HTTP/2, JSON, protobuf
/// bodies, tables, discovery and watches.
package final class EmbeddedServer: Sendable {
    package let core: APIServerCore
    /// Vouches for the server, and for clients that show a certificate.
    package let authority: CertificateAuthority
    /// The port that is listened on.
    package var port: Int { listener.port }

    private let host: String
    private let listener: HTTPListener
    private let exchanges: OpenExchanges

    private init(
        core: APIServerCore, authority: CertificateAuthority, host: String, listener: HTTPListener,
        exchanges: OpenExchanges
    ) {
        self.core = core
        self.authority = authority
        self.host = host
        self.listener = listener
        self.exchanges = exchanges
    }

    /// Serves for as long as `body` runs, and ends what is under way when it returns or throws.
    ///
    /// The core's own ``APIServerCore/run()`` is the caller's to run: the cluster lives on where the server restarts.
    ///
    /// - Throws: ``WireError`` where the port is in use, with what to do about it, and whatever `body` throws.
    package static func with<Result: Sendable>(
        _ configuration: ServerConfiguration, core: APIServerCore,
        _ body: (EmbeddedServer) async throws -> Result
    ) async throws -> Result {
        let authority = try CertificateAuthority()
        let identity = try authority.issueServerIdentity(names: names(of: configuration.host))
        let limits = configuration.limits
        let exchanges = OpenExchanges(readsMax: limits.readsInFlightMax, writesMax: limits.writesInFlightMax)
        core.callWebhooks { call, answered in
            WebhookDial.start(call, on: MultiThreadedEventLoopGroup.singleton.next(), completion: answered)
        }
        let environment = ServerEnvironment(
            core: core,
            router: Router(authentication: Authentication(users: configuration.users), limits: limits),
            exchanges: exchanges,
            headers: ResponseHeaders(
                clock: core.clock, seed: UInt64(bitPattern: core.clock.epochMicrosecondsNow)),
            limits: limits, logger: configuration.logger)
        let listener = try await HTTPListener.bind(
            HTTPListener.Configuration(
                host: configuration.host, port: configuration.port, identity: identity,
                clientAuthorityPEM: authority.certificatePEM)
        ) { connection in [RequestChannelHandler(environment, connection: connection)] }
        let server = EmbeddedServer(
            core: core, authority: authority, host: reachable(configuration.host), listener: listener,
            exchanges: exchanges)
        do {
            let result = try await body(server)
            await shutDown(listener, exchanges, grace: limits.shutdownGrace)
            return result
        } catch {
            await shutDown(listener, exchanges, grace: limits.shutdownGrace)
            throw error
        }
    }

    /// Serves a new cluster for as long as `body` runs, and keeps its timers meanwhile.
    package static func with<Result: Sendable>(
        _ configuration: ServerConfiguration, newCore core: APIServerCore,
        _ body: @Sendable @escaping (EmbeddedServer) async throws -> Result
    ) async throws -> Result {
        // A task of its own: whoever is cancelled still has its objects to take away, for which the server must work.
        let running = Task { try await core.run() }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                do {
                    try await running.value
                } catch is CancellationError {
                    // At the end, below.
                }
                return nil
            }
            group.addTask {
                defer { running.cancel() }
                return try await with(configuration, core: core, body)
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            preconditionFailure("one of the tasks gives a result")
        }
    }

    /// `https://127.0.0.1:6443`.
    package var url: String { "https://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Requests that are with the store now, open watches among them.
    package var openRequestCount: Int { exchanges.count }

    /// Refuses new connections until ``resume()``; open ones live on.
    package func pause() async { await listener.pause() }

    /// Takes connections again, on the same port.
    package func resume() async throws { try await listener.resume() }

    /// Dies, and is started again on the same port after a downtime: connections end, and all is lost that an API server
    /// has in memory alone. It is started at once where the task is cancelled.
    package func restart(downtime: Duration) async throws {
        await listener.pause()
        await listener.cutConnections()
        core.stop()
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await core.clock.sleep(for: downtime))
        } catch {
            outcome = .failure(error)
        }
        core.start()
        try await listener.resume()
        try outcome.get()
    }

    /// A kubeconfig for a bearer token, in YAML.
    ///
    /// - Parameter namespace: What the context has for requests that name none.
    package func kubeconfig(token: String, namespace: String = "default") -> String {
        Kubeconfig(
            server: url, certificateAuthorityPEM: authority.certificatePEM, token: token, namespace: namespace
        ).yaml
    }

    private static func shutDown(_ listener: HTTPListener, _ exchanges: OpenExchanges, grace: Duration) async {
        await listener.pause()
        await exchanges.finish(within: grace, on: listener.configuration.eventLoopGroup.next())
        await listener.shutDown()
    }

    /// The address by which clients on this machine reach a server that listens on `host`.
    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: host
        }
    }

    private static func names(of host: String) -> [String] {
        var names = ["localhost", "127.0.0.1", "::1"]
        if !names.contains(reachable(host)) { names.append(host) }
        return names
    }
}
