import Faults
import Kubernetes
import NIOCore
import NIOHTTP1
import Wire

/// The proxy's end of a client's connection, or of one HTTP/2 stream of it: does what ``ProxyExchange`` says.
final class ProxyHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let core: ProxyCore
    private let pool: UpstreamPool
    private let connection: HTTPConnection
    private var context: ChannelHandlerContext?
    private var upstream: UpstreamHandler?
    private var delay: Scheduled<Void>?
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
        var isHead = false
        var isUpgrade = false
        /// Whether the client's connection goes on after the answer (HTTP/1.1).
        var isKeptAlive = true
        var isFinished = false
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
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let bytes):
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
        if context.channel.isWritable { upstream?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    private var mayRead: Bool {
        guard let exchange else { return true }
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
        perform(exchange?.clientEnded())
        context.fireChannelInactive()
    }

    private func begin(_ head: HTTPRequestHead) {
        guard core.isAuthorized(head.headers) else { return refuseAccess(head) }
        // A server that is not there takes no request on connections of old, either.
        guard !core.isRefusing else { return connection.reset() }
        var request = Request()
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
            request.needsName = needsName(request)
        }
        delay?.cancel()
        self.request = request
        let (forwarded, isFramingOpen) = core.forward(head, isUpgrade: request.isUpgrade)
        let exchange = ProxyExchange(
            head: forwarded, gathersBody: request.needsName, bodyBytesMax: core.bodyBytesMax,
            answersForLong: request.isUpgrade || request.path?.verb == .watch, isFramingOpen: isFramingOpen,
            isUpgrade: request.isUpgrade, observes: observes(request))
        let actions = exchange.begin()
        self.exchange = exchange
        if connection.version == .http1, head.headers[canonicalForm: "expect"].contains("100-continue") {
            deliver(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
            flush()
        }
        perform(actions)
    }

    private func needsName(_ request: Request) -> Bool {
        guard let path = request.path, path.verb == .create, path.subresource == nil, path.name == nil,
            let identity = request.observed.identity
        else { return false }
        return core.mayConcern(identity)
    }

    /// Whether rules want to know of the objects that the watch shows.
    private func observes(_ request: Request) -> Bool {
        guard request.path?.verb == .watch, let identity = request.observed.identity else { return false }
        return core.awaits(objectsOf: identity)
    }

    private func refuseAccess(_ head: HTTPRequestHead) {
        request = Request()
        request.isFinished = true
        request.isKeptAlive = connection.version == .http2 || head.isKeepAlive
        var exchange = ProxyExchange(
            head: head, gathersBody: false, bodyBytesMax: 0, answersForLong: false, isFramingOpen: false)
        exchange.answerAtOnce()
        self.exchange = exchange
        answer(Fault.ForgedStatus(code: 401).answer(for: .none))
    }

    // MARK: From the server

    func connected(to upstream: UpstreamHandler) {
        self.upstream = upstream
        perform(exchange?.connected())
        upstream.flush()
        resumeReading()
    }

    func failedToConnect(_ end: UpstreamEnd) { perform(exchange?.upstreamEnded(end)) }

    func answered(_ head: HTTPResponseHead) {
        request.observed.upstreamStatus = Int(head.status.code)
        perform(exchange?.answered(head))
    }

    func answered(body bytes: ByteBuffer) {
        if exchange?.deliversBodies == true {
            deliver(.body(.byteBuffer(bytes)))
        } else if exchange?.filtersBodies == true {
            perform(exchange?.answered(body: bytes))
        }
    }

    func answered(end trailers: HTTPHeaders?) {
        perform(exchange?.answered(end: trailers))
        // The rest of a request that was answered early is read, and dropped.
        resumeReading()
    }

    func upstreamEnded(_ end: UpstreamEnd) {
        upstream = nil
        perform(exchange?.upstreamEnded(end))
    }

    var isWritable: Bool { (context?.channel.isWritable ?? false) && exchange?.wantsAnswer ?? true }

    func flush() { context?.flush() }

    // MARK: Doing

    private func perform(_ actions: [ProxyExchange.Action]?) {
        guard let actions else { return }
        for action in actions { perform(action) }
    }

    private func perform(_ action: ProxyExchange.Action) {
        switch action {
        case .decide(let body): decide(body)
        case .recordInjection(let decision):
            core.record(decision, requestID: request.observed.requestID)
        case .wait(let time): wait(time)
        case .observe(let object): core.observe(object, request.observed.identity)
        case .connect: pool.connect(for: self, isFresh: request.isUpgrade)
        case .send(let part): upstream?.send(part)
        case .deliver(let part): deliver(part)
        case .answer(let forged): answer(forged)
        case .switchProtocols(let head, let isMute): switchProtocols(head, isMute: isMute)
        case .refuse(let span):
            let connection = self.connection
            if let closed = core.refuseConnects(for: span) {
                closed.whenComplete { _ in connection.reset() }
            } else {
                connection.reset()
            }
        case .reset, .mirror(.reset): connection.reset()
        case .mirror: connection.cut()
        case .silence: connection.silence()
        case .releaseUpstream:
            upstream?.release()
            upstream = nil
        case .abandonUpstream:
            upstream?.abandon()
            upstream = nil
        case .finish: finish()
        }
    }

    private func decide(_ body: [ByteBuffer]) {
        if request.needsName, let name = ObjectName.find(in: body) { request.observed.identity?.name = name }
        let decision = request.observed.identity.flatMap(core.decide)
        request.observed.rule = decision?.rule
        perform(exchange?.decided(decision))
        if exchange?.isAcceptRewritten == true { core.noteRewrittenAccept(of: request.observed) }
        resumeReading()
    }

    private func wait(_ time: Duration) {
        delay?.cancel()
        delay = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) {
            self.perform(self.exchange?.delayElapsed())
            self.goOn()
        }
    }

    /// Sends what time has brought, and reads what the server could not send meanwhile.
    private func goOn() {
        flush()
        upstream?.flush()
        if isWritable { upstream?.resumeReading() }
    }

    private func deliver(_ part: HTTPServerResponsePart) {
        guard let context else { return }
        switch part {
        case .head(var head):
            head.version = .http1_1
            let isInformational = head.status.code < 200
            head.headers.removeHopByHop()
            // Without a length, NIO's encoder would put chunks into an answer that has no body.
            if request.isHead, !head.headers.contains(name: "content-length") { request.isKeptAlive = false }
            if !request.isKeptAlive, !isInformational { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        case .body: context.write(wrapOutboundOut(part), promise: nil)
        case .end:
            // The next request may begin within the write.
            let isLast = isLastAnswer
            if !(request.isHead && isLast) { context.write(wrapOutboundOut(part), promise: nil) }
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

    private func switchProtocols(_ head: HTTPResponseHead, isMute: Bool) {
        guard let upstream else { return connection.cut() }
        self.upstream = nil
        let (client, server) = isMute ? ByteRelay.makeMutePair() : ByteRelay.makePair()
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

    private func finish() {
        guard !request.isFinished else { return }
        request.isFinished = true
        request.observed.duration = core.now - request.observed.started
        core.observe(request.observed)
    }
}

@available(*, unavailable)
extension ProxyHandler: Sendable {}

extension RequestIdentity {
    /// For an answer that is the same to every request.
    fileprivate static let none = RequestIdentity(verb: .get, group: "", resource: "", namespace: "", name: "")
}
