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
    let pools: UpstreamPools
    let views: ProxyViews

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
    /// What has passed; nil where nobody wants to know.
    let tally: NIOLockedValueBox<ProxyTally>?
    private let throttle = NIOLockedValueBox(NoticeThrottle())
    private let state: NIOLockedValueBox<State>

    fileprivate struct State {
        var injector: FaultInjector
        var phase: Phase
        /// Whether no rule acts.
        var isPaused = false
        var holds = RuleHolds()
        /// The rules that have connects refused, and until when.
        var refusals: [String: Duration] = [:]
        /// The rules that have handshakes fail, and until when.
        var handshakeFailures: [String: Duration] = [:]
        /// What is shown where clients are to meet a certificate of an authority that they do not know.
        var stranger: TLSIdentity?
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
        tally = configuration.keepsTally ? NIOLockedValueBox(ProxyTally()) : nil
        onCrash = configuration.onCrash
        barrier = configuration.onCrash == nil ? nil : WriteBarrier(configuration.plan)
        state = NIOLockedValueBox(
            State(
                injector: FaultInjector(plan: configuration.plan, seed: configuration.seed),
                phase: configuration.phase))
        pools = UpstreamPools(route: route)
        views = ProxyViews(
            phase: configuration.phase, clock: configuration.clock, route: route, pools: pools,
            eventLoop: configuration.eventLoopGroup.next())
        enter(configuration.phase)
    }

    var now: Duration { clock.now }

    /// Civil time at the clock's start.
    var startEpochMilliseconds: Int64 { (clock.epochMicrosecondsNow - clock.now.microseconds) / 1000 }

    // MARK: Rules

    func enter(_ phase: Phase) {
        let now = clock.now
        state.withLockedValue { state in
            state.phase = phase
            state.injector.began(phase, at: now)
        }
        views.enter(phase)
    }

    func replace(with plan: Plan) { edit { $0 = plan } }

    /// Changes the rules at one stroke, for requests that are decided on from now on. Rules that are gone or changed
    /// let go of what they hold.
    ///
    /// - Parameter edit: Called within a lock: it must not wait. Where it throws, nothing is changed.
    func edit<Result>(_ edit: (inout Plan) throws -> Result) rethrows -> Result {
        let (result, plan, released, listener) = try state.withLockedValue { state in
            let old = state.injector.plan
            var new = old
            let result = try edit(&new)
            state.injector.replace(with: new)
            let kept = Set(new.rules)
            let names = Set(new.rules.map(\.name))
            tally?.withLockedValue { $0.keep(rules: names) }
            let gone = old.rules.filter { !kept.contains($0) }.map(\.name)
            return (result, new, state.release(gone, now: clock.now), state.listener)
        }
        released.end(listener)
        views.replace(with: plan, countsPresent: true)
        return result
    }

    /// Lets no rule act until ``resume()``, nor count; all rules let go of what they hold.
    func pause() {
        let (released, listener) = state.withLockedValue { state in
            state.isPaused = true
            return (state.release(nil, now: clock.now), state.listener)
        }
        released.end(listener)
        views.pause()
    }

    func resume() {
        state.withLockedValue { $0.isPaused = false }
        views.resume()
    }

    /// Whether anybody wants to know who a request is.
    var readsIdentities: Bool {
        isObserved || tally != nil || barrier != nil || !views.isEmpty || !state.withLockedValue { $0.isIdle }
    }

    func mayConcern(_ identity: RequestIdentity, _ facts: RequestFacts) -> Bool {
        state.withLockedValue { !$0.isPaused && $0.injector.mayConcern(identity, facts: facts, in: $0.phase) }
            || barrier?.mayConcern(identity, facts, in: phase) ?? false
    }

    /// Whether a rule asks for the labels of objects in requests.
    var readsLabels: Bool { state.withLockedValue { !$0.isPaused && $0.injector.readsLabels } }

    func decide(_ identity: RequestIdentity, _ facts: RequestFacts) -> FaultInjector.Decision? {
        let now = clock.now
        return state.withLockedValue { state in
            state.isPaused ? nil : state.injector.decide(about: identity, facts: facts, in: state.phase, now: now)
        }
    }

    /// A request that a rule decided about is over; it makes room where a rule holds only so many at a time.
    func ended(_ decision: FaultInjector.Decision) { state.withLockedValue { $0.injector.ended(decision) } }

    // MARK: Objects that pass

    /// Whether rules wait for objects of the resource to reach a state, so that ``saw(_:in:)`` is to be told of them.
    func awaits(objectsOf identity: RequestIdentity) -> Bool {
        state.withLockedValue { !$0.isPaused && $0.injector.awaits(objectsOf: identity) }
    }

    /// An object passed in an answer or an event.
    ///
    /// - Parameter identity: Of the request; which object it was, the object itself says.
    func saw(_ object: JSONObject, in identity: RequestIdentity) {
        let metadata = object["metadata"]?.object
        let seen = RequestIdentity(
            verb: .get, group: identity.group, resource: identity.resource,
            namespace: metadata?["namespace"]?.string ?? identity.namespace,
            name: metadata?["name"]?.string ?? identity.name)
        state.withLockedValue { $0.injector.saw(object, of: seen) }
    }

    /// What the control shows of the rules.
    struct RulesView: Sendable {
        var plan: Plan
        var isPaused: Bool
        var phase: Phase
        var matches: [String: Int]
        var holding: [String: Int]
    }

    var rulesView: RulesView {
        state.withLockedValue { state in
            RulesView(
                plan: state.injector.plan, isPaused: state.isPaused, phase: state.phase,
                matches: Dictionary(state.injector.matches.map { ($0.rule, $0.count) }) { $0 + $1 },
                holding: Dictionary(
                    state.injector.plan.rules.map { ($0.name, state.holds.count(of: $0.name)) }
                ) { $1 })
        }
    }

    // MARK: What rules hold back

    /// Has `letGo` called once, on the event loop and never within this call, when the rule that decided is removed or
    /// changed, or all rules are paused; soon where that has happened already.
    ///
    /// For whatever a fault holds back or has made hang: a removed rule must leave nothing behind. What has gone its way
    /// by itself is to be forgotten, see ``forget(_:)``.
    func whenRemoved(
        _ decision: FaultInjector.Decision, on eventLoop: any EventLoop, do letGo: @escaping @Sendable () -> Void
    ) -> RuleHold? {
        let held = RuleHolds.Held(on: eventLoop, letGo: letGo)
        let hold = state.withLockedValue { state -> RuleHold? in
            let isThere = state.injector.plan.rules.contains { $0.name == decision.rule && $0.fault == decision.fault }
            guard isThere, !state.isPaused else { return nil }
            return state.holds.add(held, of: decision.rule)
        }
        if hold == nil { held.end() }
        return hold
    }

    func forget(_ hold: RuleHold?) {
        if let hold { state.withLockedValue { $0.holds.forget(hold) } }
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

    /// Cuts the connections of all clients, as if they had been restarted.
    func restartByCutting() {
        state.withLockedValue { $0.listener }?.cut()
        views.restarted()
    }

    // MARK: Reports

    func noteRewrittenAccept(of request: ProxiedRequest) {
        logger.info("asked for JSON in the place of a binary encoding, to read it", metadata: ["uri": "\(request.uri)"])
    }

    /// Whether somebody is told of requests.
    var isObserved: Bool { onRequest != nil }

    /// The newest resourceVersion that has passed.
    var newestVersion: UInt64 { newestSeen.load(ordering: .relaxed) }

    var activity: ProxyActivity { underWay.withLockedValue { $0 } }

    func note(_ change: (inout ProxyActivity) -> Void) { underWay.withLockedValue(change) }

    func saw(version: UInt64) { newestSeen.max(version, ordering: .relaxed) }

    func record(_ decision: FaultInjector.Decision, requestID: String?, ticket: Int? = nil) {
        guard decision.fault.kind.actsOnSingleRequests || views.isFirstShowing(of: decision.rule) else { return }
        let injection = Injection(
            rule: decision.rule, kind: decision.fault.kind, identity: decision.identity, ordinal: decision.ordinal,
            requestID: requestID, at: clock.now)
        logger.debug(
            "injected a fault",
            metadata: [
                "rule": "\(injection.rule)", "kind": "\(injection.kind.rawValue)", "request": "\(injection.identity)",
                "ordinal": "\(injection.ordinal)",
            ])
        tally?.withLockedValue { $0.injected(injection, ticket: ticket) }
        onInjection(injection)
    }

    /// A client was turned away, which is counted, and logged unless too many are.
    func note(_ refusal: ProxyTally.Refusal) {
        tally?.withLockedValue { $0.refused(refusal) }
        notice("a client was turned away", ["reason": "\(refusal.rawValue)"])
    }

    /// Tells of what a client does, unless there is too much to be told.
    func notice(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        let now = clock.now
        guard case .speak(let keptBack) = throttle.withLockedValue({ $0.rule(now: now) }) else { return }
        var metadata = metadata
        if keptBack > 0 { metadata["notSaid"] = "\(keptBack)" }
        logger.notice(message, metadata: metadata)
    }

    func observe(_ request: ProxiedRequest) { onRequest?(request) }

    // MARK: The listener

    /// - Parameter stranger: A certificate of an authority that no client knows.
    func attach(_ listener: HTTPListener, stranger: TLSIdentity) {
        state.withLockedValue { state in
            state.listener = listener
            state.stranger = stranger
        }
    }

    /// The connections of clients that are open now.
    var connectionCount: Int { state.withLockedValue { $0.listener }?.connectionCount ?? 0 }

    /// Whether connects are being refused.
    var isRefusing: Bool { state.withLockedValue { $0.listener }?.isRefusing ?? false }

    /// Refuses connects on behalf of a rule; nil in the moment in which the listener listens and is not known here.
    func refuseConnects(for span: Duration, by rule: String?) -> EventLoopFuture<Void>? {
        let now = clock.now
        return state.withLockedValue { state in
            if let rule { state.refusals[rule] = max(state.refusals[rule] ?? .zero, now + span) }
            return state.listener
        }?.refuseConnects(for: span)
    }

    /// Lets the handshakes of new connections fail on behalf of a rule.
    func failHandshakes(_ failure: Fault.TLSFailure, by rule: String?) {
        let now = clock.now
        let (listener, stranger) = state.withLockedValue { state in
            if let rule {
                state.handshakeFailures[rule] = max(state.handshakeFailures[rule] ?? .zero, now + failure.span)
            }
            return (state.listener, state.stranger)
        }
        let shown = failure.cause == .unknownAuthority ? stranger : nil
        do {
            try listener?.failHandshakes(for: failure.span, showing: shown)
        } catch {
            logger.error("handshakes cannot be made to fail", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Requests

    /// A merge patch of an object, with the proxy's own credentials, that changes an annotation and nothing else.
    ///
    /// - Parameter path: The object's.
    func interloperRequest(path: Substring, _ decision: FaultInjector.Decision) -> (HTTPRequestHead, ByteBuffer) {
        let value = "\(decision.rule) \(decision.identity.verb.rawValue) \(decision.ordinal) \(clock.now)"
        let patch: JSONObject = [
            "metadata": ["annotations": [Fault.Interloper.annotation: .string(value)]]
        ]
        let body = ByteBuffer(string: JSONValue.object(patch).text)
        var headers: HTTPHeaders = [
            "Host": route.authority, "User-Agent": Fault.Interloper.fieldManager, "Accept": "application/json",
            "Content-Type": "application/merge-patch+json", "Content-Length": "\(body.readableBytes)",
        ]
        if let authorization = route.authorization() { headers.add(name: "Authorization", value: authorization) }
        let uri = "\(route.basePath)\(path)?fieldManager=\(Fault.Interloper.fieldManager)"
        return (HTTPRequestHead(version: .http1_1, method: .PATCH, uri: uri, headers: headers), body)
    }

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

extension ProxyCore.State {
    fileprivate var isIdle: Bool { isPaused || injector.isIdle }

    /// What rules have let go of.
    fileprivate struct Released {
        var held: [RuleHolds.Held]
        var endsRefusal: Bool
        var endsHandshakeFailures: Bool

        func end(_ listener: HTTPListener?) {
            for held in held { held.end() }
            if endsRefusal { listener?.endRefusal() }
            if endsHandshakeFailures { listener?.endHandshakeFailures() }
        }
    }

    /// Takes out what these rules hold, nil being all.
    fileprivate mutating func release(_ rules: [String]?, now: Duration) -> Released {
        Released(
            held: holds.take(of: rules), endsRefusal: Self.end(rules, in: &refusals, now: now),
            endsHandshakeFailures: Self.end(rules, in: &handshakeFailures, now: now))
    }

    /// Whether with these rules the last reason has gone.
    private static func end(_ rules: [String]?, in reasons: inout [String: Duration], now: Duration) -> Bool {
        let wasThere = !reasons.isEmpty
        for rule in rules ?? Array(reasons.keys) { reasons[rule] = nil }
        reasons = reasons.filter { $0.value > now }
        return wasThere && reasons.isEmpty
    }
}
