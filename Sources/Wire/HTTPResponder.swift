import NIOCore
import NIOHTTP1

/// Answers every request with 200 and `{"ok":true}`: the service that HTTP tasks of a workload call, where the
/// experiment is about the way to them and not about the service.
package enum HTTPResponder {
    /// Listens on a free port of the loopback for as long as `body` runs.
    ///
    /// - Parameter body: Takes the URL, which has no path.
    package static func with<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let makeHandlers: HTTPListener.HandlerFactory = { _ in [AnsweringHandler()] }
        return try await HTTPListener.with(HTTPListener.Configuration(), makeHandlers: makeHandlers) { listener in
            try await body("http://\(listener.configuration.host):\(listener.port)")
        }
    }
}

private final class AnsweringHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let answer = "{\"ok\":true}"

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok,
            headers: ["Content-Type": "application/json", "Content-Length": "\(Self.answer.utf8.count)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(
            wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: Self.answer)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
