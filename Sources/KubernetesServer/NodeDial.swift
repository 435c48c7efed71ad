import Glibc
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Wire

/// One request of an API server to a kubelet, over a connection of its own.
///
/// The kubelet's certificate is not verified, as in clusters that common installers make
/// (`--kubelet-certificate-authority` is not set). It belongs to the client's event loop.
final class NodeDial: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// What becomes of the request: one of these, but for an answer that comes in pieces.
    enum Event {
        /// The kubelet has switched protocols; ``switchProtocols(to:)`` is to follow.
        case switched(HTTPResponseHead)
        /// The kubelet refuses.
        case answered(HTTPAnswer)
        case failed(Status)
        /// A successful answer begins: pieces follow, and an end.
        case began(HTTPResponseHead)
        case piece(ByteBuffer)
        /// Also where the kubelet's connection has ended in the middle.
        case ended
    }

    private static let connectTimeout = TimeAmount.seconds(10)
    private static let bodyBytesMax = 1 << 20

    private let head: HTTPRequestHead
    private var listener: ((Event) -> Void)?
    private var context: ChannelHandlerContext?
    private var answer: HTTPResponseHead?
    /// Of an answer that refuses.
    private var body: [UInt8] = []
    private var isStreaming = false
    private var isPaused = false
    private var isReadHeld = false

    private init(_ head: HTTPRequestHead, listener: @escaping (Event) -> Void) {
        self.head = head
        self.listener = listener
    }

    /// Sends a request without a body.
    ///
    /// - Parameter listener: Called on the event loop, until ``abandon()`` is called.
    /// - Precondition: On the event loop.
    static func start(
        _ head: HTTPRequestHead, to address: NodeAddress, on eventLoop: any EventLoop,
        listener: @escaping (Event) -> Void
    ) -> NodeDial {
        var head = head
        head.headers.replaceOrAdd(
            name: "Host", value: "\(address.host.contains(":") ? "[\(address.host)]" : address.host):\(address.port)")
        let dial = NodeDial(head, listener: listener)
        let bound = NIOLoopBound(dial, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.configure(channel, bound.value) }
            }
            .connect(host: address.host, port: address.port)
            .whenFailure { error in
                bound.value.fail("dial tcp \(address.host):\(address.port): \(Self.words(for: error))")
            }
        return dial
    }

    private static func configure(_ channel: any Channel, _ dial: NodeDial) throws {
        try channel.closeOnExec()
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        tls.applicationProtocols = ["http/1.1"]
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            NIOSSLClientHandler(context: try NIOSSLContext(configuration: tls), serverHostname: nil))
        try pipeline.addHandlers(
            HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)))
        try pipeline.addHandler(dial)
    }

    private static func words(for error: any Error) -> String {
        let cause = (error as? NIOConnectionError)?.connectionErrors.last?.error ?? error
        switch (cause as? IOError)?.errnoCode {
        case ECONNREFUSED: return "connect: connection refused"
        case nil: return cause is ChannelError ? "i/o timeout" : "\(cause)"
        default: return "\(cause)"
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { send(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        send(context)
        context.fireChannelActive()
    }

    private func send(_ context: ChannelHandlerContext) {
        // The client has left while the node was dialled.
        guard listener != nil else { return context.close(promise: nil) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            answer = head
            isStreaming = (200..<300).contains(head.status.code)
            if isStreaming { listener?(.began(head)) }
        case .body(let bytes):
            if isStreaming {
                listener?(.piece(bytes))
            } else if body.count < Self.bodyBytesMax {
                body += bytes.readableBytesView
            }
        case .end:
            guard let answer else { return }
            if answer.status == .switchingProtocols { return complete(.switched(answer)) }
            let whole = HTTPAnswer(
                status: Int(answer.status.code), contentType: answer.headers.first(name: "Content-Type"), body: body)
            complete(isStreaming ? .ended : .answered(whole))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("EOF")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("\(error)")
        context.close(promise: nil)
    }

    private func fail(_ why: String) {
        complete(isStreaming ? .ended : .failed(.internalError("error dialing backend: \(why)")))
    }

    /// Hands over the last event.
    private func complete(_ event: Event) {
        let listener = self.listener
        self.listener = nil
        listener?(event)
    }

    func read(context: ChannelHandlerContext) {
        if isPaused { isReadHeld = true } else { context.read() }
    }

    /// Leaves what comes with the node until ``resume()``: whoever the answer is for does not read.
    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        guard isReadHeld, let context else { return }
        isReadHeld = false
        context.read()
    }

    /// Turns the connection into a stream of bytes for `relay` to carry; until the future is done, nothing may be
    /// written.
    func switchProtocols(to relay: ByteRelay) throws -> EventLoopFuture<Void> {
        guard let context else { throw ChannelError.alreadyClosed }
        return try context.pipeline.syncOperations.switchProtocols(from: self, to: relay)
    }

    /// Nobody waits for the answer any more.
    func abandon() {
        listener = nil
        context?.close(promise: nil)
    }
}

@available(*, unavailable)
extension NodeDial: Sendable {}
