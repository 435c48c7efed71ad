import Faults
import Kubernetes
import NIOCore
import NIOHTTP1
import Wire

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
        /// Call ``delayElapsed(at:)`` in a while; a wait that was under way is over.
        case wait(Duration)
        /// Have somebody else change the object of the request; ``interloped(_:by:)`` follows.
        case interlope(FaultInjector.Decision)
        /// Get a connection to the server; ``connected()`` or ``upstreamEnded(_:)`` follows.
        case connect
        case send(HTTPClientRequestPart)
        case deliver(HTTPServerResponsePart)
        /// Give the client an answer that the server never gave.
        case answer(ForgedAnswer)
        /// Send what was delivered, and read on from the server where that waited.
        case flush
        /// Answer with 101 and turn both connections into streams of bytes.
        case switchProtocols(HTTPResponseHead, UpgradePassage)
        /// Refuse connects for the span, and reset the client's connection.
        case refuse(Duration)
        /// Let the handshakes of new connections fail, and reset the client's connection.
        case failHandshakes(Fault.TLSFailure)
        /// Break the exchange off for the client, when these last bytes of the answer's body have left.
        case breakOff(BreakingOff, after: ByteBuffer?)
        /// Ask the client to leave its connection when it has the answer, whose head follows.
        case sendAway
        /// Tell the client that its request is not taken, and end its connection.
        case turnAway
        /// End the client's connection as the server ended its own.
        case mirror(UpstreamEnd)
        /// End the client's request without an answer: on HTTP/1.1 its connection, on HTTP/2 its stream.
        case hangUp
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
        /// Reads a body for what it says of the object. Moves to `waiting` or `swallowing` when it is decided on.
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

    /// What the rule keeps the exchange from, and what ``ruleRemoved()`` gives back.
    private enum Hold {
        /// The request waits to be sent on.
        case delay
        /// The request is swallowed and never answered.
        case answer
        /// The request is swallowed, and answered later.
        case forgery(ForgedAnswer)
    }

    private var state: State
    private var hold: Hold?
    private var fate = AnswerFate.deliver
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
    /// What passes once protocols are switched.
    private var passage = UpgradePassage.everything
    /// What was sent on, where it may have to be sent again.
    private var copy: [HTTPClientRequestPart] = []
    private var copyBytes = 0
    /// Whose conflict the body is read for.
    private var interloping: FaultInjector.Decision?
    private var isRequestComplete = false
    private var hasAnswerBegun = false
    private var isAnswerComplete = false
    private var switching: HTTPResponseHead?
    /// Whether the client may be given another form than the one that it likes best, because the stream must be read.
    private(set) var isAcceptRewritten = false

    /// - Parameters:
    ///   - head: As the server is to get it.
    ///   - gathersBody: Whether the rules need the object's name, which stands in the body.
    ///   - isFramingOpen: Whether the head says nothing of a body and one may follow all the same (HTTP/2).
    init(
        head: HTTPRequestHead, gathersBody: Bool, bodyBytesMax: Int, answersForLong: Bool, isFramingOpen: Bool,
        isUpgrade: Bool = false
    ) {
        self.head = head
        self.bodyBytesMax = bodyBytesMax
        self.answersForLong = answersForLong
        self.isFramingOpen = isFramingOpen
        self.isUpgrade = isUpgrade
        state = gathersBody ? .gathering : .waiting
        if !isFramingOpen { pending.append(.head(head)) }
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
    var sendsBodiesOn: Bool {
        if case .askAgain = fate { return false }
        return state == .forwarding && !isFramingOpen
    }

    /// Whether a body part of the answer goes straight to the client.
    var deliversBodies: Bool {
        guard state == .forwarding, case .deliver = fate else { return false }
        return true
    }

    /// Whether some of the answer waits to be delivered, so that nothing more of it should be read.
    var holdsAnswer: Bool {
        switch fate {
        case .pace(let paced): !paced.pacer.isEmpty
        case .filter(let filtered): !(filtered.filter?.wantsMore ?? true)
        default: false
        }
    }

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
            guard isRequestComplete || pendingBytes > bodyBytesMax else { return [] }
            if let interloping { return examined(for: interloping) }
            return [.decide(body: pendingBody)]
        case .waiting:
            pending.append(part)
            return []
        case .forwarding:
            guard pending.isEmpty else { return flushed(appending: part) }
            return send([part])
        case .swallowing, .dead: return []
        }
    }

    /// A head that waited for its framing goes out with the part that settled it.
    private mutating func flushed(appending part: HTTPClientRequestPart) -> [Action] {
        defer { pending = [] }
        return send(pending + [part])
    }

    private mutating func send(_ parts: [HTTPClientRequestPart]) -> [Action] {
        if case .askAgain = fate {
            copy += parts
            copyBytes += parts.reduce(0) { $0 + $1.bodyBytes }
            // Too much to be kept: it passes once.
            if copyBytes > bodyBytesMax {
                fate = .deliver
                copy = []
            }
        }
        return parts.map(Action.send)
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
            return breaking(.connection, at: reset.at, afterBytes: reset.afterBytes ?? 1, decision)
        case .streamReset(let reset):
            return breaking(.stream(reset.code), at: reset.at ?? .beforeRequest, afterBytes: 1, decision)
        case .truncate(let truncation):
            return breaking(.truncation, at: .midBody, afterBytes: truncation.afterBytes, decision)
        case .bandwidth(let bandwidth):
            fate = .pace(
                PacedAnswer(pacer: BytePacer(bytesPerSecond: bandwidth.bytesPerSecond), decision: decision))
            if isUpgrade { passage = .paced(bytesPerSecond: bandwidth.bytesPerSecond) }
            return [.connect]
        case .tlsFailure(let failure):
            state = .dead
            return [.recordInjection(decision), .failHandshakes(failure), .finish]
        case .goAway(let goAway):
            if goAway.at == .beforeRequest {
                state = .dead
                return [.recordInjection(decision), .turnAway, .finish]
            }
            fate = .sendAway(decision)
            return [.connect]
        case .applyTwice:
            if !answersForLong { fate = .askAgain(decision) }
            return [.connect]
        case .interlope: return interlope(decision)
        case .dropExecStatus:
            if isUpgrade { passage = .withoutStatus(decision) }
            return [.connect]
        case .blackHole:
            state = .swallowing
            hold = .answer
            return [.recordInjection(decision)]
        case .halfOpen:
            // An upgraded connection is open once it is upgraded: the half that is left is not that of HTTP.
            if isUpgrade { passage = .nothing }
            return isUpgrade
                ? [.recordInjection(decision), .connect] : [.recordInjection(decision), .silence, .connect]
        case .latency:
            hold = .delay
            return [.recordInjection(decision), .wait(decision.delay)]
        case .status(let status):
            let forged = status.answer(for: decision.identity)
            if let delay = status.delay, delay > .zero {
                state = .swallowing
                hold = .forgery(forged)
                return [.recordInjection(decision), .wait(delay)]
            }
            answerAtOnce()
            return [.recordInjection(decision), .finish, .answer(forged)]
        case .cutWatch, .expireWatch, .stallWatch, .withholdBookmarks, .duplicateEvents, .compactEvents:
            fate = .filter(FilteredAnswer(decision: decision, version: watchVersion))
            askForReadable(WatchFilter.readsObjects(decision.fault))
            return [.connect]
        case .staleView, .unobserved, .unresolved, .quotaConflict, .quotaExhaustion, .stealLease, .evictPod, .killPod,
            .nodeNotReady,
            .serverRestart, .capacity, .crash:
            // Done elsewhere: in the simulated world, on the cluster, on the subject.
            return [.connect]
        }
    }

    private mutating func breaking(
        _ way: BreakingOff, at point: Fault.Reset.Point, afterBytes: Int, _ decision: FaultInjector.Decision
    ) -> [Action] {
        switch point {
        case .beforeRequest:
            state = .dead
            return [.recordInjection(decision), .breakOff(way, after: nil), .finish]
        case .afterCommit: fate = .breakOff(way, decision)
        case .midBody: fate = .breakWithin(way, bytesLeft: afterBytes, decision)
        }
        return [.connect]
    }

    /// Only what names the version that it is about can meet a conflict: of patches those whose body does.
    private mutating func interlope(_ decision: FaultInjector.Decision) -> [Action] {
        switch decision.identity.verb {
        case .update: return [.interlope(decision)]
        case .patch where isRequestComplete || pendingBytes > bodyBytesMax: return examined(for: decision)
        case .patch:
            state = .gathering
            interloping = decision
            return []
        default: return [.connect]
        }
    }

    private mutating func examined(for decision: FaultInjector.Decision) -> [Action] {
        state = .waiting
        interloping = nil
        return ObjectVersion.isNamed(in: pendingBody) ? [.interlope(decision)] : [.connect]
    }

    /// Somebody else has changed the object, or could not.
    func interloped(_ isDone: Bool, by decision: FaultInjector.Decision) -> [Action] {
        guard state == .waiting else { return [] }
        return isDone ? [.recordInjection(decision), .connect] : [.connect]
    }

    mutating func delayElapsed(at now: Duration = .zero) -> [Action] {
        switch hold {
        case nil:
            if case .filter = fate { return filtered { $0.timeElapsed() } + [.flush] }
            guard case .pace(var paced) = fate else { return [] }
            let pieces = paced.pacer.take(at: now)
            fate = .pace(paced)
            return delivered(pieces)
        case .delay:
            hold = nil
            return state == .waiting ? [.connect] : []
        case .forgery(let forged):
            hold = nil
            guard state == .swallowing else { return [] }
            isAnswerComplete = true
            return [.finish, .answer(forged)]
        case .answer: return []
        }
    }

    /// The rule that decided is gone, or acts no longer: what it holds back goes on, and a client that it leaves hanging
    /// is told, so that it can try again.
    mutating func ruleRemoved() -> [Action] {
        switch hold {
        case nil: return letAnswerGo()
        case .delay, .forgery: return delayElapsed()
        case .answer:
            hold = nil
            guard state == .swallowing else { return [] }
            state = .dead
            return [.hangUp, .finish]
        }
    }

    private mutating func letAnswerGo() -> [Action] {
        switch fate {
        case .deliver: return []
        case .breakOff, .askAgain:
            // Of an answer that has begun, something is lost already.
            if !hasAnswerBegun { fate = .deliver }
            return []
        case .breakWithin, .sendAway:
            fate = .deliver
            return []
        case .filter(let answer):
            guard answer.filter != nil else {
                fate = .deliver
                return []
            }
            let actions = filtered { $0.release() }
            if state == .forwarding { fate = .deliver }
            return actions + [.flush]
        case .pace(var paced):
            let pieces = paced.pacer.takeAll()
            fate = .pace(paced)
            let actions = delivered(pieces)
            fate = .deliver
            return actions
        }
    }

    // MARK: The server's side

    mutating func connected() -> [Action] {
        guard state == .waiting else { return [.releaseUpstream] }
        state = .forwarding
        guard !isFramingOpen else { return [] }
        defer { pending = [] }
        return send(pending)
    }

    mutating func answered(_ head: HTTPResponseHead) -> [Action] {
        hasAnswerBegun = true
        switch fate {
        case .breakOff(let way, let decision): return answersForLong ? breakOff(way, after: nil, decision) : []
        case .askAgain:
            if isRequestComplete { return [] }
            fate = .deliver
        default: break
        }
        if head.status == .switchingProtocols {
            switching = head
            return []
        }
        if case .filter(let filtered) = fate { return [.deliver(.head(head))] + begin(filtered, head) }
        guard case .sendAway(let decision) = fate else { return [.deliver(.head(head))] }
        fate = .deliver
        return [.recordInjection(decision), .sendAway, .deliver(.head(head))]
    }

    /// A part of the answer's body that the shell must not deliver by itself.
    mutating func answered(body bytes: ByteBuffer, at now: Duration) -> [Action] {
        guard state == .forwarding else { return [] }
        switch fate {
        case .breakOff, .askAgain: return []
        case .deliver, .sendAway: return [.deliver(.body(.byteBuffer(bytes)))]
        case .filter: return filtered { $0.received(bytes) }
        case .breakWithin(let way, let left, let decision):
            guard bytes.readableBytes > left else {
                fate = .breakWithin(way, bytesLeft: left - bytes.readableBytes, decision)
                return [.deliver(.body(.byteBuffer(bytes)))]
            }
            return breakOff(way, after: bytes.getSlice(at: bytes.readerIndex, length: left), decision)
        case .pace(var paced):
            let isFirst = paced.pacer.isEmpty
            let decision = paced.decision
            paced.decision = nil
            paced.pacer.append(bytes, at: now)
            fate = .pace(paced)
            let record = decision.map { [Action.recordInjection($0)] } ?? []
            return record + (isFirst ? [.wait(paced.pacer.interval)] : [])
        }
    }

    /// Delivers what the pace lets through, and what follows from that.
    private mutating func delivered(_ pieces: [ByteBuffer]) -> [Action] {
        guard case .pace(let paced) = fate, state != .dead else { return [] }
        let actions = pieces.map { Action.deliver(.body(.byteBuffer($0))) } + [.flush]
        guard paced.pacer.isEmpty else { return actions + [.wait(paced.pacer.interval)] }
        switch paced.ending {
        case nil: return actions
        case .complete(let trailers):
            isAnswerComplete = true
            return actions + [.finish, .deliver(.end(trailers))]
        case .broken(let end):
            state = .dead
            return actions + [.mirror(end), .finish]
        }
    }

    mutating func answered(end trailers: HTTPHeaders?) -> [Action] {
        guard state != .dead else { return [] }
        if case .filter = fate {
            let rest = filtered { $0.ended() }
            fate = .deliver
            return rest + answered(end: trailers)
        }
        // A server that answers before it has all of the request does not want the rest; neither may another exchange
        // begin in the middle of this one.
        let ending: Action = isRequestComplete ? .releaseUpstream : .abandonUpstream
        switch fate {
        case .breakOff(let way, let decision): return breakOff(way, after: nil, decision)
        case .askAgain(let decision):
            fate = .deliver
            state = .waiting
            hasAnswerBegun = false
            pending = copy
            copy = []
            return [ending, .recordInjection(decision), .connect]
        case .pace(var paced) where !paced.pacer.isEmpty:
            paced.ending = .complete(trailers)
            fate = .pace(paced)
            state = .swallowing
            return [ending]
        default: break
        }
        isAnswerComplete = true
        if let switching {
            state = .dead
            return recordsPassage + [.switchProtocols(switching, passage), .finish]
        }
        state = .swallowing
        return [ending, .finish, .deliver(.end(trailers))]
    }

    /// A pace is one from the beginning; a half-open connection was told of when it was decided on.
    private var recordsPassage: [Action] {
        guard case .paced = passage, case .pace(let paced) = fate, let decision = paced.decision else { return [] }
        return [.recordInjection(decision)]
    }

    private mutating func breakOff(
        _ way: BreakingOff, after bytes: ByteBuffer?, _ decision: FaultInjector.Decision
    ) -> [Action] {
        state = .dead
        return [.abandonUpstream, .recordInjection(decision), .breakOff(way, after: bytes), .finish]
    }

    /// There is no connection to the server, or no longer one.
    mutating func upstreamEnded(_ end: UpstreamEnd) -> [Action] {
        guard state == .waiting || state == .forwarding else { return [] }
        if case .unusable(let why) = end, !hasAnswerBegun {
            answerAtOnce()
            return [.finish, .answer(.badGateway(why))]
        }
        if case .pace(var paced) = fate, !paced.pacer.isEmpty {
            paced.ending = .broken(end)
            fate = .pace(paced)
            return []
        }
        state = .dead
        return [.mirror(end), .finish]
    }

    // MARK: The stream of a watch

    /// Asks the server for an answer that can be read: uncompressed and, where objects are to be read, in JSON.
    private mutating func askForReadable(_ readsObjects: Bool) {
        isAcceptRewritten = AcceptedForms.askForReadable(&head.headers, readsObjects: readsObjects)
        if case .head = pending.first { pending[0] = .head(head) }
    }

    /// What a watch is to go on from.
    private var watchVersion: UInt64 {
        RequestPath.split(head.uri).query["resourceVersion"]?.last.flatMap { UInt64($0) } ?? 0
    }

    /// A view takes the request, and no rule about single requests does.
    mutating func viewed(_ answer: ProxyViews.Answer) -> [Action] {
        switch answer {
        case .gate(_, let gating, let decision):
            state = .waiting
            fate = .filter(FilteredAnswer(decision: decision, version: watchVersion, gating: gating))
            askForReadable(true)
            // A state is unobserved when the watch has ended; what is old is shown at once.
            return (decision.fault.kind == .staleView ? [.recordInjection(decision)] : []) + [.connect]
        case .forge(let forged, let decision):
            answerAtOnce()
            return (decision.map { [.recordInjection($0)] } ?? []) + [.finish, .answer(forged)]
        }
    }

    /// The view that holds the stream lets it go further now, or no longer.
    mutating func gateMoved(to gate: WatchFilter.Gate) -> [Action] {
        guard case .filter(var filtered) = fate, filtered.gating != nil else { return [] }
        guard filtered.filter != nil else {
            filtered.gating?.gate = gate
            fate = .filter(filtered)
            return []
        }
        return self.filtered { $0.move(to: gate) } + [.flush]
    }

    private mutating func begin(_ filtered: FilteredAnswer, _ head: HTTPResponseHead) -> [Action] {
        var filtered = filtered
        guard head.status == .ok, filtered.begin(head.headers) else {
            fate = .deliver
            return []
        }
        fate = .filter(filtered)
        return self.filtered { $0.begin() }
    }

    /// Does what the filter of the stream says to something that happens.
    private mutating func filtered(_ step: (inout WatchFilter) -> [WatchFilter.Action]) -> [Action] {
        guard case .filter(var filtered) = fate, var filter = filtered.filter else { return [] }
        let steps = step(&filter)
        filtered.filter = filter
        fate = filter.isIdle ? .deliver : .filter(filtered)
        var actions: [Action] = []
        for step in steps {
            switch step {
            case .deliver(let bytes): actions.append(.deliver(.body(.byteBuffer(bytes))))
            case .recordEffect: actions.append(.recordInjection(filtered.decision))
            case .wait(let span): actions.append(.wait(span))
            case .end:
                isAnswerComplete = true
                state = .swallowing
                fate = .deliver
                actions += [.abandonUpstream, .finish, .deliver(.end(nil))]
            }
        }
        return actions
    }
}

extension HTTPClientRequestPart {
    fileprivate var bodyBytes: Int {
        guard case .body(let bytes) = self else { return 0 }
        return bytes.readableBytes
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
