import Determinism
package import Kubernetes
package import Resilience

/// Keeps a store of objects in step with the server: list, then watch from there, and from the start where the
/// server's history has run out. client-go's reflector as a value, with its store.
package struct Reflector<Object: KubernetesObject>: Sendable {
    /// What is to be done next.
    package enum Step: Hashable, Sendable {
        /// Fetch a page of the whole collection; continue with ``listed(_:)`` or ``failed(_:now:using:)``.
        case list(continueToken: String?)
        /// Open a watch; continue with ``received(_:now:)``, and ``watchEnded(now:)`` or ``failed(_:now:using:)``.
        case watch(from: String)
        /// Let time pass; continue with ``waited()``.
        case wait(Duration)
    }

    /// A difference between the store before and after.
    package struct Change: Hashable, Sendable {
        package var old: Object?
        /// Nil where the object is gone, whether a DELETED event said so or a list no longer had it.
        package var new: Object?

        package var object: Object? { new ?? old }
    }

    package private(set) var objects: ObjectStore<Object>
    /// Whether a whole list has arrived.
    package private(set) var hasSynced = false
    package private(set) var next: Step = .list(continueToken: nil)

    private let backoff: Backoff
    /// The pages that have arrived of a list that goes on.
    private var gathered: [Object] = []
    /// How far the watch, or the last list, has come.
    private var position = ""
    private var stepAfterWait: Step = .list(continueToken: nil)
    private var failures = 0
    private var previousWait = Backoff.Previous()
    private var lastFailure: Duration?
    private var watchStarted: Duration?
    private var hasWatchSpoken = false

    package init(
        backoff: Backoff, indexedBy indexValue: @escaping @Sendable (Object) -> String? = { _ in nil }
    ) {
        self.backoff = backoff
        objects = ObjectStore(indexedBy: indexValue)
    }

    /// A page has arrived.
    package mutating func listed(_ page: ObjectList<Object>) -> [Change] {
        gathered += page.items
        if let token = page.continueToken {
            next = .list(continueToken: token)
            return []
        }
        defer { gathered = [] }
        position = page.resourceVersion
        hasSynced = true
        next = .watch(from: position)
        return replaceAll(with: gathered)
    }

    package mutating func watchOpened(now: Duration) {
        watchStarted = now
        hasWatchSpoken = false
    }

    /// An event has arrived; an error event is to be passed to ``failed(_:now:using:)`` instead.
    package mutating func received(_ event: WatchEvent) -> [Change] {
        hasWatchSpoken = true
        failures = 0
        previousWait = Backoff.Previous()
        switch event {
        case .added(let json), .modified(let json): return note(upsert(Object(json: json)), json)
        case .deleted(let json): return note(remove(Object(json: json)), json)
        case .bookmark(let json): return note([], json)
        case .error: return []
        }
    }

    /// The server ended the watch in good order.
    package mutating func watchEnded(now: Duration) {
        next = .watch(from: position)
        // A server that ends every watch at once must not be asked in a tight loop.
        guard !hasWatchSpoken, let watchStarted, now - watchStarted < .seconds(1) else { return }
        stepAfterWait = next
        next = .wait(.seconds(1))
    }

    /// A list or a watch failed, or a watch brought an error event.
    ///
    /// - Returns: The wait before the next request.
    package mutating func failed(
        _ error: APIError, now: Duration, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        // client-go forgets failures after two quiet minutes.
        if let lastFailure, now - lastFailure > .seconds(120) { failures = 0 }
        lastFailure = now
        let isFirst = failures == 0
        failures += 1
        switch (next, error.code) {
        case (.watch, .expired):
            stepAfterWait = .list(continueToken: nil)
            // The history ran out, which is nobody's fault: the list need not wait, unless it did not help before.
            if isFirst {
                next = stepAfterWait
                return .zero
            }
        case (.watch, _): stepAfterWait = .watch(from: position)
        default:
            gathered = []
            stepAfterWait = .list(continueToken: nil)
        }
        let wait = backoff.delay(retry: failures, previous: &previousWait, using: &generator)
        next = .wait(wait)
        return wait
    }

    package mutating func waited() { next = stepAfterWait }

    /// Takes in the answer to one's own write, so that the next decision does not rest on what it replaced.
    ///
    /// A write that the watch has passed already says nothing new, and could bring back what was deleted since.
    package mutating func observed(_ object: Object) {
        guard Self.isNewer(object.metadata.resourceVersion, than: position) else { return }
        _ = upsert(object)
    }

    private mutating func note(_ changes: [Change], _ json: JSONObject) -> [Change] {
        let version = json["metadata", "resourceVersion"]?.string
        if let version, Self.isNewer(version, than: position) { position = version }
        return changes
    }

    private mutating func upsert(_ object: Object) -> [Change] {
        let old = objects[object.metadata.key]
        if let old, !Self.isNewer(object.metadata.resourceVersion, than: old.metadata.resourceVersion) { return [] }
        objects.upsert(object)
        return [Change(old: old, new: object)]
    }

    private mutating func remove(_ object: Object) -> [Change] {
        let key = object.metadata.key
        guard let old = objects[key] else { return [] }
        // A namesake that was created since, and is known from its own write, stays.
        if Self.isNewer(old.metadata.resourceVersion, than: object.metadata.resourceVersion),
            old.metadata.uid != object.metadata.uid
        {
            return []
        }
        objects.remove(key)
        return [Change(old: old, new: nil)]
    }

    private mutating func replaceAll(with items: [Object]) -> [Change] {
        var changes: [Change] = []
        let listed = Set(items.map(\.metadata.key))
        for key in objects.allKeys where !listed.contains(key) {
            // Not listed because it was created after the list was taken.
            guard let old = objects[key], !Self.isNewer(old.metadata.resourceVersion, than: position) else { continue }
            objects.remove(key)
            changes.append(Change(old: old, new: nil))
        }
        for item in items.sorted(by: { $0.metadata.key < $1.metadata.key }) { changes += upsert(item) }
        return changes
    }

    /// Whether one resourceVersion is later than another. Kubernetes orders them as decimal numbers (KEP-5504); what is
    /// no number counts as later, so that nothing is missed.
    static func isNewer(_ version: String?, than other: String?) -> Bool {
        guard let version = version.flatMap(UInt64.init), let other = other.flatMap(UInt64.init) else { return true }
        return version > other
    }
}
