/// Why bytes are not the protobuf message that they should be; worded as Go's generated decoders word it.
struct ProtobufError: Error, Hashable {
    var message: String

    static let truncated = ProtobufError(message: "unexpected EOF")
    static let tooDeep = ProtobufError(message: "message nested too deeply")
}

/// Reads the fields of one encoded message.
/// https://protobuf.dev/programming-guides/encoding/
struct ProtobufReader {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    /// A field's content, by its wire type.
    enum Content {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    /// The next field, or nil at the message's end.
    mutating func next() throws(ProtobufError) -> (number: Int, content: Content)? {
        guard offset < bytes.endIndex else { return nil }
        let tag = try varint()
        let number = Int(truncatingIfNeeded: tag >> 3)
        guard number > 0, tag >> 3 <= 0x1FFF_FFFF else {
            throw ProtobufError(message: "proto: illegal tag \(number) (wire type \(tag))")
        }
        switch tag & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed64(try fixed(8)))
        case 2: return (number, .bytes(try take(try varint())))
        case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw ProtobufError(message: "proto: illegal wireType \(tag & 7)")
        }
    }

    mutating func varint() throws(ProtobufError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard offset < bytes.endIndex else { throw .truncated }
            let byte = bytes[offset]
            offset += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw ProtobufError(message: "proto: integer overflow")
    }

    /// Whether every byte has been read.
    var isAtEnd: Bool { offset == bytes.endIndex }

    private mutating func fixed(_ count: UInt64) throws(ProtobufError) -> UInt64 {
        try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: UInt64) throws(ProtobufError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - offset) else { throw .truncated }
        defer { offset += Int(count) }
        return bytes[offset..<offset + Int(count)]
    }
}
