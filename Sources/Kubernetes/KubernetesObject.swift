/// An API object seen through the fields that Boreas uses.
///
/// A conforming type is a lens over the object's JSON: it reads and writes single members, so that every field it
/// does not know comes back from a round trip as it was.
package protocol KubernetesObject: Hashable, Sendable {
    static var resource: APIResource { get }
    var json: JSONObject { get set }

    /// Wraps an object as it is; a member of the wrong type reads as absent.
    init(json: JSONObject)
}

extension KubernetesObject {
    /// A new object of this kind.
    package init(name: String, namespace: String? = nil) {
        self.init(json: [
            "apiVersion": .string(Self.resource.groupVersion), "kind": .string(Self.resource.kind),
            "metadata": ["name": .string(name)],
        ])
        if let namespace { metadata.namespace = namespace }
    }

    package var metadata: ObjectMeta {
        get { ObjectMeta(json: json["metadata"]?.object ?? JSONObject()) }
        set { json["metadata"] = .object(newValue.json) }
        _modify {
            var metadata = self.metadata
            // Gives up its own hold on the metadata, so that they are changed in place and not copied.
            json["metadata"] = .null
            defer { json["metadata"] = .object(metadata.json) }
            yield &metadata
        }
    }
}

/// An object of any kind, for code that is not about one.
package struct DynamicObject: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var kind: String? { json["kind"]?.string }

    package var apiVersion: String? { json["apiVersion"]?.string }

    package var metadata: ObjectMeta {
        get { ObjectMeta(json: json["metadata"]?.object ?? JSONObject()) }
        set { json["metadata"] = .object(newValue.json) }
        _modify {
            var metadata = self.metadata
            // Gives up its own hold on the metadata, so that they are changed in place and not copied.
            json["metadata"] = .null
            defer { json["metadata"] = .object(metadata.json) }
            yield &metadata
        }
    }
}

/// What every object carries about itself.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
package struct ObjectMeta: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject = JSONObject()) { self.json = json }

    package var name: String {
        get { json["name"]?.string ?? "" }
        set { json["name"] = .string(newValue) }
    }

    package var generateName: String? {
        get { json["generateName"]?.string }
        set { json["generateName"] = newValue.map(JSONValue.string) }
    }

    package var namespace: String? {
        get { json["namespace"]?.string }
        set { json["namespace"] = newValue.map(JSONValue.string) }
    }

    package var uid: String? {
        get { json["uid"]?.string }
        set { json["uid"] = newValue.map(JSONValue.string) }
    }

    package var resourceVersion: String? {
        get { json["resourceVersion"]?.string }
        set { json["resourceVersion"] = newValue.map(JSONValue.string) }
    }

    package var generation: Int64? {
        get { json["generation"]?.integer }
        set { json["generation"] = newValue.map(JSONValue.integer) }
    }

    package var creationTimestamp: Timestamp? {
        get { json["creationTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["creationTimestamp"] = newValue.map { .string($0.rfc3339) } }
    }

    package var deletionTimestamp: Timestamp? {
        get { json["deletionTimestamp"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["deletionTimestamp"] = newValue.map { .string($0.rfc3339) } }
    }

    /// Seconds.
    package var deletionGracePeriodSeconds: Int64? {
        get { json["deletionGracePeriodSeconds"]?.integer }
        set { json["deletionGracePeriodSeconds"] = newValue.map(JSONValue.integer) }
    }

    package var finalizers: [String] {
        get { json["finalizers"]?.strings ?? [] }
        set { json["finalizers"] = newValue.isEmpty ? nil : JSONValue(newValue) }
    }

    package var labels: [String: String] {
        get { json["labels"]?.object?.stringMembers ?? [:] }
        set { json["labels"] = newValue.isEmpty ? nil : .object(JSONObject(newValue)) }
    }

    package var annotations: [String: String] {
        get { json["annotations"]?.object?.stringMembers ?? [:] }
        set { json["annotations"] = newValue.isEmpty ? nil : .object(JSONObject(newValue)) }
    }

    /// One of ``labels``.
    package subscript(label name: String) -> String? {
        get { json["labels"]?.object?[name]?.string }
        set {
            json["labels", name] = newValue.map(JSONValue.string)
            if newValue == nil, json["labels"]?.object?.isEmpty ?? false { json["labels"] = nil }
        }
    }

    /// One of ``annotations``.
    package subscript(annotation name: String) -> String? {
        get { json["annotations"]?.object?[name]?.string }
        set {
            json["annotations", name] = newValue.map(JSONValue.string)
            if newValue == nil, json["annotations"]?.object?.isEmpty ?? false { json["annotations"] = nil }
        }
    }

    package var ownerReferences: [OwnerReference] {
        get { (json["ownerReferences"]?.array ?? []).compactMap(\.object).map(OwnerReference.init(json:)) }
        set { json["ownerReferences"] = newValue.isEmpty ? nil : .array(newValue.map { .object($0.json) }) }
    }
}

/// The object that another one belongs to, and is deleted with.
package struct OwnerReference: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package init(to object: some KubernetesObject, isController: Bool = true) {
        let resource = type(of: object).resource
        json = [
            "apiVersion": .string(resource.groupVersion), "kind": .string(resource.kind),
            "name": .string(object.metadata.name), "uid": .string(object.metadata.uid ?? ""),
            "controller": .bool(isController), "blockOwnerDeletion": true,
        ]
    }

    package var kind: String { json["kind"]?.string ?? "" }

    package var name: String { json["name"]?.string ?? "" }

    package var uid: String { json["uid"]?.string ?? "" }

    package var isController: Bool { json["controller"]?.bool ?? false }
}

/// An object's place: its namespace and name. Cluster-scoped objects have an empty namespace.
package struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var namespace: String
    package var name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }

    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}

extension ObjectMeta {
    package var key: ObjectKey { ObjectKey(namespace: namespace ?? "", name: name) }
}
