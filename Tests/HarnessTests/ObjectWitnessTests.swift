import APIMachinery
import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import Harness

struct ObjectLedgerTests {
    private static func object(
        _ name: String, uid: String = "1", version: String = "5", _ change: (inout JSONObject) -> Void = { _ in }
    ) -> JSONObject {
        var json: JSONObject = [
            "metadata": ["name": .string(name), "uid": .string(uid), "resourceVersion": .string(version)]
        ]
        change(&json)
        return json
    }

    private static let website = APIResource(group: "example.com", name: "websites", kind: "Website")

    @Test("an object is told of once, then by its versions, and by its end")
    func life() {
        var ledger = ObjectLedger()
        let first = ledger.saw(Self.object("web"), of: Self.website, at: .seconds(1))
        #expect(first == [Observation(.objectCreated, "websites.example.com/web", detail: "1", at: .seconds(1))])
        #expect(ledger.saw(Self.object("web"), of: Self.website, at: .seconds(2)) == [])
        let second = ledger.saw(Self.object("web", version: "6"), of: Self.website, at: .seconds(3))
        #expect(second.map(\.kind) == [.objectWritten])
        // A watch that lags behind a list.
        #expect(ledger.saw(Self.object("web", version: "5"), of: Self.website, at: .seconds(4)) == [])
        let last = ledger.sawDeletion(of: Self.object("web", version: "7"), of: Self.website, at: .seconds(5))
        #expect(last == [Observation(.objectDeleted, "websites.example.com/web", detail: "1", at: .seconds(5))])
        #expect(ledger.saw(Self.object("web", version: "6"), of: Self.website, at: .seconds(6)) == [])
        #expect(ledger.sawDeletion(of: Self.object("web"), of: Self.website, at: .seconds(6)) == [])
        #expect(ledger.changes == 3)
        #expect(ledger.lastChange == .seconds(5))
    }

