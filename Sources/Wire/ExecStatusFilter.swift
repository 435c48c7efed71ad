package import NIOCore

/// Takes out of an upgraded exec what tells how the command ended, and leaves every other byte as it is.
///
/// Over WebSocket the messages on the status channel are left out; over SPDY, whose streams end in an order, the
/// connection is over before the error stream's data.
package final class ExecStatusFilter {
    /// What a client gets of the server's bytes.
    package struct Passage {
        package var bytes: ByteBuffer
        /// Whether the connections end behind it.
        package var isLast = false
    }

    private enum State {
        case webSocket(WebSocketChannelFilter)
        case spdy(SPDYStreamGate)
    }

    private var state: State
    private var isOff = false
    /// Called when a status is taken out for the first time.
    private var onDrop: (() -> Void)?

    /// - Parameter upgrade: What the connection has been upgraded to, as the header names it; nil for other protocols
    ///   than those of exec.
    package init?(upgrade: String, onDrop: @escaping () -> Void) {
        if upgrade.lowercased() == "websocket" {
            state = .webSocket(WebSocketChannelFilter(channel: RemoteCommand.Channel.status.rawValue))
        } else if upgrade.lowercased().hasPrefix("spdy/"), let gate = SPDYStreamGate(type: "error") {
            state = .spdy(gate)
        } else {
            return nil
        }
        self.onDrop = onDrop
    }

    /// Lets everything through from now on.
    package func turnOff() { isOff = true }

    /// Sees what the client sends.
    package func saw(client bytes: ByteBuffer) {
        if case .spdy(let gate) = state { gate.saw(client: bytes) }
    }

    /// Gives what passes of what the server sends.
    package func pass(server bytes: ByteBuffer) -> Passage {
        switch state {
        case .webSocket(var filter):
            let passed = filter.pass(bytes, isOff: isOff)
            state = .webSocket(filter)
            if filter.hasDropped { dropped() }
            return Passage(bytes: passed)
        case .spdy(let gate):
            let passage = gate.pass(server: bytes, isOff: isOff)
            if passage.isLast { dropped() }
            return passage
        }
    }

    private func dropped() {
        onDrop?()
        onDrop = nil
    }
}

/// Leaves out the messages of one channel, whose number is their first byte; a server's frames are not masked.
struct WebSocketChannelFilter {
    private let channel: UInt8
    /// The frame's header, and the first byte of its payload where that is a message's, until they are complete.
    private var beginning: [UInt8] = []
    /// What is still to come of the frame's payload.
    private var left = 0
    private var isFrameDropped = false
    private var isMessageDropped = false
    /// Whether a message that says something has been left out.
    private(set) var hasDropped = false

    init(channel: UInt8) { self.channel = channel }

    mutating func pass(_ bytes: ByteBuffer, isOff: Bool) -> ByteBuffer {
        var rest = bytes.readableBytesView[...]
        var passed = ByteBuffer()
        while !rest.isEmpty {
            if left > 0 {
                let piece = rest.prefix(left)
                if !isFrameDropped { passed.writeBytes(piece) }
                left -= piece.count
                rest = rest.dropFirst(piece.count)
            } else if let byte = rest.popFirst() {
                beginning.append(byte)
                if let length = frameLength { begin(length, isOff: isOff, &passed) }
            }
        }
        return passed
    }

    /// The length of the frame's payload, once that and the channel's number are known.
    private var frameLength: Int? {
        guard beginning.count >= 2 else { return nil }
        let sizeBytes = [126: 2, 127: 8][beginning[1] & 0x7F] ?? 0
        guard beginning.count >= 2 + sizeBytes else { return nil }
        let length =
            sizeBytes == 0
            ? Int(beginning[1] & 0x7F)
            : beginning[2..<2 + sizeBytes].reduce(0) { ($0 & (.max >> 9)) << 8 | Int($1) }
        let hasChannel = length > 0 && isMessageBeginning
        return beginning.count >= 2 + sizeBytes + (hasChannel ? 1 : 0) ? length : nil
    }

    private var opcode: UInt8 { beginning[0] & 0x0F }

    private var isMessageBeginning: Bool { opcode == 0x1 || opcode == 0x2 }

    private mutating func begin(_ length: Int, isOff: Bool, _ passed: inout ByteBuffer) {
        if isMessageBeginning {
            isMessageDropped = !isOff && length > 0 && beginning.last == channel
            // An empty message opens a channel; it tells nothing.
            if isMessageDropped, length > 1 { hasDropped = true }
            left = max(0, length - 1)
        } else {
            left = length
        }
        isFrameDropped = isMessageDropped && opcode < 0x8
        if !isFrameDropped { passed.writeBytes(beginning) }
        beginning = []
    }
}

/// Lets a server's bytes pass up to the first data on the streams of one type.
final class SPDYStreamGate {
    private let type: String
    /// Reads what the client sends, until that makes no sense.
    private var decoder: SPDYDecoder?
    private var streams: Set<UInt32> = []
    private var header: [UInt8] = []
    private var left = 0
    private var isShut = false

    /// - Parameter type: As in the header `streamtype` of the stream's beginning.
    init?(type: String) {
        guard let decoder = try? SPDYDecoder() else { return nil }
        self.decoder = decoder
        self.type = type
    }

    func saw(client bytes: ByteBuffer) {
        decoder?.append(bytes.readableBytesView)
        do {
            while let frame = try decoder?.next() {
                guard case .synStream(let stream, _, let headers) = frame else { continue }
                if headers.contains(where: { $0.name == "streamtype" && $0.value == type }) { streams.insert(stream) }
            }
        } catch {
            decoder = nil
        }
    }

    func pass(server bytes: ByteBuffer, isOff: Bool) -> ExecStatusFilter.Passage {
        guard !isShut else { return .init(bytes: ByteBuffer(), isLast: true) }
        var rest = bytes.readableBytesView[...]
        var passed = ByteBuffer()
        while !rest.isEmpty {
            if left > 0 {
                let piece = rest.prefix(left)
                passed.writeBytes(piece)
                left -= piece.count
                rest = rest.dropFirst(piece.count)
            } else if let byte = rest.popFirst() {
                header.append(byte)
                guard header.count == 8 else { continue }
                left = header[5...].reduce(0) { $0 << 8 | Int($1) }
                let word = header[..<4].reduce(0) { $0 << 8 | UInt32($1) }
                if !isOff, word & 0x8000_0000 == 0, left > 0, streams.contains(word) {
                    isShut = true
                    return .init(bytes: passed, isLast: true)
                }
                passed.writeBytes(header)
                header = []
            }
        }
        return .init(bytes: passed)
    }
}

@available(*, unavailable)
extension ExecStatusFilter: Sendable {}
@available(*, unavailable)
extension SPDYStreamGate: Sendable {}
