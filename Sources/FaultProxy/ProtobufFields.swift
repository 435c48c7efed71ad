/// Finds fields in a protobuf message without its schema.
enum ProtobufFields {
    /// The bytes of the first length-delimited field of that number.
    /// https://protobuf.dev/programming-guides/encoding/
    static func field(_ wanted: UInt64, of message: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = message
        while let key = varint(&rest) {
            switch key & 7 {
            case 0: guard varint(&rest) != nil else { return nil }
            case 1: rest = rest.dropFirst(8)
            case 5: rest = rest.dropFirst(4)
            case 2:
                guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
                if key >> 3 == wanted { return rest.prefix(Int(length)) }
                rest = rest.dropFirst(Int(length))
            default: return nil
            }
        }
        return nil
    }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
