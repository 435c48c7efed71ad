import NIOCore

/// Answers a client's first TLS message with a fatal alert, `handshake_failure`, and ends the connection.
/// https://www.rfc-editor.org/rfc/rfc8446#section-6
final class HandshakeRefuser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A record of type 21 (alert) of the version that all clients take, with level 2 (fatal) and description 40.
    private static let alert: [UInt8] = [21, 3, 3, 0, 2, 2, 40]
    /// The longest record (RFC 8446, 5.1).
    private static let recordMax = 5 + (1 << 14) + 256

    private var received = ByteBuffer()
    private var isDone = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        // To its end: a connection that is closed while bytes lie unread is reset, and the alert might get lost.
        let length = received.getInteger(at: received.readerIndex + 3, as: UInt16.self).map { 5 + Int($0) }
        guard received.readableBytes >= min(length ?? .max, Self.recordMax) else { return }
        isDone = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Self.alert))).whenComplete { _ in
            bound.value.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@available(*, unavailable)
extension HandshakeRefuser: Sendable {}
