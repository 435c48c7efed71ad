import Kubernetes

/// The resource quota controller of a kube-controller-manager: copies `spec.hard` to where admission reads it, and
/// counts anew what is used.
struct QuotaController: Sendable {
    /// Quotas whose recount is due or in progress.
    var pending: Set<ObjectKey> = []
    /// Conflicts in a row, for the work queue's backoff.
    var failures: [ObjectKey: Int] = [:]
}

extension ClusterStore {
    private static let quotas = APIResource.resourceQuotas.qualifiedName

    /// Orders a recount where a change calls for one: of a quota's limits, or of what a quota counts.
    mutating func noteForQuotas(_ change: ObjectTable.Change, table: String) {
        guard configuration.controllers.contains(.quota) else { return }
        let metadata = (change.new ?? change.old)?["metadata"]?.object
        guard let namespace = metadata?["namespace"]?.string else { return }
        if table == Self.quotas {
            let key = ObjectKey(namespace: namespace, name: metadata?["name"]?.string ?? "")
            if change.new != nil, change.old?["spec", "hard"] != change.new?["spec", "hard"] || change.old == nil {
                scheduleRecount(key)
            }
        }
        guard frees(change, table: table) else { return }
        for key in tables[Self.quotas]?.keys(namespace: namespace) ?? [] {
            let name = String(key.dropFirst(namespace.count + 1))
            scheduleRecount(ObjectKey(namespace: namespace, name: name))
        }
    }

    private func frees(_ change: ObjectTable.Change, table: String) -> Bool {
        guard let old = change.old else { return false }
        guard let new = change.new else { return true }
        guard table == APIResource.pods.qualifiedName else { return false }
        return !Pod(json: old).phase.isTerminal && Pod(json: new).phase.isTerminal
            || PodUsage.isTerminating(old) != PodUsage.isTerminating(new)
    }

    private mutating func scheduleRecount(_ key: ObjectKey, after delay: Duration? = nil) {
        guard quotaController.pending.insert(key).inserted else { return }
        timers.add(.quotaRecount(key), at: now + (delay ?? configuration.quotaTimings.controllerDelay))
    }

    mutating func resyncQuotas() {
        for key in tables[Self.quotas]?.keys ?? [] {
            let parts = key.split(separator: "/").map(String.init)
            scheduleRecount(ObjectKey(namespace: parts[0], name: parts[1]), after: .zero)
        }
        timers.add(.quotaResync, at: now + configuration.quotaTimings.controllerResync)
    }

    /// A controller that reaches the server again lists all quotas, and counts each.
    mutating func recountQuotas() {
        guard configuration.controllers.contains(.quota) else { return }
        quotaController.pending = []
        for key in tables[Self.quotas]?.keys ?? [] {
            let parts = key.split(separator: "/").map(String.init)
            scheduleRecount(ObjectKey(namespace: parts[0], name: parts[1]))
        }
    }

    /// Counts now and writes later, as the controller does: who writes in between wins.
    mutating func beginRecount(_ key: ObjectKey) {
        guard let observed = object(.resourceQuotas, key) else {
            quotaController.pending.remove(key)
            return
        }
        var next = observed
        let hard = observed["spec", "hard"]?.object ?? JSONObject()
        next["status", "hard"] = .object(hard)
        next["status", "used"] = .object(count(observed, names: hard.keys))
        guard next != observed else {
            quotaController.pending.remove(key)
            return
        }
        let times = configuration.serviceTimes
        begin(.quotaRecount(key, observed: next), cost: times.write + times.storage)
    }

    mutating func finishRecount(_ key: ObjectKey, observed: JSONObject) {
        quotaController.pending.remove(key)
        guard let current = object(.resourceQuotas, key) else { return }
        guard QuotaAdmission.version(current) == QuotaAdmission.version(observed) else {
            // The work queue's backoff: 5 ms, doubling, to 1000 s.
            let failures = min(quotaController.failures[key] ?? 0, 17)
            quotaController.failures[key] = failures + 1
            scheduleRecount(key, after: .milliseconds(Int64(5) << Int64(failures)))
            return
        }
        quotaController.failures[key] = nil
        var next = current
        next["status"] = observed["status"]
        commit(next, table: Self.quotas, key: ObjectTable.key(namespace: key.namespace, name: key.name))
    }

    /// What the objects of a namespace use of the names that a quota limits.
    private func count(_ quota: JSONObject, names: [String]) -> JSONObject {
        let namespace = quota["metadata", "namespace"]?.string ?? ""
        let scopes = QuotaScope.all(of: quota)
        var used = Dictionary(names.map { ($0, Quantity.zero) }, uniquingKeysWith: { first, _ in first })
        if names.contains(where: PodUsage.tracks), let pods = tables[APIResource.pods.qualifiedName] {
            for key in pods.keys(namespace: namespace) {
                guard let pod = pods[key], scopes.allSatisfy({ PodUsage.matches($0, pod) }) else { continue }
                for (name, amount) in PodUsage.usage(of: pod, now: now) where used[name] != nil {
                    used[name] = (used[name] ?? .zero) + amount
                }
            }
        }
        guard scopes.isEmpty else { return Self.texts(used) }
        for type in types.values where type.kind != .pod && type.kind != .eventView && type.resource.isNamespaced {
            let counted = QuotaEvaluation.countNames(type.resource).filter { used[$0] != nil }
            guard !counted.isEmpty else { continue }
            let count = tables[type.table]?.keys(namespace: namespace).count ?? 0
            for name in counted { used[name] = Quantity(Int64(count)) }
        }
        return Self.texts(used)
    }

    private static func texts(_ amounts: [String: Quantity]) -> JSONObject {
        JSONObject(amounts.mapValues(\.description))
    }
}