    @Test("a deletion that has begun is told of")
    func deletion() {
        var ledger = ObjectLedger()
        _ = ledger.saw(Self.object("web"), of: Self.website, at: .seconds(1))
        let marked = Self.object("web", version: "6") {
            $0["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z"
        }
        #expect(ledger.saw(marked, of: Self.website, at: .seconds(2)).map(\.message) == ["being deleted"])
    }

    @Test("a pod whose work is over no longer counts, and another object of such a phase does")
    func work() {
        var ledger = ObjectLedger()
        func messages(_ resource: APIResource, _ phases: [String]) -> [String] {
            phases.enumerated().flatMap { index, phase in
                let pod = Self.object("p", uid: resource.name, version: "\(index)") {
                    $0["status", "phase"] = .string(phase)
                }
                return ledger.saw(pod, of: resource, at: .zero).map(\.message)
            }
        }
        #expect(messages(.pods, ["Pending", "Running", "Failed"]) == ["", "", "Failed"])
        #expect(messages(Self.website, ["Pending", "Running", "Failed"]) == ["", "", ""])
    }

    @Test("what a list no longer has is gone, before what it has anew is there")
    func lists() {
        var ledger = ObjectLedger()
        _ = ledger.listed(
            [Self.object("a", uid: "1"), Self.object("b", uid: "2")], of: .pods, at: .seconds(1))
        _ = ledger.saw(Self.object("m", uid: "9"), of: .configMaps, at: .seconds(1))
        let facts = ledger.listed(
            [Self.object("b", uid: "3", version: "9"), Self.object("a", uid: "1")], of: .pods, at: .seconds(2))
        #expect(facts.map(\.kind) == [.objectDeleted, .objectCreated])
        #expect(facts.map(\.detail) == ["2", "3"])
    }

    @Test("an owner goes by its resource, and the controlling one goes before others")
    func owners() {
        var ledger = ObjectLedger()
        ledger.learned([Self.website])
        let owned = Self.object("web-1") {
            $0["metadata", "ownerReferences"] = [
                ["apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "7"],
                [
                    "apiVersion": "example.com/v1", "kind": "Website", "name": "web", "uid": "8",
                    "controller": true,
                ],
            ]
        }
        #expect(ledger.saw(owned, of: .pods, at: .zero).map(\.message) == ["websites.example.com/web"])
    }

    @Test("what two groups serve is one object")
    func groups() {
        var ledger = ObjectLedger()
        let old = APIResource(group: "old.example.com", name: "websites", kind: "Website")
        _ = ledger.saw(Self.object("web"), of: Self.website, at: .zero)
        #expect(ledger.saw(Self.object("web", version: "6"), of: old, at: .zero) == [])
        #expect(ledger.listed([], of: old, at: .zero) == [])
        #expect(ledger.sawDeletion(of: Self.object("web", version: "7"), of: old, at: .zero) == [])
    }

    @Test("what a namespace brings by itself, and what the harness made, is left out")
    func leftOut() {
        let own = Self.object("compute") { $0["metadata", "labels"] = ["app.kubernetes.io/managed-by": "boreas"] }
        let token = Self.object("t") { $0["type"] = "kubernetes.io/service-account-token" }
        #expect(ObjectLedger.isLeftOut(own, of: .resourceQuotas))
        #expect(ObjectLedger.isLeftOut(token, of: .secrets))
        #expect(ObjectLedger.isLeftOut(Self.object("default"), of: .serviceAccounts))
        #expect(ObjectLedger.isLeftOut(Self.object("kube-root-ca.crt"), of: .configMaps))
        #expect(!ObjectLedger.isLeftOut(Self.object("default"), of: .configMaps))
        #expect(ObjectLedger.isLeftOut(.events))
        #expect(ObjectLedger.isLeftOut(.nodes))
        #expect(!ObjectLedger.isLeftOut(.leases))
    }
}

@Suite(.timeLimit(.minutes(2)))
struct ObjectWitnessTests {
    private static let namespace = "boreas-trial"

    /// Follows a namespace of its own while `body` goes on, and gives what was seen.
    ///
    /// - Parameter cuts: What befalls the witness's requests, where anything does.
    private static func witnessed(
        cuts: CutLog? = nil, _ body: (InProcessAPI, ObjectWitness) async throws -> Void
    ) async throws -> [Observation] {
        try await Fixtures.withAPI { api, clock in
            _ = try await api.create(Namespace(name: namespace))
            let collector = TrialCollector()
            let own: any KubernetesAPI = cuts.map { CuttingAPI(api, $0) } ?? api
            let witness = ObjectWitness(api: own, namespace: namespace, clock: clock, collector: collector)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await witness.run() }
                try await witness.begun()
                try await body(api, witness)
                await witness.inspect()
                group.cancelAll()
            }
            collector.end(at: clock.now)
            return collector.evidence.observations
        }
    }

    private static func map(_ name: String) -> ConfigMap { ConfigMap(name: name, namespace: namespace) }

    private static func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    private static func facts(_ observations: [Observation], _ kind: Observation.Kind) -> [String] {
        observations.filter { $0.kind == kind }.map(\.subject)
    }

    @Test("objects that come and go within a moment are seen, each change of them, in their order")
    func shortLives() async throws {
        let seen = try await Self.witnessed { api, witness in
            for number in 1...20 {
                _ = try await api.create(Self.map("m\(number)"))
                _ = try await api.patch(ConfigMap.self, Self.key("m\(number)"), ["data": ["k": "v"]])
                try await api.delete(ConfigMap.self, Self.key("m\(number)"))
            }
            try await Fixtures.eventually("all is seen") { witness.changes >= 60 }
        }
        let names = (1...20).map { "configmaps/m\($0)" }
        #expect(Self.facts(seen, .objectCreated) == names)
        #expect(Self.facts(seen, .objectWritten) == names)
        #expect(Self.facts(seen, .objectDeleted) == names)
        #expect(Self.facts(seen, .endState).isEmpty)
        #expect(Self.facts(seen, .oracleFailed).isEmpty)
    }

    @Test("the end is told of what is there, without what always differs, and of nothing that was there before")
    func endStates() async throws {
        let seen = try await Self.witnessed { api, _ in
            _ = try await api.create(Self.map("left"))
            var owned = Self.map("owned")
            let owner = try await api.get(ConfigMap.self, Self.key("left"))
            owned.metadata.ownerReferences = [OwnerReference(to: owner)]
            _ = try await api.create(owned)
        }
        let ends = seen.filter { $0.kind == .endState }
        #expect(ends.map(\.subject) == ["configmaps/left", "configmaps/owned"])
        #expect(ends.first?.message == #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"left"}}"#)
        let owned = seen.first { $0.kind == .objectCreated && $0.subject == "configmaps/owned" }
        #expect(owned?.message == "configmaps/left")
    }

