package import Kubernetes
import Resilience

/// `.status.synchronization`: which locks a workflow and its nodes hold, and which they wait for, as Argo writes it.
/// https://argo-workflows.readthedocs.io/en/latest/fields/#synchronizationstatus
package struct SynchronizationStatus: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject = JSONObject()) { self.json = json }

    package var isEmpty: Bool { json.isEmpty }

    /// The locks were granted.
    package mutating func holding(_ holder: LockHolder, _ locks: [LockName]) {
        for lock in locks {
            change(.holding, of: lock) { entries in
                switch lock.kind {
                case .configMap:
                    var holders = entries.first { $0.lock == lock.description }?.holders ?? []
                    if !holders.contains(holder.description) { holders.append(holder.description) }
                    entries.set(Entry(lock: lock.description, holders: holders))
                case .mutex: entries.set(Entry(lock: lock.description, holders: [holder.description]))
                }
            }
            change(.waiting, of: lock) { $0.removeAll { $0.lock == lock.description } }
        }
    }

    /// The locks were asked for and not granted.
    ///
    /// - Parameter holders: Who holds a lock now, of whatever workflow; Argo leaves a mutex out that nobody holds.
    package mutating func waiting(_ locks: [LockName], heldBy holders: (LockName) -> [LockHolder]) {
        for lock in locks {
            let names = holders(lock).map(\.description)
            change(.waiting, of: lock) { entries in
                switch lock.kind {
                case .configMap: entries.set(Entry(lock: lock.description, holders: names))
                case .mutex:
                    entries.removeAll { $0.lock == lock.description }
                    if let name = names.first { entries.set(Entry(lock: lock.description, holders: [name])) }
                }
            }
        }
    }

    /// The holder gave back, or no longer wants, all that it had; `locks` are those that nobody waits for any more.
    package mutating func released(_ holder: LockHolder, noLongerWaitingFor locks: [LockName] = []) {
        for kind in [LockName.Kind.configMap, .mutex] where json[kind.statusMember] != nil {
            change(.holding, of: kind) { entries in
                for index in entries.indices {
                    // Version 1 of Argo's keys has no workflow in it.
                    entries[index].holders.removeAll {
                        $0 == holder.description || $0 == (holder.nodeID ?? holder.workflow.name)
                    }
                }
                entries.removeAll { $0.holders.isEmpty }
            }
        }
        for lock in locks { change(.waiting, of: lock) { $0.removeAll { $0.lock == lock.description } } }
    }

    /// The keys that are recorded as held: a lock's and its holder's, as they stand there.
    package var heldKeys: [(lock: String, holder: String)] {
        [LockName.Kind.configMap, .mutex].flatMap { kind in
            entries(.holding, of: kind).flatMap { entry in entry.holders.map { (entry.lock, $0) } }
        }
    }

    /// The keys of the locks that are waited for.
    package var waitingKeys: [String] {
        [LockName.Kind.configMap, .mutex].flatMap { entries(.waiting, of: $0).map(\.lock) }
    }
}

extension SynchronizationStatus {
    fileprivate enum List: String { case holding, waiting }

    /// An element of a list; a mutex has one holder at most.
    fileprivate struct Entry {
        var lock: String
        var holders: [String]
    }

    private func entries(_ list: List, of kind: LockName.Kind) -> [Entry] {
        let member = kind.statusMember
        return (json[member, list.rawValue]?.array ?? []).compactMap(\.object).map { object in
            let holders =
                switch kind {
                case .configMap: object["holders"]?.strings ?? []
                case .mutex: [object["holder"]?.string ?? ""].filter { !$0.isEmpty }
                }
            return Entry(lock: object[member]?.string ?? "", holders: holders)
        }
    }

    private mutating func change(_ list: List, of lock: LockName, _ body: (inout [Entry]) -> Void) {
        change(list, of: lock.kind, body)
    }

    private mutating func change(_ list: List, of kind: LockName.Kind, _ body: (inout [Entry]) -> Void) {
        var entries = entries(list, of: kind)
        body(&entries)
        let member = kind.statusMember
        let array = entries.map { entry in
            var object: JSONObject = [member: .string(entry.lock)]
            switch kind {
            case .configMap: object["holders"] = entry.holders.isEmpty ? nil : JSONValue(entry.holders)
            case .mutex: object["holder"] = entry.holders.first.map(JSONValue.string)
            }
            return JSONValue.object(object)
        }
        json[member, list.rawValue] = array.isEmpty ? nil : .array(array)
        if json[member]?.object?.isEmpty ?? true { json[member] = nil }
    }
}

