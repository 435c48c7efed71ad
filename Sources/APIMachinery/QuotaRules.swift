import Kubernetes

/// What a ResourceQuota may say (`ValidateResourceQuota`).
enum QuotaRules {
    private static let standard: Set<String> = [
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
        "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods",
        "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims", "configmaps",
        "services.nodeports", "services.loadbalancers",
    ]

    private static let integers: Set<String> = [
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "persistentvolumeclaims",
        "configmaps", "services.nodeports", "services.loadbalancers",
    ]

    private static let scopes: Set<String> = [
        "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    ]

    static func errors(of object: JSONObject) -> [FieldError] {
        amountErrors("spec.hard", object["spec", "hard"]?.object) + scopeErrors(object["spec"]?.object)
    }

    static func updateErrors(_ object: JSONObject, old: JSONObject, isStatus: Bool) -> [FieldError] {
        if isStatus {
            return amountErrors("status.hard", object["status", "hard"]?.object)
                + amountErrors("status.used", object["status", "used"]?.object)
        }
        var errors = errors(of: object)
        let new = object["spec", "scopes"]
        if Set(new?.strings ?? []) != Set(old["spec", "scopes"]?.strings ?? []) {
            errors.append(.immutable("spec.scopes", new ?? .null))
        }
        return errors
    }

    private static func amountErrors(_ field: String, _ amounts: JSONObject?) -> [FieldError] {
        var errors: [FieldError] = []
        for (name, amount) in amounts ?? JSONObject() {
            let path = "\(field)[\(name)]"
            errors += nameErrors(name, path)
            guard let text = amount.string, let quantity = try? Quantity(parsing: text) else { continue }
            if quantity.isNegative {
                errors.append(.invalid(path, amount, "must be greater than or equal to 0"))
            }
            if isInteger(name), Quantity(quantity.value) != quantity {
                errors.append(.invalid(path, amount, "must be an integer"))
            }
        }
        return errors
    }

    private static func isInteger(_ name: String) -> Bool { integers.contains(name) || name.hasPrefix("count/") }

    private static func nameErrors(_ name: String, _ path: String) -> [FieldError] {
        if let why = ObjectName.labelKeyError(name) {
            return [.invalid(path, .string(name), why)]
                + (name.contains("/") ? [] : [.invalid(path, .string(name), invalidQuotaResource)])
        }
        guard !name.contains("/"), !standard.contains(name), !isHugePages(name) else { return [] }
        return [
            .invalid(path, .string(name), "must be a standard resource type or fully qualified"),
            .invalid(path, .string(name), invalidQuotaResource),
        ]
    }

    private static let invalidQuotaResource = "must be a standard resource for quota"

    private static func isHugePages(_ name: String) -> Bool {
        name.hasPrefix("hugepages-") || name.hasPrefix("requests.hugepages-")
    }

    private static func scopeErrors(_ spec: JSONObject?) -> [FieldError] {
        let given = spec?["scopes"]?.strings ?? []
        let value = JSONValue(given)
        var errors: [FieldError] = []
        let names = spec?["hard"]?.object?.keys ?? []
        for scope in given {
            if !scopes.contains(scope) { errors.append(.invalid("spec.scopes", value, "unsupported scope")) }
            for name in names where standard.contains(name) && !applies(scope, to: name) {
                errors.append(.invalid("spec.scopes", value, "unsupported scope applied to resource"))
            }
        }
        for pair in [["BestEffort", "NotBestEffort"], ["NotTerminating", "Terminating"]]
        where Set(given).isSuperset(of: pair) {
            errors.append(.invalid("spec.scopes", value, "conflicting scopes"))
        }
        return errors
    }

    private static func applies(_ scope: String, to name: String) -> Bool {
        switch scope {
        case "BestEffort": name == "pods"
        case _ where !scopes.contains(scope): true
        case "VolumeAttributesClass": name == "persistentvolumeclaims" || name == "requests.storage"
        default:
            name == "pods" || name.hasPrefix("requests.") || name.hasPrefix("limits.") || name == "cpu"
                || name == "memory" || name == "ephemeral-storage"
        }
    }
}
