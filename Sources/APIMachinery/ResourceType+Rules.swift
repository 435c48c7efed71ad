import Kubernetes

extension ResourceType {
    /// What a decoded object gets before anything looks at it.
    func setDefaults(_ object: inout JSONObject) {
        switch kind {
        case .pod: PodDefaults.apply(to: &object)
        case .secret:
            if object["type"] == nil { object["type"] = "Opaque" }
            guard let texts = object["stringData"]?.object else { return }
            var data = object["data"]?.object ?? JSONObject()
            for (key, value) in texts { data[key] = .string(Base64.encode(Array((value.string ?? "").utf8))) }
            object["data"] = .object(data)
            object["stringData"] = nil
        case .namespace:
            if let name = object["metadata", "name"]?.string, !name.isEmpty {
                object["metadata", "labels", "kubernetes.io/metadata.name"] = .string(name)
            }
        case .webhookConfiguration: WebhookRules.setDefaults(&object)
        default: break
        }
    }

    /// What a new object is completed with; states that only the server gives are taken off it.
    func prepareForCreation(_ object: inout JSONObject) {
        object["metadata", "managedFields"] = nil
        switch kind {
        case .pod:
            object["metadata", "generation"] = 1
            object["status"] = ["phase": "Pending", "qosClass": .string(PodUsage.qualityOfService(object))]
        case .namespace:
            object["status"] = ["phase": "Active"]
            var finalizers = object["spec", "finalizers"]?.strings ?? []
            if !finalizers.contains("kubernetes") { finalizers.append("kubernetes") }
            object["spec", "finalizers"] = JSONValue(finalizers)
        case .resourceQuota: object["status"] = [:]
        case .node:
            var taints = object["spec", "taints"]?.array ?? []
            let notReady: JSONValue = ["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]
            if !taints.contains(notReady) { taints.append(notReady) }
            object["spec", "taints"] = .array(taints)
        case .custom:
            object["metadata", "generation"] = 1
            if served.hasStatus { object["status"] = nil }
        case .definition:
            object["metadata", "generation"] = 1
            if object["spec", "conversion"] == nil { object["spec", "conversion"] = ["strategy": "None"] }
            object["status"] = [
                "conditions": .null, "acceptedNames": ["plural": "", "kind": ""],
                "storedVersions": .array(ClusterStore.storedVersions(of: object)),
            ]
        case .webhookConfiguration: object["metadata", "generation"] = 1
        default: break
        }
    }

    /// Takes over what an update of this resource, or of its status, does not reach.
    func prepareForUpdate(_ object: inout JSONObject, old: JSONObject, subresource: String?) {
        if subresource == "status" {
            prepareForStatusUpdate(&object, old: old)
        } else if served.hasStatus {
            object["status"] = old["status"]
        }
        if kind == .namespace, subresource == nil {
            object["spec", "finalizers"] = old["spec", "finalizers"]
            if old["metadata", "deletionTimestamp"] != nil { object["status", "phase"] = "Terminating" }
        }
        guard hasGeneration, subresource == nil, let generation = old["metadata", "generation"]?.integer else { return }
        let hasChanged =
            kind == .pod || kind == .definition
            ? object["spec"] != old["spec"] : Self.content(object, served) != Self.content(old, served)
        if hasChanged { object["metadata", "generation"] = .integer(generation + 1) }
    }

    private func prepareForStatusUpdate(_ object: inout JSONObject, old: JSONObject) {
        let status = object["status"]
        if kind == .custom || kind == .definition {
            // Of metadata, the status of a custom object takes nothing at all.
            let version = object["metadata", "resourceVersion"]
            object = old
            object["metadata", "resourceVersion"] = version
            object["status"] = status
            return
        }
        object["spec"] = old["spec"]
        object["metadata", "ownerReferences"] = old["metadata", "ownerReferences"]
        if kind == .pod, object["status", "qosClass"] == nil {
            object["status", "qosClass"] = old["status", "qosClass"]
        }
    }

    /// What the generation of a custom object counts changes of.
    private static func content(_ object: JSONObject, _ served: ServedResource) -> JSONObject {
        var content = object
        content["metadata"] = nil
        if served.hasStatus { content["status"] = nil }
        return content
    }

    func validationErrors(_ object: JSONObject) -> [FieldError] {
        switch kind {
        case .pod: PodRules.errors(of: object)
        case .configMap: ConfigMapRules.errors(of: object)
        case .secret: ConfigMapRules.errors(ofSecret: object)
        case .lease: LeaseRules.errors(of: object)
        case .resourceQuota: QuotaRules.errors(of: object)
        case .event, .eventView: EventRules.errors(of: object, isView: kind == .eventView)
        case .webhookConfiguration: WebhookRules.errors(of: object)
        default: []
        }
    }

    func updateErrors(_ object: JSONObject, old: JSONObject, subresource: String?) -> [FieldError] {
        switch kind {
        case .pod: subresource == nil ? PodRules.updateErrors(object, old: old) : []
        case .configMap: ConfigMapRules.updateErrors(object, old: old) + ConfigMapRules.errors(of: object)
        case .secret: ConfigMapRules.secretUpdateErrors(object, old: old) + ConfigMapRules.errors(ofSecret: object)
        case .lease: LeaseRules.errors(of: object)
        case .webhookConfiguration: WebhookRules.errors(of: object)
        case .resourceQuota: QuotaRules.updateErrors(object, old: old, isStatus: subresource == "status")
        default: []
        }
    }

    /// Whether quota admission looks at creations of this type at all.
    var isCountedByQuotas: Bool {
        switch kind {
        case .event, .eventView, .accessReview: false
        default: true
        }
    }
}

enum ConfigMapRules {
    static func errors(of object: JSONObject) -> [FieldError] {
        var errors = keyErrors("data", object["data"]?.object)
        for (key, _) in object["data"]?.object ?? JSONObject() where object["binaryData", key] != nil {
            let why = "duplicate of key present in binaryData"
            errors.append(.invalid("data[\(key)]", .string(key), why))
        }
        errors += keyErrors("binaryData", object["binaryData"]?.object)
        let size = bytes(object["data"]?.object) + bytes(object["binaryData"]?.object) * 3 / 4
        if size > 1024 * 1024 { errors.append(.tooLong("", bytes: 1024 * 1024)) }
        return errors
    }

