import Determinism
import Faults
import Kubernetes
import NIOConcurrencyHelpers
import NIOCore

/// The views of a proxy's plan: one a rule, with what it knows of its resource and the streams that it holds.
final class ProxyViews: Sendable {
    /// A stream that goes through the gate of a view; see ``gate(of:)``.
    struct Stream: Hashable, Sendable {
        fileprivate var entry: Int
        fileprivate var number: Int
    }

    /// What a view makes of a request.
    enum Answer {
        /// The watch goes through a filter; ``leave(_:)`` is to be called in the end.
        case gate(Stream, Gating, FaultInjector.Decision)
        /// The proxy answers by itself. Nil as the decision is an answer that shows nothing yet.
        case forge(ForgedAnswer, FaultInjector.Decision?)
    }

    fileprivate struct Entry {
        let rule: Rule
        let resource: ResourcePattern
        let namespace: Glob?
        var view: ResourceView
        var history = ResourceHistory()
        var kind = ResourceSnapshot.ListKind(apiVersion: "v1", kind: "List")
        /// When an object that is listed first must have been made to count; nil where those that are there do not.
        var countsSince: Timestamp?
        var isListed = false
        var isRestartTold = false
        var isShown = false
        var streams: [Int: Gated] = [:]
        var timer: Scheduled<Void>?
        var deadline: Duration?
        var stop: (@Sendable () -> Void)?
    }

    fileprivate struct Gated {
        var eventLoop: any EventLoop
        var moved: @Sendable () -> Void
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var numberLast = 0
        var phase: Phase
        var isPaused = false
        /// Told of the rule that wants its subject restarted; once.
        var onRestartWanted: (@Sendable (String) -> Void)?
        /// Who waits until each view knows its resource.
        var waiting: [@Sendable () -> Void] = []
    }

    private let clock: TrialClock
    private let route: UpstreamRoute
    private let pools: UpstreamPools
    private let eventLoop: any EventLoop
    private let state: NIOLockedValueBox<State>

    init(phase: Phase, clock: TrialClock, route: UpstreamRoute, pools: UpstreamPools, eventLoop: any EventLoop) {
        self.clock = clock
        self.route = route
        self.pools = pools
        self.eventLoop = eventLoop
        state = NIOLockedValueBox(State(phase: phase))
    }

    var isEmpty: Bool { state.withLockedValue { $0.entries.isEmpty || $0.isPaused } }

    func enter(_ phase: Phase) { state.withLockedValue { $0.phase = phase } }

    /// - Parameter onRestartWanted: Told of the rule that wants its subject restarted; once. ``restarted()`` follows.
    func begin(with plan: Plan, onRestartWanted: @escaping @Sendable (String) -> Void) {
        state.withLockedValue { $0.onRestartWanted = onRestartWanted }
        replace(with: plan, countsPresent: false)
    }

    /// Returns when each view has heard of its resource, or could not within the time.
    func listed(within bound: TimeAmount) async {
        let promise = eventLoop.makePromise(of: Void.self)
        whenListed { promise.succeed() }
        let late = eventLoop.scheduleTask(in: bound) { promise.succeed() }
        try? await promise.futureResult.get()
        late.cancel()
    }

    // MARK: Rules

