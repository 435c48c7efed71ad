import Kubernetes

/// Who belongs to whom, and which owners have gone.
struct GarbageCollection: Sendable {
    /// Where an object is kept.
    struct Place: Hashable, Comparable, Sendable {
        var table: String
        var key: String

        static func < (left: Place, right: Place) -> Bool { (left.table, left.key) < (right.table, right.key) }
    }

    /// By UID.
    var objects: [String: Place] = [:]
    /// By their owners' UIDs.
    var dependents: [String: Set<Place>] = [:]
    /// UIDs of owners that have gone, or that were never there, or that wait for their dependents to go.
    var suspects: Set<String> = []
    var isScheduled = false
}

extension ClusterStore {
    /// What built-in controllers learn from a change.
    mutating func noteForControllers(_ change: ObjectTable.Change, table: String) {
        index(change, place: GarbageCollection.Place(table: table, key: change.key))
        noteForQuotas(change, table: table)
        let isNamespace = table == APIResource.namespaces.qualifiedName
        if isNamespace, configuration.controllers.contains(.serviceAccount), change.old == nil {
            createDefaultAccount(in: change.key)
        }
        guard configuration.controllers.contains(.namespace) else { return }
        if isNamespace {
            let isDying = change.new?["metadata", "deletionTimestamp"] != nil
            if isDying, change.old?["metadata", "deletionTimestamp"] == nil {
                timers.add(.emptyNamespace(change.key), at: now + Self.namespaceDelay)
            }
        } else if change.new == nil, let name = change.old?["metadata", "namespace"]?.string,
            object(.namespaces, ObjectKey(namespace: "", name: name))?["metadata", "deletionTimestamp"] != nil
        {
            timers.add(.emptyNamespace(name), at: now + Self.controllerDelay)
        }
    }

    /// From a change until a built-in controller has heard of it and acts.
    static let controllerDelay = Duration.milliseconds(20)

    /// The namespace controller takes its time.
    static let namespaceDelay = Duration.milliseconds(250)

    private mutating func index(_ change: ObjectTable.Change, place: GarbageCollection.Place) {
        let before = Self.owners(of: change.old)
        let after = Self.owners(of: change.new)
        if before != after {
            for uid in before.subtracting(after) { garbage.dependents[uid]?.remove(place) }
            for uid in after.subtracting(before) {
                garbage.dependents[uid, default: []].insert(place)
                if garbage.objects[uid] == nil { suspect(uid) }
            }
        }
        if change.old == nil, let uid = change.new?["metadata", "uid"]?.string { garbage.objects[uid] = place }
        if change.new == nil, let uid = change.old?["metadata", "uid"]?.string {
            garbage.objects[uid] = nil
            if garbage.dependents[uid]?.isEmpty == false { suspect(uid) }
            // An owner that waits for this dependent may go now.
            for owner in before where waitsForDependents(owner) { suspect(owner) }
        } else if let uid = change.new?["metadata", "uid"]?.string, waitsForDependents(uid) {
            suspect(uid)
        }
    }

    private static func owners(of object: JSONObject?) -> Set<String> {
        guard let references = object?["metadata", "ownerReferences"]?.array else { return [] }
        return Set(references.compactMap { $0.object?["uid"]?.string })
    }

    private func waitsForDependents(_ uid: String) -> Bool {
        guard let place = garbage.objects[uid], let object = tables[place.table]?[place.key],
            object["metadata", "deletionTimestamp"] != nil
        else { return false }
        let finalizers = object["metadata", "finalizers"]?.strings ?? []
        return finalizers.contains("foregroundDeletion") || finalizers.contains("orphan")
    }

    private mutating func suspect(_ uid: String) {
        guard configuration.controllers.contains(.garbageCollector) else { return }
        garbage.suspects.insert(uid)
        guard !garbage.isScheduled else { return }
        garbage.isScheduled = true
        timers.add(.collectGarbage, at: now + Self.controllerDelay)
    }

    mutating func collectGarbage() {
        garbage.isScheduled = false
        let suspects = garbage.suspects.sorted()
        garbage.suspects = []
        for uid in suspects {
            let dependents = (garbage.dependents[uid] ?? []).sorted()
            if let place = garbage.objects[uid] {
                if waitsForDependents(uid) { release(uid, at: place, dependents) }
            } else {
                for dependent in dependents { collect(dependent, without: uid) }
                if garbage.dependents[uid]?.isEmpty ?? true { garbage.dependents[uid] = nil }
            }
        }
    }

