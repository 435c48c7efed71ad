import Determinism
import Kubernetes
import Resilience
import Testing
import Workflows

struct ReflectorTests {
    private var reflector = Reflector<ConfigMap>(
        backoff: Policy.Reflector.clientGo.backoff, indexedBy: { $0.data["color"] })
    private var generator = SplitMix64(seed: 3)

    private static func object(_ name: String, _ version: Int, color: String = "red") -> ConfigMap {
        var object = ConfigMap(name: name, namespace: "n")
        object.metadata.resourceVersion = String(version)
        object.metadata.uid = "uid-\(name)"
        object.data = ["color": color]
        return object
    }

    private static func bookmark(_ version: Int) -> WatchEvent {
        .bookmark(["metadata": ["resourceVersion": .string(String(version))]])
    }

    private static func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "n", name: name) }

    private static let gone = APIError(.expired("too old resource version: 5 (37232)"))
    private static let broken = APIError(
        code: .unreachable, message: "reset", transport: TransportFailure(kind: .connectionReset))

    private mutating func sync(_ objects: [ConfigMap], version: Int) {
        _ = reflector.listed(ObjectList(items: objects, resourceVersion: String(version)))
    }

    @Test("it lists page by page, and watches from where the list was taken")
    mutating func pages() {
        #expect(reflector.next == .list(continueToken: nil))
        let first = ObjectList(items: [Self.object("a", 1)], resourceVersion: "9", continueToken: "more")
        #expect(reflector.listed(first).isEmpty)
        #expect(!reflector.hasSynced)
        #expect(reflector.next == .list(continueToken: "more"))
        let changes = reflector.listed(ObjectList(items: [Self.object("b", 2)], resourceVersion: "9"))
        #expect(changes.compactMap(\.new?.metadata.name) == ["a", "b"])
        #expect(reflector.hasSynced)
        #expect(reflector.next == .watch(from: "9"))
    }

    @Test("a watch that breaks is opened again where it stood, after a growing wait")
    mutating func broken() {
        sync([], version: 9)
        _ = reflector.received(Self.bookmark(12))
        let first = reflector.failed(Self.broken, now: .zero, using: &generator)
        #expect(first >= .milliseconds(800) && first <= .milliseconds(1_600))
        #expect(reflector.next == .wait(first))
        reflector.waited()
        #expect(reflector.next == .watch(from: "12"))
        let second = reflector.failed(Self.broken, now: .seconds(2), using: &generator)
        #expect(second >= .milliseconds(1_600) && second <= .milliseconds(3_200))
    }

    @Test("history that ran out leads to a new list, at once the first time and after a wait then")
    mutating func expired() {
        sync([Self.object("a", 1)], version: 9)
        #expect(reflector.failed(Self.gone, now: .zero, using: &generator) == .zero)
        #expect(reflector.next == .list(continueToken: nil))
        sync([Self.object("a", 1)], version: 20)
        #expect(reflector.failed(Self.gone, now: .zero, using: &generator) > .zero)
        reflector.waited()
        #expect(reflector.next == .list(continueToken: nil))
    }

    @Test("what a new list no longer has is told as gone")
    mutating func tombstones() {
        sync([Self.object("a", 1), Self.object("b", 2)], version: 9)
        _ = reflector.failed(Self.gone, now: .zero, using: &generator)
        let changes = reflector.listed(ObjectList(items: [Self.object("b", 11)], resourceVersion: "12"))
        #expect(changes.map { $0.object?.metadata.name } == ["a", "b"])
        #expect(changes[0].new == nil)
        #expect(changes[1].old?.metadata.resourceVersion == "2")
        #expect(reflector.objects[Self.key("a")] == nil)
    }

    @Test("one's own write is known at once, and its event says nothing new")
    mutating func ownWrite() {
        sync([Self.object("a", 1)], version: 9)
        reflector.observed(Self.object("a", 10, color: "blue"))
        #expect(reflector.objects.objects(indexed: "blue").count == 1)
        #expect(reflector.objects.objects(indexed: "red").isEmpty)
        #expect(reflector.received(.modified(Self.object("a", 10, color: "blue").json)).isEmpty)
    }

    @Test("an answer that comes after the object's deletion does not bring it back")
    mutating func lateAnswer() {
        sync([Self.object("a", 1)], version: 9)
        _ = reflector.received(.modified(Self.object("a", 10).json))
        _ = reflector.received(.deleted(Self.object("a", 11).json))
        reflector.observed(Self.object("a", 10))
        #expect(reflector.objects[Self.key("a")] == nil)
    }

    @Test("a server that ends every watch at once is not asked in a tight loop")
    mutating func shortWatches() {
        sync([], version: 9)
        reflector.watchOpened(now: .seconds(5))
        reflector.watchEnded(now: .seconds(5))
        #expect(reflector.next == .wait(.seconds(1)))
        reflector.waited()
        reflector.watchOpened(now: .seconds(6))
        reflector.watchEnded(now: .seconds(66))
        #expect(reflector.next == .watch(from: "9"))
    }

    @Test("whatever breaks on the way, the store ends as the server's", arguments: 0..<100 as Range<UInt64>)
    mutating func randomWalk(seed: UInt64) throws {
        var walk = SplitMix64(seed: seed)
        var server = ServerModel()
        for _ in 0..<300 {
            server.change(using: &walk)
            if Int.random(in: 0..<4, using: &walk) > 0 { step(&server, using: &walk) }
        }
        // Good weather: a few steps at most.
        for _ in 0..<8 { step(&server, isFair: true, using: &walk) }
        #expect(reflector.objects.allKeys == server.objects.keys.sorted(), "seed \(seed)")
        for (key, object) in server.objects {
            #expect(reflector.objects[key] == object, "seed \(seed)")
        }
        let red = server.objects.values.filter { $0.data["color"] == "red" }.map(\.metadata.key).sorted()
        #expect(reflector.objects.objects(indexed: "red").map(\.metadata.key) == red, "seed \(seed)")
    }

    private mutating func step(_ server: inout ServerModel, isFair: Bool = false, using walk: inout SplitMix64) {
        let hasFailed = !isFair && Int.random(in: 0..<4, using: &walk) == 0
        switch reflector.next {
        case .wait: reflector.waited()
        case .list:
            if hasFailed {
                _ = reflector.failed(Self.broken, now: .zero, using: &generator)
            } else {
                _ = reflector.listed(
                    ObjectList(items: Array(server.objects.values), resourceVersion: String(server.revision)))
            }
        case .watch(let from):
            reflector.watchOpened(now: .zero)
            let start = Int(from) ?? 0
            if start < server.oldest {
                _ = reflector.failed(Self.gone, now: .zero, using: &generator)
                return
            }
            var events = server.events.filter { $0.revision > start }
            if hasFailed { events = Array(events.prefix(2)) }
            for event in events { _ = reflector.received(event.event) }
            if hasFailed {
                _ = reflector.failed(Self.broken, now: .zero, using: &generator)
            } else {
                reflector.watchEnded(now: .seconds(60))
            }
        }
    }

    /// A server that forgets its history now and then.
    private struct ServerModel {
        var objects: [ObjectKey: ConfigMap] = [:]
        var revision = 1
        var oldest = 0
        var events: [(revision: Int, event: WatchEvent)] = []

        mutating func change(using walk: inout SplitMix64) {
            revision += 1
            let name = "o\(Int.random(in: 0..<6, using: &walk))"
            let key = ReflectorTests.key(name)
            let color = Bool.random(using: &walk) ? "red" : "blue"
            let object = ReflectorTests.object(name, revision, color: color)
            if objects[key] == nil {
                objects[key] = object
                events.append((revision, .added(object.json)))
            } else if Int.random(in: 0..<3, using: &walk) == 0 {
                objects[key] = nil
                events.append((revision, .deleted(object.json)))
            } else {
                objects[key] = object
                events.append((revision, .modified(object.json)))
            }
            if Int.random(in: 0..<20, using: &walk) == 0 { oldest = revision }
        }
    }
}
