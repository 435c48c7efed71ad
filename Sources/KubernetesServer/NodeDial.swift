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
final class NodeDial: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    enum Outcome {
        /// The kubelet has switched protocols; ``switchProtocols(to:)`` is to follow.
        case switched(HTTPResponseHead)
        case answered(HTTPAnswer)
        case failed(Status)
    }

    private static let connectTimeout = TimeAmount.seconds(10)
    private static let bodyBytesMax = 1 << 20

    private let head: HTTPRequestHead
    private var completion: ((Outcome) -> Void)?
    private var context: ChannelHandlerContext?
    private var answer: HTTPResponseHead?
    private var body: [UInt8] = []

    private init(_ head: HTTPRequestHead, completion: @escaping (Outcome) -> Void) {
        self.head = head
        self.completion = completion
    }

    /// Sends a request without a body.
    ///
    /// - Parameter completion: Called once, on the event loop, unless ``abandon()`` is called before.
    /// - Precondition: On the event loop.
    static func start(
        _ head: HTTPRequestHead, to address: NodeAddress, on eventLoop: any EventLoop,
        completion: @escaping (Outcome) -> Void
    ) -> NodeDial {
        var head = head
        head.headers.replaceOrAdd(
            name: "Host", value: "\(address.host.contains(":") ? "[\(address.host)]" : address.host):\(address.port)")
        let dial = NodeDial(head, completion: completion)
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
        guard completion != nil else { return context.close(promise: nil) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): answer = head
        case .body(let bytes):
            if body.count < Self.bodyBytesMax { body += bytes.readableBytesView }
        case .end:
            guard let answer else { return }
            if answer.status == .switchingProtocols { return complete(.switched(answer)) }
            complete(
                .answered(
                    HTTPAnswer(
                        status: Int(answer.status.code), contentType: answer.headers.first(name: "Content-Type"),
                        body: body)))
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

    private func fail(_ why: String) { complete(.failed(.internalError("error dialing backend: \(why)"))) }

    private func complete(_ outcome: Outcome) {
        let completion = self.completion
        self.completion = nil
        completion?(outcome)
    }

    /// Turns the connection into a stream of bytes for `relay` to carry; until the future is done, nothing may be
    /// written.
    func switchProtocols(to relay: ByteRelay) throws -> EventLoopFuture<Void> {
        guard let context else { throw ChannelError.alreadyClosed }
        return try context.pipeline.syncOperations.switchProtocols(from: self, to: relay)
    }

    /// Nobody waits for the answer any more.
    func abandon() {
        completion = nil
        context?.close(promise: nil)
    }
}

@available(*, unavailable)
extension NodeDial: Sendable {}
