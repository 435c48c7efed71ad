import Determinism
import Kubernetes
import KubernetesClient
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTP2
import Wire

/// A server that does to each request what a script says, and remembers all that reached it.
final class TestServer: Sendable {
    struct Received: Sendable {
        var requestID: String
        var method: String
        var uri: String
        var headers: HTTPHeaders
        var body: String
        /// From 1, in the order of acceptance.
        var connection: Int
        var isHTTP2: Bool
        /// Who the client's certificate says it is.
        var user: String?
    }

    enum Reply: Sendable {
        case answer(Int, String, [String: String] = [:])
        /// A body without a length, in parts; `ends` is false for a watch that stays open.
        case stream([String], ends: Bool)
        /// Announces more bytes than it sends, and then ends the connection.
        case truncated(String)
        case silence
        case reset
        case cut
        case goAway
        case resetStream(HTTP2ErrorCode)

        static let ok = Reply.answer(200, #"{"kind":"Status","apiVersion":"v1","status":"Success"}"#)
    }

    typealias Script = @Sendable (Received) -> Reply

    private struct State {
        var received: [Received] = []
        var endedIDs: [String] = []
        var connections: [ObjectIdentifier: Int] = [:]
    }

    private let state = NIOLockedValueBox(State())
    /// What to do as soon as the head is there; nil goes on to the body.
    private let atHead: @Sendable (Received) -> Reply?
    private let script: Script

    private init(atHead: @escaping @Sendable (Received) -> Reply?, script: @escaping Script) {
        self.atHead = atHead
        self.script = script
    }

    /// Every request whose head arrived, in order.
    var received: [Received] { state.withLockedValue { $0.received } }

    /// The requests whose channel is closed: a connection of HTTP/1.1, a stream of HTTP/2.
    var endedIDs: [String] { state.withLockedValue { $0.endedIDs } }

    var connectionCount: Int { state.withLockedValue { $0.connections.count } }

    static func with<Result>(
        _ configuration: HTTPListener.Configuration = HTTPListener.Configuration(),
        atHead: @escaping @Sendable (Received) -> Reply? = { _ in nil }, script: @escaping Script = { _ in .ok },
        _ body: (TestServer, ServerAddress) async throws -> Result
    ) async throws -> Result {
        let server = TestServer(atHead: atHead, script: script)
        return try await HTTPListener.with(configuration) { connection in
            [ScriptedResponder(server: server, connection: connection)]
        } _: { listener in
            let address = ServerAddress(
                isTLS: configuration.identity != nil, host: configuration.host, port: listener.port)
            return try await body(server, address)
        }
    }

    /// A port on which connecting is refused, for as long as `body` runs.
    static func withRefusingPort(_ body: (ServerAddress) async throws -> Void) async throws {
        try await HTTPListener.with(HTTPListener.Configuration()) { _ in
            []
        } _: { listener in
            await listener.pause()
            try await body(ServerAddress(isTLS: false, host: "127.0.0.1", port: listener.port))
        }
    }

    fileprivate func number(of connection: HTTPConnection) -> Int {
        state.withLockedValue { state in
            let next = state.connections.count + 1
            return state.connections[ObjectIdentifier(connection.channel), default: next]
        }
    }

    fileprivate func begin(_ received: Received, _ connection: HTTPConnection) -> Reply? {
        state.withLockedValue { state in
            state.connections[ObjectIdentifier(connection.channel)] = received.connection
            state.received.append(received)
        }
        return atHead(received)
    }

    fileprivate func complete(_ received: Received) -> Reply {
        state.withLockedValue { state in
            if let index = state.received.lastIndex(where: { $0.requestID == received.requestID }) {
                state.received[index].body = received.body
            }
        }
        return script(received)
    }

    fileprivate func ended(_ id: String) { state.withLockedValue { $0.endedIDs.append(id) } }
}

/// Performs the replies of a ``TestServer`` on one channel.
private final class ScriptedResponder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: TestServer
    private let connection: HTTPConnection
    private var current: TestServer.Received?
    private var hasReplied = false

    init(server: TestServer, connection: HTTPConnection) {
        self.server = server
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let received = TestServer.Received(
                requestID: head.headers.first(name: RequestTrace.header) ?? "", method: head.method.rawValue,
                uri: head.uri, headers: head.headers, body: "", connection: server.number(of: connection),
                isHTTP2: connection.version == .http2, user: connection.client?.user)
            current = received
            hasReplied = false
            if let reply = server.begin(received, connection) { self.reply(reply, context) }
        case .body(let bytes): current?.body += String(buffer: bytes)
        case .end:
            guard let current, !hasReplied else { return }
            reply(server.complete(current), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let current { server.ended(current.requestID) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A client that resets its stream is what some tests are about.
    }

    private func reply(_ reply: TestServer.Reply, _ context: ChannelHandlerContext) {
        hasReplied = true
        switch reply {
        case .answer(let status, let text, let fields):
            var headers = HTTPHeaders(fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            if !headers.contains(name: "Content-Type") { headers.add(name: "Content-Type", value: "application/json") }
            headers.replaceOrAdd(name: "Content-Length", value: "\(text.utf8.count)")
            write(status, headers, [text], ends: true, context)
        case .stream(let parts, let ends):
            write(200, ["Content-Type": "application/json"], parts, ends: ends, context)
        case .truncated(let text):
            write(200, ["Content-Length": "\(text.utf8.count + 100)"], [text], ends: false, context)
            let connection = self.connection
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
                connection.cut()
            }
        case .silence: break
        case .reset: connection.reset()
        case .cut: connection.cut()
        case .goAway:
            connection.goAway(errorCode: 2)
            connection.cut()
        case .resetStream(let code):
            guard
                let codec = try? context.pipeline.syncOperations.context(
                    handlerType: HTTP2FramePayloadToHTTP1ServerCodec.self)
            else { return connection.reset() }
            codec.writeAndFlush(NIOAny(HTTP2Frame.FramePayload.rstStream(code)), promise: nil)
        }
    }

    private func write(
        _ status: Int, _ headers: HTTPHeaders, _ parts: [String], ends: Bool, _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        for part in parts { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: part)))), promise: nil) }
        if ends {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            context.flush()
        }
    }
}

@available(*, unavailable)
extension ScriptedResponder: Sendable {}
