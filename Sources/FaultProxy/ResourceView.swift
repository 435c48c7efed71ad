import Faults
import Kubernetes

/// What clients may see of one resource, by one rule: which events have come, and what follows from that for lists and
/// watches.
///
/// It takes events, requests and time, and says what to do.
struct ResourceView: Sendable {
    /// What is to become of a request.
    enum Answer: Hashable {
        case pass
        /// The watch goes through a filter, which is told where the gate is now and when it moves.
        case gate(WatchFilter.Gate)
        /// The list is given from what was kept.
        case list(ResourceSnapshot)
        /// A streaming list, as servers refuse it that know none.
        case refuseStreamingList
        /// The watch is too old.
        case expire(newest: UInt64)
    }

    private enum Stage {
        /// Of a stale view: nothing is kept yet.
        case freezing
        case frozen(ResourceSnapshot)
        /// The subject has until then to act on what has happened.
        case settling(ResourceSnapshot, until: Duration)
        /// The subject is to be restarted.
        case restarting(ResourceSnapshot)
        /// What is kept is shown until then; it begins to count with the first request that is shown it.
        case showing(ResourceSnapshot, until: Duration, isSeen: Bool)
        /// Of an unobserved state: watches go no further than what has been looked at here.
        case following
        case holding(limit: UInt64, until: Duration)
        case expired(at: UInt64)
        case over
    }

    /// How long a restarted subject may take until it asks for the resource.
    static let startMax = Duration.seconds(30)

    private var stage: Stage
    private var first: EventCounter
    private var second: EventCounter
    private let span: Duration
    private let settle: Duration
    private var version: UInt64 = 0
    /// Whether nothing can be learnt of the resource, so that nobody may wait for that.
    var isBlind = true

    /// - Returns: Nil for a fault that is no view.
    init?(_ fault: Fault) {
        switch fault {
        case .staleView(let view):
            stage = .freezing
            first = EventCounter(view.freezeAt)
            second = EventCounter(view.restartAt)
            span = view.span ?? Fault.StaleView.spanDefault
            settle = view.settle ?? Fault.StaleView.settleDefault
        case .unobserved(let state):
            stage = .following
            first = EventCounter(state.from)
            second = EventCounter(state.until)
            span = state.within ?? Fault.UnobservedState.withinDefault
            settle = .zero
        default: return nil
        }
    }

    /// Whether the subject is to be restarted.
    var wantsRestart: Bool { if case .restarting = stage { true } else { false } }

    /// When ``timeElapsed(at:)`` is to be called next.
    var deadline: Duration? {
        switch stage {
        case .settling(_, let until), .showing(_, let until, _), .holding(_, let until): until
        default: nil
        }
    }

    /// How far the watches may go that go through a filter.
    var gate: WatchFilter.Gate {
        switch stage {
        case .showing(let snapshot, _, _): .held(snapshot.version)
        case .following: .upTo(isBlind ? .max : version)
        case .holding(let limit, _): .held(limit)
        case .expired(let newest): .expired(newest: newest)
        case .freezing, .frozen, .settling, .restarting, .over: .open
        }
    }

    // MARK: What happens

    /// An event has come, in the order of the versions.
    ///
    /// - Parameters:
    ///   - counts: Whether the event is of the objects that the rule is about.
    ///   - isAwake: Whether the rule acts in this phase.
    ///   - snapshot: Gives the state just after the event.
    mutating func saw(
        _ event: ResourceEvent, counts: Bool, isAwake: Bool, at now: Duration, snapshot: () -> ResourceSnapshot
    ) {
        version = max(version, event.version)
        guard counts else { return }
        let isFirst = first.reaches(event)
        let isSecond = second.reaches(event)
        if case .freezing = stage {
            if isFirst { stage = .frozen(snapshot()) }
            return
        }
        switch stage {
        case .frozen(let snapshot) where isSecond && isAwake:
            stage = settle > .zero ? .settling(snapshot, until: now + settle) : .restarting(snapshot)
        case .following where isFirst && isAwake: stage = .holding(limit: event.version - 1, until: now + span)
        case .holding where isSecond: stage = .expired(at: event.version)
        default: break
        }
    }

    /// Nothing more has happened up to this version.
    mutating func reached(_ version: UInt64) { self.version = max(self.version, version) }

    /// The subject is another one now.
    mutating func restarted(at now: Duration) {
        guard case .restarting(let snapshot) = stage else { return }
        stage = .showing(snapshot, until: now + Self.startMax, isSeen: false)
    }

    mutating func timeElapsed(at now: Duration) {
        guard let deadline, now >= deadline else { return }
        if case .settling(let snapshot, _) = stage { stage = .restarting(snapshot) } else { stage = .over }
    }

    // MARK: Requests

    /// - Parameter path: A list or a watch of the resource, in the rule's namespaces.
    mutating func answer(to path: RequestPath, at now: Duration) -> Answer {
        switch (stage, path.verb) {
        case (.following, .watch), (.holding, .watch): return .gate(gate)
        case (.expired(let newest), .watch):
            guard let version = path.resourceVersion, version > 0, version < newest, !path.isStreamingList
            else { return .pass }
            return .expire(newest: newest)
        case (.showing(let snapshot, _, let isSeen), .list), (.showing(let snapshot, _, let isSeen), .watch):
            let answer = path.verb == .list ? path.staleList(snapshot) : path.staleWatch(snapshot)
            if answer != .pass, answer != .refuseStreamingList, !isSeen {
                stage = .showing(snapshot, until: now + span, isSeen: true)
            }
            return answer
        default: return .pass
        }
    }
}

extension RequestPath {
    fileprivate var resourceVersion: UInt64? { parameter("resourceVersion").flatMap { UInt64($0) } }

    /// Whether the watch begins with a list (WatchList).
    var isStreamingList: Bool { parameter("sendInitialEvents") == "true" || parameter("sendInitialEvents") == "1" }

    /// Without a version a list is a quorum read; with one, anything not older will do. A list in pages goes on in the
    /// server, and one with resourceVersion=0 comes in one page from servers too.
    fileprivate func staleList(_ snapshot: ResourceSnapshot) -> ResourceView.Answer {
        guard let version = resourceVersion, version <= snapshot.version, (parameter("continue") ?? "").isEmpty,
            parameter("resourceVersionMatch") != "Exact", version == 0 || (parameter("limit") ?? "0") == "0"
        else { return .pass }
        return .list(snapshot)
    }

    /// Without a version, or with 0, a watch begins with the state as it is.
    fileprivate func staleWatch(_ snapshot: ResourceSnapshot) -> ResourceView.Answer {
        if isStreamingList { return .refuseStreamingList }
        guard let version = resourceVersion, version > 0, version <= snapshot.version else { return .pass }
        return .gate(.held(snapshot.version))
    }
}
