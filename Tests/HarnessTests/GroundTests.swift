import APIMachinery
import Determinism
import Faults
import Kubernetes
import Testing

@testable import Harness

@Suite(.timeLimit(.minutes(2)))
struct GroundTests {
    private func exists(_ namespace: String, _ api: InProcessAPI) async throws -> Bool {
        try await api.list(Namespace.self, namespace: nil).items.contains { $0.metadata.name == namespace }
    }

    @Test("a namespace is made with its labels, replaces a forgotten one, and goes with all it holds")
    func namespace() async throws {
        try await Fixtures.withAPI { api, clock in
            let ground = Ground(api: api, clock: clock, runID: "r1")
            try await ground.createNamespace("boreas-x")
            _ = try await api.create(ConfigMap(name: "left", namespace: "boreas-x"))
            try await ground.createNamespace("boreas-x")
            let left = try await api.list(ConfigMap.self, namespace: "boreas-x").items.map(\.metadata.name)
            #expect(!left.contains("left"))
            let made = try await api.get(Namespace.self, ObjectKey(namespace: "", name: "boreas-x"))
            #expect(made.metadata.labels[Ground.runLabel] == "r1")
            #expect(made.metadata.labels[Ground.managerLabel] == "boreas")
            try await ground.deleteNamespace("boreas-x")
            #expect(try await !exists("boreas-x", api))
            try await ground.deleteNamespace("boreas-x")
        }
    }

    @Test("only the run that installed a custom resource removes it")
    func customResources() async throws {
        try await Fixtures.withAPI { api, clock in
            func names() async throws -> Set<String> {
                let list = try await api.send(APIRequest(.list, .customResourceDefinitions))
                let items = (list["items"]?.array ?? []).compactMap(\.object)
                return Set(items.map { DynamicObject(json: $0).metadata.name })
            }
            let before = try await names()
            let name = APIResource.workflows.qualifiedName
            #expect(before.contains(name))
            _ = try await api.send(.delete(.customResourceDefinitions, ObjectKey(namespace: "", name: name)))
            let ground = Ground(api: api, clock: clock, runID: "r1")
            try await ground.installCustomResources()
            #expect(try await names() == before)
            try await Ground(api: api, clock: clock, runID: "r2").removeCustomResources()
            #expect(try await names() == before)
            try await ground.removeCustomResources()
            #expect(try await names() == before.subtracting([name]))
        }
    }

    @Test("a stranger's namespace is neither deleted nor replaced")
    func stranger() async throws {
        try await Fixtures.withAPI { api, clock in
            let ground = Ground(api: api, clock: clock, runID: "r1")
            _ = try await api.create(Namespace(name: "payments"))
            for use in [ground.deleteNamespace, ground.createNamespace] {
                let error = await #expect(throws: HarnessError.self) { try await use("payments") }
                #expect(error?.code == .guarded)
                #expect(error?.message.contains("payments") == true)
            }
            #expect(try await exists("payments", api))
        }
    }

    @Test("a churner's writes move the quota's resourceVersion, and end when it is cancelled")
    func churner() async throws {
        try await Fixtures.withAPI { api, clock in
            let ground = Ground(api: api, clock: clock, runID: "r1")
            try await ground.createNamespace("boreas-x")
            try await ground.createQuota(named: "compute", in: "boreas-x")
            let key = ObjectKey(namespace: "boreas-x", name: "compute")
            let before = try await api.get(ResourceQuota.self, key)
            let churner = QuotaChurner(
                rule: Rule(name: "churn", fault: .quotaConflict(.init(quota: key.name, writers: 3))), api: api,
                quota: key, writers: 3, clock: clock)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await churner.act() }
                try await Fixtures.eventually("ten writes are acknowledged") { churner.writeCount >= 10 }
                group.cancelAll()
            }
            let after = try await api.get(ResourceQuota.self, key)
            let count = churner.writeCount
            #expect(after.metadata.resourceVersion != before.metadata.resourceVersion)
            #expect(after.metadata.annotations[QuotaChurner.annotation] != nil)
            #expect(after.json["spec"] == before.json["spec"])
            // A writer that lived on would have written by the time of these answers.
            for _ in 0..<20 { _ = try await api.list(Pod.self, namespace: "boreas-x") }
            let later = try await api.get(ResourceQuota.self, key)
            #expect(later.metadata.resourceVersion == after.metadata.resourceVersion)
            #expect(churner.writeCount == count)
        }
    }
}
