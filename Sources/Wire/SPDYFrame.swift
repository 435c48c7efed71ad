/// A frame of SPDY/3.1, as far as `pods/exec` uses the protocol.
/// https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/
///
/// Flow control is not kept, because Go's spdystream, which all clients of Kubernetes use, does not know it.
package enum SPDYFrame: Hashable, Sendable {
    case synStream(stream: UInt32, isLast: Bool, headers: [SPDYHeader])
    case synReply(stream: UInt32, isLast: Bool, headers: [SPDYHeader])
    case headers(stream: UInt32, isLast: Bool, headers: [SPDYHeader])
    case data(stream: UInt32, isLast: Bool, bytes: [UInt8])
    case reset(stream: UInt32, status: UInt32)
    case ping(id: UInt32)
    case goAway(lastStream: UInt32, status: UInt32)
    /// Settings, window updates, and what is unknown: read over.
    case ignored(type: UInt16)
}

/// A header of a stream; names are in lower case.
package struct SPDYHeader: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Why bytes are no frames of SPDY/3.1, or none that are taken here.
package enum SPDYError: Error, Hashable, Sendable {
    case version(UInt16)
    case malformed(type: UInt16)
    case tooLong
    case headerCompression
}

/// Reads frames from bytes, however these are cut.
///
/// A class of values that cannot be copied: all header blocks of a connection are one zlib stream.
package final class SPDYDecoder {
    private let bytesMax: Int
    private var buffer = ByteQueue()
    private let inflater: HeaderInflater

    /// - Parameter bytesMax: The longest frame.
    package init(bytesMax: Int = 1 << 20) throws(SPDYError) {
        self.bytesMax = bytesMax
        inflater = try HeaderInflater()
    }

    package func append(_ bytes: some Sequence<UInt8>) { buffer.append(bytes) }

    /// The next frame; nil where more bytes are needed.
    package func next() throws(SPDYError) -> SPDYFrame? {
        guard buffer.count >= 8 else { return nil }
        let word = buffer.uint32(at: 0)
        let flagsAndLength = buffer.uint32(at: 4)
        let isLast = flagsAndLength >> 24 & 0x01 != 0
        let length = Int(flagsAndLength & 0xFF_FFFF)
        guard length <= bytesMax else { throw .tooLong }
        guard buffer.count >= 8 + length else { return nil }
        buffer.removeFirst(8)
        let payload = buffer.removeFirst(length)
        guard word & 0x8000_0000 != 0 else { return .data(stream: word, isLast: isLast, bytes: payload) }
        let version = UInt16(word >> 16 & 0x7FFF)
        guard version == 3 else { throw .version(version) }
        return try control(type: UInt16(word & 0xFFFF), isLast: isLast, payload)
    }

    private func control(type: UInt16, isLast: Bool, _ payload: [UInt8]) throws(SPDYError) -> SPDYFrame {
        func number(_ offset: Int) throws(SPDYError) -> UInt32 {
            guard payload.count >= offset + 4 else { throw .malformed(type: type) }
            return payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
        }
        func block(from offset: Int) throws(SPDYError) -> [SPDYHeader] {
            guard payload.count >= offset else { throw .malformed(type: type) }
            return try SPDYHeaderBlock.decode(inflater.inflate(Array(payload[offset...])))
        }
        switch type {
        case 1:
            let stream = try number(0) & 0x7FFF_FFFF
            return .synStream(stream: stream, isLast: isLast, headers: try block(from: 10))
        case 2:
            let stream = try number(0) & 0x7FFF_FFFF
            return .synReply(stream: stream, isLast: isLast, headers: try block(from: 4))
        case 3: return .reset(stream: try number(0) & 0x7FFF_FFFF, status: try number(4))
        case 6: return .ping(id: try number(0))
        case 7: return .goAway(lastStream: try number(0) & 0x7FFF_FFFF, status: try number(4))
        case 8:
            let stream = try number(0) & 0x7FFF_FFFF
            return .headers(stream: stream, isLast: isLast, headers: try block(from: 4))
        default: return .ignored(type: type)
        }
    }
}

/// Writes frames; one for each direction of a connection, because all its header blocks are one zlib stream.
package final class SPDYEncoder {
    private let deflater: HeaderDeflater

    package init() throws(SPDYError) { deflater = try HeaderDeflater() }

    package func encode(_ frame: SPDYFrame) throws(SPDYError) -> [UInt8] {
        switch frame {
        case .synStream(let stream, let isLast, let headers):
            return control(1, isLast, Self.bytes(stream, 0) + [0, 0] + (try block(headers)))
        case .synReply(let stream, let isLast, let headers):
            return control(2, isLast, Self.bytes(stream) + (try block(headers)))
        case .headers(let stream, let isLast, let headers):
            return control(8, isLast, Self.bytes(stream) + (try block(headers)))
        case .data(let stream, let isLast, let bytes):
            guard bytes.count <= 0xFF_FFFF else { throw .tooLong }
            return Self.bytes(stream & 0x7FFF_FFFF, UInt32(isLast ? 1 : 0) << 24 | UInt32(bytes.count)) + bytes
        case .reset(let stream, let status): return control(3, false, Self.bytes(stream, status))
        case .ping(let id): return control(6, false, Self.bytes(id))
        case .goAway(let stream, let status): return control(7, false, Self.bytes(stream, status))
        case .ignored(let type): return control(type, false, [])
        }
    }

    private func block(_ headers: [SPDYHeader]) throws(SPDYError) -> [UInt8] {
        try deflater.deflate(SPDYHeaderBlock.encode(headers))
    }

    private func control(_ type: UInt16, _ isLast: Bool, _ payload: [UInt8]) -> [UInt8] {
        Self.bytes(0x8003_0000 | UInt32(type), UInt32(isLast ? 1 : 0) << 24 | UInt32(payload.count)) + payload
    }

    private static func bytes(_ numbers: UInt32...) -> [UInt8] {
        numbers.flatMap { number in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) } }
    }
}

@available(*, unavailable)
extension SPDYDecoder: Sendable {}

@available(*, unavailable)
extension SPDYEncoder: Sendable {}
