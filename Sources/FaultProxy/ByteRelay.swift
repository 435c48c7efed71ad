import NIOCore

/// One end of two connections that carry each other's bytes, after both have switched protocols.
///
/// Reading on one side waits for the other to be writable, so that nothing piles up in between.
final class ByteRelay: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: ByteRelay?
    private var context: ChannelHandlerContext?
    private var isReadHeld = false
    /// What came before the partner stood in its place.
    private var early: [NIOAny] = []

    private init() {}

    /// Two ends that belong together; both must stand on the same event loop.
    static func makePair() -> (ByteRelay, ByteRelay) {
        let (one, other) = (ByteRelay(), ByteRelay())
        one.partner = other
        other.partner = one
        return (one, other)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        partner?.partnerArrived()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Flushed at once: the bytes that a decoder leaves behind come without a channelReadComplete.
        if let partner = partner?.context { partner.writeAndFlush(data, promise: nil) } else { early.append(data) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.partnerBecameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable ?? false { context.read() } else { isReadHeld = true }
    }

    /// Ends the connection.
    func close() { context?.close(promise: nil) }

    private func partnerArrived() {
        guard let partner = partner?.context, context != nil else { return }
        for data in early { partner.write(data, promise: nil) }
        if !early.isEmpty { partner.flush() }
        early = []
        partnerBecameWritable()
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
        self.partner = nil
        partner.partner = nil
        partner.context?.flush()
        partner.context?.close(promise: nil)
    }
}
