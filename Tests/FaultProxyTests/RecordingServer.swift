import Kubernetes
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import Wire

/// The API server behind the proxy: remembers each request that reaches it, and answers as its path asks.
///
/// With `size=n` in the query the answer is that many bytes, in chunks with `chunked=true`; with `flood=true` it has no
/// end. `/drop` resets the connection, `/short` ends it in the middle of the answer, `/flood` answers without end too, an
/// exec echoes bytes, or, over WebSocket, says hello and ends well, and with `watch=true` in the query come the lines that
/// the test pushes. All else is answered with an object that holds the method, the path and the length of the body, unless
/// the test has an answer of its own.
final class RecordingServer: Sendable {
    struct Seen: Sendable {
        var method: String
        var uri: String
        var headers: [String: String]
        var body: [UInt8]
    }

    private struct State {
        var seen: [Seen] = []
        var streams: [@Sendable (String?) -> Void] = []
        var streamsEnded = 0
        var flooded = 0
        var answer: @Sendable (Seen) -> Answer? = { _ in nil }
    }

    /// An answer of a test's own.
    struct Answer: Sendable {
        var status = 200
        var headers: [String: String] = ["content-type": "application/json"]
        var body: [UInt8]

        init(_ status: Int = 200, _ text: String) {
            self.status = status
            body = Array(text.utf8)
        }
    }

    private let state = NIOLockedValueBox(State())

    /// What reached the server, whole; in the order of the ends.
    var seen: [Seen] { state.withLockedValue { $0.seen } }
    var streamCount: Int { state.withLockedValue { $0.streams.count } }
    var streamsEnded: Int { state.withLockedValue { $0.streamsEnded } }
    /// Bytes of endless answers that a connection has taken.
    var flooded: Int { state.withLockedValue { $0.flooded } }

    /// Has requests answered so, where it gives an answer.
    func answer(_ answer: @escaping @Sendable (Seen) -> Answer?) { state.withLockedValue { $0.answer = answer } }

    /// Sends a line to all watches; nil ends them.
    func push(_ line: String?) {
        for stream in state.withLockedValue({ $0.streams }) { stream(line) }
    }

    var factory: HTTPListener.HandlerFactory { { [state] connection in [Handler(state, connection)] } }

    private final class Handler: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: NIOLockedValueBox<State>
        private let connection: HTTPConnection
        private var current = Seen(method: "", uri: "", headers: [:], body: [])
        private var isWatch = false
        private var isFlood = false

        init(_ state: NIOLockedValueBox<State>, _ connection: HTTPConnection) {
            self.state = state
            self.connection = connection
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
                current = Seen(method: head.method.rawValue, uri: head.uri, headers: headers, body: [])
            case .body(let bytes): current.body += bytes.readableBytesView
            case .end:
                let seen = current
                state.withLockedValue { $0.seen.append(seen) }
                answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            if let answer = state.withLockedValue({ $0.answer })(current) { return give(answer, context) }
            if current.uri.contains("watch=true") { return watch(context) }
            if current.uri.contains("/exec?"), current.headers["upgrade"] != nil { return upgrade() }
            switch current.uri.split(separator: "?").first.map(String.init) {
            case "/drop": connection.reset()
            case "/short":
                begin(context, ["content-length": "1000"])
                write(context, "only this")
                context.flush()
                context.eventLoop.assumeIsolated().execute { self.connection.cut() }
            case "/flood": beginFlood(context)
            default:
                if parameter("flood") == "true" { return beginFlood(context) }
                if let size = parameter("size").flatMap({ Int($0) }) { return writeBytes(size, context) }
                let text = #"{"method":"\#(current.method)","uri":"\#(current.uri)","bytes":\#(current.body.count)}"#
                begin(
                    context, ["content-length": "\(text.utf8.count)", "x-served-by": "api", "keep-alive": "timeout=9"])
                if current.method != "HEAD" { write(context, text) }
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        private func parameter(_ name: String) -> String? {
            let query = current.uri.split(separator: "?").dropFirst().first ?? ""
            return query.split(separator: "&").first { $0.hasPrefix("\(name)=") }.map {
                String($0.dropFirst(name.count + 1))
            }
        }

        private func writeBytes(_ count: Int, _ context: ChannelHandlerContext) {
            begin(context, parameter("chunked") == "true" ? [:] : ["content-length": "\(count)"])
            write(context, String(repeating: "x", count: count))
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private func give(_ answer: Answer, _ context: ChannelHandlerContext) {
            var headers = HTTPHeaders(answer.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            headers.add(name: "content-length", value: "\(answer.body.count)")
            let status = HTTPResponseStatus(statusCode: answer.status)
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private func begin(_ context: ChannelHandlerContext, _ headers: HTTPHeaders) {
            var headers = headers
            headers.add(name: "content-type", value: "application/json")
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }

        private func write(_ context: ChannelHandlerContext, _ text: String) {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }

        private func watch(_ context: ChannelHandlerContext) {
            begin(context, [:])
            context.flush()
            isWatch = true
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let loop = context.eventLoop
            state.withLockedValue { state in
                state.streams.append { line in
                    loop.execute {
                        let (handler, context) = bound.value
                        guard handler.isWatch else { return }
                        guard let line else {
                            handler.isWatch = false
                            return context.writeAndFlush(handler.wrapOutboundOut(.end(nil)), promise: nil)
                        }
                        handler.write(context, line + "\n")
                        context.flush()
                    }
                }
            }
        }

        private func beginFlood(_ context: ChannelHandlerContext) {
            begin(context, [:])
            isFlood = true
            flood(context)
        }

        private func flood(_ context: ChannelHandlerContext) {
            let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 16)
            while isFlood, context.channel.isWritable {
                let state = self.state
                let written = context.eventLoop.makePromise(of: Void.self)
                written.futureResult.whenSuccess { state.withLockedValue { $0.flooded += 1 << 16 } }
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(chunk))), promise: written)
            }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) { flood(context) }

        private func upgrade() {
            let upgrade = current.headers["upgrade"] ?? ""
            var headers: HTTPHeaders = ["connection": "Upgrade", "upgrade": upgrade]
            guard let key = current.headers["sec-websocket-key"] else {
                let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
                try? connection.switchProtocols(head, from: self, to: Echo())
                return
            }
            headers.add(name: "sec-websocket-accept", value: WebSocketHandshake.accept(key))
            headers.add(name: "sec-websocket-protocol", value: RemoteCommand.Version.v4.rawValue)
            let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
            try? connection.switchProtocols(head, from: self, to: Command())
        }

        func channelInactive(context: ChannelHandlerContext) {
            if isWatch || isFlood { state.withLockedValue { $0.streamsEnded += 1 } }
            isWatch = false
            isFlood = false
        }
    }

    /// Is a command over WebSocket that says hello and ends well.
    private final class Command: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func handlerAdded(context: ChannelHandlerContext) {
            let status = JSONValue.object(RemoteCommand.status(exitCode: 0)).text
            let messages: [WebSocketMessage] = [
                .binary([1] + Array("hello\n".utf8)), .binary([3] + Array(status.utf8)),
                .close(code: WebSocketMessage.normalClosure),
            ]
            // One by one: Python's client waits for the socket, and overlooks what TLS has read already.
            for (index, message) in messages.enumerated() {
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(50 * index))) {
                    context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: message.encoded())), promise: nil)
                }
            }
        }

        // The client answers the close, and then it is over.
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data).readableBytesView
            if bytes.first == 0x88 { context.close(promise: nil) }
        }
    }

    /// Sends back every byte.
    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }
    }
}
