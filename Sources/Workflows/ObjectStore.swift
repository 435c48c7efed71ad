package import Kubernetes

/// The objects of one type that an informer knows, by key and by one index.
package struct ObjectStore<Object: KubernetesObject>: Sendable {
    private var objects: [ObjectKey: Object] = [:]
    /// Sorted, for each value of the index.
    private var keys: [String: [ObjectKey]] = [:]
    private let indexValue: @Sendable (Object) -> String?

    /// - Parameter indexValue: What objects are looked up by besides their keys; nil leaves an object out.
    package init(indexedBy indexValue: @escaping @Sendable (Object) -> String? = { _ in nil }) {
        self.indexValue = indexValue
    }

    package subscript(key: ObjectKey) -> Object? { objects[key] }

    package var count: Int { objects.count }

    /// In the order of their keys.
    package var allKeys: [ObjectKey] { objects.keys.sorted() }

    /// In the order of their keys.
    package func objects(indexed value: String) -> [Object] {
        (keys[value] ?? []).compactMap { objects[$0] }
    }

    package mutating func upsert(_ object: Object) {
        let key = object.metadata.key
        let old = objects.updateValue(object, forKey: key).flatMap(indexValue)
        let new = indexValue(object)
        guard old != new else { return }
        if let old { unindex(old, key) }
        if let new { keys[new, default: []].insert(key, at: place(of: key, in: new)) }
    }

    package mutating func remove(_ key: ObjectKey) {
        if let value = objects.removeValue(forKey: key).flatMap(indexValue) { unindex(value, key) }
    }

    private mutating func unindex(_ value: String, _ key: ObjectKey) {
        let place = place(of: key, in: value)
        guard let count = keys[value]?.count, place < count, keys[value]?[place] == key else { return }
        if count == 1 { keys[value] = nil } else { keys[value]?.remove(at: place) }
    }

    /// Where a key stands, or would stand.
    private func place(of key: ObjectKey, in value: String) -> Int {
        let keys = keys[value] ?? []
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
