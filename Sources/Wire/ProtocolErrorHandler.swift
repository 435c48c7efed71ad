import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL

/// Answers what is no HTTP/1.1 request as Go's server does, 400 or 431, and then ends the connection.
///
/// The end comes a little later than the answer: a connection that is closed while bytes lie unread is reset, and the
/// client might not see why. https://datatracker.ietf.org/doc/html/rfc9112#section-9.6
final class ProtocolErrorHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private static let linger = TimeAmount.milliseconds(500)

    private let onRefusal: @Sendable (HTTPListener.Refusal) -> Void
    private var isInAnswer = false
    private var isClosing = false

    init(onRefusal: @escaping @Sendable (HTTPListener.Refusal) -> Void) { self.onRefusal = onRefusal }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What comes behind the error is dropped by the parser, which tells of each piece.
        guard !isClosing else { return }
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        isClosing = true
        let isTooLarge = error == .headerOverflow
        onRefusal(isTooLarge ? .headersTooLarge : .badRequest)
        guard !isInAnswer else { return context.close(promise: nil) }
        let status = isTooLarge ? HTTPResponseStatus.requestHeaderFieldsTooLarge : .badRequest
        let text = "\(status.code) \(status.reasonPhrase)"
        let head = HTTPResponseHead(
            version: .http1_1, status: status,
            headers: [
                "Content-Type": "text/plain; charset=utf-8", "Content-Length": "\(text.utf8.count)",
                "Connection": "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.linger) { bound.value.close(promise: nil) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): isInAnswer = head.status.code >= 200 || head.status == .switchingProtocols
        case .body: break
        case .end: isInAnswer = false
        }
        context.write(data, promise: promise)
    }
}

/// Tells of what ends an HTTP/2 connection for its client's sake; NIO answers with GOAWAY.
final class HTTP2ErrorReporter: ChannelInboundHandler {
    typealias InboundIn = Never

    private let onRefusal: @Sendable (HTTPListener.Refusal) -> Void

    init(onRefusal: @escaping @Sendable (HTTPListener.Refusal) -> Void) { self.onRefusal = onRefusal }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is NIOHTTP2Errors.ExcessivelyLargeHeaderBlock:
            onRefusal(.headersTooLarge)
        case is NIOHTTP2Errors.UnableToParseFrame, is NIOHTTP2Errors.BadClientMagic: onRefusal(.badRequest)
        default: break
        }
        context.fireErrorCaught(error)
    }
}

/// Tells of clients that speak no TLS, or none that is understood here. Stands behind the TLS handler.
final class TLSErrorReporter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Never

    private let onRefusal: @Sendable (HTTPListener.Refusal) -> Void

    init(onRefusal: @escaping @Sendable (HTTPListener.Refusal) -> Void) { self.onRefusal = onRefusal }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case NIOSSLError.handshakeFailed(.sslError)? = error as? NIOSSLError { onRefusal(.tlsFailure) }
        context.fireErrorCaught(error)
    }
}

@available(*, unavailable)
extension ProtocolErrorHandler: Sendable {}
@available(*, unavailable)
extension TLSErrorReporter: Sendable {}
@available(*, unavailable)
extension HTTP2ErrorReporter: Sendable {}
