import Determinism
import Experiments
import Kubernetes
import Synchronization

/// Follows every object in a trial's namespace, whatever its kind: what is judged where nothing is known of the subject.
///
/// Each resource is listed, then watched from there, so that nothing is missed however short its life. Objects of no
/// namespace are not followed.
final class ObjectWitness: Sendable {
    private struct State {
        var ledger = ObjectLedger()
        /// In the order of their discovery; those that are followed.
        var resources: [APIResource] = []
        /// Qualified names of those that were listed, or can't be.
        var settled: Set<String> = []
        var hasDiscovered = false
    }

    private let api: any KubernetesAPI
    private let namespace: String
    private let clock: TrialClock
    private let collector: TrialCollector
    private let state = Mutex(State())

    init(api: any KubernetesAPI, namespace: String, clock: TrialClock, collector: TrialCollector) {
        self.api = api
        self.namespace = namespace
        self.clock = clock
        self.collector = collector
    }

    /// How many changes of objects were seen; it grows with each.
    var changes: Int { state.withLock { $0.ledger.changes } }

    /// When the last change was seen of anything but leases.
    var lastChange: Duration { state.withLock { $0.ledger.lastChange } }

    /// Waits until everything that is there has been seen, so that nothing that comes from now on is missed.
    func begun(within bound: Duration = .seconds(30)) async throws {
        let deadline = clock.now + bound
        while clock.now < deadline {
            let hasBegun = state.withLock { state in
                state.hasDiscovered && state.resources.allSatisfy { state.settled.contains($0.qualifiedName) }
            }
            if hasBegun { return }
            try await clock.sleep(for: .milliseconds(5))
        }
        fail("the objects of the trial", "they could not be followed within \(bound.text)")
    }

