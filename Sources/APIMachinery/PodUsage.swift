import Kubernetes

/// What pods use of a namespace's quotas (`k8s.io/kubernetes/pkg/quota/v1/evaluator/core/pods.go`).
enum PodUsage {
    /// Amounts by name: `pods`, `count/pods`, `requests.cpu` and so on.
    static func usage(of object: JSONObject, now: Timestamp) -> [String: Quantity] {
        var result: [String: Quantity] = ["count/pods": Quantity(1)]
        let pod = Pod(json: object)
        if pod.phase.isTerminal { return result }
        if let deletion = pod.metadata.deletionTimestamp, let grace = pod.metadata.deletionGracePeriodSeconds,
            now > deletion + .seconds(grace)
        {
            return result
        }
        result["pods"] = Quantity(1)
        let spec = object["spec"]?.object ?? JSONObject()
        for (name, amount) in total(spec, "requests") {
            if isNative(name) { result[name] = amount }
            result["requests.\(name)"] = amount
        }
        for (name, amount) in total(spec, "limits") where isNative(name) { result["limits.\(name)"] = amount }
        return result
    }

    private static func isNative(_ name: String) -> Bool {
        ["cpu", "memory", "ephemeral-storage"].contains(name) || name.hasPrefix("hugepages-")
    }

    /// The containers' sum or, where that is more, the greatest of the init containers'; with the pod's overhead.
    private static func total(_ spec: JSONObject, _ list: String) -> [String: Quantity] {
        var result: [String: Quantity] = [:]
        for container in spec["containers"]?.array ?? [] {
            result.merge(amounts(container, list)) { $0 + $1 }
        }
        // Sidecars run on, and add to everything that starts after them.
        var sidecars: [String: Quantity] = [:]
        var greatest: [String: Quantity] = [:]
        for container in spec["initContainers"]?.array ?? [] {
            let own = amounts(container, list)
            if container.object?["restartPolicy"]?.string == "Always" {
                result.merge(own) { $0 + $1 }
                sidecars.merge(own) { $0 + $1 }
                greatest.merge(sidecars) { max($0, $1) }
            } else {
                greatest.merge(own.merging(sidecars) { $0 + $1 }) { max($0, $1) }
            }
        }
        result.merge(greatest) { max($0, $1) }
        if let whole = spec["resources", list].map({ PodRules.amounts($0) }) {
            result.merge(whole) { _, pod in pod }
        }
        for (name, amount) in PodRules.amounts(spec["overhead"]) where list == "requests" || result[name] != nil {
            result[name] = (result[name] ?? .zero) + amount
        }
        return result
    }

    private static func amounts(_ container: JSONValue, _ list: String) -> [String: Quantity] {
        PodRules.amounts(container.object?["resources"]?.object?[list])
    }

    /// Which of the names a quota limits are about pods.
    static func tracks(_ name: String) -> Bool {
        tracked.contains(name) || name.hasPrefix("hugepages-") || name.hasPrefix("requests.hugepages-")
            || (name.hasPrefix("requests.") && name.contains("/"))
    }

    private static let tracked: Set<String> = [
        "count/pods", "pods", "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory",
        "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    ]

    private static let mandatory: Set<String> = [
        "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
    ]

    /// A quota on CPU or memory asks each container to say its share; nil where all do.
    static func missing(of names: [String], in object: JSONObject) -> String? {
        let required = names.filter(mandatory.contains).sorted()
        guard !required.isEmpty, object["spec", "resources"] == nil else { return nil }
        var containers: [String: Set<String>] = [:]
        for list in ["containers", "initContainers"] {
            for container in object["spec", list]?.array ?? [] {
                let requests = amounts(container, "requests")
                let limits = amounts(container, "limits")
                for name in required {
                    let parts = name.split(separator: ".")
                    let given = parts.first == "limits" ? limits : requests
                    guard given[String(parts.last ?? "")] == nil else { continue }
                    containers[name, default: []].insert(container.object?["name"]?.string ?? "")
                }
            }
        }
        guard !containers.isEmpty else { return nil }
        return containers.sorted { $0.key < $1.key }
            .map { "\($0.key) for: \($0.value.sorted().joined(separator: ","))" }.joined(separator: "; ")
    }

    static func qualityOfService(_ object: JSONObject) -> String {
        let containers = ["containers", "initContainers"].flatMap { object["spec", $0]?.array ?? [] }
        var isGuaranteed = true
        var isBestEffort = true
        for container in containers {
            let requests = amounts(container, "requests").filter { $0.key == "cpu" || $0.key == "memory" }
            let limits = amounts(container, "limits").filter { $0.key == "cpu" || $0.key == "memory" }
            if !requests.isEmpty || !limits.isEmpty { isBestEffort = false }
            if limits.count < 2 || requests != limits { isGuaranteed = false }
        }
        return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable"
    }

    /// https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes
    static func matches(_ scope: QuotaScope, _ object: JSONObject) -> Bool {
        let spec = object["spec"]?.object ?? JSONObject()
        switch scope.name {
        case "Terminating": return isTerminating(object)
        case "NotTerminating": return !isTerminating(object)
        case "BestEffort": return qualityOfService(object) == "BestEffort"
        case "NotBestEffort": return qualityOfService(object) != "BestEffort"
        case "PriorityClass":
            let name = spec["priorityClassName"]?.string ?? ""
            switch scope.operation {
            case "In": return scope.values.contains(name)
            case "NotIn": return !scope.values.contains(name)
            case "DoesNotExist": return name.isEmpty
            default: return !name.isEmpty
            }
        default: return false
        }
    }

    static func isTerminating(_ object: JSONObject) -> Bool {
        (object["spec", "activeDeadlineSeconds"]?.integer ?? -1) >= 0
    }
}

/// One condition of a quota on the pods that it counts.
struct QuotaScope: Hashable {
    var name: String
    var operation: String
    var values: [String]

    static func all(of quota: JSONObject) -> [QuotaScope] {
        let plain = (quota["spec", "scopes"]?.strings ?? []).map {
            QuotaScope(name: $0, operation: "Exists", values: [])
        }
        let selected = (quota["spec", "scopeSelector", "matchExpressions"]?.array ?? []).compactMap(\.object).map {
            QuotaScope(
                name: $0["scopeName"]?.string ?? "", operation: $0["operator"]?.string ?? "",
                values: $0["values"]?.strings ?? [])
        }
        return plain + selected
    }
}
