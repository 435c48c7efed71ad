import Determinism
import Kubernetes

extension ClusterStore {
    /// Stores a change of one object, under the next revision, and tells everyone who has to know.
    ///
    /// - Returns: The object as it is stored; after a deletion, as it was, under the deletion's revision.
    @discardableResult
    mutating func commit(_ object: JSONObject?, table: String, key: String) -> JSONObject {
        revision += 1
        let old = tables[table]?[key]
        var stored = object ?? old ?? JSONObject()
        stored["metadata", "resourceVersion"] = .string(String(revision))
        let change = ObjectTable.Change(revision: revision, key: key, old: old, new: object == nil ? nil : stored)
        tables[table]?.set(change.new, at: key, revision: revision)
        notify(change, table: table)
        if table == APIResource.resourceQuotas.qualifiedName { quotaChanged(change) }
        if table == Self.webhookTable { reloadWebhooks() }
        noteForControllers(change, table: table)
        wakeReads()
        return stored
    }

    /// Namespaces that a cluster has from the start, and Argo's definitions where they are wanted.
    mutating func bootstrap() {
        for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
            var namespace = Namespace(name: name)
            namespace.json["spec"] = ["finalizers": ["kubernetes"]]
            namespace.json["status"] = ["phase": "Active"]
            namespace.metadata.labels = ["kubernetes.io/metadata.name": name]
            stamp(&namespace.json)
            commit(namespace.json, table: APIResource.namespaces.qualifiedName, key: name)
        }
        if configuration.installsArgo {
            for resource in APIResource.argoproj { install(resource, hasStatus: resource == .workflowTaskSets) }
        }
        // Watches from before this moment are answered with 410, as after a restart.
        forgetHistory()
        if configuration.controllers.contains(.quota) {
            timers.add(.quotaResync, at: now + configuration.quotaTimings.controllerResync)
        }
    }

    /// Gives a new object its identity.
    mutating func stamp(_ object: inout JSONObject) {
        object["metadata", "uid"] = .string(Self.makeUID(using: &nameGenerator))
        object["metadata", "creationTimestamp"] = .string(now.rfc3339)
    }

    /// RFC 4122, version 4.
    static func makeUID(using generator: inout SplitMix64) -> String {
        let high = generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Self.hexadecimal(high) + Self.hexadecimal(low)
        var parts: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A base, cut to leave room, and five letters that make no words (`k8s.io/apiserver/pkg/storage/names`).
    mutating func generateName(from base: String) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        let suffix = (0..<5).map { _ in alphabet[Int(nameGenerator.next() % UInt64(alphabet.count))] }
        return String(base.prefix(58)) + String(suffix)
    }
}
