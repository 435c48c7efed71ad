package import Kubernetes

extension Injection {
    /// The fault as one object, for who follows it.
    package var json: JSONObject {
        let microseconds = at.components.seconds * 1_000_000 + at.components.attoseconds / 1_000_000_000_000
        var object: JSONObject = [
            "atSeconds": .number(Double(microseconds) / 1e6), "rule": .string(rule), "kind": .string(kind.rawValue),
            "ordinal": .integer(Int64(ordinal)), "verb": .string(identity.verb.rawValue),
            "group": .string(identity.group), "resource": .string(identity.resource),
            "subresource": .string(identity.subresource), "namespace": .string(identity.namespace),
            "name": .string(identity.name),
        ]
        if let requestID { object["requestID"] = .string(requestID) }
        return object
    }
}