    /// Deletes a dependent whose owners have all gone, or takes the one that has gone off its list.
    private mutating func collect(_ place: GarbageCollection.Place, without owner: String) {
        guard var object = tables[place.table]?[place.key], let type = type(ofTable: place.table) else { return }
        let others = Self.owners(of: object).subtracting([owner]).filter { garbage.objects[$0] != nil }
        if others.isEmpty {
            let options = DeleteOptions(propagation: "Background", uid: object["metadata", "uid"]?.string)
            // The precondition holds: nothing came between the look and the deletion.
            _ = try? delete(object, type, key: place.key, options)
        } else {
            Self.remove(owner, from: &object)
            commit(object, table: place.table, key: place.key)
        }
    }

    /// An owner that is to go after its dependents, or to leave them behind.
    private mutating func release(
        _ uid: String, at place: GarbageCollection.Place, _ dependents: [GarbageCollection.Place]
    ) {
        guard let owner = tables[place.table]?[place.key] else { return }
        let orphans = owner["metadata", "finalizers"]?.strings?.contains("orphan") ?? false
        var blocks = false
        for dependent in dependents {
            guard var object = tables[dependent.table]?[dependent.key] else { continue }
            if orphans {
                Self.remove(uid, from: &object)
                commit(object, table: dependent.table, key: dependent.key)
            } else {
                if let type = type(ofTable: dependent.table) {
                    _ = try? delete(object, type, key: dependent.key, DeleteOptions(propagation: "Background"))
                }
                let reference = (object["metadata", "ownerReferences"]?.array ?? []).first {
                    $0.object?["uid"]?.string == uid
                }
                let isThere = tables[dependent.table]?[dependent.key] != nil
                blocks = blocks || (isThere && reference?.object?["blockOwnerDeletion"]?.bool == true)
            }
        }
        guard !blocks, var current = tables[place.table]?[place.key] else { return }
        let finalizers = (current["metadata", "finalizers"]?.strings ?? []).filter {
            $0 != "orphan" && $0 != "foregroundDeletion"
        }
        current["metadata", "finalizers"] = finalizers.isEmpty ? nil : JSONValue(finalizers)
        let mayGo = finalizers.isEmpty && current["metadata", "deletionGracePeriodSeconds"]?.integer ?? 0 == 0
        commit(mayGo ? nil : current, table: place.table, key: place.key)
    }

    private static func remove(_ owner: String, from object: inout JSONObject) {
        let references = (object["metadata", "ownerReferences"]?.array ?? []).filter {
            $0.object?["uid"]?.string != owner
        }
        object["metadata", "ownerReferences"] = references.isEmpty ? nil : .array(references)
    }

    func type(ofTable table: String) -> ResourceType? {
        types.keys.sorted().lazy.compactMap { types[$0] }.first { $0.table == table && $0.kind != .eventView }
    }

    /// Deletes what is in a namespace that is going and, once it is empty, the namespace.
    mutating func emptyNamespace(_ name: String) {
        let key = ObjectKey(namespace: "", name: name)
        guard object(.namespaces, key)?["metadata", "deletionTimestamp"] != nil else { return }
        var isEmpty = true
        for typeKey in types.keys.sorted() {
            guard let type = types[typeKey], type.resource.isNamespaced, type.kind != .eventView else { continue }
            for key in tables[type.table]?.keys(namespace: name) ?? [] {
                guard let object = tables[type.table]?[key] else { continue }
                _ = try? delete(object, type, key: key, DeleteOptions(propagation: "Background"))
            }
            if !(tables[type.table]?.keys(namespace: name).isEmpty ?? true) { isEmpty = false }
        }
        guard isEmpty, var namespace = object(.namespaces, key) else { return }
        let finalizers = (namespace["spec", "finalizers"]?.strings ?? []).filter { $0 != "kubernetes" }
        namespace["spec", "finalizers"] = finalizers.isEmpty ? nil : JSONValue(finalizers)
        let mayGo = finalizers.isEmpty && namespace["metadata", "finalizers"]?.array?.isEmpty ?? true
        commit(mayGo ? nil : namespace, table: APIResource.namespaces.qualifiedName, key: name)
    }
}
