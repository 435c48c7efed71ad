import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import Harness

/// Each cause by itself, on a server without a subject.
@Suite(.timeLimit(.minutes(3)))
struct CauseTests {
    private static let namespace = "boreas-causes"

    /// What a rule does to a cluster while `body` runs, and what is left of it when its phase is over.
    private static func during(
        _ fault: Fault, when: Timing = Timing(), set up: (any KubernetesAPI) async throws -> Void = { _ in },
        _ body: (any KubernetesAPI, Witness) async throws -> Void,
        afterwards look: (any KubernetesAPI) async throws -> Void = { _ in }
    ) async throws {
        try await Fixtures.withAPI { api, clock in
            let ground = Ground(api: api, clock: clock, runID: "r1")
            try await ground.createNamespace(namespace)
            try await up(api)
            let witness = Witness()
            let weather = ClusterWeather(
                plan: Plan(rules: [Rule(name: "cause", when: when, fault: fault)]), api: api, namespace: namespace,
                clock: clock, onInjection: { witness.injections.append($0) }, observe: { witness.notes.append($0) })
            try await weather.prepare(on: ground)
            #expect(weather.runs(in: .calm).isEmpty && weather.runs(in: .converge).isEmpty)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await weather.run(in: .storm) }
                try await body(api, witness)
                group.cancelAll()
            }
            try await look(api)
            try await weather.finish()
        }
    }

    private static func makePod(_ name: String, on api: any KubernetesAPI) async throws {
        var pod = Pod(json: ["spec": ["containers": [["name": "c", "image": "i"]]]])
        pod.metadata.name = name
        pod.metadata.namespace = namespace
        _ = try await api.create(pod)
    }

    private static func run(_ name: String, on api: any KubernetesAPI) async throws {
        try await makePod(name, on: api)
        let key = ObjectKey(namespace: namespace, name: name)
        _ = try await api.patch(Pod.self, key, ["status": ["phase": "Running"]], subresource: "status")
    }

    private static func lease(_ api: any KubernetesAPI) async throws -> Lease {
        try await api.get(Lease.self, ObjectKey(namespace: namespace, name: "leader"))
    }

    @Test(
        "a quota that is used up refuses in the server's words, also when something ends, and is as it was afterwards")
    func exhaustion() async throws {
        let key = ObjectKey(namespace: Self.namespace, name: "compute")
        let limits = ["pods": "7", "count/configmaps": "50", "requests.cpu": "2500m"]
        try await Self.during(.quotaExhaustion(.init(quota: "compute"))) { api in
            var quota = ResourceQuota(name: "compute", namespace: Self.namespace)
            quota.hard = ["pods": "7", "count/configmaps": "50", "requests.cpu": "2.5"]
            _ = try await api.create(quota)
        } _: { api, witness in
            try await Fixtures.eventually("the quota is used up") { witness.injections.count == 1 }
            var map = ConfigMap(json: ["apiVersion": "v1", "kind": "ConfigMap"])
            map.metadata.name = "m"
            map.metadata.namespace = Self.namespace
            await #expect { _ = try await api.create(map) } throws: { error in
                let message = (error as? APIError)?.message ?? ""
                return message.contains(
                    "configmaps \"m\" is forbidden: exceeded quota: compute, requested: count/configmaps=1")
            }
            #expect(witness.injections.all.first?.kind == .quotaExhaustion)
        } afterwards: { api in
            #expect(try await api.get(ResourceQuota.self, key).hard == limits)
            try await Fixtures.eventually("the limits are in force again") {
                try await api.get(ResourceQuota.self, key).enforcedHard == limits
            }
        }
    }

    @Test("a lease is taken over, kept fresh, and given back as client-go gives it back")
    func theft() async throws {
        let renewals = Mutex<Set<Timestamp>>([])
        try await Self.during(.stealLease(.init(lease: "leader", holder: "thief"))) { api in
            var lease = Lease(name: "leader", namespace: Self.namespace)
            lease.holderIdentity = "controller"
            lease.leaseDurationSeconds = 4
            lease.leaseTransitions = 2
            _ = try await api.create(lease)
        } _: { api, witness in
            try await Fixtures.eventually("the thief renews") {
                let lease = try await Self.lease(api)
                guard lease.holderIdentity == "thief", let renewed = lease.renewTime else { return false }
                return renewals.withLock { times in
                    times.insert(renewed)
                    return times.count >= 3
                }
            }
            let lease = try await Self.lease(api)
            #expect(lease.leaseTransitions == 3 && lease.leaseDurationSeconds == 4)
            #expect(witness.injections.all.map(\.kind) == [.stealLease])
            // Who overwrites the thief is robbed again.
            try await Fixtures.eventually("the lease is taken back") {
                do {
                    var mine = try await Self.lease(api)
                    mine.holderIdentity = "controller"
                    _ = try await api.update(mine)
                    return true
                } catch let error as APIError where error.code == .conflict {
                    return false
                }
            }
            try await Fixtures.eventually("it is stolen again") { witness.injections.count == 2 }
            #expect(witness.notes.all.first?.message == "controller had taken it back from its holder")
        } afterwards: { api in
            let lease = try await Self.lease(api)
            #expect(lease.holderIdentity == "" && lease.leaseDurationSeconds == 1)
        }
    }

    @Test("a lease that is not there is not stolen")
    func noLease() async throws {
        try await Self.during(.stealLease(.init(lease: "leader")), when: Timing(span: .milliseconds(200))) {
            _, witness in
            try await Task.sleep(for: .milliseconds(400))
            #expect(witness.injections.count == 0)
        }
    }

    @Test("pods that run and have the name are evicted or killed, once, and each is told of", arguments: [true, false])
    func removal(isEviction: Bool) async throws {
        let fault: Fault =
            isEviction ? .evictPod(.init(name: "web-*")) : .killPod(.init(name: "web-*"))
        try await Self.during(fault) { api in
            for name in ["web-1", "web-2", "other"] { try await Self.run(name, on: api) }
            try await Self.makePod("web-pending", on: api)
        } _: { api, witness in
            try await Fixtures.eventually("both have gone") {
                let pods = try await api.list(Pod.self, namespace: Self.namespace).items.map(\.metadata.name)
                return pods == ["other", "web-pending"]
            }
            try await Fixtures.eventually("both are told of") { witness.injections.count == 2 }
            let identities = witness.injections.all.map(\.identity)
            #expect(identities.map(\.name) == ["web-1", "web-2"])
            #expect(identities.allSatisfy { $0.subresource == (isEviction ? "eviction" : "") })
            // Those that come later are spared.
            try await Self.run("web-3", on: api)
            try await Task.sleep(for: .milliseconds(200))
            #expect(witness.injections.count == 2)
        }
    }

    @Test("with a rhythm, one pod after the other is killed, the oldest first")
    func rhythm() async throws {
        try await Self.during(.killPod(.init(every: .milliseconds(100)))) { api in
            for name in ["a", "b", "c"] { try await Self.run(name, on: api) }
        } _: { api, witness in
            try await Fixtures.eventually("all have gone") { witness.injections.count == 3 }
            let times = witness.injections.all.map(\.at)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= .milliseconds(100) })
        }
    }

    @Test("what a world cannot bring about is refused by name, with the world that can")
    func refusals() {
        func refusal(_ fault: Fault, _ world: WorldKind) -> String? {
            ClusterWeather.refusal(of: Plan(rules: [Rule(name: "f", fault: fault)]), in: world)
        }
        let webhook = Fault.quotaConflict(.init(quota: "q", webhookAttempts: nil))
        #expect(refusal(webhook, .simulated)?.hasSuffix("it takes the embedded or cluster world") == true)
        #expect(refusal(webhook, .cluster) == nil)
        #expect(
            refusal(.serverRestart(.init(downtime: .zero)), .cluster)
                == "the fault f, serverRestart, ends the API server, and only that of this process is ours to end; it takes "
                + "the embedded world")
        #expect(refusal(.nodeNotReady(.init()), .simulated) != nil)
        #expect(refusal(.killPod(.init()), .simulated) == nil)
        #expect(refusal(.quotaConflict(.init(quota: "q", writers: 4)), .simulated) == nil)
    }

    @Test("attempts are counted in rows", arguments: [(0, "......"), (1, "x.x.x."), (3, "xxx.xx"), (4, "xxxxxx")])
    func tally(limit: Int, expected: String) {
        let tally = InterferenceTally(limit: limit)
        let losses = (0..<6).map { _ in tally.attempted().loses ? "x" : "." }.joined()
        #expect(losses == expected && tally.calls == 6)
    }
}

/// What a weather told of.
private final class Witness: Sendable {
    final class List<Element: Sendable>: Sendable {
        private let elements = Mutex<[Element]>([])

        var all: [Element] { elements.withLock { $0 } }

        var count: Int { elements.withLock { $0.count } }

        func append(_ element: Element) { elements.withLock { $0.append(element) } }
    }

    let injections = List<Injection>()
    let notes = List<Observation>()
}