    @Test("a resource that is defined meanwhile is followed")
    func definitions() async throws {
        let website = APIResource(group: "example.com", name: "websites", kind: "Website")
        let seen = try await Self.witnessed { api, witness in
            let definition: JSONObject = [
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": ["name": "websites.example.com"],
                "spec": [
                    "group": "example.com", "scope": "Namespaced",
                    "names": [
                        "plural": "websites", "singular": "website", "kind": "Website", "listKind": "WebsiteList",
                    ],
                    "versions": [
                        [
                            "name": "v1", "served": true, "storage": true,
                            "schema": [
                                "openAPIV3Schema": [
                                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                                ]
                            ],
                        ]
                    ],
                ],
            ]
            _ = try await api.send(APIRequest(.create, .customResourceDefinitions, body: .object(definition)))
            let web: JSONObject = [
                "apiVersion": "example.com/v1", "kind": "Website", "metadata": ["name": "web"],
            ]
            try await Fixtures.eventually("the resource is served") {
                try await api.discover(timeout: .seconds(10)).watchable.contains(website)
            }
            _ = try await api.send(
                APIRequest(.create, website, namespace: Self.namespace, body: .object(web)))
            try await Fixtures.eventually("the object is seen") { witness.changes >= 1 }
            _ = try await api.send(.delete(website, Self.key("web")))
            try await Fixtures.eventually("its deletion is seen") { witness.changes >= 2 }
        }
        #expect(Self.facts(seen, .objectCreated) == ["websites.example.com/web"])
        #expect(Self.facts(seen, .objectDeleted) == ["websites.example.com/web"])
    }

    @Test("a watch that ends is taken up where it was, and one whose history is gone is listed anew")
    func resumption() async throws {
        let cuts = CutLog()
        let seen = try await Self.witnessed(cuts: cuts) { api, witness in
            for number in 1...3 {
                _ = try await api.create(Self.map("m\(number)"))
                try await Fixtures.eventually("\(number) are seen") { witness.changes >= number }
            }
            cuts.expire()
            _ = try await api.create(Self.map("m4"))
            try await Fixtures.eventually("the list has told of the rest") { witness.changes >= 4 }
        }
        #expect(Self.facts(seen, .objectCreated) == (1...4).map { "configmaps/m\($0)" })
        // The first, that after the expiry, and the last look.
        #expect(cuts.lists == 3)
        #expect(seen.contains { $0.kind == .note && $0.message.contains("configmaps are listed anew") })
    }

    @Test("an end that can't be read leaves the trial open")
    func blindness() async throws {
        let cuts = CutLog()
        let seen = try await Self.witnessed(cuts: cuts) { _, _ in cuts.refuseLists() }
        #expect(Self.facts(seen, .oracleFailed) == ["the end state of configmaps"])
    }

    /// A controller's work on one owner: so many children of random names, the last of them with so many replicas.
    private static func work(children: Int, replicas: Int = 1) async throws -> [Observation] {
        try await witnessed { api, witness in
            let owner = try await api.create(map("owner"))
            for _ in 0..<children {
                var child = map("")
                child.metadata.name = ""
                child.json["metadata", "name"] = nil
                child.metadata.generateName = "owner-"
                child.metadata.ownerReferences = [OwnerReference(to: owner)]
                child.json["data"] = ["replicas": .string("\(replicas)")]
                _ = try await api.create(child)
            }
            try await Fixtures.eventually("all is seen") { witness.changes >= 1 + children }
        }
    }