    static func errors(ofSecret object: JSONObject) -> [FieldError] {
        var errors = keyErrors("data", object["data"]?.object)
        if bytes(object["data"]?.object) * 3 / 4 > 1024 * 1024 { errors.append(.tooLong("data", bytes: 1024 * 1024)) }
        if object["type"]?.string == "kubernetes.io/tls" {
            for key in ["tls.crt", "tls.key"] where object["data", key] == nil {
                errors.append(.required("data[\(key)]"))
            }
        }
        return errors
    }

    static func updateErrors(_ object: JSONObject, old: JSONObject) -> [FieldError] {
        guard old["immutable"]?.bool == true else { return [] }
        let why = "field is immutable when `immutable` is set"
        var errors: [FieldError] = []
        if object["immutable"]?.bool != true { errors.append(.forbidden("immutable", why)) }
        for field in ["data", "binaryData"] where object[field] != old[field] { errors.append(.forbidden(field, why)) }
        return errors
    }

    static func secretUpdateErrors(_ object: JSONObject, old: JSONObject) -> [FieldError] {
        let isSameType = object["type"] == old["type"]
        return (isSameType ? [] : [.immutable("type", object["type"] ?? "")]) + updateErrors(object, old: old)
    }

    private static func keyErrors(_ field: String, _ members: JSONObject?) -> [FieldError] {
        (members?.keys ?? []).flatMap { key in
            ObjectName.configKeyErrors(key).map { .invalid("\(field)[\(key)]", .string(key), $0) }
        }
    }

    private static func bytes(_ members: JSONObject?) -> Int {
        (members ?? JSONObject()).reduce(0) { $0 + ($1.value.string?.utf8.count ?? 0) }
    }
}

enum LeaseRules {
    static func errors(of object: JSONObject) -> [FieldError] {
        var errors: [FieldError] = []
        if let seconds = object["spec", "leaseDurationSeconds"], seconds.integer ?? 1 <= 0 {
            errors.append(.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
        }
        if let count = object["spec", "leaseTransitions"], count.integer ?? 0 < 0 {
            errors.append(.invalid("spec.leaseTransitions", count, "must be greater than or equal to 0"))
        }
        return errors
    }
}

enum EventRules {
    static func errors(of object: JSONObject, isView: Bool) -> [FieldError] {
        let namespace = object["metadata", "namespace"]?.string ?? ""
        let involved = object["involvedObject", "namespace"]?.string ?? ""
        let hasTime = object["eventTime"].map { !$0.isNull } ?? false
        let why = "does not match event.namespace"
        var errors: [FieldError] = []
        let mismatch = FieldError.invalid("involvedObject.namespace", .string(involved), why)
        if hasTime {
            if involved.isEmpty, namespace != "default", namespace != "kube-system" { errors.append(mismatch) }
            let reporter = isView ? "reportingController" : "reportingComponent"
            let required = [
                ("reportingComponent", reporter), ("reportingInstance", "reportingInstance"), ("action", "action"),
                ("reason", "reason"),
            ]
            for (member, name) in required where object[member]?.string?.isEmpty ?? true {
                errors.append(.required(name))
            }
        } else if involved.isEmpty ? !namespace.isEmpty && namespace != "default" : namespace != involved {
            errors.append(mismatch)
        }
        guard isView else { return errors }
        if !hasTime { errors.append(.required("eventTime")) }
        let type = object["type"]?.string ?? ""
        if type != "Normal", type != "Warning" {
            errors.append(.invalid("type", "", "has invalid value: \(type)"))
        }
        return errors
    }
}

/// RFC 4648 §4.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    static func decode(_ text: String) -> [UInt8]? {
        Base64URL.decode(
            String(text.filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }))
    }

    /// Where a text stops to be base64, in Go's counting; nil where it is.
    static func firstError(in text: String) -> Int? {
        let bytes = Array(text.utf8)
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let digits = bytes.prefix(while: alphabet.contains)
        let padding = bytes.count - digits.count
        if bytes.dropFirst(digits.count).contains(where: { $0 != UInt8(ascii: "=") }) { return digits.count }
        return bytes.count % 4 == 0 && padding <= 2 ? nil : digits.count
    }
}
