import Kubernetes
import NIOCore

/// Finds `metadata.name` in the body of a create.
enum ObjectName {
    /// The name in a body of JSON or of Kubernetes' protobuf; nil where there is none, or the body is of another kind.
    static func find(in body: [ByteBuffer]) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.reduce(0) { $0 + $1.readableBytes })
        for part in body { bytes += part.readableBytesView }
        if bytes.starts(with: protobufPrefix) { return inProtobuf(bytes[protobufPrefix.count...]) }
        return (try? JSONValue(parsing: bytes))?.object?["metadata", "name"]?.string
    }

    /// Before the envelope `Unknown {typeMeta = 1, raw = 2, …}`.
    /// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
    private static let protobufPrefix: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// In all built-in types `metadata` is field 1 of the object, and `name` is field 1 of that.
    private static func inProtobuf(_ envelope: ArraySlice<UInt8>) -> String? {
        guard let object = field(2, of: envelope), let metadata = field(1, of: object),
            let name = field(1, of: metadata)
        else { return nil }
        return String(validating: name, as: UTF8.self)
    }

    /// The bytes of the first length-delimited field of that number.
    /// https://protobuf.dev/programming-guides/encoding/
    private static func field(_ wanted: UInt64, of message: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
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
