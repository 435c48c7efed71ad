import NIOCore
import NIOHTTP1

/// Answers plain HTTP requests out of a function: for what needs no server of its own.
package enum HTTPResponder {
    package struct Answer: Hashable, Sendable {
        package var status: Int
        package var contentType: String
        package var body: String

        package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", body: String) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// Answers every request with 200 and `{"ok":true}`, for as long as `body` runs: the service that HTTP tasks of a
    /// workload call, where the experiment is about the way to them and not about the service.
    ///
    /// - Parameters:
    ///   - onCall: Hears the method and the path of each request before it is answered.
    ///   - body: Takes the URL, which has no path.
    package static func with<Result>(
        onCall: @escaping @Sendable (_ method: String, _ path: String) -> Void = { _, _ in },
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let answer: @Sendable (HTTPMethod, String) -> Answer = { method, uri in
            onCall(method.rawValue, uri)
            return Answer(contentType: "application/json", body: "{\"ok\":true}")
        }
        return try await with(answer: answer, body)
    }

    /// Answers GET and HEAD, for as long as `body` runs, and refuses everything else with 405.
    ///
    /// - Parameters:
    ///   - port: On the loopback; 0 is any that is free.
    ///   - paths: Gives the answer for a path, without its query; nil is 404. It is called on an event loop.
    package static func serving<Result>(
        port: Int, paths: @escaping @Sendable (String) -> Answer?, _ body: (String) async throws -> Result
    ) async throws -> Result {
        let answer: @Sendable (HTTPMethod, String) -> Answer = { method, uri in
            guard method == .GET || method == .HEAD else {
                return Answer(status: 405, body: "only GET and HEAD are served here\n")
            }
            let path = uri.prefix { $0 != "?" }
            return paths(String(path)) ?? Answer(status: 404, body: "nothing is served at \(path)\n")
        }
        return try await with(port: port, answer: answer, body)
    }

    private static func with<Result>(
        port: Int = 0, answer: @escaping @Sendable (HTTPMethod, String) -> Answer,
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let makeHandlers: HTTPListener.HandlerFactory = { _ in [AnsweringHandler(answer)] }
        let configuration = HTTPListener.Configuration(port: port)
        return try await HTTPListener.with(configuration, makeHandlers: makeHandlers) { listener in
            try await body("http://\(listener.configuration.host):\(listener.port)")
        }
    }
}

private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (HTTPMethod, String) -> HTTPResponder.Answer
    /// What is being asked, from the head of a request to its end.
    private var asked: HTTPRequestHead?

    init(_ answer: @escaping @Sendable (HTTPMethod, String) -> HTTPResponder.Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): asked = head
        case .body: break
        case .end:
            guard let request = asked else { return }
            asked = nil
            respond(to: request, context)
        }
    }

    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let answer = self.answer(request.method, request.uri)
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status),
            headers: ["Content-Type": answer.contentType, "Content-Length": "\(answer.body.utf8.count)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
