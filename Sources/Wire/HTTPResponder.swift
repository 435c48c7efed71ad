import NIOCore
import NIOHTTP1

/// Answers every request with 200 and `{"ok":true}`: the service that HTTP tasks of a workload call, where the
/// experiment is about the way to them and not about the service.
package enum HTTPResponder {
    /// Listens on a free port of the loopback for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - onCall: Hears the method and the path of each request before it is answered.
    ///   - body: Takes the URL, which has no path.
    package static func with<Result>(
        onCall: @escaping @Sendable (_ method: String, _ path: String) -> Void = { _, _ in },
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let makeHandlers: HTTPListener.HandlerFactory = { _ in [AnsweringHandler(onCall: onCall)] }
        return try await HTTPListener.with(HTTPListener.Configuration(), makeHandlers: makeHandlers) { listener in
            try await body("http://\(listener.configuration.host):\(listener.port)")
        }
    }
}

private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let answer = "{\"ok\":true}"
    private let onCall: @Sendable (String, String) -> Void
    private var request: HTTPRequestHead?

    init(onCall: @escaping @Sendable (String, String) -> Void) { self.onCall = onCall }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = head
            return
        case .body: return
        case .end: break
        }
        if let request { onCall(request.method.rawValue, request.uri) }
        request = nil
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok,
            headers: ["Content-Type": "application/json", "Content-Length": "\(Self.answer.utf8.count)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: Self.answer)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
