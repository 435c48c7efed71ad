import Kubernetes
import NIOCore

/// Finds `metadata.name` in the body of a create.
enum ObjectName {
    /// The name in a body of JSON or of Kubernetes' protobuf; nil where there is none, or the body is of another kind.
    static func find(in body: [ByteBuffer]) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.reduce(0) { $0 + $1.readableBytes })
        for part in body { bytes += part.readableBytesView }
        guard !bytes.starts(with: ProtobufMessage.prefix) else {
            // In all built-in types `metadata` is field 1 of the object, and `name` is field 1 of that.
            let envelope = ProtobufMessage(bytes[ProtobufMessage.prefix.count...])
            return envelope.message(2)?.message(1)?.string(1)
        }
        return (try? JSONValue(parsing: bytes))?.object?["metadata", "name"]?.string
    }
}
