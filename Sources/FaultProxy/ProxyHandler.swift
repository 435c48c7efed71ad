import Faults
import Kubernetes
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Wire

/// The proxy's end of a client's connection, or of one HTTP/2 stream of it: does what ``ProxyExchange`` says.
final class ProxyHandler: ChannelDuplexHandler, RemovableChannelHandler, UpstreamClient {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let core: ProxyCore
    private let pool: UpstreamPool
    private let connection: HTTPConnection
    private var context: ChannelHandlerContext?
    private var upstream: UpstreamHandler?
    private var delay: Scheduled<Void>?
    private var interloper: UpstreamCall?
    /// While a rule that decided about the request may still be holding something.
    private var hold: RuleHold?
    private var isReadHeld = false
    /// The exchange that is under way, or the last one on this connection; nil before the first.
    private var exchange: ProxyExchange?
    private var request = Request()

    /// What is known about the request of the exchange.
    private struct Request {
        var observed = ProxiedRequest(
            method: "", uri: "", identity: nil, requestID: nil, started: .zero, duration: .zero, upstreamStatus: 0,
            rule: nil)
        var path: RequestPath?
        /// Whether the object's name must be read from the body, because a rule may be about it.
        var needsName = false
        /// Whether a rule may be about the labels of the object in the body.
        var needsLabels = false
        var facts = RequestFacts.none
        /// The body of the answer, where rules wait for objects in it.
        var objects: SeenObjects?
        /// Whether the client is to leave the connection when it has the answer's head (HTTP/2).
        var isSentAway = false
        var isHead = false
        var isUpgrade = false
        /// Whether the client's connection goes on after the answer (HTTP/1.1).
        var isKeptAlive = true
        var isFinished = false
        /// Whether its answer has no end worth waiting for.
        var isStream: Bool {
            isUpgrade || path?.verb == .watch
                || (path?.subresource == "log" && path?.parameter("follow").map { $0 == "true" || $0 == "1" } ?? false)
        }
        /// What the client says that it takes, where views want to know.
        var accept: [Substring]?
        /// Its stream, where a view holds it.
        var stream: ProxyViews.Stream?
        /// What a rule has decided, until the request is over.
        var decision: FaultInjector.Decision?
        /// Which of the requests of this handler it is.
        var number = 0
        /// By which the tally knows it.
        var ticket: Int?
        var bytesReceived = 0
        var bytesSent = 0
        /// What is written down of the exchange; nil where nobody is told.
        var notes: ExchangeNotes?
        /// Whether it counts among those that wait for an answer.
        var isWaiting = false
        /// Of a watch, whether it has begun.
        var isWatching = false
        /// What the answer that the client is being given began with.
        var deliveredStatus = 0
        /// Whether no byte of the answer gets through.
        var isSilenced = false
        /// What the client is to die of as soon as it has its answer.
        var crash: CrashCounter.Crash?
    }

