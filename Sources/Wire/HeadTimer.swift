import NIOCore
import NIOHTTP1

/// Ends a connection whose client takes too long for the head of a request: from the connect for the first one, else
/// from its first byte, or from its second where the first came along with the request before it.
///
/// Two of its handlers stand around the parser, since bytes tell when a head begins, and parts when it is complete.
final class HeadTimer {
    private let timeout: TimeAmount?
    private let onExpiry: () -> Void
    private var timer: Scheduled<Void>?
    /// Whether a head is complete and its request is not.
    private var isInRequest = false

    init(timeout: TimeAmount?, onExpiry: @escaping () -> Void) {
        self.timeout = timeout
        self.onExpiry = onExpiry
    }

    /// Starts to wait for a head.
    func start(on eventLoop: any EventLoop) {
        guard timer == nil, let timeout else { return }
        timer = eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.onExpiry() }
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }

    /// Stands before the parser.
    final class Bytes: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer

        private let timer: HeadTimer

        init(_ timer: HeadTimer) { self.timer = timer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if !timer.isInRequest { timer.start(on: context.eventLoop) }
            context.fireChannelRead(data)
        }

        func channelInactive(context: ChannelHandlerContext) {
            timer.stop()
            context.fireChannelInactive()
        }
    }

    /// Stands behind the parser, before requests are queued.
    final class Parts: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = HTTPServerRequestPart

        private let timer: HeadTimer

        init(_ timer: HeadTimer) { self.timer = timer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head:
                timer.isInRequest = true
                timer.stop()
            case .body: break
            case .end: timer.isInRequest = false
            }
            context.fireChannelRead(data)
        }
    }
}

@available(*, unavailable)
extension HeadTimer: Sendable {}
@available(*, unavailable)
extension HeadTimer.Bytes: Sendable {}
@available(*, unavailable)
extension HeadTimer.Parts: Sendable {}
