import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Wire

/// The proxy's end of a connection to the server.
final class UpstreamHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    weak var pool: UpstreamPool?
    /// Whose exchange this is; nil while idle.
    private var client: (any UpstreamClient)?
    private var context: ChannelHandlerContext?
    private var isReadHeld = false
    /// Whether the server will take another request after this one.
    private var isKeptAlive = true
    private var failure: (any Error)?
    private var idleTimer: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: For the pool and the client

    func lease(to client: any UpstreamClient) {
        idleTimer?.cancel()
        idleTimer = nil
        self.client = client
    }

    func closeAfter(_ time: TimeAmount) {
        guard let context else { return }
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { self.close() }
    }

    /// All is done: the connection may serve another exchange.
    func release() {
        client = nil
        guard isKeptAlive, let pool, let context, context.channel.isActive else { return close() }
        pool.takeBack(self)
        resumeReading()
    }

    /// Ends the connection in the middle of what it does.
    func abandon() {
        client = nil
        close()
    }

    func close() { context?.close(promise: nil) }

    func send(_ part: HTTPClientRequestPart) { context?.write(wrapOutboundOut(part), promise: nil) }

    func flush() { context?.flush() }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Goes on reading where that waited for the client.
    func resumeReading() {
        guard isReadHeld, let context else { return }
        isReadHeld = false
        context.read()
    }

    /// Turns the connection into a stream of bytes for `relay` to carry; until the future is done, nothing may be written.
    func switchProtocols(to relay: ByteRelay) throws -> EventLoopFuture<Void> {
        guard let context else { throw ChannelError.alreadyClosed }
        client = nil
        pool?.forget(self)
        return try context.pipeline.syncOperations.switchProtocols(from: self, to: relay)
    }

    // MARK: Events

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A server that speaks unasked is one that says that it closes (408): nobody waits for it.
        guard let client else { return close() }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isKeptAlive = head.isKeepAlive
            client.answered(head)
        case .body(let bytes): client.answered(body: bytes)
        case .end(let trailers): client.answered(end: trailers)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        client?.flush()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { client?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if client?.isWritable ?? true { context.read() } else { isReadHeld = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        idleTimer?.cancel()
        pool?.forget(self)
        let client = self.client
        self.client = nil
        client?.upstreamEnded(UpstreamEnd(after: failure))
        context.fireChannelInactive()
    }
}

@available(*, unavailable)
extension UpstreamHandler: Sendable {}

extension UpstreamEnd {
    /// How a connection that was made has ended.
    init(after error: (any Error)?) {
        switch error {
        case let error as NIOSSLError:
            switch error {
            case .handshakeFailed, .unableToValidateCertificate, .noCertificateToValidate:
                self = .unusable("TLS with the server failed: \(error)")
            default: self = .closed
            }
        case let error as NIOSSLExtraError: self = .unusable("TLS with the server failed: \(error)")
        case is IOError: self = .reset
        default: self = .closed
        }
    }

    /// Why a connection could not be made.
    init(connecting error: any Error) {
        guard let error = error as? NIOConnectionError else {
            self = error is IOError || error is ChannelError ? .reset : .unusable("\(error)")
            return
        }
        // The name does not resolve; otherwise the addresses were tried, and none answered.
        self = error.connectionErrors.isEmpty ? .unusable("the name \(error.host) does not resolve") : .reset
    }
}
