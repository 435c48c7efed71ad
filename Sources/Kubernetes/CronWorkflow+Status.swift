extension CronWorkflow {
    /// `status.phase`; empty until the first run.
    package enum Phase: String, Sendable, CaseIterable {
        case unknown = ""
        case active = "Active"
        /// Its stopStrategy has come true.
        case stopped = "Stopped"
    }

    /// `status.conditions[].type`.
    package enum Condition: String, Sendable, CaseIterable {
        case specError = "SpecError"
        case submissionError = "SubmissionError"
    }

    package var spec: JSONObject { json["spec"]?.object ?? JSONObject() }

    package var phase: Phase {
        get { json["status", "phase"]?.string.flatMap(Phase.init(rawValue:)) ?? .unknown }
        set { json["status", "phase"] = .string(newValue.rawValue) }
    }

    /// The tick of the last run.
    package var lastScheduledTime: Timestamp? {
        get { json["status", "lastScheduledTime"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["status", "lastScheduledTime"] = newValue.map { .string($0.rfc3339) } }
    }

    /// Runs that succeeded.
    package var succeeded: Int64 {
        get { json["status", "succeeded"]?.integer ?? 0 }
        set { json["status", "succeeded"] = .integer(newValue) }
    }

    /// Runs that failed.
    package var failed: Int64 {
        get { json["status", "failed"]?.integer ?? 0 }
        set { json["status", "failed"] = .integer(newValue) }
    }

    /// The runs that are not over.
    package var active: [ObjectReference] {
        get { (json["status", "active"]?.array ?? []).compactMap(\.object).map(ObjectReference.init(json:)) }
        set { json["status", "active"] = .array(newValue.map { .object($0.json) }) }
    }

    /// The message of a condition that is true; nil takes the condition away.
    package subscript(condition: Condition) -> String? {
        get {
            conditions.first { $0["type"]?.string == condition.rawValue }.map { $0["message"]?.string ?? "" }
        }
        set {
            guard newValue != self[condition] else { return }
            var others = conditions.filter { $0["type"]?.string != condition.rawValue }
            if let newValue {
                others.append([
                    "type": .string(condition.rawValue), "status": "True", "message": .string(newValue),
                ])
            }
            json["status", "conditions"] = .array(others.map(JSONValue.object))
        }
    }

    private var conditions: [JSONObject] { (json["status", "conditions"]?.array ?? []).compactMap(\.object) }
}

/// The name and the identity of an object.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-reference/
package struct ObjectReference: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package init(to object: some KubernetesObject) {
        let resource = type(of: object).resource
        json = [
            "apiVersion": .string(resource.groupVersion), "kind": .string(resource.kind),
            "name": .string(object.metadata.name),
        ]
        json["namespace"] = object.metadata.namespace.map(JSONValue.string)
        json["uid"] = object.metadata.uid.map(JSONValue.string)
        json["resourceVersion"] = object.metadata.resourceVersion.map(JSONValue.string)
    }

    package var name: String { json["name"]?.string ?? "" }

    package var uid: String? { json["uid"]?.string }
}
