import NIOCore
import NIOHTTP1

/// Answers HTTPS requests, bodies and all, out of an asynchronous function: for callbacks that have to ask somebody
/// themselves before they answer.
package enum AsyncResponder {
    package struct Request: Hashable, Sendable {
        package var method: String
        /// With its query.
        package var uri: String
        package var body: [UInt8]
    }

    package typealias Answering = @Sendable (Request) async -> HTTPResponder.Answer

    /// Listens on the loopback, on a port of the system's choice, for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - identity: For `127.0.0.1`.
    ///   - answer: Its task is cancelled where the client leaves.
    ///   - body: Takes the URL, which has no path.
    package static func with<Result>(
        identity: TLSIdentity, bodyMax: Int = 8 << 20, answer: @escaping Answering,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let makeHandlers: HTTPListener.HandlerFactory = { _ in [AsyncAnsweringHandler(answer, bodyMax: bodyMax)] }
        let configuration = HTTPListener.Configuration(identity: identity)
        return try await HTTPListener.with(configuration, makeHandlers: makeHandlers) { listener in
            try await body("https://\(listener.configuration.host):\(listener.port)")
        }
    }
}

private final class AsyncAnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: AsyncResponder.Answering
    private let bodyMax: Int
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var answering: Task<Void, Never>?

    init(_ answer: @escaping AsyncResponder.Answering, bodyMax: Int) {
        self.answer = answer
        self.bodyMax = bodyMax
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes):
            guard body.count + bytes.readableBytes <= bodyMax else { return context.close(promise: nil) }
            body += bytes.readableBytesView
        case .end:
            guard let head else { return }
            self.head = nil
            respond(to: AsyncResponder.Request(method: head.method.rawValue, uri: head.uri, body: body), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        answering?.cancel()
        context.fireChannelInactive()
    }

    private func respond(to request: AsyncResponder.Request, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        answering = AnsweringTask(answer: answer, request: request).start { answer in
            eventLoop.execute { Self.write(answer, bound.value) }
        }
    }

    private static func write(_ answer: HTTPResponder.Answer, _ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status),
            headers: ["Content-Type": answer.contentType, "Content-Length": "\(answer.body.utf8.count)"])
        context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
        let body = context.channel.allocator.buffer(string: answer.body)
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: nil)
    }
}

/// The bridge from an event loop to an asynchronous function.
private struct AnsweringTask: Sendable {
    var answer: AsyncResponder.Answering
    var request: AsyncResponder.Request

    /// To cancel the task is to say that nobody waits for the answer any more.
    func start(_ deliver: @escaping @Sendable (HTTPResponder.Answer) -> Void) -> Task<Void, Never> {
        Task { deliver(await answer(request)) }
    }
}
