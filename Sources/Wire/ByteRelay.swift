package import NIOCore

/// One end of two connections that carry each other's bytes, after both have switched protocols.
///
/// Reading on one side waits for the other to be writable, so that nothing piles up in between.
package final class ByteRelay: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private var partner: ByteRelay?
    private var context: ChannelHandlerContext?
    private var isReadHeld = false
    /// Whether this connection ended before the partner stood in its place: it still hears what came, and of the end.
    private var hasEnded = false
    /// What came before the partner stood in its place.
    private var early: [NIOAny] = []

    /// Drops what comes, and does not end with its partner: the connection stays up and nothing passes.
    private let isMute: Bool
    /// Whether the end of this connection ends the partner's.
    private let endsPartner: Bool

    private init(isMute: Bool, endsPartner: Bool) {
        self.isMute = isMute
        self.endsPartner = endsPartner
    }

    /// Two ends that belong together; both must stand on the same event loop.
    package static func makePair() -> (ByteRelay, ByteRelay) {
        join(ByteRelay(isMute: false, endsPartner: true), ByteRelay(isMute: false, endsPartner: true))
    }

    /// Two ends between which nothing passes: the client's lives on where the server's ends, but not the other way.
    package static func makeMutePair() -> (client: ByteRelay, server: ByteRelay) {
        join(ByteRelay(isMute: true, endsPartner: true), ByteRelay(isMute: true, endsPartner: false))
    }

    private static func join(_ one: ByteRelay, _ other: ByteRelay) -> (ByteRelay, ByteRelay) {
        one.partner = other
        other.partner = one
        return (one, other)
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        partner?.partnerArrived()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isMute else { return }
        // Flushed at once: the bytes that a decoder leaves behind come without a channelReadComplete.
        if let partner = partner?.context { partner.writeAndFlush(data, promise: nil) } else { early.append(data) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.partnerBecameWritable() }
        context.fireChannelWritabilityChanged()
    }

    package func read(context: ChannelHandlerContext) {
        // The mute reads on, or it would not hear of the connection's end.
        if isMute || partner?.context?.channel.isWritable ?? false { context.read() } else { isReadHeld = true }
    }

    /// Ends the connection.
    package func close() {
        context?.close(promise: nil)
        if hasEnded { unlink() }
    }

    private func partnerArrived() {
        guard let partner = partner?.context, context != nil || hasEnded else { return }
        for data in early { partner.write(data, promise: nil) }
        if !early.isEmpty { partner.flush() }
        early = []
        guard hasEnded else { return partnerBecameWritable() }
        unlink()
        // Later, because the partner is just taking its place.
        let channel = partner.channel
        partner.eventLoop.execute { channel.close(promise: nil) }
    }

    private func partnerBecameWritable() {
        guard isReadHeld, let context else { return }
        isReadHeld = false
        context.read()
    }

    /// Ends the partner's connection with this one.
    private func end() {
        context = nil
        guard let partner else { return }
        if endsPartner, partner.context == nil, !partner.hasEnded {
            hasEnded = true
            return
        }
        unlink()
        guard endsPartner else { return }
        partner.context?.flush()
        partner.context?.close(promise: nil)
    }

    private func unlink() {
        partner?.partner = nil
        partner = nil
    }
}

@available(*, unavailable)
extension ByteRelay: Sendable {}
