import Kubernetes
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// What API servers ask of a kubelet over HTTPS: commands in containers, and containers' logs.
///
/// Anybody who can reach the port is served: it leads to nothing but containers that are not there.
enum ExecEndpoint {
    /// Serves a node on a free port while `body` runs.
    static func with<Result>(
        _ kubelet: Kubelet, host: String, logger: Logger, _ body: (Int) async throws -> Result
    ) async throws -> Result {
        let authority = try CertificateAuthority(name: "boreas virtual node")
        let configuration = HTTPListener.Configuration(
            host: host, identity: try authority.issueServerIdentity(names: ["localhost", "127.0.0.1", host]),
            offersHTTP2: false)
        let makeHandlers: HTTPListener.HandlerFactory = { connection in
            [NodeRequestHandler(kubelet, connection: connection, logger: logger)]
        }
        return try await HTTPListener.with(configuration, makeHandlers: makeHandlers) { listener in
            try await body(listener.port)
        }
    }
}

/// What a path of a kubelet's asks for.
enum NodeRequest: Hashable, Sendable {
    case exec(ExecRequest, ExecSession.Streams)
    case logs(pod: ObjectKey, container: String, LogOptions)
    /// A parameter says nothing, and is not to be passed over.
    case refused(why: String)

    /// Reads `/exec/{namespace}/{pod}/{container}` and `/containerLogs/…`; nil for other paths.
    ///
    /// Between pod and container there may be the pod's uid, for exec.
    init?(uri: String) {
        let (path, query) = RequestPath.split(uri)
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count >= 4, let container = parts.last else { return nil }
        let pod = ObjectKey(namespace: parts[1], name: parts[2])
        switch (parts[0], parts.count) {
        case ("exec", 4...5):
            self = .exec(
                ExecRequest(pod: pod, container: container, command: query["command"] ?? []),
                ExecSession.Streams(query))
        case ("containerLogs", 4):
            do throws(LogOptions.Malformed) {
                self = .logs(pod: pod, container: container, try LogOptions(query))
            } catch {
                self = .refused(why: error.message)
            }
        default: return nil
        }
    }
}

/// Answers the requests of one connection from an API server.
private final class NodeRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let kubelet: Kubelet
    private let connection: HTTPConnection
    private let logger: Logger
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var task: Task<Void, Never>?

    init(_ kubelet: Kubelet, connection: HTTPConnection, logger: Logger) {
        self.kubelet = kubelet
        self.connection = connection
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        task?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        task?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch NodeRequest(uri: head.uri) {
        case nil: respond(head, 404, "404 page not found\n")
        case .refused(let why): respond(head, 400, why)
        case .exec(let request, let streams): exec(request, streams, head, context)
        case .logs(let pod, let container, let options):
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            let eventLoop = context.eventLoop
            let reader = LogReader(kubelet: kubelet, pod: pod, container: container, options: options)
            task = reader.start { part in
                try await eventLoop.flatSubmit { bound.value.write(part, answering: head) }.get()
            }
        }
    }

    /// - Returns: When the bytes are on their way, so that no more of a log is read than its reader takes.
    private func write(_ part: LogReader.Part, answering head: HTTPRequestHead) -> EventLoopFuture<Void> {
        guard let context else { return connection.channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
        switch part {
        case .refused(let status, let why):
            respond(head, status, why)
            return context.eventLoop.makeSucceededVoidFuture()
        case .began:
            let answer = HTTPResponseHead(
                version: head.version, status: .ok,
                headers: ["Content-Type": "text/plain", "Transfer-Encoding": "chunked"])
            return context.writeAndFlush(wrapOutboundOut(.head(answer)))
        case .piece(let bytes): return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))))
        case .ended:
            let channel = context.channel
            let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
            if !head.isKeepAlive { written.whenComplete { _ in channel.close(promise: nil) } }
            return written
        }
    }

    private func exec(
        _ request: ExecRequest, _ streams: ExecSession.Streams, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        if let refusal = kubelet.refusal(of: request) {
            return respond(head, refusal.httpStatus, refusal.message + "\n")
        }
        guard !request.command.isEmpty else {
            return respond(head, 400, "you must specify at least 1 of command\n")
        }
        let isUpgrade = head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
        switch isUpgrade ? head.headers.first(name: "Upgrade")?.lowercased() : nil {
        case "websocket": upgradeToWebSocket(request, streams, head, context)
        case "spdy/3.1": upgradeToSPDY(request, streams, head, context)
        default: respond(head, 400, "unable to upgrade: missing upgrade headers in request\n")
        }
    }

    private func upgradeToWebSocket(
        _ request: ExecRequest, _ streams: ExecSession.Streams, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        let offers = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
        guard let key = head.headers.first(name: "Sec-WebSocket-Key"),
            let version = RemoteCommand.Version.chosen(from: offers)
        else {
            return respond(head, 400, "unable to upgrade: unsupported WebSocket subprotocol \(offers)\n")
        }
        upgrade(
            to: .webSocket(streams), request,
            headers: [
                "Upgrade": "websocket", "Connection": "Upgrade",
                "Sec-WebSocket-Accept": WebSocketHandshake.accept(key), "Sec-WebSocket-Protocol": version.rawValue,
            ], context)
    }

    private func upgradeToSPDY(
        _ request: ExecRequest, _ streams: ExecSession.Streams, _ head: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        let offers = head.headers[canonicalForm: RemoteCommand.versionHeader].map(String.init)
        // v5 differs from v4 on WebSockets alone.
        let version =
            offers.contains(RemoteCommand.Version.v4.rawValue) ? .v4 : RemoteCommand.Version.chosen(from: offers)
        guard let version else {
            return respond(head, 403, "unable to upgrade: unable to negotiate protocol: client supports \(offers)\n")
        }
        do throws(SPDYError) {
            upgrade(
                to: try .spdy(streams), request,
                headers: [
                    "Upgrade": "SPDY/3.1", "Connection": "Upgrade", RemoteCommand.versionHeader: version.rawValue,
                ], context)
        } catch {
            respond(head, 500, "unable to upgrade: \(error)\n")
        }
    }

    private func upgrade(
        to session: ExecSession, _ request: ExecRequest, headers: HTTPHeaders, _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        do {
            try connection.switchProtocols(
                head, from: self, to: ExecSessionHandler(session, kubelet: kubelet, request: request))
        } catch {
            logger.debug("exec not upgraded", metadata: ["error": "\(error)"])
            context.close(promise: nil)
        }
    }

    private func respond(_ head: HTTPRequestHead, _ status: Int, _ text: String) {
        guard let context else { return }
        // The parser stops behind a request to upgrade.
        let isLast = !head.isKeepAlive || head.headers.contains(name: "Upgrade")
        var headers: HTTPHeaders = [
            "Content-Type": "text/plain; charset=utf-8", "Content-Length": String(text.utf8.count),
        ]
        if isLast { headers.add(name: "Connection", value: "close") }
        let answer = HTTPResponseHead(
            version: head.version, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard isLast else { return }
        let channel = context.channel
        written.whenComplete { _ in channel.close(promise: nil) }
    }
}

@available(*, unavailable)
extension NodeRequestHandler: Sendable {}
