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
        guard let object = ProtobufFields.field(2, of: envelope), let metadata = ProtobufFields.field(1, of: object),
            let name = ProtobufFields.field(1, of: metadata)
        else { return nil }
        return String(validating: name, as: UTF8.self)
    }
}
