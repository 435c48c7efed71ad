package import Kubernetes

/// The objects of one type that an informer knows, by key and by one index.
package struct ObjectStore<Object: KubernetesObject>: Sendable {
    private var objects: [ObjectKey: Object] = [:]
    private var keys: [String: Set<ObjectKey>] = [:]
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
        (keys[value] ?? []).sorted().compactMap { objects[$0] }
    }

    package mutating func upsert(_ object: Object) {
        let key = object.metadata.key
        if let old = objects[key] { unindex(old, key) }
        objects[key] = object
        if let value = indexValue(object) { keys[value, default: []].insert(key) }
    }

    package mutating func remove(_ key: ObjectKey) {
        if let old = objects.removeValue(forKey: key) { unindex(old, key) }
    }

    private mutating func unindex(_ object: Object, _ key: ObjectKey) {
        guard let value = indexValue(object) else { return }
        keys[value]?.remove(key)
        if keys[value]?.isEmpty == true { keys[value] = nil }
    }
}
