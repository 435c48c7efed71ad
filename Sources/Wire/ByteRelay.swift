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
    private var early: [ByteBuffer] = []
    /// What is left out of what comes.
    private var filter: ExecStatusFilter?
    /// Sees what comes.
    private var tap: ExecStatusFilter?
    /// What waits to leave, where the pace is limited.
    private var pacer: BytePacer?
    private var paceTimer: Scheduled<Void>?
    /// Whether the connection ends when all that waits has left.
    private var isEnding = false

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

    /// Two ends that belong together, and shape what the server sends.
    package static func makePair(_ shaping: RelayShaping) -> (client: ByteRelay, server: ByteRelay) {
        let (client, server) = makePair()
        client.pacer = shaping.bytesPerSecond.map { BytePacer(bytesPerSecond: $0) }
        client.tap = shaping.filter
        server.filter = shaping.filter
        return (client, server)
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
        var bytes = unwrapInboundIn(data)
        tap?.saw(client: bytes)
        if let passage = filter?.pass(server: bytes) {
            bytes = passage.bytes
            if passage.isLast {
                if let partner, partner.context != nil { partner.send(bytes) }
                return context.close(promise: nil)
            }
        }
        if let partner, partner.context != nil { partner.send(bytes) } else { early.append(bytes) }
    }

    /// Sends what has come from the partner, at the pace that there is.
    private func send(_ bytes: ByteBuffer) {
        guard pacer != nil else {
            // Flushed at once: the bytes that a decoder leaves behind come without a channelReadComplete.
            context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            return
        }
        pacer?.append(bytes, at: Self.now)
        schedulePiece()
    }

    private static var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

    private func schedulePiece() {
        guard paceTimer == nil, let pacer, !pacer.isEmpty, let context else { return }
        paceTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pacer.interval)) {
            self.paceTimer = nil
            self.sendPieces(self.pacer?.take(at: Self.now) ?? [])
        }
    }

    private func sendPieces(_ pieces: [ByteBuffer]) {
        for piece in pieces { context?.write(wrapOutboundOut(piece), promise: nil) }
        context?.flush()
        guard pacer?.isEmpty ?? true else { return schedulePiece() }
        if isEnding { context?.close(promise: nil) } else { partner?.partnerBecameWritable() }
    }

    /// Lets everything through from now on, what waits included.
    package func endShaping() {
        let pieces = pacer?.takeAll() ?? []
        pacer = nil
        paceTimer?.cancel()
        paceTimer = nil
        sendPieces(pieces)
    }

    /// Whether more may come from the partner.
    private var takesMore: Bool { (context?.channel.isWritable ?? false) && pacer?.isEmpty ?? true }

    package func channelInactive(context: ChannelHandlerContext) {
        paceTimer?.cancel()
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
        if isMute || partner?.takesMore ?? false { context.read() } else { isReadHeld = true }
    }

    /// Ends the connection.
    package func close() {
        context?.close(promise: nil)
        if hasEnded { unlink() }
    }

    private func partnerArrived() {
        guard let partner, let place = partner.context, context != nil || hasEnded else { return }
        for bytes in early { partner.send(bytes) }
        early = []
        guard hasEnded else { return partnerBecameWritable() }
        unlink()
        // Later, because the partner is just taking its place.
        place.eventLoop.assumeIsolated().execute { partner.finish() }
    }

    /// Ends the connection when all that waits has left.
    private func finish() {
        guard pacer?.isEmpty ?? true else { return isEnding = true }
        context?.flush()
        context?.close(promise: nil)
    }

    private func partnerBecameWritable() {
        guard isReadHeld, partner?.takesMore ?? true, let context else { return }
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
        if endsPartner { partner.finish() }
    }

    private func unlink() {
        partner?.partner = nil
        partner = nil
    }
}

@available(*, unavailable)
extension ByteRelay: Sendable {}
