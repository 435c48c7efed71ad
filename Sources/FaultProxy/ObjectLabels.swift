import Kubernetes
import NIOCore

/// Finds `metadata.labels` in the body of a create or an update.
enum ObjectLabels {
    /// The labels in a body of JSON or of Kubernetes' protobuf; none where there are none, or the body is of another kind.
    static func find(in body: [ByteBuffer]) -> [String: String] {
        let bytes = body.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        guard !bytes.starts(with: ProtobufMessage.prefix) else {
            return inProtobuf(ProtobufMessage(bytes[ProtobufMessage.prefix.count...]))
        }
        let labels = (try? JSONValue(parsing: bytes))?.object?["metadata", "labels"]?.object
        return Dictionary(labels?.compactMap { name, value in value.string.map { (name, $0) } } ?? []) { $1 }
    }

    /// In all built-in types `metadata` is field 1 of the object; labels are field 11 of that, a map.
    private static func inProtobuf(_ envelope: ProtobufMessage) -> [String: String] {
        let entries = envelope.message(2)?.message(1)?.messages(11) ?? []
        return Dictionary(entries.map { ($0.string(1) ?? "", $0.string(2) ?? "") }) { $1 }
    }
}
