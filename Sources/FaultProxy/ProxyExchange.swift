import Faults
import Kubernetes
import NIOCore
import NIOHTTP1

/// One request on its way through the proxy, and its answer on the way back: what is to be done, and in which order.
///
/// It takes what happens and returns what to do about it; ``ProxyHandler`` does it. Bodies of a forwarded exchange pass
/// the shell directly, see ``sendsBodiesOn`` and ``deliversBodies``.
struct ProxyExchange {
    enum Action {
        /// Ask the rules about the request, whose body up to here is given where it is being read.
        case decide(body: [ByteBuffer])
        /// Tell of the decision, which takes effect now.
        case recordInjection(FaultInjector.Decision)
        /// Call ``delayElapsed()`` in a while; a wait that was under way is over.
        case wait(Duration)
        /// Tell the rules of an object that a watch has shown.
        case observe(JSONObject)
        /// Get a connection to the server; ``connected()`` or ``upstreamEnded(_:)`` follows.
        case connect
        case send(HTTPClientRequestPart)
        case deliver(HTTPServerResponsePart)
        /// Give the client an answer that the server never gave.
        case answer(ForgedAnswer)
        /// Answer with 101 and turn both connections into streams of bytes, which pass none where they are muted.
        case switchProtocols(HTTPResponseHead, isMute: Bool)
        /// Refuse connects for the span, and reset the client's connection.
        case refuse(Duration)
        /// Reset the client's connection.
        case reset
        /// End the client's connection as the server ended its own.
        case mirror(UpstreamEnd)
        /// Let nothing more through to the client on its connection.
        case silence
        /// The server's connection has done its part and may serve another exchange.
        case releaseUpstream
        /// The server's connection is in the middle of something: end it.
        case abandonUpstream
        /// The answer is complete, or there will be none. It comes before the answer's last part is delivered, because
        /// the next request may begin within that.
        case finish
    }

    private enum State {
        /// Reads a create's body for the name of the object. Moves to `waiting` or `swallowing` when it is decided on.
        case gathering
        /// Held back, or without a connection yet. Moves to `forwarding`.
        case waiting
        /// Parts pass both ways. Moves to `swallowing` when the answer is done before the request.
        case forwarding
        /// What the client still sends is dropped, what the server sends too.
        case swallowing
        /// An answer was reset, refused or broken: nothing more happens.
        case dead
    }

    private enum Fate {
        case deliver
        /// Reset the client's connection when the answer is here.
        case reset(FaultInjector.Decision)
    }

    private var state: State
    private var fate = Fate.deliver
    private var head: HTTPRequestHead
    /// Whether the head waits for the next part, which tells whether a body of unknown length follows.
    private var isFramingOpen: Bool
    private var pending: [HTTPClientRequestPart] = []
    private var pendingBytes = 0
    private let bodyBytesMax: Int
    /// Whether the answer has no end worth waiting for: a watch's, or an upgraded connection's.
    private let answersForLong: Bool
    /// Whether the client asks to switch protocols.
    private let isUpgrade: Bool
    /// Whether nothing is to pass once protocols are switched.
    private var isMute = false
    private var isRequestComplete = false
    private var hasAnswerBegun = false
    private var isAnswerComplete = false
    private var switching: HTTPResponseHead?
    /// What is done to the stream of a watch, from the beginning of its answer on.
    private var filter: WatchFilter?
    /// What the filter is to do; nil where the stream passes the shell directly.
    private var filtering: Filtering?
    /// Whether rules want to know of the objects that the answer shows.
    private let observes: Bool
    /// Whether the client may be given another form than the one that it likes best, because the stream must be read.
    private(set) var isAcceptRewritten = false

    private enum Filtering {
        case fault(FaultInjector.Decision, version: UInt64)
        case gate(WatchFilter.Gate, namespace: Glob?)
        /// Nothing is done, but objects are told of.
        case observation

        var decision: FaultInjector.Decision? { if case .fault(let decision, _) = self { decision } else { nil } }
    }

    /// - Parameters:
    ///   - head: As the server is to get it.
    ///   - gathersBody: Whether the rules need the object's name, which stands in the body.
    ///   - isFramingOpen: Whether the head says nothing of a body and one may follow all the same (HTTP/2).
    ///   - observes: Whether rules want to know of the objects that a watch shows.
    init(
        head: HTTPRequestHead, gathersBody: Bool, bodyBytesMax: Int, answersForLong: Bool, isFramingOpen: Bool,
        isUpgrade: Bool = false, observes: Bool = false
    ) {
        self.head = head
        self.observes = observes
        self.bodyBytesMax = bodyBytesMax
        self.answersForLong = answersForLong
        self.isFramingOpen = isFramingOpen
        self.isUpgrade = isUpgrade
        state = gathersBody ? .gathering : .waiting
        if !isFramingOpen { pending.append(.head(head)) }
        if observes {
            filtering = .observation
            askForReadable(isWhole: true)
        }
    }

    /// What to do first.
    func begin() -> [Action] { state == .gathering ? [] : [.decide(body: [])] }

