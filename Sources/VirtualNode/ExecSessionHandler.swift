import Kubernetes
import NIOCore

/// Carries an ``ExecSession`` over an upgraded connection, and runs its command.
final class ExecSessionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The kubelet's own bound for the streams of a SPDY connection to appear.
    private static let startLimit = TimeAmount.seconds(30)

    /// How long the client has to end the connection itself. Where the node ended it at once, whoever relays between them
    /// could see the end before it has made room for the bytes before it, and lose these.
    private static let farewellLimit = TimeAmount.seconds(1)

    private var session: ExecSession
    private var context: ChannelHandlerContext?
    private let kubelet: Kubelet
    private let request: ExecRequest
    private var task: Task<Void, Never>?
    private var startTimer: Scheduled<Void>?
    private var closeTimer: Scheduled<Void>?

    init(_ session: ExecSession, kubelet: Kubelet, request: ExecRequest) {
        self.session = session
        self.kubelet = kubelet
        self.request = request
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let channel = context.channel
        startTimer = context.eventLoop.scheduleTask(in: Self.startLimit) { channel.close(promise: nil) }
        // The answer's head is on its way; what is written within its write would come before it.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.begin() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        perform(session.received(unwrapInboundIn(data).readableBytesView), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stop()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// The client is gone, and with it the command.
    private func stop() {
        startTimer?.cancel()
        closeTimer?.cancel()
        task?.cancel()
    }

    private func perform(_ actions: [ExecSession.Action], _ context: ChannelHandlerContext) {
        for action in actions {
            switch action {
            case .send(let bytes): context.write(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .start: start(context)
            case .close:
                let channel = context.channel
                closeTimer = context.eventLoop.scheduleTask(in: Self.farewellLimit) { channel.close(promise: nil) }
            }
        }
        context.flush()
    }

    private func start(_ context: ChannelHandlerContext) {
        startTimer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        task = CommandRunner(kubelet: kubelet, request: request).start { end in
            eventLoop.execute { bound.value.finish(end) }
        }
    }

    private func begin() {
        guard let context, context.channel.isActive else { return }
        perform(session.began(), context)
    }

    private func finish(_ end: ExecSession.End) {
        guard let context, context.channel.isActive else { return }
        perform(session.finished(end), context)
    }
}

@available(*, unavailable)
extension ExecSessionHandler: Sendable {}

/// Runs a command: the bridge from an event loop to an asynchronous function.
private struct CommandRunner: Sendable {
    var kubelet: Kubelet
    var request: ExecRequest

    /// To cancel the task is to say that nobody waits for the end any more.
    func start(_ deliver: @escaping @Sendable (ExecSession.End) -> Void) -> Task<Void, Never> {
        Task { if let end = await run() { deliver(end) } }
    }

    private func run() async -> ExecSession.End? {
        do {
            let plan = try kubelet.start(request)
            return .exited(try await kubelet.outcome(of: plan, within: nil))
        } catch let refusal as ExecRefusal {
            return .failed(.internalError(refusal.message))
        } catch {
            return nil
        }
    }
}
