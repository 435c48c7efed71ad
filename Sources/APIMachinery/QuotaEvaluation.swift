import Kubernetes

/// The rules of ResourceQuota for one request (`CheckRequest` of `k8s.io/apiserver`).
enum QuotaEvaluation {
    /// What a creation asks of the quotas of its namespace.
    struct Demand {
        var type: ResourceType
        var object: JSONObject
        var now: Timestamp

        /// Which of the names that a quota limits this kind of object uses.
        func tracks(_ name: String) -> Bool {
            if type.kind == .pod { return PodUsage.tracks(name) }
            return QuotaEvaluation.countNames(type.resource).contains(name)
        }

        var usage: [String: Quantity] {
            if type.kind == .pod { return PodUsage.usage(of: object, now: now) }
            let names = QuotaEvaluation.countNames(type.resource)
            return Dictionary(names.map { ($0, Quantity(1)) }, uniquingKeysWith: { first, _ in first })
        }

        func matches(_ quota: JSONObject) -> Bool {
            guard amounts(quota, "hard").keys.contains(where: tracks) else { return false }
            let scopes = QuotaScope.all(of: quota)
            return scopes.isEmpty || (type.kind == .pod && scopes.allSatisfy { PodUsage.matches($0, object) })
        }
    }

    /// Resources whose count has a name of its own, from before `count/…`.
    private static let aliases: Set<String> = ["configmaps", "secrets", "resourcequotas", "replicationcontrollers"]

    static func countNames(_ resource: APIResource) -> [String] {
        let alias = resource.group.isEmpty && aliases.contains(resource.name) ? [resource.name] : []
        return ["count/\(resource.qualifiedName)"] + alias
    }

    static func amounts(_ quota: JSONObject, _ list: String) -> [String: Quantity] {
        PodRules.amounts(quota["status", list])
    }

    /// The quotas after the request, or why it is refused.
    static func admit(_ demand: Demand, by quotas: [JSONObject]) throws(Refusal) -> [JSONObject] {
        var concerned: [Int] = []
        for (index, quota) in quotas.enumerated() where demand.matches(quota) {
            let names = amounts(quota, "hard").keys.filter(demand.tracks).sorted()
            let name = quota["metadata", "name"]?.string ?? ""
            if demand.type.kind == .pod, let missing = PodUsage.missing(of: names, in: demand.object) {
                throw forbidden(demand, "failed quota: \(name): must specify \(missing)")
            }
            let used = amounts(quota, "used")
            guard names.allSatisfy({ used[$0] != nil }) else {
                throw forbidden(
                    demand, "status unknown for quota: \(name), resources: \(names.joined(separator: ","))")
            }
            concerned.append(index)
        }
        let usage = demand.usage.filter { !$0.value.isZero }
        let negative = usage.filter { $0.value.isNegative }.keys.sorted()
        guard negative.isEmpty else {
            let list = negative.joined(separator: ",")
            throw forbidden(demand, "quota usage is negative for resource(s): \(list)")
        }
        var result = quotas
        for index in concerned { result[index] = try charge(usage, demand, to: quotas[index]) }
        return result
    }

    private static func charge(
        _ usage: [String: Quantity], _ demand: Demand, to quota: JSONObject
    ) throws(Refusal) -> JSONObject {
        let hard = amounts(quota, "hard")
        let used = amounts(quota, "used")
        let requested = usage.filter { hard[$0.key] != nil }
        let exceeded = requested.keys.filter { name in
            guard let limit = hard[name], let amount = requested[name] else { return false }
            return (used[name] ?? .zero) + amount > limit
        }.sorted()
        guard exceeded.isEmpty else {
            func list(_ amounts: [String: Quantity]) -> String {
                exceeded.map { "\($0)=\(amounts[$0] ?? .zero)" }.joined(separator: ",")
            }
            let name = quota["metadata", "name"]?.string ?? ""
            throw forbidden(
                demand,
                "exceeded quota: \(name), requested: \(list(requested)), used: \(list(used)), limited: \(list(hard))")
        }
        var result = quota
        for (name, amount) in requested {
            result["status", "used", name] = .string(((used[name] ?? .zero) + amount).description)
        }
        return result
    }

    private static func forbidden(_ demand: Demand, _ why: String) -> Refusal {
        let name = demand.object["metadata", "name"]?.string ?? ""
        return Refusal(.forbidden(demand.type.resource, name: name, why: why))
    }
}