    /// Takes the request as answered from the start: what is left of it is dropped.
    mutating func answerAtOnce() {
        state = .swallowing
        isAnswerComplete = true
    }

    // MARK: What the shell needs to know

    /// Whether to read on from the client; what is read before there is a connection must be kept.
    var wantsRequest: Bool { state != .waiting }

    /// Whether a body part of the request goes straight to the server.
    var sendsBodiesOn: Bool { state == .forwarding && !isFramingOpen }

    /// Whether a body part of the answer goes straight to the client.
    var deliversBodies: Bool {
        guard state == .forwarding, case .deliver = fate, filter == nil else { return false }
        return true
    }

    /// Whether a body part of the answer is to be given to ``answered(body:)``.
    var filtersBodies: Bool { state == .forwarding && filter != nil }

    /// Whether the server may send more of the answer.
    var wantsAnswer: Bool { filter?.wantsMore ?? true }

    /// Whether both sides have sent all, so that another request may follow on the connection.
    var isOver: Bool { isRequestComplete && isAnswerComplete }

    // MARK: The client's side

    mutating func received(body: ByteBuffer) -> [Action] {
        if isFramingOpen { closeFraming(hasBody: true) }
        return take(.body(.byteBuffer(body)), bytes: body.readableBytes)
    }

    mutating func received(end trailers: HTTPHeaders?) -> [Action] {
        if isFramingOpen { closeFraming(hasBody: false) }
        isRequestComplete = true
        return take(.end(trailers), bytes: 0)
    }

    private mutating func closeFraming(hasBody: Bool) {
        isFramingOpen = false
        if hasBody { head.headers.replaceOrAdd(name: "transfer-encoding", value: "chunked") }
        pending.insert(.head(head), at: 0)
    }

    private mutating func take(_ part: HTTPClientRequestPart, bytes: Int) -> [Action] {
        switch state {
        case .gathering:
            pending.append(part)
            pendingBytes += bytes
            return isRequestComplete || pendingBytes > bodyBytesMax ? [.decide(body: pendingBody)] : []
        case .waiting:
            pending.append(part)
            return []
        case .forwarding:
            guard pending.isEmpty else { return flushed(appending: part) }
            return [.send(part)]
        case .swallowing, .dead: return []
        }
    }

    /// A head that waited for its framing goes out with the part that settled it.
    private mutating func flushed(appending part: HTTPClientRequestPart) -> [Action] {
        defer { pending = [] }
        return (pending + [part]).map(Action.send)
    }

    /// What was gathered; nothing where it is not the whole body.
    private var pendingBody: [ByteBuffer] {
        guard pendingBytes <= bodyBytesMax else { return [] }
        return pending.compactMap { if case .body(.byteBuffer(let bytes)) = $0 { bytes } else { nil } }
    }

    /// The client is gone.
    mutating func clientEnded() -> [Action] {
        defer { state = .dead }
        return state == .dead ? [] : [.abandonUpstream, .finish]
    }

    // MARK: The decision

    mutating func decided(_ decision: FaultInjector.Decision?) -> [Action] {
        state = .waiting
        guard let decision else { return [.connect] }
        switch decision.fault {
        case .refuse(let refusal):
            state = .dead
            return [.recordInjection(decision), .refuse(refusal.span), .finish]
        case .reset(let reset):
            switch reset.at {
            case .beforeRequest:
                state = .dead
                return [.recordInjection(decision), .reset, .finish]
            case .afterCommit, .midBody:
                fate = .reset(decision)
                return [.connect]
            }
        case .blackHole:
            state = .swallowing
            return [.recordInjection(decision)]
        case .halfOpen:
            // An upgraded connection is open once it is upgraded: the half that is left is not that of HTTP.
            isMute = isUpgrade
            return isUpgrade
                ? [.recordInjection(decision), .connect] : [.recordInjection(decision), .silence, .connect]
        case .latency: return [.recordInjection(decision), .wait(decision.delay)]
        case .status(let status):
            answerAtOnce()
            return [.recordInjection(decision), .finish, .answer(status.answer(for: decision.identity))]
        case .cutWatch, .expireWatch, .stallWatch, .withholdBookmarks, .duplicateEvents, .compactEvents:
            let path = RequestPath(method: head.method.rawValue, uri: head.uri)
            filtering = .fault(decision, version: path?.parameter("resourceVersion").flatMap { UInt64($0) } ?? 0)
            askForReadable(isWhole: observes || WatchFilter.readsObjects(decision.fault))
            return [.connect]
        case .bandwidth, .truncate, .tlsFailure, .goAway, .streamReset, .unresolved, .applyTwice, .interlope,
            .staleView, .unobserved, .dropExecStatus, .quotaConflict, .quotaExhaustion, .stealLease, .evictPod,
            .killPod, .nodeNotReady,
            .serverRestart, .capacity, .crash:
            return [.connect]
        }
    }

    mutating func delayElapsed() -> [Action] {
        switch state {
        case .waiting: [.connect]
        case .forwarding: carryOut(filter?.timeElapsed())
        case .gathering, .swallowing, .dead: []
        }
    }