    @Test("from what is seen of calm trials follows what is wrong with another one")
    func verdicts() async throws {
        let reference = try #require(
            CalmReference(trials: [try await Self.work(children: 1), try await Self.work(children: 1)]))
        func broken(_ observations: [Observation]) -> [Invariant: [String]] {
            let history = History(
                phases: Experiment.Phases(calm: .zero, storm: .zero, converge: .zero), observations: observations,
                ended: observations.last?.at ?? .zero,
                process: ProcessSubject(command: ["manager"], workingDirectory: "/"), reference: reference)
            let asked: [Invariant] = [.endStateAsInCalm, .createsAndDeletesAsInCalm, .noDuplicateCreate]
            return asked.reduce(into: [:]) { broken, invariant in
                let violations = invariant.violations(in: history)
                if !violations.isEmpty { broken[invariant] = violations.map { "\($0.subject) \($0.evidence)" } }
            }
        }
        #expect(broken(try await Self.work(children: 1)).isEmpty)
        let twice = broken(try await Self.work(children: 2))
        #expect(Set(twice.keys) == [.endStateAsInCalm, .createsAndDeletesAsInCalm, .noDuplicateCreate])
        #expect(
            twice[.noDuplicateCreate]?.first?.hasPrefix("configmaps/owner had 2 of configmaps/owner-* at once") == true)
        let wrong = broken(try await Self.work(children: 1, replicas: 3))
        #expect(Set(wrong.keys) == [.endStateAsInCalm])
        #expect(wrong[.endStateAsInCalm]?.first?.hasSuffix(#" data.replicas is "3", and in calm "1""#) == true)
    }

    @Test("over sockets the same is found, and followed")
    func sockets() async throws {
        try await SocketWorld.withEmbedded(logger: Fixtures.logger) { world in
            let site = SiteRequest(
                policy: .ofProcess, plan: Plan(), seed: 1, attempts: AttemptCounter(),
                observer: SiteObserver(onExchange: { _ in }, onDecision: { _ in }, onInjection: { _ in }))
            try await world.withSite(site) { site in
                let found = try await site.harness.discover(timeout: .seconds(10))
                let expected = try await Fixtures.withAPI { api, _ in try await api.discover(timeout: .seconds(10)) }
                #expect(Set(found.watchable.map(\.qualifiedName)) == Set(expected.watchable.map(\.qualifiedName)))
                _ = try await site.harness.create(Namespace(name: Self.namespace))
                let collector = TrialCollector()
                let witness = ObjectWitness(
                    api: site.harness, namespace: Self.namespace, clock: site.clock, collector: collector)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await witness.run() }
                    try await witness.begun()
                    _ = try await site.harness.create(Self.map("m"))
                    try await site.harness.delete(ConfigMap.self, Self.key("m"))
                    try await Fixtures.eventually("both are seen") { witness.changes >= 2 }
                    group.cancelAll()
                }
            }
        }
    }
}

/// What becomes of the requests for ConfigMaps through a ``CuttingAPI``.
private final class CutLog: Sendable {
    private struct State {
        var lists = 0
        var isExpired = false
        var isRefusing = false
    }

    private let state = Mutex(State())

    var lists: Int { state.withLock { $0.lists } }

    /// The next watch finds its history gone.
    func expire() { state.withLock { $0.isExpired = true } }

    func refuseLists() { state.withLock { $0.isRefusing = true } }

    func listed() throws {
        try state.withLock { state in
            state.lists += 1
            if state.isRefusing { throw APIError(code: .serverFailure, message: "not today") }
        }
    }

    func takeExpiry() -> Bool {
        state.withLock { state in
            defer { state.isExpired = false }
            return state.isExpired
        }
    }
}

/// Ends each watch of ConfigMaps after one event.
private struct CuttingAPI: KubernetesAPI {
    private let api: InProcessAPI
    private let log: CutLog

    init(_ api: InProcessAPI, _ log: CutLog) {
        self.api = api
        self.log = log
    }

    func send(_ request: APIRequest) async throws -> JSONObject {
        if request.verb == .list, request.resource == .configMaps { try log.listed() }
        return try await api.send(request)
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        guard request.resource == .configMaps else { return try await api.withWatch(request, body) }
        if log.takeExpiry() { throw APIError(code: .expired, message: "too old resource version") }
        return try await api.withWatch(request) { stream in
            let left = Mutex(1)
            let events = stream.makeAsyncIterator()
            return try await body(
                WatchStream {
                    let isOver = left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                    return isOver ? nil : try await events.next()
                })
        }
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult { try await api.exec(request) }

    func discover(timeout: Duration) async throws -> ResourceDiscovery { try await api.discover(timeout: timeout) }
}
