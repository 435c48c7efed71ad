import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Stands before TLS and ends or mutes a connection there, as a broken network or a killed process does: TLS has no say,
/// and sends no close_notify.
final class ConnectionCutter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var context: ChannelHandlerContext?
    private var isSilent = false

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Ends the connection with a TCP reset; what is not yet sent is lost.
    func reset() {
        guard let context else { return }
        if let socket = context.channel as? any SocketOptionProvider {
            // A close with a linger time of zero sends RST in place of FIN (socket(7), SO_LINGER).
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
        }
        context.close(promise: nil)
    }

    /// Lets no further byte through to the client.
    func silence() { isSilent = true }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isSilent { promise?.succeed() } else { context.write(data, promise: promise) }
    }

    /// Ends the connection with a plain FIN.
    func close() { context?.close(promise: nil) }
}

@available(*, unavailable)
extension ConnectionCutter: Sendable {}
