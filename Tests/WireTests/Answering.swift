import NIOCore
import NIOHTTP1
import Wire

/// Answers each request with 200 and the text that `answer` makes of it, or acts on the connection where it gives nil.
final class Answering: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let connection: HTTPConnection
    private let answer: (HTTPRequestHead, HTTPConnection, ChannelHandlerContext, Answering) -> String?
    private var head: HTTPRequestHead?

    init(
        _ connection: HTTPConnection,
        answer: @escaping (HTTPRequestHead, HTTPConnection, ChannelHandlerContext, Answering) -> String?
    ) {
        self.connection = connection
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head, let text = answer(head, connection, context, self) else { return }
            respond(context, text)
        }
    }

    func respond(_ context: ChannelHandlerContext, _ text: String) {
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["content-length": "\(text.utf8.count)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// Sends back every byte.
final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }
}