    init(core: ProxyCore, pool: UpstreamPool, connection: HTTPConnection) {
        self.core = core
        self.pool = pool
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A client that is about to be killed: its connections end before anything is sent on again.
        guard !core.isHolding else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes):
            request.bytesReceived += bytes.readableBytes
            request.notes?.sent(body: bytes)
            if exchange?.sendsBodiesOn == true {
                upstream?.send(.body(.byteBuffer(bytes)))
            } else {
                perform(exchange?.received(body: bytes))
            }
        case .end(let trailers):
            perform(exchange?.received(end: trailers))
            if isLastAnswer { context.close(promise: nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        upstream?.flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            upstream?.resumeReading()
            resumeReading()
        }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    private var mayRead: Bool {
        // Answers that are not read must not pile up: no further request is taken.
        guard let exchange, !exchange.isOver else { return context?.channel.isWritable ?? true }
        return exchange.wantsRequest && upstream?.isWritable ?? true
    }

    func resumeReading() {
        guard isReadHeld, mayRead, let context else { return }
        isReadHeld = false
        context.read()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What is wrong with the client's connection ends it; there is nobody to tell.
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        delay?.cancel()
        interloper?.cancel()
        interloper = nil
        perform(exchange?.clientEnded())
        dieNow()
        context.fireChannelInactive()
    }

    private func begin(_ head: HTTPRequestHead) {
        guard core.isAuthorized(head.headers) else { return refuseAccess(head) }
        // A server that is not there takes no request on connections of old, either.
        guard !core.isRefusing else { return connection.reset() }
        var request = Request()
        request.number = self.request.number + 1
        request.isHead = head.method == .HEAD
        request.isUpgrade = connection.version == .http1 && head.headers.upgradeProtocol != nil
        request.isKeptAlive = connection.version == .http2 || (head.isKeepAlive && !request.isUpgrade)
        request.observed.method = head.method.rawValue
        request.observed.uri = head.uri
        request.observed.started = core.now
        request.observed.requestID = head.headers.first(name: RequestTrace.header)
        if core.readsIdentities {
            request.path = RequestPath(method: head.method.rawValue, uri: head.uri)
            request.observed.identity = request.path?.identity()
            request.observed.userAgent = head.headers.first(name: "user-agent") ?? ""
            request.facts.userAgent = request.observed.userAgent
            readBody(for: &request)
            if !core.views.isEmpty { request.accept = head.headers[canonicalForm: "accept"] }
        }
        delay?.cancel()
        if core.isObserved {
            request.notes = ExchangeNotes(path: request.path)
            request.isWaiting = request.path?.answersForLong == false && !request.isUpgrade
            if request.isWaiting { core.note { $0.asked() } }
        }
        request.ticket = core.tally?.withLockedValue { $0.began(request.observed, isStream: request.isStream) }
        self.request = request
        var (forwarded, isFramingOpen) = core.forward(head, isUpgrade: request.isUpgrade)
        if request.objects != nil, AcceptedForms.askForReadable(&forwarded.headers, readsObjects: true) {
            core.noteRewrittenAccept(of: request.observed)
        }
        let exchange = ProxyExchange(
            head: forwarded, gathersBody: request.needsName || request.needsLabels, bodyBytesMax: core.bodyBytesMax,
            answersForLong: request.isUpgrade || request.path?.verb == .watch, isFramingOpen: isFramingOpen,
            isUpgrade: request.isUpgrade)
        let actions = exchange.begin()
        self.exchange = exchange
        if connection.version == .http1, head.headers[canonicalForm: "expect"].contains("100-continue") {
            deliver(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
            flush()
        }
        perform(actions)
    }

    /// Says what must be read of the bodies, because rules may be about it.
    private func readBody(for request: inout Request) {
        guard let path = request.path, let identity = request.observed.identity else { return }
        if core.awaits(objectsOf: identity) {
            request.objects = SeenObjects(in: identity.verb, bytesMax: core.bodyBytesMax)
        }
        let isCreate = path.verb == .create
        guard isCreate || path.verb == .update, core.mayConcern(identity, request.facts) else { return }
        request.needsName = isCreate && path.subresource == nil && path.name == nil
        request.needsLabels = core.readsLabels
    }

    private func refuseAccess(_ head: HTTPRequestHead) {
        let number = request.number + 1
        request = Request()
        request.number = number
        request.isFinished = true
        request.isKeptAlive = connection.version == .http2 || head.isKeepAlive
        var exchange = ProxyExchange(
            head: head, gathersBody: false, bodyBytesMax: 0, answersForLong: false, isFramingOpen: false)
        exchange.answerAtOnce()
        self.exchange = exchange
        core.note(.wrongToken)
        answer(Fault.ForgedStatus(code: 401).answer(for: .none))
    }

    // MARK: From the server

    func connected(to upstream: UpstreamHandler) {
        guard !core.isHolding else { return upstream.release() }
        request.notes?.forwarded(newestVersion: core.newestVersion)
        self.upstream = upstream
        perform(exchange?.connected())
        upstream.flush()
        resumeReading()
    }

    func failedToConnect(_ end: UpstreamEnd) { perform(exchange?.upstreamEnded(end)) }

    func answered(_ head: HTTPResponseHead) {
        request.observed.upstreamStatus = Int(head.status.code)
        request.objects?.begin(head)
        request.notes?.answered(head)
        noteWatch(head)
        guard !diesBeforeAnswer(head) else { return }
        perform(exchange?.answered(head))
    }

    func answered(body bytes: ByteBuffer) {
        if let version = request.notes?.answered(body: bytes) { core.saw(version: version) }
        if request.objects != nil, let identity = request.observed.identity {
            request.objects?.append(bytes) { core.saw($0, in: identity) }
        }
        if exchange?.deliversBodies == true {
            deliver(.body(.byteBuffer(bytes)))
        } else {
            perform(exchange?.answered(body: bytes, at: core.now))
        }
    }

    func answered(end trailers: HTTPHeaders?) {
        if let identity = request.observed.identity {
            // Before the client can ask for what follows from them.
            request.objects?.forEach { core.saw($0, in: identity) }
        }
        perform(exchange?.answered(end: trailers))
        dieNow()
        // The rest of a request that was answered early is read, and dropped.
        resumeReading()
    }

    func upstreamEnded(_ end: UpstreamEnd) {
        upstream = nil
        perform(exchange?.upstreamEnded(end))
        dieNow()
    }

    var isWritable: Bool { (context?.channel.isWritable ?? false) && exchange?.holdsAnswer != true }

    func flush() { context?.flush() }

    // MARK: Doing

    private func perform(_ actions: [ProxyExchange.Action]?) {
        guard let actions else { return }
        // A forged answer is given when the request is over already.
        for case .answer(let forged) in actions { tell(status: forged.code, bytes: forged.body.count) }
        for (index, action) in actions.enumerated() {
            if case .finish = action { finish(before: actions[(index + 1)...]) } else { perform(action) }
        }
    }

    private func perform(_ action: ProxyExchange.Action) {
        switch action {
        case .decide(let body): decide(body)
        case .recordInjection(let decision):
            core.record(decision, requestID: request.observed.requestID, ticket: request.ticket)
        case .wait(let time): wait(time)
        case .connect: connect()
        case .send(let part): upstream?.send(part)
        case .deliver(let part): deliver(part)
        case .answer(let forged): answer(forged)
        case .interlope(let decision): interlope(decision)
        case .flush:
            flush()
            if isWritable { upstream?.resumeReading() }
        case .switchProtocols(let head, let passage): switchProtocols(head, passage)
        case .refuse(let span):
            let connection = self.connection
            if let closed = core.refuseConnects(for: span, by: request.decision?.rule) {
                closed.whenComplete { _ in connection.reset() }
            } else {
                connection.reset()
            }
        case .failHandshakes(let failure):
            core.failHandshakes(failure, by: request.decision?.rule)
            connection.reset()
        case .breakOff(let way, let bytes): breakOff(way, after: bytes)
        case .sendAway:
            if connection.version == .http2 { request.isSentAway = true } else { request.isKeptAlive = false }
        case .turnAway: if let context { connection.turnAway(context.channel) }
        case .mirror(.reset): connection.reset()
        case .mirror: connection.cut()
        case .hangUp: if connection.version == .http2 { context?.close(promise: nil) } else { connection.cut() }
        case .silence:
            request.isSilenced = true
            connection.silence()
            cutWhenRuleIsRemoved()
        case .releaseUpstream:
            upstream?.release()
            upstream = nil
        case .abandonUpstream:
            upstream?.abandon()
            upstream = nil
        case .finish: finish(before: [])
        }
    }

    private func connect() {
        guard !core.isHolding else { return }
        if let identity = request.observed.identity, identity.verb.isWrite,
            let crash = core.crash(before: identity, request.facts)
        {
            finish(before: [])
            return core.announce(crash, requestID: request.observed.requestID)
        }
        pool.connect(for: self, isFresh: request.isUpgrade)
    }

    private func noteWatch(_ head: HTTPResponseHead) {
        guard request.notes != nil, request.path?.verb == .watch, head.status == .ok, !request.isWatching,
            let identity = request.observed.identity
        else { return }
        request.isWatching = true
        core.note { $0.began(identity) }
    }

    private func noteEnd() {
        if request.isWaiting { core.note { $0.answered() } }
        if request.isWatching, let identity = request.observed.identity { core.note { $0.ended(identity) } }
    }

    // MARK: Dying at a write

    /// Counts a write that the server has done, at which the client may have to die: at once, or when it has the answer.
    private func diesBeforeAnswer(_ head: HTTPResponseHead) -> Bool {
        guard (200..<300).contains(head.status.code), let identity = request.observed.identity, identity.verb.isWrite,
            let crash = core.crash(after: identity, request.facts)
        else { return false }
        request.crash = crash
        guard crash.fault.at == .beforeAnswer else { return false }
        upstream?.abandon()
        upstream = nil
        finish(before: [])
        dieNow()
        return true
    }

    /// The client has what it will get of the answer.
    private func dieNow() {
        guard let crash = request.crash else { return }
        request.crash = nil
        core.announce(crash, requestID: request.observed.requestID)
    }

    private func decide(_ body: [ByteBuffer]) {
        if request.needsName, let name = ObjectName.find(in: body) { request.observed.identity?.name = name }
        if request.needsLabels { request.facts.labels = ObjectLabels.find(in: body) }
        let facts = request.facts
        let decision = request.observed.identity.flatMap { core.decide($0, facts) }
        if decision?.fault.kind.actsOnWatches ?? true, let answer = viewAnswer() {
            // What a view holds it holds as a whole, in its order.
            if let decision { core.ended(decision) }
            perform(exchange?.viewed(answer))
        } else {
            request.observed.rule = decision?.rule
            if let decision { watchForRemoval(of: decision) }
            perform(exchange?.decided(decision))
        }
        if exchange?.isAcceptRewritten == true, request.objects == nil {
            core.noteRewrittenAccept(of: request.observed)
        }
        resumeReading()
    }

    /// What views make of the request; nil where it passes.
    private func viewAnswer() -> ProxyViews.Answer? {
        guard request.accept != nil, let path = request.path, let identity = request.observed.identity,
            let eventLoop = context?.eventLoop
        else { return nil }
        let (bound, number) = (NIOLoopBound(self, eventLoop: eventLoop), request.number)
        let answer = core.views.answer(to: path, identity, accept: request.accept ?? [], on: eventLoop) {
            bound.value.gateMoved(in: number)
        }
        switch answer {
        case .gate(let stream, _, let decision):
            request.stream = stream
            request.observed.rule = decision.rule
        case .forge(_, let decision): request.observed.rule = decision?.rule
        case nil: break
        }
        return answer
    }

    private func gateMoved(in number: Int) {
        guard request.number == number, !request.isFinished, let stream = request.stream else { return }
        perform(exchange?.gateMoved(to: core.views.gate(of: stream)))
    }

    /// Hears of it when the rule that decided is removed before the request is over.
    private func watchForRemoval(of decision: FaultInjector.Decision) {
        guard let eventLoop = context?.eventLoop else { return }
        request.decision = decision
        let (bound, number) = (NIOLoopBound(self, eventLoop: eventLoop), request.number)
        hold = core.whenRemoved(decision, on: eventLoop) { bound.value.ruleRemoved(in: number) }
    }

    private func ruleRemoved(in number: Int) {
        guard request.number == number, !request.isFinished else { return }
        hold = nil
        delay?.cancel()
        perform(exchange?.ruleRemoved())
        resumeReading()
    }

    /// A connection that carries nothing more outlives the request; without the rule it has no reason to be.
    private func cutWhenRuleIsRemoved() {
        guard let decision = request.decision else { return }
        let (core, connection) = (self.core, self.connection)
        let hold = core.whenRemoved(decision, on: connection.channel.eventLoop) { connection.cut() }
        connection.channel.closeFuture.whenComplete { _ in core.forget(hold) }
    }

    private func wait(_ time: Duration) {
        delay?.cancel()
        delay = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) {
            self.perform(self.exchange?.delayElapsed(at: self.core.now))
        }
    }

    /// Changes the object that the request is about, on behalf of somebody else.
    private func interlope(_ decision: FaultInjector.Decision) {
        var path = request.observed.uri.prefix { $0 != "?" }
        if let subresource = request.path?.subresource, path.hasSuffix("/\(subresource)") {
            path = path.dropLast(subresource.count + 1)
        }
        let (head, body) = core.interloperRequest(path: path, decision)
        var isChanged = false
        let receiver = UpstreamCall.Receiver(
            head: { isChanged = (200..<300).contains($0.status.code) }, body: { _ in },
            end: { isWhole in
                self.interloper = nil
                self.perform(self.exchange?.interloped(isWhole && isChanged, by: decision))
            })
        let call = UpstreamCall(head: head, body: body, receiver)
        interloper = call
        pool.connect(for: call, isFresh: false)
    }

    private func breakOff(_ way: BreakingOff, after bytes: ByteBuffer?) {
        guard let context else { return }
        guard let bytes else { return breakOff(way, context) }
        request.bytesSent += bytes.readableBytes
        // Ended earlier, the client might not get what is to get through.
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenSuccess { self.breakOff(way, context) }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: sent)
    }

