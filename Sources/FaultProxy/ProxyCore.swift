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
        tally = configuration.keepsTally ? NIOLockedValueBox(ProxyTally()) : nil
        state = NIOLockedValueBox(
            State(
                injector: FaultInjector(plan: configuration.plan, seed: configuration.seed),
                phase: configuration.phase))
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
    }

    func replace(with plan: Plan) { edit { $0 = plan } }

    /// Changes the rules at one stroke, for requests that are decided on from now on. Rules that are gone or changed
    /// let go of what they hold.
    ///
    /// - Parameter edit: Called within a lock: it must not wait. Where it throws, nothing is changed.
    func edit<Result>(_ edit: (inout Plan) throws -> Result) rethrows -> Result {
        let (result, released, listener) = try state.withLockedValue { state in
            let old = state.injector.plan
            var new = old
            let result = try edit(&new)
            state.injector.replace(with: new)
            let kept = Set(new.rules)
            let names = Set(new.rules.map(\.name))
            tally?.withLockedValue { $0.keep(rules: names) }
            let gone = old.rules.filter { !kept.contains($0) }.map(\.name)
            let (held, listener) = state.release(gone, now: clock.now)
            return (result, held, listener)
        }
        for held in released { held.end() }
        listener?.endRefusal()
        return result
    }

    /// Lets no rule act until ``resume()``, nor count; all rules let go of what they hold.
    func pause() {
        let (released, listener) = state.withLockedValue { state in
            state.isPaused = true
            return state.release(nil, now: clock.now)
        }
        for held in released { held.end() }
        listener?.endRefusal()
    }

    func resume() { state.withLockedValue { $0.isPaused = false } }

    /// Whether anybody wants to know who a request is.
    var readsIdentities: Bool {
        isObserved || barrier != nil || tally != nil || !state.withLockedValue { $0.isIdle }
    }

    func mayConcern(_ identity: RequestIdentity) -> Bool {
        state.withLockedValue { !$0.isPaused && $0.injector.mayConcern(identity, in: $0.phase) }
            || barrier?.mayConcern(identity, .none, in: phase) ?? false
    }

    func decide(_ identity: RequestIdentity) -> FaultInjector.Decision? {
        let now = clock.now
        return state.withLockedValue { state in
            state.isPaused ? nil : state.injector.decide(about: identity, in: state.phase, now: now)
        }
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

    // MARK: Reports

    /// Whether somebody is told of requests.
    var isObserved: Bool { onRequest != nil }

    /// The newest resourceVersion that has passed.
    var newestVersion: UInt64 { newestSeen.load(ordering: .relaxed) }

    var activity: ProxyActivity { underWay.withLockedValue { $0 } }

    func note(_ change: (inout ProxyActivity) -> Void) { underWay.withLockedValue(change) }

    func saw(version: UInt64) { newestSeen.max(version, ordering: .relaxed) }

    func record(_ decision: FaultInjector.Decision, requestID: String?, ticket: Int? = nil) {
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

    func attach(_ listener: HTTPListener) { state.withLockedValue { $0.listener = listener } }

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

extension ProxyCore.State {
    fileprivate var isIdle: Bool { isPaused || injector.isIdle }

    /// Takes out what these rules hold, nil being all, and the listener where it has no more reason to refuse.
    fileprivate mutating func release(_ rules: [String]?, now: Duration) -> ([RuleHolds.Held], HTTPListener?) {
        let held = holds.take(of: rules)
        let wasRefusing = !refusals.isEmpty
        for rule in rules ?? Array(refusals.keys) { refusals[rule] = nil }
        refusals = refusals.filter { $0.value > now }
        return (held, wasRefusing && refusals.isEmpty ? listener : nil)
    }
}