    /// Takes over the views of a plan. One that is gone or changed lets its streams go; one that stays goes on.
    ///
    /// - Parameter countsPresent: Whether objects that were made since the proxy started count as added, though they are
    ///   there by now.
    func replace(with plan: Plan, countsPresent: Bool) {
        let start = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow - clock.now.microseconds)
        let (gone, new) = state.withLockedValue { state -> ([Entry], [Int]) in
            let rules = plan.rules.filter { ResourceView($0.fault) != nil && $0.match.resource != nil }
            let gone = state.entries.filter { !rules.contains($0.value.rule) }
            for number in gone.keys { state.entries[number] = nil }
            let kept = state.entries.values.map(\.rule)
            var new: [Int] = []
            for rule in rules where !kept.contains(rule) {
                guard let view = ResourceView(rule.fault), let resource = rule.match.resource else { continue }
                state.numberLast += 1
                var entry = Entry(
                    rule: rule, resource: ResourcePattern(resource), namespace: rule.match.namespace.map(Glob.init),
                    view: view)
                entry.countsSince = countsPresent ? start : nil
                state.entries[state.numberLast] = entry
                new.append(state.numberLast)
            }
            return (gone.sorted { $0.key < $1.key }.map(\.value), new)
        }
        for entry in gone { end(entry) }
        for number in new { watch(for: number) }
    }

    private func end(_ entry: Entry) {
        entry.timer?.cancel()
        entry.stop?()
        entry.notifyStreams()
    }

    /// Lets all streams go, and views act no longer until ``resume()``; they go on learning.
    func pause() {
        let entries = state.withLockedValue { state in
            state.isPaused = true
            return state.entries.sorted { $0.key < $1.key }.map(\.value)
        }
        for entry in entries { entry.notifyStreams() }
    }

    func resume() { state.withLockedValue { $0.isPaused = false } }

    func shutDown() { replace(with: Plan(), countsPresent: false) }

    // MARK: What happens to the resources

    private func watch(for number: Int) {
        guard let entry = state.withLockedValue({ $0.entries[number] }) else { return }
        let (eventLoop, pools, route, resource) = (self.eventLoop, self.pools, self.route, entry.resource)
        let namespace = entry.scope
        eventLoop.execute {
            let watcher = ViewWatcher(
                resource, namespace: namespace, route: route, pool: pools.pool(on: eventLoop), eventLoop: eventLoop
            ) { news in self.take(news, for: number) }
            let bound = NIOLoopBound(watcher, eventLoop: eventLoop)
            let isThere = self.state.withLockedValue { state in
                state.entries[number]?.stop = { eventLoop.execute { bound.value.stop() } }
                return state.entries[number] != nil
            }
            if isThere { watcher.start() }
        }
    }

    private func take(_ news: ViewWatcher.News, for number: Int) {
        let now = clock.now
        change(number) { entry, phase in entry.take(news, phase, at: now) }
        let done = state.withLockedValue { state -> [@Sendable () -> Void] in
            state.entries[number]?.isListed = true
            guard state.entries.values.allSatisfy(\.isListed) else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in done { body() }
    }

    /// Changes a view, and does what follows from that.
    private func change(_ number: Int, _ change: (inout Entry, Phase) -> Void) {
        let (moved, rule) = state.withLockedValue { state -> (Entry?, String?) in
            guard var entry = state.entries[number] else { return (nil, nil) }
            let gate = entry.view.gate
            change(&entry, state.phase)
            let wantsRestart = entry.view.wantsRestart && !entry.isRestartTold
            if wantsRestart { entry.isRestartTold = true }
            setTimer(of: &entry, number)
            state.entries[number] = entry
            return (entry.view.gate == gate ? nil : entry, wantsRestart ? entry.rule.name : nil)
        }
        moved?.notifyStreams()
        if let rule { state.withLockedValue { $0.onRestartWanted }?(rule) }
    }

    private func setTimer(of entry: inout Entry, _ number: Int) {
        guard entry.deadline != entry.view.deadline else { return }
        entry.timer?.cancel()
        entry.deadline = entry.view.deadline
        entry.timer = entry.deadline.map { deadline in
            eventLoop.scheduleTask(in: TimeAmount(deadline - clock.now)) { [weak self] in
                guard let self else { return }
                // The deadline itself: a clock may lag behind the loop's.
                self.change(number) { entry, _ in entry.view.timeElapsed(at: deadline) }
            }
        }
    }

    /// The subjects that were to be restarted are.
    func restarted() {
        let now = clock.now
        for number in state.withLockedValue({ $0.entries.keys.sorted() }) {
            change(number) { entry, _ in entry.view.restarted(at: now) }
        }
    }

    private func whenListed(_ body: @escaping @Sendable () -> Void) {
        let isListed = state.withLockedValue { state in
            if state.entries.values.allSatisfy(\.isListed) { return true }
            state.waiting.append(body)
            return false
        }
        if isListed { body() }
    }

    // MARK: Requests

    /// What the views make of a request; nil where it passes.
    ///
    /// - Parameters:
    ///   - accept: What the client says that it takes.
    ///   - moved: Called on the event loop when the gate of the stream has moved.
    func answer(
        to path: RequestPath, _ identity: RequestIdentity, accept: [some StringProtocol], on eventLoop: any EventLoop,
        moved: @escaping @Sendable () -> Void
    ) -> Answer? {
        guard path.verb == .list || path.verb == .watch, path.name == nil, path.subresource == nil,
            !AcceptedForms.wantsTable(accept)
        else { return nil }
        let now = clock.now
        return state.withLockedValue { state -> Answer? in
            guard !state.isPaused else { return nil }
            for number in state.entries.keys.sorted() {
                guard var entry = state.entries[number], entry.concerns(path, identity) else { continue }
                let answer = entry.view.answer(to: path, at: now)
                setTimer(of: &entry, number)
                var stream: Stream?
                if case .gate = answer {
                    state.numberLast += 1
                    entry.streams[state.numberLast] = Gated(eventLoop: eventLoop, moved: moved)
                    stream = Stream(entry: number, number: state.numberLast)
                }
                state.entries[number] = entry
                if let answer = entry.answer(answer, stream, to: path, identity, accept: accept) { return answer }
            }
            return nil
        }
    }

    /// How far the stream may go now.
    func gate(of stream: Stream) -> WatchFilter.Gate {
        state.withLockedValue { $0.isPaused ? .open : $0.entries[stream.entry]?.view.gate ?? .open }
    }

    /// How many views there are, and what they do.
    struct Activity: Hashable, Sendable {
        /// Views that have heard of their resource.
        var knowing = 0
        /// Views that hold streams back, or are about to show an older state.
        var holding = 0
        /// Watches that go through a view.
        var streams = 0
    }

    var activity: Activity {
        state.withLockedValue { state in
            state.entries.values.reduce(into: Activity()) { activity, entry in
                activity.knowing += entry.history.version > 0 ? 1 : 0
                activity.holding += entry.view.deadline == nil ? 0 : 1
                activity.streams += entry.streams.count
            }
        }
    }

    func leave(_ stream: Stream) {
        state.withLockedValue { $0.entries[stream.entry]?.streams[stream.number] = nil }
    }

    /// Whether it is the first time that a client is shown the view of the rule.
    func isFirstShowing(of rule: String) -> Bool {
        state.withLockedValue { state in
            guard let number = state.entries.first(where: { $0.value.rule.name == rule })?.key else { return false }
            defer { state.entries[number]?.isShown = true }
            return state.entries[number]?.isShown == false
        }
    }
}

