import APIMachinery
import Kubernetes
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// Serves the requests of one HTTP/1.1 connection, one after another, or the one request of an HTTP/2 stream.
final class RequestChannelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Nothing is asked. Can move to `receiving`.
        case idle
        /// A request's body arrives; nil where it grew too large. Can move to `answering` or `idle`.
        case receiving(HTTPRequestHead, [UInt8]?)
        /// An answer is awaited or on its way. Can move to `idle`.
        case answering(Exchange)
    }

    private let environment: ServerEnvironment
    private let connection: HTTPConnection
    private var state = State.idle
    private var context: ChannelHandlerContext?

    init(_ environment: ServerEnvironment, connection: HTTPConnection) {
        self.environment = environment
        self.connection = connection
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        abandon()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // Go's server says the same to a client that waits for leave to send its body (RFC 9110 §10.1.1).
            if head.headers.first(name: "Expect")?.lowercased() == "100-continue", connection.version == .http1 {
                let leave = HTTPResponseHead(version: head.version, status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(leave)), promise: nil)
            }
            state = .receiving(head, [])
        case .body(let buffer):
            guard case .receiving(let head, let body) = state else { return }
            // Emptied first, so that the bytes are appended in place.
            state = .receiving(head, nil)
            guard var body, body.count + buffer.readableBytes <= environment.limits.bodyMax else { return }
            body.append(contentsOf: buffer.readableBytesView)
            state = .receiving(head, body)
        case .end:
            guard case .receiving(let head, let body) = state else { return }
            received(head, body: body, context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        abandon()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        environment.logger.debug("connection failed", metadata: ["error": "\(error)"])
        abandon()
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .answering(let exchange) = state { exchange.writeWaiting() }
        context.fireChannelWritabilityChanged()
    }

    private func received(_ head: HTTPRequestHead, body: [UInt8]?, context: ChannelHandlerContext) {
        let writer = ResponseWriter(
            context: context, head: head, connection: connection, headers: environment.headers
        ) { [weak self] in self?.state = .idle }
        let connection = self.connection
        let exchange = Exchange(environment, writer: writer, head: head) { [weak self] answer, successor in
            guard let self, self.context != nil else { throw ChannelError.alreadyClosed }
            try connection.switchProtocols(answer, from: self, to: successor)
        }
        state = .answering(exchange)
        let route = environment.router.route(
            head, body: body, client: connection.client?.user, resources: environment.core.servedResources,
            isReady: !environment.core.isInitializing)
        switch route {
        case .answer(let answer): exchange.answer(answer)
        case .store(let request): exchange.ask(request)
        }
    }

    /// The client has left.
    private func abandon() {
        if case .answering(let exchange) = state { exchange.abandon() }
        state = .idle
    }
}

@available(*, unavailable)
extension RequestChannelHandler: Sendable {}