    private func breakOff(_ way: BreakingOff, _ context: ChannelHandlerContext) {
        switch (way, connection.version) {
        case (.connection, _), (.stream, .http1): connection.reset()
        case (.stream(let code), .http2): connection.resetStream(context.channel, code: code.number)
        case (.truncation, .http1): context.close(promise: nil)
        case (.truncation, .http2):
            connection.resetStream(context.channel, code: Fault.StreamReset.Code.internalError.number)
        }
    }

    /// Tells the tally what the client is being answered.
    private func tell(status: Int, bytes: Int = 0) {
        guard let tally = core.tally, let ticket = request.ticket else { return }
        let latency = core.now - request.observed.started
        request.bytesSent += bytes
        tally.withLockedValue { $0.answered(ticket, status: status, after: latency) }
    }

    /// Tells the tally that the request is over.
    private func tellEnd() {
        guard let tally = core.tally, let ticket = request.ticket else { return }
        let request = self.request
        tally.withLockedValue {
            $0.ended(
                ticket, request.observed, bytesReceived: request.bytesReceived, bytesSent: request.bytesSent)
        }
    }

    /// An upgraded connection is under way until it ends.
    private func tellEndWithConnection() {
        guard let tally = core.tally, let ticket = request.ticket else { return }
        let (core, observed) = (self.core, request.observed)
        request.ticket = nil
        connection.channel.closeFuture.whenComplete { _ in
            var observed = observed
            observed.duration = core.now - observed.started
            tally.withLockedValue { $0.ended(ticket, observed, bytesReceived: 0, bytesSent: 0) }
        }
    }