extension ProxyViews.Entry {
    /// The one namespace that the rule is about; empty where there may be several.
    fileprivate var scope: String {
        guard let namespace, !namespace.pattern.contains(where: { $0 == "*" || $0 == "?" }) else { return "" }
        return namespace.pattern
    }

    fileprivate func notifyStreams() {
        for (_, stream) in streams.sorted(by: { $0.key < $1.key }) { stream.eventLoop.execute(stream.moved) }
    }

    fileprivate mutating func take(_ news: ViewWatcher.News, _ phase: Phase, at now: Duration) {
        switch news {
        case .list(let items, let version, let kind):
            self.kind = kind
            view.isBlind = false
            let events = history.events(leadingTo: items, version: version) { item in
                guard let countsSince, let time = item["metadata", "creationTimestamp"]?.string,
                    let made = Timestamp(rfc3339: time)
                else { return true }
                // Servers give whole seconds.
                return made + .seconds(1) <= countsSince
            }
            history.begin(with: items, besides: events)
            for event in events { take(event, phase, at: now) }
            reached(version)
        case .event(let event): take(event, phase, at: now)
        case .reached(let version): reached(version)
        case .watching: view.isBlind = false
        case .lost:
            view.isBlind = true
            // What comes into being from now on counts.
            if history.version == 0, countsSince == nil { countsSince = Timestamp(microsecondsSinceEpoch: 0) }
        }
    }

    private mutating func reached(_ version: UInt64) {
        history.reached(version)
        view.reached(version)
    }

    private mutating func take(_ event: ResourceEvent, _ phase: Phase, at now: Duration) {
        history.apply(event)
        let (history, kind) = (self.history, self.kind)
        view.saw(
            event, counts: namespace?.matches(event.namespace) ?? true,
            isAwake: rule.during == nil || rule.during == phase, at: now
        ) { ResourceSnapshot(history, kind) }
    }

    /// Whether the request is for objects that the rule is about.
    fileprivate func concerns(_ path: RequestPath, _ identity: RequestIdentity) -> Bool {
        guard resource.matches(identity) else { return false }
        let asked = path.namespace ?? ""
        if asked.isEmpty {
            // What is kept of one namespace is no list of all.
            if case .staleView = rule.fault { return scope.isEmpty }
            return true
        }
        return namespace?.matches(asked) ?? true
    }

    fileprivate func answer(
        _ answer: ResourceView.Answer, _ stream: ProxyViews.Stream?, to path: RequestPath, _ identity: RequestIdentity,
        accept: [some StringProtocol]
    ) -> ProxyViews.Answer? {
        var decision = FaultInjector.Decision(
            rule: rule.name, fault: rule.fault, identity: identity, ordinal: 1, delay: .zero)
        decision.identity.namespace = scope
        switch answer {
        case .pass: return nil
        case .gate(let gate):
            let gating = Gating(gate: gate, namespace: namespace, beginsWithList: path.isStreamingList)
            return stream.map { .gate($0, gating, decision) }
        case .list(let snapshot):
            guard path.apiVersion == kind.apiVersion else { return nil }
            return snapshot.answer(to: path, metadataAlone: AcceptedForms.wantsMetadata(accept)).map {
                .forge($0, decision)
            }
        case .refuseStreamingList: return .forge(.streamingListRefusal, nil)
        case .expire(let newest):
            return .forge(.expiredWatch(path.parameter("resourceVersion") ?? "", newest: newest), decision)
        }
    }
}

extension RequestPath {
    fileprivate var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
}

extension ForgedAnswer {
    /// What a server says to a streaming list that has the feature turned off.
    fileprivate static var streamingListRefusal: ForgedAnswer {
        let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        let status = Status(
            code: 422, reason: Status.Reason.invalid,
            message: "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: \(why)",
            details: [
                "group": "meta.k8s.io", "kind": "ListOptions",
                "causes": [
                    [
                        "reason": "FieldValueForbidden", "message": .string("Forbidden: \(why)"),
                        "field": "sendInitialEvents",
                    ]
                ],
            ])
        return json(422, status.servedJSON + [UInt8(ascii: "\n")])
    }

    /// The answer to a watch from a version that is too old: a stream with an error.
    fileprivate static func expiredWatch(_ version: String, newest: UInt64) -> ForgedAnswer {
        let error = WatchFrame.error(.expired("too old resource version: \(version) (\(newest))"))
        return json(200, Array(error.readableBytesView))
    }
}
