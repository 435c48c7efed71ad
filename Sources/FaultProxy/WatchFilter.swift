import Faults
import Kubernetes
import NIOCore

/// What a fault does to the stream of one watch, on its way from the server to the client.
///
/// It takes bytes and time, and returns what to do. The bytes of events that pass stay as the server sent them, and their
/// order too.
struct WatchFilter {
    enum Action: Hashable {
        case deliver(ByteBuffer)
        /// The fault has taken effect; once.
        case recordEffect
        /// Call ``timeElapsed()`` in a while; there is one such wait at a time.
        case wait(Duration)
        /// The stream ends, as a server ends it.
        case end
    }

    /// How far a stream may go; see ``ResourceView``.
    enum Gate: Hashable {
        case open
        /// Nothing newer than the version gets through; what is newer is kept.
        case upTo(UInt64)
        /// Nothing newer than the version gets through, bookmarks neither.
        case held(UInt64)
        /// What was kept is dropped, and the stream ends with the Status.
        case expired(newest: UInt64)
    }

    private enum Work {
        case pass
        case cut(after: Int?)
        case expire(after: Int)
        case stall(after: Int, span: Duration?)
        case withhold(Fault.BookmarkLoss.Which)
        case duplicate
        case compact(within: Duration)
        case gate(Gate)
    }

    /// How much is kept of a stream that is held; a server with more to say has to wait.
    static let heldBytesMax = 16 << 20

    private var work: Work
    private var frames: WatchFrames
    /// What the watch began from.
    private let version: UInt64
    /// Which objects a gate is about; nil is all.
    private let namespace: Glob?
    private var newestVersion: UInt64 = 0
    private var held: [WatchFrame] = []
    private var heldBytes = 0
    /// How many events of objects got through.
    private var passed = 0
    private var hasTakenEffect = false
    private(set) var isOver = false

    /// - Parameters:
    ///   - version: The resourceVersion from which the watch is to go on.
    init(_ fault: Fault, _ framing: WatchFrames.Framing, version: UInt64 = 0) {
        work =
            switch fault {
            case .cutWatch(let cut): .cut(after: cut.afterEvents ?? (cut.after == nil ? 0 : nil))
            case .expireWatch(let expiry): .expire(after: expiry.afterEvents ?? 0)
            case .stallWatch(let stall): .stall(after: stall.afterEvents ?? 0, span: stall.span)
            case .withholdBookmarks(let loss): .withhold(loss.which ?? .all)
            case .duplicateEvents: .duplicate
            case .compactEvents(let compaction): .compact(within: compaction.within)
            default: .pass
            }
        timeLimit = if case .cutWatch(let cut) = fault { cut.after } else { nil }
        frames = WatchFrames(framing)
        self.version = version
        namespace = nil
    }

    /// A filter that a view opens and shuts.
    ///
    /// - Parameter version: The resourceVersion from which the watch is to go on.
    init(_ gating: Gating, version: UInt64 = 0) {
        work = .gate(gating.gate)
        timeLimit = nil
        frames = WatchFrames(.lines)
        self.version = version
        namespace = gating.namespace
        isListing = gating.beginsWithList
    }

    private let timeLimit: Duration?
    /// Whether the stream begins with what a list would give, which passes.
    private var isListing = false

    // MARK: What the shell needs to know

    /// Whether the server may send more.
    var wantsMore: Bool { heldBytes < Self.heldBytesMax }

    /// Whether nothing is done to the stream any longer.
    var isIdle: Bool {
        if case .pass = work { held.isEmpty } else { false }
    }

    /// Whether a fault has to read objects, for which they must come in JSON.
    static func readsObjects(_ fault: Fault) -> Bool {
        switch fault {
        case .expireWatch, .compactEvents: true
        case .withholdBookmarks(let loss): loss.which == .initialEventsEnd
        default: false
        }
    }

    // MARK: The stream

    /// The answer has begun.
    mutating func begin() -> [Action] {
        if case .gate(let gate) = work { return move(to: gate) }
        var actions: [Action] = timeLimit.map { [.wait($0)] } ?? []
        reach(&actions)
        return actions
    }

    mutating func received(_ bytes: ByteBuffer) -> [Action] {
        guard !isOver else { return [] }
        if isIdle { return [.deliver(bytes)] }
        var actions: [Action] = []
        frames.append(bytes)
        while !isOver, let frame = frames.next() {
            take(frame, &actions)
        }
        // No server sends an event of such a length: what this is, it passes.
        if !isOver, frames.isOverlong { actions += release() + (isIdle ? [] : [.deliver(frames.takeRest())]) }
        return actions
    }

    mutating func timeElapsed() -> [Action] {
        guard !isOver else { return [] }
        var actions: [Action] = []
        switch work {
        case .cut: end(&actions)
        case .stall: return release()
        case .compact: compact(&actions)
        case .pass, .expire, .withhold, .duplicate, .gate: break
        }
        return actions
    }

    /// The rule is gone: what was held comes through in its order, and the watch goes on.
    mutating func release() -> [Action] {
        guard !isOver else { return [] }
        work = .pass
        var kept = held.map(\.bytes)
        kept.append(frames.takeRest())
        held = []
        heldBytes = 0
        return kept.filter { $0.readableBytes > 0 }.map(Action.deliver)
    }

