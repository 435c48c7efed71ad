import Determinism
import Faults
import Kubernetes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Synchronization
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
    private let onCrash: (@Sendable (CrashCounter.Crash) -> Void)?
    /// Nil where no write kills the client.
    private let barrier: WriteBarrier?
    /// The newest resourceVersion that has passed, where requests are told of.
    private let newestSeen = Atomic<UInt64>(0)
    private let underWay = NIOLockedValueBox(ProxyActivity())
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
        onCrash = configuration.onCrash
        barrier = configuration.onCrash == nil ? nil : WriteBarrier(configuration.plan)
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
    var readsIdentities: Bool { isObserved || barrier != nil || !state.withLockedValue { $0.injector.isIdle } }

    func mayConcern(_ identity: RequestIdentity) -> Bool {
        state.withLockedValue { $0.injector.mayConcern(identity, in: $0.phase) }
            || barrier?.mayConcern(identity, .none, in: phase) ?? false
    }

    func decide(_ identity: RequestIdentity) -> FaultInjector.Decision? {
        let now = clock.now
        return state.withLockedValue { $0.injector.decide(about: identity, in: $0.phase, now: now) }
    }

    private var phase: Phase { state.withLockedValue { $0.phase } }

    // MARK: The write barrier

    /// Whether the client is about to be killed, so that nothing more of it is sent on.
    var isHolding: Bool { barrier?.isRaised ?? false }

    /// The crash that is due in the place of a write that is about to be sent on; the client is held from then on.
    func crash(before identity: RequestIdentity, _ facts: RequestFacts) -> CrashCounter.Crash? {
        barrier?.sending(identity, facts, in: phase)
    }

    /// The crash that is due at a write that the server has done; the client is held from then on.
    func crash(after identity: RequestIdentity, _ facts: RequestFacts) -> CrashCounter.Crash? {
        barrier?.done(identity, facts, in: phase)
    }

    /// The client is to die now.
    func announce(_ crash: CrashCounter.Crash, requestID: String?) {
        logger.debug("holding the client for its crash", metadata: ["rule": "\(crash.rule)"])
        onInjection(
            Injection(
                rule: crash.rule, kind: .crash, identity: crash.identity, ordinal: crash.fault.afterWrites,
                requestID: requestID, at: clock.now))
        onCrash?(crash)
    }

    /// Cuts the connections of the client, which is dead, and serves its next life.
    func endBarrier() async {
        // Before: what has come on them already must not be sent on.
        await state.withLockedValue { $0.listener }?.cutConnections()
        underWay.withLockedValue { $0.died() }
        barrier?.lower()
    }

    // MARK: Reports

    /// Whether somebody is told of requests.
    var isObserved: Bool { onRequest != nil }

    /// The newest resourceVersion that has passed.
    var newestVersion: UInt64 { newestSeen.load(ordering: .relaxed) }

    var activity: ProxyActivity { underWay.withLockedValue { $0 } }

    func note(_ change: (inout ProxyActivity) -> Void) { underWay.withLockedValue(change) }

    func saw(version: UInt64) { newestSeen.max(version, ordering: .relaxed) }

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