    /// Follows what there is, and what resources are defined meanwhile, until cancelled.
    func run() async throws {
        let (news, announce) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        announce.yield()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.followDefinitions { announce.yield() } }
            for await _ in news {
                for resource in try await self.discover() {
                    group.addTask { try await self.follow(resource) }
                }
            }
            try Task.checkCancellation()
        }
    }

    /// Looks at every object once more, and records what it has come to.
    func inspect() async {
        let resources = state.withLock { $0.resources }
        if !state.withLock({ $0.hasDiscovered }) { fail("the end state", "no resource was discovered") }
        var ends: [EndState] = []
        await withTaskGroup(of: [EndState].self) { group in
            for resource in resources { group.addTask { await self.ends(of: resource) } }
            for await found in group { ends += found }
        }
        let now = clock.now
        for end in ends.sorted(by: { $0.key < $1.key }) { collector.observe(end.observation(at: now)) }
    }

    private func ends(of resource: APIResource) async -> [EndState] {
        do {
            let items = try await list(resource).items
            return items.filter { !ObjectLedger.isLeftOut($0, of: resource) }.map { item in
                EndState(ObjectNaming.key(resource, DynamicObject(json: item).metadata.name), of: item)
            }
        } catch let error as APIError where error.code == .notFound {
            // Its definition is gone, and its objects with it.
            return []
        } catch {
            fail("the end state of \(resource.qualifiedName)", "\(error)")
            return []
        }
    }

    // MARK: Resources

    /// - Returns: The resources that are new.
    private func discover() async throws -> [APIResource] {
        while true {
            do {
                let discovery = try await api.discover(timeout: Self.timeout)
                for silent in discovery.silent { note("nobody serves \(silent)") }
                return state.withLock { state in
                    let followed = Set(state.resources.map(\.qualifiedName))
                    let new = Self.followed(discovery.watchable).filter { !followed.contains($0.qualifiedName) }
                    state.resources += new
                    state.ledger.learned(discovery.watchable)
                    state.hasDiscovered = true
                    return new
                }
            } catch let error as APIError {
                try Task.checkCancellation()
                note("what the server serves could not be read: \(error)")
                try await clock.sleep(for: Self.pause)
            }
        }
    }

    private static func followed(_ resources: [APIResource]) -> [APIResource] {
        let own = resources.filter { !ObjectLedger.isLeftOut($0) }
        // Servers of old serve what moved to a group of its own under `extensions` too.
        return own.filter { resource in
            resource.group != "extensions" || !own.contains { $0.group != resource.group && $0.name == resource.name }
        }
    }

    /// Tells of every change of a definition.
    private func followDefinitions(_ changed: @escaping @Sendable () -> Void) async throws {
        var position: String?
        while true {
            do {
                if position == nil {
                    let request = APIRequest(.list, .customResourceDefinitions, timeout: Self.timeout)
                    position = try await api.send(request)["metadata", "resourceVersion"]?.string
                    changed()
                }
                position = try await watch(.customResourceDefinitions, in: nil, from: position ?? "") { event in
                    if case .deleted = event { return }
                    changed()
                }
            } catch let error as APIError {
                try Task.checkCancellation()
                if error.code == .forbidden {
                    note("resources that are defined from now on are not followed: \(error)")
                    return
                }
                position = nil
                try await clock.sleep(for: Self.pause)
            }
        }
    }

    // MARK: Objects

    private func follow(_ resource: APIResource) async throws {
        let name = resource.qualifiedName
        var position: String?
        var hasListed = false
        while true {
            do {
                if let from = position {
                    position = try await watch(resource, in: namespace, from: from) { self.received($0, of: resource) }
                    if position == nil { note("\(name) are listed anew; what came and went meanwhile was missed") }
                } else {
                    position = try await list(resource).version
                    hasListed = true
                    _ = state.withLock { $0.settled.insert(name) }
                }
            } catch let error as APIError {
                try Task.checkCancellation()
                if error.code == .forbidden, !hasListed {
                    fail(name, "\(error)")
                    _ = state.withLock { $0.settled.insert(name) }
                    return
                }
                if position == nil { note("\(name) could not be listed: \(error)") }
                if error.code == .expired || error.code == .notFound { position = nil }
                try await clock.sleep(for: Self.pause)
            }
        }
    }

    private func list(_ resource: APIResource) async throws -> (items: [JSONObject], version: String) {
        let request = APIRequest(.list, resource, namespace: namespace, timeout: Self.timeout)
        let answer = try await api.send(request)
        // In a list, servers leave out what is the same for all.
        let items = (answer["items"]?.array ?? []).compactMap(\.object).map { item in
            var item = item
            item["apiVersion"] = .string(resource.groupVersion)
            item["kind"] = .string(resource.kind)
            return item
        }
        observe { $0.listed(items, of: resource, at: $1) }
        return (items, answer["metadata", "resourceVersion"]?.string ?? "")
    }

    /// Reads a watch to its end, and again from there where it ended in good order.
    ///
    /// - Returns: Nil where the server's history does not reach back far enough.
    /// - Throws: ``APIError`` where the watch could not be opened; what a broken stream had told is not lost.
    private func watch(
        _ resource: APIResource, in namespace: String?, from start: String,
        _ received: @escaping @Sendable (WatchEvent) -> Void
    ) async throws -> String? {
        let position = Mutex<String?>(start)
        while let from = position.withLock({ $0 }) {
            let options = RequestOptions(resourceVersion: from, timeoutSeconds: 300, allowWatchBookmarks: true)
            let request = APIRequest(.watch, resource, namespace: namespace, options: options)
            let opened = clock.now
            do {
                try await api.withWatch(request) { stream in
                    for try await event in stream {
                        if case .error(let status) = event {
                            if APIError(status).code == .expired { position.withLock { $0 = nil } }
                            return
                        }
                        if let version = event.object["metadata", "resourceVersion"]?.string {
                            position.withLock { $0 = version }
                        }
                        received(event)
                    }
                }
            } catch let error as APIError {
                try Task.checkCancellation()
                if error.code == .expired { return nil }
                if error.code == .notFound { throw error }
            }
            // A server that ends every watch at once is not to be asked in a tight loop.
            if clock.now - opened < .seconds(1) { try await clock.sleep(for: Self.pause) }
        }
        return nil
    }

    private func received(_ event: WatchEvent, of resource: APIResource) {
        switch event {
        case .added(let json), .modified(let json): observe { $0.saw(json, of: resource, at: $1) }
        case .deleted(let json): observe { $0.sawDeletion(of: json, of: resource, at: $1) }
        case .bookmark, .error: break
        }
    }

    // MARK: The record

    private func observe(_ look: (inout ObjectLedger, Duration) -> [Observation]) {
        let now = clock.now
        // In one step, so that facts stand in the order in which they were found.
        state.withLock { state in
            for fact in look(&state.ledger, now) { collector.observe(fact) }
        }
    }

    private func note(_ message: String) {
        collector.observe(Observation(.note, "objects", message: message, at: clock.now))
    }

    private func fail(_ what: String, _ message: String) {
        collector.observe(Observation(.oracleFailed, what, message: message, at: clock.now))
    }

    private static let timeout = Duration.seconds(10)
    /// Between tries.
    private static let pause = Duration.milliseconds(100)
}