    // MARK: The server's side

    mutating func connected() -> [Action] {
        guard state == .waiting else { return [.releaseUpstream] }
        state = .forwarding
        guard !isFramingOpen else { return [] }
        defer { pending = [] }
        return pending.map(Action.send)
    }

    mutating func answered(_ head: HTTPResponseHead) -> [Action] {
        hasAnswerBegun = true
        if case .reset = fate { return answersForLong ? resetByFate() : [] }
        if head.status == .switchingProtocols {
            switching = head
            return []
        }
        if let filtering, head.status == .ok, !head.headers.contains(name: "content-encoding"),
            let framing = WatchFrames.Framing(contentType: head.headers.first(name: "content-type"))
        {
            return [.deliver(.head(head))] + beginFilter(filtering, framing)
        }
        return [.deliver(.head(head))]
    }

    mutating func answered(end trailers: HTTPHeaders?) -> [Action] {
        if case .reset = fate { return state == .dead ? [] : resetByFate() }
        if filter != nil {
            let rest = carryOut(filter?.ended())
            filter = nil
            return rest + answered(end: trailers)
        }
        isAnswerComplete = true
        if let switching {
            state = .dead
            return [.switchProtocols(switching, isMute: isMute), .finish]
        }
        // A server that answers before it has all of the request does not want the rest; neither may another exchange
        // begin in the middle of this one.
        let ending: Action = isRequestComplete ? .releaseUpstream : .abandonUpstream
        state = .swallowing
        return [ending, .finish, .deliver(.end(trailers))]
    }

    private mutating func resetByFate() -> [Action] {
        guard case .reset(let decision) = fate else { return [] }
        state = .dead
        return [.abandonUpstream, .recordInjection(decision), .reset, .finish]
    }

    /// There is no connection to the server, or no longer one.
    mutating func upstreamEnded(_ end: UpstreamEnd) -> [Action] {
        guard state == .waiting || state == .forwarding else { return [] }
        if case .unusable(let why) = end, !hasAnswerBegun {
            answerAtOnce()
            return [.finish, .answer(.badGateway(why))]
        }
        state = .dead
        return [.mirror(end), .finish]
    }

    // MARK: The stream of a watch

    /// Asks the server for an answer that can be read: uncompressed and, where objects are to be read, in JSON.
    private mutating func askForReadable(isWhole: Bool) {
        head.headers.replaceOrAdd(name: "accept-encoding", value: "identity")
        if isWhole, let accept = AcceptedForms.withoutBinary(head.headers[canonicalForm: "accept"]) {
            head.headers.replaceOrAdd(name: "accept", value: accept)
            isAcceptRewritten = true
        }
        if case .head = pending.first { pending[0] = .head(head) }
    }

    private mutating func beginFilter(_ filtering: Filtering, _ framing: WatchFrames.Framing) -> [Action] {
        switch filtering {
        case .fault(let decision, let version):
            filter = WatchFilter(decision.fault, framing, observes: observes, version: version)
        case .gate(let gate, let namespace):
            filter = WatchFilter(gate: gate, namespace: namespace, observes: observes)
        case .observation: filter = WatchFilter(nil, framing, observes: true)
        }
        return carryOut(filter?.begin())
    }

    /// Takes a part of the body where ``filtersBodies``.
    mutating func answered(body: ByteBuffer) -> [Action] { carryOut(filter?.received(body)) }

    /// The rule that decided is gone: what it held comes through.
    mutating func ruleRemoved() -> [Action] {
        guard case .fault? = filtering else { return [] }
        guard filter != nil else {
            filtering = observes ? .observation : nil
            return []
        }
        return carryOut(filter?.release())
    }

    private mutating func carryOut(_ actions: [WatchFilter.Action]?) -> [Action] {
        var result: [Action] = []
        for action in actions ?? [] {
            switch action {
            case .deliver(let bytes): result.append(.deliver(.body(.byteBuffer(bytes))))
            case .recordEffect:
                if let decision = filtering?.decision { result.append(.recordInjection(decision)) }
            case .observe(let object): result.append(.observe(object))
            case .wait(let span): result.append(.wait(span))
            case .end:
                isAnswerComplete = true
                state = .swallowing
                result += [.abandonUpstream, .finish, .deliver(.end(nil))]
            }
        }
        if filter?.isIdle == true { filter = nil }
        return result
    }
}

/// How the connection to the server ended, or failed to begin.
enum UpstreamEnd: Hashable, Sendable {
    /// By RST, or nothing answered there: refused, unreachable, timed out.
    case reset
    /// By FIN.
    case closed
    /// The server cannot be talked to at all: its certificate or its name is wrong. No network fault looks like that.
    case unusable(String)
}

extension ForgedAnswer {
    /// What a gateway says that cannot talk to its server, with the reason for whoever set it up.
    static func badGateway(_ why: String) -> ForgedAnswer {
        Fault.ForgedStatus(code: 502, message: "the fault proxy cannot reach the API server: \(why)", reason: "")
            .answer(for: RequestIdentity(verb: .get, group: "", resource: "", namespace: "", name: ""))
    }
}
