import Kubernetes
import NIOCore

/// The events that a watch's reader has not taken yet, and when to give that reader up.
///
/// A kube-apiserver cuts a watch whose buffer stays full for a while. So does this: beyond the limit a reader has some
/// time to take at least one event, and however it reads, there is a bound.
struct WatchBuffer {
    /// What is to be done about the reader.
    enum Verdict: Hashable {
        case proceed
        /// Call ``look(now:)`` at that time.
        case look(NIODeadline)
        case cut
    }

    private var events = CircularBuffer<WatchEvent>()
    /// The store has ended the stream; it ends for the client when the events are written.
    var isEnded = false
    private let limit: Int
    private let bound: Int
    private let stallMax: TimeAmount
    private var taken = 0
    private var takenAtLook = 0
    private var isLookDue = false

    init(_ limits: ServerConfiguration.Limits) {
        limit = limits.watchBufferMax
        bound = limits.watchBufferMax * 100
        stallMax = TimeAmount(limits.watchStallMax)
    }

    var isEmpty: Bool { events.isEmpty }

    mutating func append(_ event: WatchEvent) { events.append(event) }

    mutating func popFirst() -> WatchEvent? {
        guard let event = events.popFirst() else { return nil }
        taken += 1
        return event
    }

    /// To be called when events were added and as many written as could be.
    mutating func check(now: NIODeadline) -> Verdict {
        if events.count > bound { return .cut }
        guard events.count > limit, !isLookDue else { return .proceed }
        isLookDue = true
        takenAtLook = taken
        return .look(now + stallMax)
    }

    /// To be called at the time that ``check(now:)`` gave.
    mutating func look(now: NIODeadline) -> Verdict {
        isLookDue = false
        if events.count > limit, taken == takenAtLook { return .cut }
        return check(now: now)
    }
}
