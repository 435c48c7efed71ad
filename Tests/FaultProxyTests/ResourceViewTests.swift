import Faults
import Kubernetes
import Testing

@testable import FaultProxy

/// What views make of events, time and requests, without sockets.
struct ResourceViewTests {
    private static let stale = Fault.staleView(
        .init(
            freezeAt: .init(.deleted, name: "web"), restartAt: .init(.added, name: "web", count: 2),
            span: .seconds(2), settle: .zero))
    private static let unobserved = Fault.unobserved(
        .init(
            from: .init(.modified, name: "web", field: "data.on", equals: "false"),
            until: .init(.modified, name: "web", count: 2), within: .seconds(10)))

    /// A view with the history from which it learns.
    private struct Stage {
        var view: ResourceView
        var history = ResourceHistory()
        var isAwake = true

        init(_ fault: Fault) throws {
            view = try #require(ResourceView(fault))
            view.isBlind = false
        }

        mutating func saw(
            _ change: Fault.EventPoint.Change, _ name: String, _ version: UInt64, on: String = "true",
            at now: Duration = .zero
        ) {
            let event = ResourceEvent(change: change, object: object(name, version, on: on), version: version)
            history.apply(event)
            let history = self.history
            view.saw(event, counts: true, isAwake: isAwake, at: now) {
                ResourceSnapshot(history, .init(apiVersion: "v1", kind: "ConfigMapList"))
            }
        }

        mutating func answer(_ query: String, at now: Duration = .zero) -> String {
            let path = RequestPath(method: "GET", uri: "/api/v1/namespaces/t/configmaps?\(query)")
            guard let path else { return "" }
            return switch view.answer(to: path, at: now) {
            case .pass: "pass"
            case .gate(let gate): "\(gate)"
            case .list(let snapshot): "list of \(snapshot.version)"
            case .refuseStreamingList: "refuse"
            case .expire(let newest): "expire \(newest)"
            }
        }
    }

