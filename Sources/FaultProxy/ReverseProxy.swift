package import Determinism
package import Faults
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import Wire

/// A reverse proxy on this machine, between the client of an API server and the server, that does to requests what a
/// fault plan says, and otherwise nothing that the client could see.
///
/// It ends TLS with a certificate of its own run-time authority, lets in who holds its token, and sends each request on
/// once, over HTTP/1.1; bodies pass unchanged and unbuffered. Connections break as they do on a network, below TLS. On
/// HTTP/2 one connection carries all of a client's requests: a reset, a refusal or a half-open connection hits every
/// stream of the connection whose request it was decided about, as it would without a proxy. Where the server's connection
/// breaks, so does the client's.
package final class ReverseProxy: Sendable {
    package struct Configuration: Sendable {
        package var upstream: Upstream
        package var plan: Plan
        /// The trial's.
        package var seed: UInt64
        /// The phase to begin in.
        package var phase: Phase
        package var host: String
        /// 0 is any free port.
        package var port: Int
        /// What a client must send as its bearer token; nil makes one up.
        package var token: String?
        /// The trial's.
        package var clock: TrialClock
        /// How much of a create's body is read for the object's name; a longer one goes on without.
        package var bodyBytesMax: Int
        /// Told of each fault when it takes effect, on an event loop: it must not block.
        package var onInjection: @Sendable (Injection) -> Void
        /// Told of each request when it is over, on an event loop: it must not block. Nil saves reading who requests are.
        package var onRequest: (@Sendable (ProxiedRequest) -> Void)?
        /// Whether to count what passes, for the control and for ``ReverseProxy/tally``.
        package var keepsTally = false
        /// How long a client may take for a request's head, from its first byte, or from the connect for the first.
        package var headTimeout = Duration.seconds(32)
        /// Told, on an event loop, that the client is to be killed by a rule of kind `crash`: nothing more of it is sent on.
        /// Whoever is told kills it, and then calls ``ReverseProxy/endBarrier()``. Nil leaves such rules alone.
        package var onCrash: (@Sendable (CrashCounter.Crash) -> Void)?
        /// Told of the rule by which the subject is to be restarted, to see an older state then; on an event loop: it must
        /// not block. Whoever is told restarts it, and calls ``ReverseProxy/restarted()``. Nil cuts all connections of
        /// clients, as a restart would.
        package var onRestartWanted: (@Sendable (_ rule: String) -> Void)?
        package var logger: Logger
        package var eventLoopGroup: any EventLoopGroup

        package init(
            upstream: Upstream, plan: Plan = Plan(), seed: UInt64 = 0, phase: Phase = .calm,
            host: String = "127.0.0.1", port: Int = 0, token: String? = nil, clock: TrialClock,
            bodyBytesMax: Int = 3 << 20, onInjection: @escaping @Sendable (Injection) -> Void = { _ in },
            onRequest: (@Sendable (ProxiedRequest) -> Void)? = nil,
            onCrash: (@Sendable (CrashCounter.Crash) -> Void)? = nil,
            logger: Logger = Logger(label: "boreas.proxy") { _ in SwiftLogNoOpLogHandler() },
            eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
        ) {
            self.upstream = upstream
            self.plan = plan
            self.seed = seed
            self.phase = phase
            self.host = host
            self.port = port
            self.token = token
            self.clock = clock
            self.bodyBytesMax = bodyBytesMax
            self.onInjection = onInjection
            self.onRequest = onRequest
            self.onCrash = onCrash
            self.logger = logger
            self.eventLoopGroup = eventLoopGroup
        }
    }

    private let listener: HTTPListener
    let core: ProxyCore
    private let pools: UpstreamPools
    private let host: String
    /// The root by which clients verify the proxy, in PEM.
    package let authorityPEM: String

    /// Starts a proxy; ``shutDown()`` ends it.
    ///
    /// - Throws: `WireError` where the port is in use, ``ProxyError`` where the upstream makes no sense.
    package init(_ configuration: Configuration) async throws {
        let authority = try CertificateAuthority(name: "boreas proxy")
        let core = try ProxyCore(configuration, token: configuration.token ?? Self.makeToken())
        let pools = core.pools
        let names = ["localhost", "127.0.0.1", "::1", configuration.host]
        let listening = HTTPListener.Configuration(
            host: configuration.host, port: configuration.port,
            identity: try authority.issueServerIdentity(names: names),
            headTimeout: configuration.headTimeout, onRefusal: { core.note(ProxyTally.Refusal($0)) },
            eventLoopGroup: configuration.eventLoopGroup)
        listener = try await HTTPListener.bind(listening) { connection in
            let pool = pools.pool(on: connection.channel.eventLoop)
            return [ProxyHandler(core: core, pool: pool, connection: connection)]
        }
        let stranger = try CertificateAuthority(name: "unknown to all clients").issueServerIdentity(names: names)
        core.attach(listener, stranger: stranger)
        core.views.begin(
            with: configuration.plan,
            onRestartWanted: configuration.onRestartWanted ?? { [weak core] _ in core?.restartByCutting() })
        await core.views.listed(within: .seconds(2))
        self.core = core
        self.pools = pools
        host = configuration.host
        authorityPEM = authority.certificatePEM
    }

    /// Ends all connections, and returns when they are gone.
    package func shutDown() async {
        core.views.shutDown()
        await listener.shutDown()
        await pools.shutDown()
    }

    /// Where the proxy listens: `https://127.0.0.1:port`.
    package var server: String { "https://\(host.contains(":") ? "[\(host)]" : host):\(listener.port)" }

    package var port: Int { listener.port }

    /// What a client must send as its bearer token.
    package var token: String { core.token }

    /// What has passed so far; nil where it is not counted.
    package var tally: ProxyTally? { core.tally?.withLockedValue { $0 } }

    /// What the plan's views do just now.
    var views: ProxyViews.Activity { core.views.activity }

    /// The subject has been restarted: what a stale view keeps for it is shown from now on.
    package func restarted() { core.views.restarted() }

    /// Moves to another phase; requests that are decided on from now on are in it.
    package func enter(_ phase: Phase) { core.enter(phase) }

    /// Takes over other rules, for requests that are decided on from now on. Rules that are gone or changed let go of what
    /// they hold: what waited goes on at once, and connections that were left hanging end.
    package func replace(with plan: Plan) { core.replace(with: plan) }

    /// Lets no rule act, nor count, until ``resume()``; all rules let go of what they hold.
    package func pause() { core.pause() }

    package func resume() { core.resume() }

    /// What the client has under way; nothing is known of it where nobody is told of requests.
    package var activity: ProxyActivity { core.activity }

    /// Cuts all connections of a client that has been killed, or is dead, and serves its next life.
    package func endBarrier() async { await core.endBarrier() }

    /// 256 bits that nobody can guess.
    private static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// Runs a proxy for as long as `body` runs.
package func withFaultProxy<Result>(
    _ configuration: ReverseProxy.Configuration, _ body: (ReverseProxy) async throws -> Result
) async throws -> Result {
    let proxy = try await ReverseProxy(configuration)
    do {
        let result = try await body(proxy)
        await proxy.shutDown()
        return result
    } catch {
        await proxy.shutDown()
        throw error
    }
}

/// The connections to the server of each event loop.
final class UpstreamPools: Sendable {
    private let route: UpstreamRoute
    private let pools = NIOLockedValueBox<[ObjectIdentifier: NIOLoopBound<UpstreamPool>]>([:])

    init(route: UpstreamRoute) { self.route = route }

    /// - Precondition: On the event loop.
    func pool(on eventLoop: any EventLoop) -> UpstreamPool {
        pools.withLockedValue { pools in
            if let pool = pools[ObjectIdentifier(eventLoop)] { return pool }
            let pool = NIOLoopBound(UpstreamPool(route: route, eventLoop: eventLoop), eventLoop: eventLoop)
            pools[ObjectIdentifier(eventLoop)] = pool
            return pool
        }.value
    }

    func shutDown() async {
        for pool in pools.withLockedValue({ Array($0.values) }) {
            // It fails only where the loop itself is shut down, and the connections with it.
            try? await pool.eventLoop.submit { pool.value.shutDown() }.get()
        }
    }
}

extension ProxyTally.Refusal {
    fileprivate init(_ refusal: HTTPListener.Refusal) {
        switch refusal {
        case .badRequest: self = .badRequest
        case .headersTooLarge: self = .headersTooLarge
        case .headersTooSlow: self = .headersTooSlow
        case .tlsFailure: self = .tlsFailure
        }
    }
}
