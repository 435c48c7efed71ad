/// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/
package struct ConfigMap: KubernetesObject {
    package static let resource = APIResource.configMaps
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var data: [String: String] {
        get { json["data"]?.object?.stringMembers ?? [:] }
        set { json["data"] = .object(JSONObject(newValue)) }
    }
}

/// https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
package struct Secret: KubernetesObject {
    package static let resource = APIResource.secrets
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    /// Values in base64, as they are served.
    package var data: [String: String] {
        get { json["data"]?.object?.stringMembers ?? [:] }
        set { json["data"] = .object(JSONObject(newValue)) }
    }
}

/// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/
package struct Namespace: KubernetesObject {
    package static let resource = APIResource.namespaces
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var isTerminating: Bool { json["status", "phase"]?.string == "Terminating" }
}

/// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
package struct Lease: KubernetesObject {
    package static let resource = APIResource.leases
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var holderIdentity: String? {
        get { json["spec", "holderIdentity"]?.string }
        set { json["spec", "holderIdentity"] = newValue.map(JSONValue.string) }
    }

    package var leaseDurationSeconds: Int64? {
        get { json["spec", "leaseDurationSeconds"]?.integer }
        set { json["spec", "leaseDurationSeconds"] = newValue.map(JSONValue.integer) }
    }

    package var leaseTransitions: Int64? {
        get { json["spec", "leaseTransitions"]?.integer }
        set { json["spec", "leaseTransitions"] = newValue.map(JSONValue.integer) }
    }

    package var acquireTime: Timestamp? {
        get { json["spec", "acquireTime"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["spec", "acquireTime"] = newValue.map { .string($0.rfc3339Micro) } }
    }

    package var renewTime: Timestamp? {
        get { json["spec", "renewTime"]?.string.flatMap(Timestamp.init(rfc3339:)) }
        set { json["spec", "renewTime"] = newValue.map { .string($0.rfc3339Micro) } }
    }
}

/// https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/resource-quota-v1/
package struct ResourceQuota: KubernetesObject {
    package static let resource = APIResource.resourceQuotas
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    /// What the owner asks for; enforced only once the quota controller has copied it to ``enforcedHard``.
    package var hard: [String: String] {
        get { json["spec", "hard"]?.object?.stringMembers ?? [:] }
        set { json["spec", "hard"] = .object(JSONObject(newValue)) }
    }

    /// `status.hard`: the limits that admission enforces.
    package var enforcedHard: [String: String] {
        get { json["status", "hard"]?.object?.stringMembers ?? [:] }
        set { json["status", "hard"] = .object(JSONObject(newValue)) }
    }

    package var used: [String: String] {
        get { json["status", "used"]?.object?.stringMembers ?? [:] }
        set { json["status", "used"] = .object(JSONObject(newValue)) }
    }
}

/// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
package struct Event: KubernetesObject {
    package static let resource = APIResource.events
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    package var reason: String? { json["reason"]?.string }

    package var message: String? { json["message"]?.string }

    package var count: Int64? { json["count"]?.integer }
}
