import Faults
import Kubernetes

/// What a fault makes of a watch's events, as the fault proxy does it to the stream.
final class WatchFilter {
    enum Action {
        case pass(WatchEvent)
        /// The stream ends as it should.
        case end
        /// Its resourceVersion is too old: an ERROR event, and the end.
        case expire
        /// From here on events wait, for ever or for the span.
        case stall(Duration?)
    }

    let decision: FaultInjector.Decision
    private var passed = 0
    /// What waits for the end of a stall; nil where none is under way.
    private var waiting: [WatchEvent]?
    private var isOver = false

    /// - Returns: Nil for a decision that is about no watch.
    init?(_ decision: FaultInjector.Decision) {
        guard decision.fault.kind.actsOnWatches else { return nil }
        self.decision = decision
    }

    /// How many events get through before the fault takes effect.
    private var allowance: Int {
        switch decision.fault {
        case .cutWatch(let fault): fault.afterEvents ?? (fault.after == nil ? 0 : .max)
        case .expireWatch(let fault): fault.afterEvents ?? 0
        case .stallWatch(let fault): fault.afterEvents ?? 0
        default: .max
        }
    }

    /// After how much time a watch ends at the latest.
    var timeLimit: Duration? { if case .cutWatch(let fault) = decision.fault { fault.after } else { nil } }

    /// The watch is open, and nothing has come yet.
    func opened() -> [Action] { effect() }

    func came(_ event: WatchEvent) -> [Action] {
        if isOver { return [] }
        if waiting != nil {
            waiting?.append(event)
            return []
        }
        if case .duplicateEvents = decision.fault, event.isChange { return [.pass(event), .pass(event)] }
        passed += 1
        return [.pass(event)] + effect()
    }

    /// The time limit has passed.
    func timePassed() -> [Action] {
        if isOver { return [] }
        isOver = true
        return [.end]
    }

    /// The stall is over.
    func resumed() -> [WatchEvent] {
        defer { waiting = nil }
        return waiting ?? []
    }

    private func effect() -> [Action] {
        guard !isOver, passed == allowance else { return [] }
        switch decision.fault {
        case .cutWatch:
            isOver = true
            return [.end]
        case .expireWatch:
            isOver = true
            return [.expire]
        case .stallWatch(let fault):
            waiting = []
            return [.stall(fault.span)]
        default: return []
        }
    }
}

extension WatchEvent {
    /// Whether it tells of a change of an object, and is neither a bookmark nor an error.
    fileprivate var isChange: Bool {
        switch self {
        case .added, .modified, .deleted: true
        case .bookmark, .error: false
        }
    }
}
