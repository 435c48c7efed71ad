import Determinism
import Faults
import Kubernetes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Wire

/// What all connections of a proxy share: the rules, the phase, and where to report.
final class ProxyCore: Sendable {
    let route: UpstreamRoute
    let token: String
    let bodyBytesMax: Int

    private let clock: TrialClock
    private let logger: Logger
    private let onInjection: @Sendable (Injection) -> Void
    private let onRequest: (@Sendable (ProxiedRequest) -> Void)?
    private let authorization: String
    private let state: NIOLockedValueBox<State>

    private struct State {
        var injector: FaultInjector
        var phase: Phase
        /// Set once the listener is there, which needs the core first.
        var listener: HTTPListener?
    }

    init(_ configuration: ReverseProxy.Configuration, token: String) throws {
        route = try UpstreamRoute(configuration.upstream)
        self.token = token
        authorization = "Bearer \(token)"
        bodyBytesMax = configuration.bodyBytesMax
        clock = configuration.clock
        logger = configuration.logger
        onInjection = configuration.onInjection
        onRequest = configuration.onRequest
        state = NIOLockedValueBox(
            State(
                injector: FaultInjector(plan: configuration.plan, seed: configuration.seed),
                phase: configuration.phase))
    }

    var now: Duration { clock.now }

    // MARK: Rules

    func enter(_ phase: Phase) { state.withLockedValue { $0.phase = phase } }

    func replace(with plan: Plan) { state.withLockedValue { $0.injector.replace(with: plan) } }

    /// Whether anybody wants to know who a request is.
    var readsIdentities: Bool { onRequest != nil || !state.withLockedValue { $0.injector.isIdle } }

    func mayConcern(_ identity: RequestIdentity) -> Bool {
        state.withLockedValue { $0.injector.mayConcern(identity, in: $0.phase) }
    }

    func decide(_ identity: RequestIdentity) -> FaultInjector.Decision? {
        let now = clock.now
        return state.withLockedValue { $0.injector.decide(about: identity, in: $0.phase, now: now) }
    }

    /// Whether rules want to know of the objects of a resource.
    func awaits(objectsOf identity: RequestIdentity) -> Bool {
        state.withLockedValue { $0.injector.awaits(objectsOf: identity) }
    }

    /// Tells the rules of an object that has passed.
    ///
    /// - Parameter watch: Who asked for it.
    func observe(_ object: JSONObject, _ watch: RequestIdentity?) {
        guard var identity = watch else { return }
        identity.namespace = object["metadata", "namespace"]?.string ?? ""
        identity.name = object["metadata", "name"]?.string ?? ""
        state.withLockedValue { $0.injector.saw(object, of: identity) }
    }

    // MARK: Reports

    func noteRewrittenAccept(of request: ProxiedRequest) {
        logger.info("asked for JSON in the place of a binary encoding, to read it", metadata: ["uri": "\(request.uri)"])
    }

    func record(_ decision: FaultInjector.Decision, requestID: String?) {
        let injection = Injection(
            rule: decision.rule, kind: decision.fault.kind, identity: decision.identity, ordinal: decision.ordinal,
            requestID: requestID, at: clock.now)
        logger.debug(
            "injected a fault",
            metadata: [
                "rule": "\(injection.rule)", "kind": "\(injection.kind.rawValue)", "request": "\(injection.identity)",
                "ordinal": "\(injection.ordinal)",
            ])
        onInjection(injection)
    }

    func observe(_ request: ProxiedRequest) { onRequest?(request) }

    // MARK: The listener

    func attach(_ listener: HTTPListener) { state.withLockedValue { $0.listener = listener } }

    /// Whether connects are being refused.
    var isRefusing: Bool { state.withLockedValue { $0.listener }?.isRefusing ?? false }

    /// Refuses connects; nil in the moment in which the listener listens and is not known here.
    func refuseConnects(for span: Duration) -> EventLoopFuture<Void>? {
        state.withLockedValue { $0.listener }?.refuseConnects(for: span)
    }

    // MARK: Requests

    func isAuthorized(_ headers: HTTPHeaders) -> Bool { headers.first(name: "authorization") == authorization }

    /// The head as the server is to get it, and whether it leaves open if a body follows.
    func forward(_ head: HTTPRequestHead, isUpgrade: Bool) -> (head: HTTPRequestHead, isFramingOpen: Bool) {
        var forwarded = head
        let upgrade = isUpgrade ? head.headers.upgradeProtocol : nil
        forwarded.version = .http1_1
        forwarded.uri = route.basePath + head.uri
        forwarded.headers.removeHopByHop()
        if let upgrade {
            forwarded.headers.replaceOrAdd(name: "Connection", value: "Upgrade")
            forwarded.headers.replaceOrAdd(name: "Upgrade", value: upgrade)
        } else {
            forwarded.headers.remove(name: "upgrade")
        }
        forwarded.headers.remove(name: "expect")
        forwarded.headers.replaceOrAdd(name: "Host", value: route.authority)
        // The token was the proxy's.
        if let authorization = route.authorization() {
            forwarded.headers.replaceOrAdd(name: "Authorization", value: authorization)
        } else {
            forwarded.headers.remove(name: "authorization")
        }
        let isFramed =
            head.version.major < 2 || forwarded.headers.contains(name: "content-length")
            || forwarded.headers.contains(name: "transfer-encoding")
        return (forwarded, !isFramed)
    }
}