    /// The view opens or shuts the stream.
    mutating func move(to gate: Gate) -> [Action] {
        guard !isOver, case .gate = work else { return [] }
        work = .gate(gate)
        switch gate {
        case .open: return release()
        case .expired(let newest):
            var actions: [Action] = []
            takeEffect(&actions)
            let status = Status.expired("too old resource version: \(version) (\(newest))")
            actions.append(.deliver(WatchFrame.error(status)))
            end(&actions)
            return actions
        case .upTo, .held:
            let frames = held
            held = []
            heldBytes = 0
            var actions: [Action] = []
            for frame in frames { take(frame, &actions) }
            return actions
        }
    }

    /// The server has ended the stream. What was held for a time is lost with it: a client that goes on from where it was
    /// is given it then.
    mutating func ended() -> [Action] {
        guard !isOver else { return [] }
        var actions: [Action] = []
        switch work {
        case .stall(let after, _) where passed >= after: break
        case .gate: break
        case .compact:
            compact(&actions)
            fallthrough
        default:
            let rest = frames.takeRest()
            if rest.readableBytes > 0 { actions.append(.deliver(rest)) }
        }
        isOver = true
        return actions
    }

    // MARK: Events

    private mutating func take(_ frame: WatchFrame, _ actions: inout [Action]) {
        switch work {
        case .pass: actions.append(.deliver(frame.bytes))
        case .cut, .expire: pass(frame, &actions)
        case .stall(let after, _):
            guard passed >= after else { return pass(frame, &actions) }
            takeEffect(&actions)
            hold(frame)
        case .withhold(let which):
            guard frame.change == .bookmark, which == .all || frame.endsInitialEvents else {
                return actions.append(.deliver(frame.bytes))
            }
            takeEffect(&actions)
        case .duplicate:
            actions.append(.deliver(frame.bytes))
            guard frame.change.isOfObject else { return }
            takeEffect(&actions)
            actions.append(.deliver(frame.bytes))
        case .compact(let span):
            guard frame.change != .error, wantsMore else {
                hold(frame)
                return compact(&actions)
            }
            guard frame.change.isOfObject || !held.isEmpty else { return actions.append(.deliver(frame.bytes)) }
            if held.isEmpty { actions.append(.wait(span)) }
            hold(frame)
        case .gate where isListing:
            actions.append(.deliver(frame.bytes))
            isListing = !frame.endsInitialEvents
        case .gate(let gate):
            if held.isEmpty, isLetThrough(frame, gate) {
                actions.append(.deliver(frame.bytes))
            } else {
                hold(frame)
            }
        }
    }

    private mutating func pass(_ frame: WatchFrame, _ actions: inout [Action]) {
        actions.append(.deliver(frame.bytes))
        if case .expire = work { newestVersion = max(newestVersion, frame.object?.version ?? 0) }
        guard frame.change.isOfObject else { return }
        passed += 1
        reach(&actions)
    }

    /// As many events have passed as are to.
    private mutating func reach(_ actions: inout [Action]) {
        switch work {
        case .cut(let after?) where passed >= after: end(&actions)
        case .expire(let after) where passed >= after:
            takeEffect(&actions)
            let newer = max(version, newestVersion) + 1
            let status = Status.expired("too old resource version: \(version) (\(newer))")
            actions.append(.deliver(WatchFrame.error(status)))
            end(&actions)
        case .stall(let after, let span?) where passed >= after: actions.append(.wait(span))
        default: break
        }
    }

    private func isLetThrough(_ frame: WatchFrame, _ gate: Gate) -> Bool {
        let limit: UInt64
        switch gate {
        case .open: return true
        case .expired: return false
        case .upTo(let version): limit = version
        case .held(let version): limit = version
        }
        switch frame.change {
        case .error, .other: return true
        case .bookmark:
            if case .upTo = gate { return true }
            return frame.object.map { $0.version <= limit } ?? true
        case .added, .modified, .deleted:
            guard let object = frame.object else { return true }
            if let namespace, !namespace.matches(object["metadata", "namespace"]?.string ?? "") { return true }
            return object.version <= limit
        }
    }

    private mutating func hold(_ frame: WatchFrame) {
        held.append(frame)
        heldBytes += frame.bytes.readableBytes
    }

    private mutating func compact(_ actions: inout [Action]) {
        let (kept, isShorter) = WatchCompaction.compact(held)
        held = []
        heldBytes = 0
        if isShorter { takeEffect(&actions) }
        actions += kept.map(Action.deliver)
    }

    private mutating func takeEffect(_ actions: inout [Action]) {
        guard !hasTakenEffect else { return }
        hasTakenEffect = true
        actions.append(.recordEffect)
    }

    private mutating func end(_ actions: inout [Action]) {
        takeEffect(&actions)
        isOver = true
        held = []
        actions.append(.end)
    }
}

/// How a view lets a stream through.
struct Gating: Hashable {
    var gate: WatchFilter.Gate
    /// Which objects it is about; nil is all.
    var namespace: Glob?
    /// Whether the stream begins with what a list would give, up to the bookmark that ends it.
    var beginsWithList = false
}

extension WatchFrame {
    /// Whether it is the bookmark behind the initial events of a streaming list.
    fileprivate var endsInitialEvents: Bool {
        object?["metadata", "annotations", "k8s.io/initial-events-end"] == "true"
    }
}

extension JSONObject {
    /// The object's resourceVersion; 0 where it has none.
    var version: UInt64 { self["metadata", "resourceVersion"]?.string.flatMap { UInt64($0) } ?? 0 }
}
