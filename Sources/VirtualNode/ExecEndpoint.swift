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
    case logs(pod: ObjectKey, container: String, isFollowing: Bool, tailLines: Int?, bytesMax: Int?)
    /// A parameter asks for what the node does not have, and is not to be passed over.
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
            if let parameter = Self.unknownLogParameters.first(where: { query[$0]?.last ?? "false" != "false" }) {
                self = .refused(why: "the virtual node serves logs without \(parameter); leave it out\n")
                return
            }
            self = .logs(
                pod: pod, container: container, isFollowing: query["follow"]?.last == "true",
                tailLines: query["tailLines"]?.last.flatMap { Int($0) },
                bytesMax: query["limitBytes"]?.last.flatMap { Int($0) })
        default: return nil
        }
    }

    private static let unknownLogParameters = ["previous", "timestamps", "sinceSeconds", "sinceTime"]
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
        case .logs(let pod, let container, let isFollowing, let tailLines, let bytesMax):
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            let eventLoop = context.eventLoop
            let reader = LogReader(
                kubelet: kubelet, pod: pod, container: container, isFollowing: isFollowing, tailLines: tailLines,
                bytesMax: bytesMax)
            task = reader.start { text in
                let words = "container \"\(container)\" in pod \"\(pod.name)\" is waiting to start\n"
                eventLoop.execute { bound.value.respond(head, text == nil ? 400 : 200, text ?? words) }
            }
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

/// Reads a container's log: the bridge from an event loop to an asynchronous function.
private struct LogReader: Sendable {
    var kubelet: Kubelet
    var pod: ObjectKey
    var container: String
    /// Whether to wait for the container's end.
    var isFollowing: Bool
    var tailLines: Int?
    var bytesMax: Int?

    /// - Parameter deliver: Takes the log; nil where the container has not started.
    func start(_ deliver: @escaping @Sendable (String?) -> Void) -> Task<Void, Never> {
        Task {
            // Cancelled, it gives what there is to nobody.
            if isFollowing { try? await kubelet.awaitEnd(of: pod, container: container) }
            deliver(kubelet.log(of: pod, container: container).map { text(of: $0) })
        }
    }

    private func text(of log: [UInt8]) -> String {
        var lines = log[...].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isEnded = lines.last?.isEmpty == true
        if isEnded { lines.removeLast() }
        if let tailLines { lines = lines.suffix(max(0, tailLines)) }
        var bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        if isEnded, !lines.isEmpty { bytes.append(UInt8(ascii: "\n")) }
        if let bytesMax { bytes = Array(bytes.prefix(max(0, bytesMax))) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
