import Kubernetes

/// The objects of one resource, in the order of their keys, and the changes that led to them.
struct ObjectTable {
    /// One change; `old` and `new` are nil before a creation and after a deletion.
    struct Change {
        var revision: UInt64
        var key: String
        var old: JSONObject?
        var new: JSONObject?
    }

    private(set) var objects: [String: JSONObject] = [:]
    /// Sorted, so that a list or a page is a range.
    private(set) var keys: [String] = []
    /// Later than ``floor``, oldest first.
    private var history: [Change] = []
    private let historyLimit: Int
    /// Changes up to this revision are forgotten.
    private(set) var floor: UInt64

    init(historyLimit: Int, floor: UInt64) {
        self.historyLimit = historyLimit
        self.floor = floor
    }

    /// `namespace/name`, or the name alone: sorts as the keys of etcd do.
    static func key(namespace: String, name: String) -> String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    subscript(key: String) -> JSONObject? { objects[key] }

    mutating func set(_ object: JSONObject?, at key: String, revision: UInt64) {
        let old = objects[key]
        objects[key] = object
        let index = Self.lowerBound(of: key, in: keys)
        if old == nil, object != nil { keys.insert(key, at: index) }
        if old != nil, object == nil { keys.remove(at: index) }
        history.append(Change(revision: revision, key: key, old: old, new: object))
        if history.count >= 2 * max(historyLimit, 1) {
            let surplus = history.count - max(historyLimit, 1)
            floor = history[surplus - 1].revision
            history.removeFirst(surplus)
        }
    }

    /// The keys of a namespace, or all.
    func keys(namespace: String?) -> ArraySlice<String> { Self.keys(namespace: namespace, in: keys) }

    static func keys(namespace: String?, in keys: [String]) -> ArraySlice<String> {
        guard let namespace else { return keys[...] }
        // "0" follows "/" in ASCII.
        return keys[lowerBound(of: "\(namespace)/", in: keys)..<lowerBound(of: "\(namespace)0", in: keys)]
    }

    /// Everything after a revision; nil where that is no longer known.
    func changes(after revision: UInt64) -> ArraySlice<Change>? {
        guard revision >= floor else { return nil }
        var low = 0
        var high = history.count
        while low < high {
            let middle = (low + high) / 2
            if history[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return history[low...]
    }

    /// The table as it was at a revision; nil where that is no longer known.
    func snapshot(at revision: UInt64) -> (keys: [String], objects: [String: JSONObject])? {
        guard let later = changes(after: revision) else { return nil }
        guard !later.isEmpty else { return (keys, objects) }
        var keys = keys
        var objects = objects
        for change in later.reversed() {
            let index = Self.lowerBound(of: change.key, in: keys)
            if change.old == nil { keys.remove(at: index) }
            if change.new == nil { keys.insert(change.key, at: index) }
            objects[change.key] = change.old
        }
        return (keys, objects)
    }

    /// The first index whose key is not before `key`.
    static func lowerBound(of key: String, in keys: [String]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension ObjectTable {
    /// Takes in an object as it is, without a change to tell of.
    mutating func adopt(_ object: JSONObject?, at key: String) {
        objects[key] = object
        keys.insert(key, at: Self.lowerBound(of: key, in: keys))
    }
}
