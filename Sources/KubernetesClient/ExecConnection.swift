import Kubernetes
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Wire

/// How far an exec had come when it failed.
enum ExecStage: Int, Comparable, Sendable {
    case connecting, handshake, awaitingHead, running

    static func < (left: ExecStage, right: ExecStage) -> Bool { left.rawValue < right.rawValue }
}

/// What an exec's connection came to.
enum ExecEnd: Sendable {
    case finished(ExecExchange.Outcome)
    case timedOut
    case cancelled
    case failed(any Error)
}

/// Carries one ``ExecExchange`` over a connection of its own.
final class ExecConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Where and how to connect.
    struct Target: Sendable {
        var host: String
        var port: Int
        var tls: NIOSSLContext?
        /// For SNI and verification; nil where the server is named by its address.
        var tlsServerName: String?
        var connectTimeout: Duration
        var timeout: Duration?
    }

    private let request: [UInt8]
    private var exchange: ExecExchange
    private let awaitsHandshake: Bool
    private let progress: Progress

    private init(request: [UInt8], exchange: ExecExchange, awaitsHandshake: Bool, progress: Progress) {
        self.request = request
        self.exchange = exchange
        self.awaitsHandshake = awaitsHandshake
        self.progress = progress
    }

    /// Runs the exchange to its end, to the time limit, or until the task is cancelled; the connection is closed then.
    static func run(
        _ exchange: ExecExchange, request: [UInt8], to target: Target
    ) async -> (end: ExecEnd, stage: ExecStage) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let progress = Progress(loop)
        return await withTaskCancellationHandler {
            let timer = target.timeout.map { timeout in
                loop.scheduleTask(in: TimeAmount(timeout)) { progress.end(.timedOut) }
            }
            ClientBootstrap(group: loop)
                .connectTimeout(TimeAmount(target.connectTimeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.closeOnExec()
                        let pipeline = channel.pipeline.syncOperations
                        if let tls = target.tls {
                            try pipeline.addHandler(
                                NIOSSLClientHandler(context: tls, serverHostname: target.tlsServerName))
                        }
                        try pipeline.addHandler(
                            ExecConnection(
                                request: request, exchange: exchange, awaitsHandshake: target.tls != nil,
                                progress: progress))
                    }
                }
                .connect(host: target.host, port: target.port)
                .whenFailure { progress.end(.failed($0)) }
            let end = await progress.outcome()
            timer?.cancel()
            return (end, progress.stage)
        } onCancel: {
            progress.end(.cancelled)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        progress.attach(context.channel)
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        if awaitsHandshake { progress.reached(.handshake) } else { send(context) }
    }

    private func send(_ context: ChannelHandlerContext) {
        progress.reached(.awaitingHead)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request)), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { send(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        perform(exchange.received(unwrapInboundIn(data).readableBytesView), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(exchange.ended(), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A server that leaves without close_notify has left all the same.
        if case .uncleanShutdown = error as? NIOSSLError { return }
        progress.end(.failed(error))
    }

    private func perform(_ actions: [ExecExchange.Action], _ context: ChannelHandlerContext) {
        for action in actions {
            switch action {
            case .send(let bytes): context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .upgraded: progress.reached(.running)
            case .finish(let outcome): progress.end(.finished(outcome))
            }
        }
    }
}

@available(*, unavailable)
extension ExecConnection: Sendable {}

/// How far an exec has come, for all who may end it: the connection, its timer, and the task.
private final class Progress: Sendable {
    private struct State: Sendable {
        var channel: (any Channel)?
        var stage = ExecStage.connecting
        var isOver = false
    }

    private let state = PosixLock(State())
    private let promise: EventLoopPromise<ExecEnd>

    init(_ eventLoop: any EventLoop) { promise = eventLoop.makePromise() }

    var stage: ExecStage { state.withLock { $0.stage } }

    func attach(_ channel: any Channel) {
        let isOver = state.withLock { state in
            state.channel = channel
            return state.isOver
        }
        if isOver { channel.close(promise: nil) }
    }

    func reached(_ stage: ExecStage) { state.withLock { $0.stage = max($0.stage, stage) } }

    /// The first end counts, and closes the connection.
    func end(_ end: ExecEnd) {
        let (isFirst, channel): (Bool, (any Channel)?) = state.withLock { state in
            defer { state.isOver = true }
            return (!state.isOver, state.channel)
        }
        guard isFirst else { return }
        promise.succeed(end)
        channel?.close(promise: nil)
    }

    func outcome() async -> ExecEnd {
        // The promise is never failed.
        do { return try await promise.futureResult.get() } catch { return .failed(error) }
    }
}
