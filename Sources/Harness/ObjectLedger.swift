import Experiments
import Kubernetes

/// What has been seen of a trial's objects, whatever their kinds: takes them as lists and watches bring them, and gives
/// the facts that are new.
struct ObjectLedger: Sendable {
    private struct Sighting: Sendable {
        var key: String
        var resource: String
        var version: String
    }

    /// By UID, those that are there.
    private var known: [String: Sighting] = [:]
    /// UIDs of those that are not there any more: what a watch that lags behind still tells of them is no news.
    private var gone: Set<String> = []
    /// The plurals of kinds, by group and kind.
    private var plurals: [String: String] = [:]
    /// How many facts there were.
    private(set) var changes = 0
    /// When the last of them was, leases apart.
    private(set) var lastChange: Duration = .zero

    mutating func learned(_ resources: [APIResource]) {
        for resource in resources { plurals["\(resource.group)/\(resource.kind)"] = resource.qualifiedName }
    }

    mutating func saw(_ json: JSONObject, of resource: APIResource, at time: Duration) -> [Observation] {
        let metadata = DynamicObject(json: json).metadata
        guard let uid = metadata.uid, !gone.contains(uid), !Self.isLeftOut(json, of: resource) else { return [] }
        let key = ObjectNaming.key(resource, metadata.name)
        let version = metadata.resourceVersion ?? ""
        guard let earlier = known[uid] else {
            known[uid] = Sighting(key: key, resource: resource.qualifiedName, version: version)
            return [noted(Observation(.objectCreated, key, detail: uid, message: owner(of: metadata), at: time))]
        }
        // An object may be served by two groups; and a list may be ahead of its watch.
        guard earlier.resource == resource.qualifiedName, Self.isNewer(version, than: earlier.version) else {
            return []
        }
        known[uid]?.version = version
        let message = Self.end(json, of: resource)
        return [noted(Observation(.objectWritten, key, detail: uid, message: message, at: time))]
    }

    /// By what an object no longer counts, although it is there.
    private static func end(_ json: JSONObject, of resource: APIResource) -> String {
        if json["metadata", "deletionTimestamp"] != nil { return "being deleted" }
        let phase = Pod(json: json).phase
        return resource.qualifiedName == "pods" && phase.isTerminal ? phase.rawValue : ""
    }

    mutating func sawDeletion(of json: JSONObject, of resource: APIResource, at time: Duration) -> [Observation] {
        guard let uid = json["metadata", "uid"]?.string, known[uid]?.resource == resource.qualifiedName else {
            return []
        }
        return forget(uid, at: time)
    }

    /// All objects of a resource that there are.
    mutating func listed(_ items: [JSONObject], of resource: APIResource, at time: Duration) -> [Observation] {
        let listed = Set(items.compactMap { $0["metadata", "uid"]?.string })
        let lost = known.filter { $0.value.resource == resource.qualifiedName && !listed.contains($0.key) }
            .sorted { ($0.value.key, $0.key) < ($1.value.key, $1.key) }
        // What is gone goes first: its successor may have its name.
        return lost.flatMap { forget($0.key, at: time) } + items.flatMap { saw($0, of: resource, at: time) }
    }

    private mutating func forget(_ uid: String, at time: Duration) -> [Observation] {
        guard let sighting = known.removeValue(forKey: uid) else { return [] }
        gone.insert(uid)
        return [noted(Observation(.objectDeleted, sighting.key, detail: uid, at: time))]
    }

    private mutating func noted(_ fact: Observation) -> Observation {
        changes += 1
        if !fact.subject.hasPrefix("\(APIResource.leases.qualifiedName)/") { lastChange = fact.at }
        return fact
    }

    /// The key of the object that controls it, else of its first owner; empty where nobody owns it.
    private func owner(of metadata: ObjectMeta) -> String {
        let owners = metadata.ownerReferences
        guard let owner = owners.first(where: \.isController) ?? owners.first else { return "" }
        let version = owner.json["apiVersion"]?.string ?? ""
        let group = version.contains("/") ? version.split(separator: "/").first.map(String.init) ?? "" : ""
        let plural = plurals["\(group)/\(owner.kind)"] ?? owner.kind.lowercased()
        return "\(plural)/\(owner.name)"
    }

    private static func isNewer(_ version: String, than other: String) -> Bool {
        guard let version = UInt64(version), let other = UInt64(other) else { return version != other }
        return version > other
    }
}

// MARK: - What is left out

extension ObjectLedger {
    /// Resources whose objects the cluster makes of others, or that tell of them.
    private static let derived: Set<String> = [
        "endpoints", "endpointslices.discovery.k8s.io", "events", "events.events.k8s.io",
    ]

    /// What a namespace brings by itself.
    private static let native: Set<String> = [
        "configmaps/kube-root-ca.crt", "configmaps/openshift-service-ca.crt", "serviceaccounts/default",
    ]

    static func isLeftOut(_ resource: APIResource) -> Bool {
        !resource.isNamespaced || derived.contains(resource.qualifiedName)
    }

    static func isLeftOut(_ json: JSONObject, of resource: APIResource) -> Bool {
        let metadata = DynamicObject(json: json).metadata
        if native.contains(ObjectNaming.key(resource, metadata.name)) { return true }
        if resource.qualifiedName == "secrets", json["type"]?.string == "kubernetes.io/service-account-token" {
            return true
        }
        // What the harness needs for its faults is none of the subject's.
        return metadata.labels[Ground.managerLabel] == "boreas"
    }
}
