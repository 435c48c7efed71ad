import Faults
import Kubernetes

/// A resource as it was once, to be listed.
struct ResourceSnapshot: Hashable, Sendable {
    /// In the order in which servers list them.
    private let objects: [JSONObject]
    let version: UInt64
    private let kind: ListKind

    /// What a list of the resource says of itself.
    struct ListKind: Hashable, Sendable {
        var apiVersion: String
        var kind: String

        /// Objects of custom resources have their kind in lists too; those of the server's own do not.
        var namesItems: Bool {
            let group = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
            return group.count > 1 && group[0].contains(".") && !group[0].hasSuffix(".k8s.io")
        }
    }

    init(_ history: ResourceHistory, _ kind: ListKind) {
        // The order of the keys in etcd, where namespace and name are parts of a path.
        objects = history.objects.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
        version = history.version
        self.kind = kind
    }

    /// The answer to a list.
    ///
    /// - Parameter namespace: Whose objects; empty is all.
    /// - Returns: Nil where the selectors cannot be read, which the server is to say.
    func answer(to path: RequestPath, metadataAlone: Bool) -> ForgedAnswer? {
        guard let labels = try? LabelSelector(parsing: path.parameter("labelSelector") ?? ""),
            let fields = try? FieldSelector(parsing: path.parameter("fieldSelector") ?? "")
        else { return nil }
        let namespace = path.namespace ?? ""
        let items = objects.filter { object in
            (namespace.isEmpty || object["metadata", "namespace"]?.string == namespace)
                && labels.matches(metadata: object["metadata"]?.object)
                && fields.matches { object.text(at: $0) ?? "" }
        }
        return .json(200, list(items, metadataAlone: metadataAlone))
    }

    private func list(_ items: [JSONObject], metadataAlone: Bool) -> [UInt8] {
        let kind = metadataAlone ? ListKind(apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadataList") : self.kind
        // The members in the order in which servers send them.
        var bytes = Array(#"{"kind":"#.utf8) + JSONValue.string(kind.kind).bytes
        bytes += Array(#","apiVersion":"#.utf8) + JSONValue.string(kind.apiVersion).bytes
        bytes += Array(#","metadata":{"resourceVersion":"\#(version)"},"items":["#.utf8)
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += JSONValue.object(listed(item, metadataAlone: metadataAlone)).bytes
        }
        return bytes + Array("]}\n".utf8)
    }

    private func listed(_ object: JSONObject, metadataAlone: Bool) -> JSONObject {
        if metadataAlone {
            return [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:],
            ]
        }
        var object = object
        if kind.namesItems {
            object["apiVersion"] = .string(kind.apiVersion)
            object["kind"] = .string(kind.kind.hasSuffix("List") ? String(kind.kind.dropLast(4)) : kind.kind)
        } else {
            object["apiVersion"] = nil
            object["kind"] = nil
        }
        return object
    }
}
