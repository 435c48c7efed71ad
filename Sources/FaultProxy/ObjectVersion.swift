import Kubernetes
import NIOCore

/// Finds out whether a patch says which version of its object it is about.
enum ObjectVersion {
    /// Whether the body, a merge patch, a JSON patch or a configuration to be applied, names `metadata.resourceVersion`.
    static func isNamed(in body: [ByteBuffer]) -> Bool {
        let bytes = body.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        switch try? JSONValue(parsing: bytes) {
        case .object(let object): return !(object["metadata", "resourceVersion"]?.string ?? "").isEmpty
        case .array(let operations):
            return operations.contains { operation in
                operation.object?["path"]?.string?.hasSuffix("/metadata/resourceVersion") ?? false
            }
        // What is applied may be YAML.
        default: return String(decoding: bytes, as: UTF8.self).contains("resourceVersion:")
        }
    }
}