    private func deliver(_ part: HTTPServerResponsePart) {
        guard let context else { return }
        switch part {
        case .head(var head):
            head.version = .http1_1
            let isInformational = head.status.code < 200
            if !isInformational { tell(status: Int(head.status.code)) }
            head.headers.removeHopByHop()
            // Without a length, NIO's encoder would put chunks into an answer that has no body.
            if request.isHead, !head.headers.contains(name: "content-length") { request.isKeptAlive = false }
            if !request.isKeptAlive, !isInformational { head.headers.replaceOrAdd(name: "connection", value: "close") }
            if !isInformational { request.deliveredStatus = Int(head.status.code) }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            if request.isSentAway, !isInformational {
                request.isSentAway = false
                // As from Go's server: first the head, then the GOAWAY.
                context.flush()
                connection.sendAway()
            }
        case .body(let bytes):
            request.bytesSent += bytes.readableBytes
            context.write(wrapOutboundOut(part), promise: nil)
        case .end:
            // The next request may begin within the write.
            let isLast = isLastAnswer
            let isDelivered = promiseOfDeath(context)
            if !(request.isHead && isLast) { context.write(wrapOutboundOut(part), promise: isDelivered) }
            context.flush()
            if isLast { context.close(promise: nil) }
        }
    }

    private func answer(_ forged: ForgedAnswer) {
        var headers = HTTPHeaders(forged.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(forged.body.count))
        let status = HTTPResponseStatus(statusCode: forged.code)
        deliver(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        if !request.isHead { deliver(.body(.byteBuffer(ByteBuffer(bytes: forged.body)))) }
        deliver(.end(nil))
        resumeReading()
    }

    /// Whether the connection is to end and its last request has been read to its end: ended earlier, the client could see
    /// a reset in place of the answer.
    private var isLastAnswer: Bool { !request.isKeptAlive && exchange?.isOver == true }

    private func switchProtocols(_ head: HTTPResponseHead, _ passage: UpgradePassage) {
        guard let upstream else { return connection.cut() }
        self.upstream = nil
        tell(status: Int(head.status.code))
        tellEndWithConnection()
        let (client, server) = makeRelays(passage, upgrade: head.headers.upgradeProtocol ?? "")
        endDecisionWithConnection()
        let connection = self.connection
        do {
            try upstream.switchProtocols(to: server).assumeIsolated().whenComplete { _ in
                do {
                    try connection.switchProtocols(head, from: self, to: client)
                } catch {
                    // The client has gone in the meantime.
                    server.close()
                    connection.cut()
                }
            }
        } catch {
            upstream.abandon()
            connection.cut()
        }
    }

    private func makeRelays(
        _ passage: UpgradePassage, upgrade: String
    ) -> (client: ByteRelay, server: ByteRelay) {
        switch passage {
        case .everything: return ByteRelay.makePair()
        case .nothing:
            cutWhenRuleIsRemoved()
            return ByteRelay.makeMutePair()
        case .paced(let bytesPerSecond):
            let pair = ByteRelay.makePair(RelayShaping(bytesPerSecond: bytesPerSecond))
            endShapingWhenRuleIsRemoved { pair.client.endShaping() }
            return pair
        case .withoutStatus(let decision):
            let (core, request) = (self.core, self.request)
            let filter = ExecStatusFilter(upgrade: upgrade) {
                core.record(decision, requestID: request.observed.requestID, ticket: request.ticket)
            }
            guard let filter else { return ByteRelay.makePair() }
            endShapingWhenRuleIsRemoved { filter.turnOff() }
            return ByteRelay.makePair(RelayShaping(filter: filter))
        }
    }

    private func endShapingWhenRuleIsRemoved(_ end: @escaping () -> Void) {
        guard let decision = request.decision else { return }
        let bound = NIOLoopBound(end, eventLoop: connection.channel.eventLoop)
        let core = self.core
        let hold = core.whenRemoved(decision, on: connection.channel.eventLoop) { bound.value() }
        connection.channel.closeFuture.whenComplete { _ in core.forget(hold) }
    }

    /// What a rule holds of an upgraded connection it holds until that ends.
    private func endDecisionWithConnection() {
        guard let decision = request.decision else { return }
        request.decision = nil
        connection.channel.closeFuture.whenComplete { [core] _ in core.ended(decision) }
    }

    /// Where the client is to die with its answer: when that has left.
    private func promiseOfDeath(_ context: ChannelHandlerContext) -> EventLoopPromise<Void>? {
        guard let crash = request.crash else { return nil }
        request.crash = nil
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { [core, requestID = request.observed.requestID] _ in
            core.announce(crash, requestID: requestID)
        }
        return promise
    }

    /// - Parameter rest: What is done next, which says what the client is given.
    private func finish(before rest: ArraySlice<ProxyExchange.Action>) {
        guard !request.isFinished else { return }
        request.isFinished = true
        if let decision = request.decision { core.ended(decision) }
        if let stream = request.stream { core.views.leave(stream) }
        core.forget(hold)
        hold = nil
        request.observed.duration = core.now - request.observed.started
        if let notes = request.notes {
            noteEnd()
            let (status, forged) = given(rest)
            if let version = notes.complete(&request.observed, given: status, forged: forged) {
                core.saw(version: version)
            }
        }
        tellEnd()
        core.observe(request.observed)
    }

    /// What the client is given as a whole; 0 where that is nothing.
    private func given(_ rest: ArraySlice<ProxyExchange.Action>) -> (status: Int, forged: ForgedAnswer?) {
        guard !request.isSilenced else { return (0, nil) }
        for action in rest {
            switch action {
            case .answer(let forged): return (forged.code, forged)
            case .deliver(.end): return (request.deliveredStatus, nil)
            default: continue
            }
        }
        // Of a watch, or an upgraded connection, there is no end worth waiting for.
        if request.path?.verb == .watch { return (request.deliveredStatus, nil) }
        return (request.isUpgrade && request.observed.upstreamStatus == 101 ? 101 : 0, nil)
    }
}

@available(*, unavailable)
extension ProxyHandler: Sendable {}

extension RequestPath {
    /// Whether there is no end of the answer worth waiting for.
    fileprivate var answersForLong: Bool {
        verb == .watch || verb == .connect || (subresource == "log" && parameter("follow") != nil)
    }
}

extension RequestIdentity {
    /// For an answer that is the same to every request.
    fileprivate static let none = RequestIdentity(verb: .get, group: "", resource: "", namespace: "", name: "")
}