extension [SynchronizationStatus.Entry] {
    fileprivate mutating func set(_ entry: Element) {
        if let index = firstIndex(where: { $0.lock == entry.lock }) { self[index] = entry } else { append(entry) }
    }
}

extension LockName.Kind {
    fileprivate var statusMember: String {
        switch self {
        case .configMap: "semaphore"
        case .mutex: "mutex"
        }
    }
}

extension Workflow {
    /// `status.synchronization`; an empty one is left out.
    package var synchronization: SynchronizationStatus {
        get { SynchronizationStatus(json: json["status", "synchronization"]?.object ?? JSONObject()) }
        set {
            let value: JSONValue? = newValue.isEmpty ? nil : .object(newValue.json)
            // Setting nil on the way to a status that is not there would make nothing, and setting a value makes it.
            if value != nil || json["status"] != nil { json["status", "synchronization"] = value }
        }
    }

    /// The workflow itself as a holder of permits, or one of its nodes.
    package func lockHolder(nodeID: String? = nil) -> LockHolder {
        LockHolder(workflow: metadata.key, uid: metadata.uid ?? "", nodeID: nodeID)
    }
}

extension SynchronizationStatus {
    /// Everybody in a workflow who is recorded as holding something, each once, with what it holds, sorted.
    ///
    /// Locks that are neither of a ConfigMap nor a mutex are left out: no spec that asks for them is accepted.
    package static func holders(in workflow: Workflow) -> [(holder: LockHolder, locks: [LockName])] {
        var locks: [LockHolder: [LockName]] = [:]
        for (lockKey, holderKey) in workflow.synchronization.heldKeys {
            guard let lock = LockName(lockKey) else { continue }
            let holder = workflow.lockHolder(nodeID: nodeID(holderKey, lock, workflow))
            if !(locks[holder]?.contains(lock) ?? false) { locks[holder, default: []].append(lock) }
        }
        return locks.keys.sorted().map { ($0, locks[$0] ?? []) }
    }

    /// The node that a holder's key names; nil for the workflow itself.
    private static func nodeID(_ holderKey: String, _ lock: LockName, _ workflow: Workflow) -> String? {
        let parts = holderKey.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 2: return nil
        case 3: return String(parts[2])
        default:
            // Argo up to v3.5.10 wrote the last segment alone, "version 1"; the spec tells whose it is. Where a lock is
            // asked for on both levels the workflow's goes first, as in Argo.
            let namespace = workflow.metadata.namespace ?? ""
            func asks(_ synchronization: JSONValue?) -> Bool {
                let names = try? SynchronizationSpec.locks(
                    in: synchronization, field: "", namespace: namespace, forms: .all)
                return names?.contains(lock) ?? false
            }
            let specs = [workflow.json["spec"]?.object, workflow.json["status", "storedWorkflowTemplateSpec"]?.object]
                .compactMap(\.self)
            if specs.contains(where: { asks($0["synchronization"]) }) { return nil }
            let isTemplates = specs.contains { spec in
                (spec["templates"]?.array ?? []).contains { asks($0.object?["synchronization"]) }
            }
            return isTemplates || holderKey != workflow.metadata.name ? holderKey : nil
        }
    }
}

extension LockName {
    /// Reads what ``description`` prints; nil for anything else, Argo's locks in databases among it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, let kind = Kind(rawValue: parts[1]), !parts[0].isEmpty, !parts[2].isEmpty else {
            return nil
        }
        switch (kind, parts.count) {
        case (.configMap, 4) where !parts[3].isEmpty:
            self.init(kind, namespace: parts[0], name: parts[2], key: parts[3])
        case (.mutex, 3): self.init(kind, namespace: parts[0], name: parts[2])
        default: return nil
        }
    }
}

extension WorkflowNode {
    /// `synchronizationStatus.waiting`: the key of the lock that the node waits for; Argo leaves an empty object behind.
    package var waitingLock: String? {
        get { json["synchronizationStatus", "waiting"]?.string.flatMap { $0.isEmpty ? nil : $0 } }
        set { json["synchronizationStatus"] = newValue.map { ["waiting": .string($0)] } }
    }
}
