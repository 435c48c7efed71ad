import Determinism
import Faults
import Kubernetes

/// Uses a ResourceQuota up: its limits are what is used, and follow it down, so that the server itself refuses creates.
struct QuotaSqueeze: ClusterCause {
    let rule: Rule
    let quota: String
    let ground: CauseGround

    /// Between two looks at what is used: what ends makes room for as long.
    private static let period = Duration.milliseconds(20)

    func act() async throws {
        guard let found = try await ground.find(ResourceQuota.self, quota) else {
            return ground.note(rule, "there is no ResourceQuota \(quota)")
        }
        let limits = found.hard
        try await withCleanup {
            try await squeeze()
        } cleanup: {
            try await restore(limits)
        }
    }

    private func squeeze() async throws {
        var hasBegun = false
        while true {
            do {
                if let current = try await ground.find(ResourceQuota.self, quota) {
                    if let lower = Self.limits(of: current) {
                        _ = try await write(lower)
                    } else if !hasBegun, Self.isEnforced(current) {
                        hasBegun = true
                        ground.injected(rule, Self.identity(ground.key(quota)))
                    }
                }
            } catch is APIError {
                // The storm goes on whatever one write met.
            }
            try await ground.clock.sleep(for: Self.period)
        }
    }

    /// Exactly as they were: no name is ever added or taken away.
    private func restore(_ limits: [String: String]) async throws {
        do {
            try await ground.insist { _ = try await write(limits) }
        } catch let error as APIError where error.code == .notFound {
            // With the quota, its limits have gone.
        }
    }

    private func write(_ limits: [String: String]) async throws -> ResourceQuota {
        try await ground.api.patch(
            ResourceQuota.self, ground.key(quota), ["spec": ["hard": .object(JSONObject(limits))]],
            timeout: CauseGround.timeout)
    }

    /// The limits that leave no room, where they are not in force yet.
    static func limits(of quota: ResourceQuota) -> [String: String]? {
        let used = quota.used
        let hard = quota.hard
        let lower = hard.reduce(into: [String: String]()) { $0[$1.key] = used[$1.key] ?? $1.value }
        return lower.allSatisfy { isSame($0.value, hard[$0.key]) } ? nil : lower
    }

    /// Whether admission goes by limits that leave no room.
    static func isEnforced(_ quota: ResourceQuota) -> Bool {
        let enforced = quota.enforcedHard
        return !enforced.isEmpty
            && enforced.allSatisfy { isSame($0.value, quota.used[$0.key]) }
    }

    private static func isSame(_ left: String, _ right: String?) -> Bool {
        guard let right, left != right else { return right != nil }
        do {
            return try Quantity(parsing: left) == Quantity(parsing: right)
        } catch {
            return false
        }
    }

    private static func identity(_ key: ObjectKey) -> RequestIdentity {
        RequestIdentity(
            verb: .patch, group: "", resource: APIResource.resourceQuotas.name, namespace: key.namespace,
            name: key.name)
    }
}
