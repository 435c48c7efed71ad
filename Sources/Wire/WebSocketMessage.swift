/// One message of a WebSocket connection, whole (RFC 6455).
package enum WebSocketMessage: Hashable, Sendable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// The sender will send nothing more; nil where it gave no code.
    case close(code: UInt16?, reason: [UInt8] = [])

    /// The code of an end in good order (RFC 6455, 7.4.1).
    package static let normalClosure: UInt16 = 1_000
    package static let protocolError: UInt16 = 1_002

    fileprivate var opcode: UInt8 {
        switch self {
        case .text: 0x1
        case .binary: 0x2
        case .close: 0x8
        case .ping: 0x9
        case .pong: 0xA
        }
    }

    fileprivate var payload: [UInt8] {
        switch self {
        case .text(let bytes), .binary(let bytes), .ping(let bytes), .pong(let bytes): bytes
        case .close(nil, _): []
        case .close(let code?, let reason): [UInt8(code >> 8), UInt8(code & 0xFF)] + reason
        }
    }

    /// The message as one frame.
    ///
    /// - Parameter mask: What a client masks its frames by, a new one for each; nil for a server's, which are plain.
    package func encoded(mask: UInt32? = nil) -> [UInt8] {
        let payload = self.payload
        var bytes: [UInt8] = [0x80 | opcode]
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ...125: bytes.append(maskBit | UInt8(payload.count))
        case ...0xFFFF:
            bytes += [maskBit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(maskBit | 127)
            bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: payload.count >> $0) }
        }
        guard let mask else { return bytes + payload }
        let key = stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: mask >> UInt32($0)) }
        bytes += key
        bytes += payload.enumerated().map { $1 ^ key[$0 & 3] }
        return bytes
    }
}

/// Why bytes are no WebSocket frames, or none that are taken here.
package enum WebSocketError: Error, Hashable, Sendable {
    case reservedBits
    case unknownOpcode(UInt8)
    /// A client's frame is not masked, or a server's is.
    case wrongMasking
    /// A control frame is in pieces, or longer than 125 bytes.
    case badControlFrame
    /// A piece of no message, or a new message within another.
    case badFragment
    case tooLong
}

/// Reads the messages of one side of a connection from its bytes, however these are cut.
package struct WebSocketDecoder: Sendable {
    private let isFromClient: Bool
    private let bytesMax: Int
    private var buffer = ByteQueue()
    /// The message whose first pieces have come.
    private var fragments: (opcode: UInt8, payload: [UInt8])?

    /// - Parameters:
    ///   - isFromClient: Whether the bytes are a client's, whose frames are masked.
    ///   - bytesMax: The longest message.
    package init(isFromClient: Bool, bytesMax: Int = 1 << 20) {
        self.isFromClient = isFromClient
        self.bytesMax = bytesMax
    }

    package mutating func append(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

    /// The next message; nil where more bytes are needed.
    package mutating func next() throws(WebSocketError) -> WebSocketMessage? {
        while let frame = try nextFrame() {
            if let message = try assemble(frame) { return message }
        }
        return nil
    }

    private struct Frame {
        var isFinal: Bool
        var opcode: UInt8
        var payload: [UInt8]
    }

    private mutating func nextFrame() throws(WebSocketError) -> Frame? {
        guard buffer.count >= 2 else { return nil }
        let (first, second) = (buffer[0], buffer[1])
        guard first & 0x70 == 0 else { throw .reservedBits }
        let opcode = first & 0x0F
        guard [0x0, 0x1, 0x2, 0x8, 0x9, 0xA].contains(opcode) else { throw .unknownOpcode(opcode) }
        guard (second & 0x80 != 0) == isFromClient else { throw .wrongMasking }
        if opcode >= 0x8, first & 0x80 == 0 || second & 0x7F > 125 { throw .badControlFrame }
        var header = 2
        var length = UInt64(second & 0x7F)
        if length >= 126 {
            let size = length == 126 ? 2 : 8
            guard buffer.count >= 2 + size else { return nil }
            length = (2..<2 + size).reduce(0) { $0 << 8 | UInt64(buffer[$1]) }
            header += size
        }
        guard length <= UInt64(bytesMax) else { throw .tooLong }
        let maskStart = header
        if isFromClient { header += 4 }
        guard buffer.count >= header + Int(length) else { return nil }
        let key = isFromClient ? (0..<4).map { buffer[maskStart + $0] } : []
        buffer.removeFirst(header)
        var payload = buffer.removeFirst(Int(length))
        if isFromClient { for index in payload.indices { payload[index] ^= key[index & 3] } }
        return Frame(isFinal: first & 0x80 != 0, opcode: opcode, payload: payload)
    }

    private mutating func assemble(_ frame: Frame) throws(WebSocketError) -> WebSocketMessage? {
        switch frame.opcode {
        case 0x8:
            guard frame.payload.count >= 2 else { return .close(code: nil) }
            let code = UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1])
            return .close(code: code, reason: Array(frame.payload.dropFirst(2)))
        case 0x9: return .ping(frame.payload)
        case 0xA: return .pong(frame.payload)
        case 0x0:
            guard var begun = fragments else { throw .badFragment }
            guard begun.payload.count + frame.payload.count <= bytesMax else { throw .tooLong }
            begun.payload += frame.payload
            fragments = frame.isFinal ? nil : begun
            return frame.isFinal ? Self.message(begun.opcode, begun.payload) : nil
        default:
            guard fragments == nil else { throw .badFragment }
            if frame.isFinal { return Self.message(frame.opcode, frame.payload) }
            fragments = (frame.opcode, frame.payload)
            return nil
        }
    }

    private static func message(_ opcode: UInt8, _ payload: [UInt8]) -> WebSocketMessage {
        opcode == 0x1 ? .text(payload) : .binary(payload)
    }
}