    private static func object(_ name: String, _ version: UInt64, on: String = "true") -> JSONObject {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "data": ["on": .string(on)],
            "metadata": ["name": .string(name), "namespace": "t", "resourceVersion": .string("\(version)")],
        ]
    }

    // MARK: Stale views

    private func shown() throws -> Stage {
        var stage = try Stage(Self.stale)
        stage.saw(.added, "web", 3)
        stage.saw(.deleted, "web", 5)
        stage.saw(.added, "web", 8)
        #expect(stage.view.wantsRestart)
        stage.view.restarted(at: .seconds(1))
        return stage
    }

    @Test("the subject has time to act on what has happened before it is restarted")
    func settle() throws {
        guard case .staleView(var fault) = Self.stale else { return }
        fault.settle = .milliseconds(500)
        var stage = try Stage(.staleView(fault))
        stage.saw(.added, "web", 3)
        stage.saw(.deleted, "web", 5)
        stage.saw(.added, "web", 8, at: .seconds(1))
        #expect(!stage.view.wantsRestart && stage.view.deadline == .milliseconds(1_500))
        #expect(stage.answer("resourceVersion=0", at: .seconds(1)) == "pass")
        stage.view.timeElapsed(at: .milliseconds(1_500))
        #expect(stage.view.wantsRestart)
        stage.view.restarted(at: .seconds(2))
        #expect(stage.answer("resourceVersion=0", at: .seconds(2)) == "list of 5")
    }

    @Test("a stale view asks for a restart when its events have come, in their numbers")
    func restart() throws {
        var stage = try Stage(Self.stale)
        stage.saw(.added, "web", 3)
        stage.saw(.added, "other", 4)
        stage.saw(.deleted, "web", 5)
        #expect(!stage.view.wantsRestart)
        #expect(stage.answer("resourceVersion=0") == "pass")
        stage.saw(.added, "web", 8)
        #expect(stage.view.wantsRestart)
        // Until then it is the old life that asks.
        #expect(stage.answer("resourceVersion=0") == "pass")
        stage.view.restarted(at: .zero)
        #expect(!stage.view.wantsRestart)
        #expect(stage.answer("resourceVersion=0") == "list of 5")
    }

    @Test("outside its phase a rule restarts nobody")
    func asleep() throws {
        var stage = try Stage(Self.stale)
        stage.isAwake = false
        stage.saw(.added, "web", 3)
        stage.saw(.deleted, "web", 5)
        stage.saw(.added, "web", 8)
        #expect(!stage.view.wantsRestart)
    }

    @Test(
        "which reads see the old state",
        arguments: [
            ("resourceVersion=0", "list of 5"), ("resourceVersion=0&limit=500", "list of 5"), ("", "pass"),
            ("limit=500", "pass"), ("resourceVersion=5", "list of 5"), ("resourceVersion=6", "pass"),
            ("resourceVersion=5&limit=2", "pass"), ("resourceVersion=0&continue=abc", "pass"),
            ("resourceVersion=5&resourceVersionMatch=Exact", "pass"), ("watch=1&resourceVersion=5", "held(5)"),
            ("watch=1&resourceVersion=4", "held(5)"), ("watch=1&resourceVersion=6", "pass"), ("watch=1", "pass"),
            ("watch=1&resourceVersion=0", "pass"),
            ("watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", "refuse"),
        ])
    func reads(query: String, answer: String) throws {
        var stage = try shown()
        #expect(stage.answer(query, at: .seconds(1)) == answer)
    }

    @Test("the old state is shown for its span from the first look on, and no subject that never looks keeps it")
    func span() throws {
        var stage = try shown()
        #expect(stage.view.deadline == .seconds(31))
        _ = stage.answer("watch=1&sendInitialEvents=true", at: .seconds(4))
        #expect(stage.view.deadline == .seconds(31))
        _ = stage.answer("resourceVersion=0", at: .seconds(5))
        #expect(stage.view.deadline == .seconds(7))
        _ = stage.answer("watch=1&resourceVersion=5", at: .seconds(6))
        #expect(stage.view.deadline == .seconds(7))
        #expect(stage.view.gate == .held(5))
        stage.view.timeElapsed(at: .seconds(7))
        #expect(stage.view.gate == .open)
        #expect(stage.answer("resourceVersion=0") == "pass")
    }

    // MARK: Unobserved states

    @Test("watches follow until the state comes that is not to be seen, and are held then")
    func holding() throws {
        var stage = try Stage(Self.unobserved)
        stage.saw(.added, "web", 3)
        #expect(stage.answer("watch=1&resourceVersion=3") == "upTo(3)")
        #expect(stage.answer("resourceVersion=0") == "pass")
        stage.saw(.modified, "web", 6, on: "false", at: .seconds(1))
        #expect(stage.view.gate == .held(5))
        #expect(stage.view.deadline == .seconds(11))
        #expect(stage.answer("watch=1&resourceVersion=3") == "held(5)")
        #expect(stage.answer("") == "pass")
        stage.saw(.modified, "other", 7)
        #expect(stage.view.gate == .held(5))
        stage.saw(.modified, "web", 9)
        #expect(stage.view.gate == .expired(newest: 9))
        #expect(stage.view.deadline == nil)
        #expect(stage.answer("watch=1&resourceVersion=3") == "expire 9")
        #expect(stage.answer("watch=1&resourceVersion=9") == "pass")
        #expect(stage.answer("watch=1&resourceVersion=0") == "pass")
    }

    @Test("what is held is let go where the end does not come in time")
    func within() throws {
        var stage = try Stage(Self.unobserved)
        stage.saw(.modified, "web", 6, on: "false")
        stage.view.timeElapsed(at: .seconds(9))
        #expect(stage.view.gate == .held(5))
        stage.view.timeElapsed(at: .seconds(10))
        #expect(stage.view.gate == .open)
        stage.saw(.modified, "web", 9)
        #expect(stage.answer("watch=1&resourceVersion=3") == "pass")
    }

    @Test("nobody waits for what cannot be learnt")
    func blind() throws {
        var stage = try Stage(Self.unobserved)
        stage.view.isBlind = true
        #expect(stage.view.gate == .upTo(.max))
    }

    // MARK: History and snapshots

    @Test("a list that comes later tells what has happened meanwhile")
    func relist() {
        var history = ResourceHistory()
        let old = [Self.object("a", 1), Self.object("b", 2)]
        #expect(history.events(leadingTo: old, version: 3) { _ in true } == [])
        history.begin(with: old, besides: [])
        history.reached(3)
        let events = history.events(leadingTo: [Self.object("c", 7), Self.object("b", 5)], version: 9) { _ in true }
        #expect(events.map(\.change) == [.modified, .added, .deleted])
        #expect(events.map(\.version) == [5, 7, 9])
    }

    @Test("of a first list those count that were made since")
    func firstList() {
        let history = ResourceHistory()
        let items = [Self.object("new", 5), Self.object("old", 1)]
        let events = history.events(leadingTo: items, version: 9) { $0["metadata", "name"] == "old" }
        #expect(events.map(\.change) == [.added] && events.map(\.version) == [5])
    }

    @Test("a list is given in the server's order, selected, and as metadata where that is asked for")
    func snapshot() throws {
        var history = ResourceHistory()
        for (index, name) in ["b", "a-b", "a", "c"].enumerated() {
            let version = UInt64(index + 1)
            history.apply(ResourceEvent(change: .added, object: Self.object(name, version), version: version))
        }
        let snapshot = ResourceSnapshot(history, .init(apiVersion: "v1", kind: "ConfigMapList"))
        func list(_ query: String, metadataAlone: Bool = false) throws -> JSONObject {
            let path = try #require(RequestPath(method: "GET", uri: "/api/v1/configmaps?\(query)"))
            let answer = try #require(snapshot.answer(to: path, metadataAlone: metadataAlone))
            return try #require(JSONValue(parsing: answer.body).object)
        }
        let all = try list("")
        #expect(all["items"]?.array?.map { $0.object?["metadata", "name"]?.string } == ["a", "a-b", "b", "c"])
        #expect(all["items"]?.array?.first?.object?["kind"] == nil)
        #expect(all["metadata", "resourceVersion"] == "4" && all["kind"] == "ConfigMapList")
        #expect(try list("fieldSelector=metadata.name%3Db")["items"]?.array?.count == 1)
        #expect(try list("labelSelector=app%3Dx")["items"]?.array?.count == 0)
        let metadata = try list("", metadataAlone: true)
        #expect(metadata["kind"] == "PartialObjectMetadataList" && metadata["apiVersion"] == "meta.k8s.io/v1")
        #expect(metadata["items"]?.array?.first?.object?["data"] == nil)
    }
}
