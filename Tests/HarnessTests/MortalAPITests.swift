import APIMachinery
import Determinism
import Experiments
import Faults
import Kubernetes
import Testing

@testable import Harness

@Suite(.timeLimit(.minutes(1)))
struct MortalAPITests {
    private func mortal(_ fault: Fault.Crash, _ api: any KubernetesAPI) -> MortalAPI {
        let plan = Plan(rules: [
            Rule(name: "kill", match: RequestMatch(resource: "configmaps"), fault: .crash(fault))
        ])
        return MortalAPI(api, CrashSwitch(plan: plan, phase: { .storm }))
    }

    private func names(_ api: InProcessAPI) async throws -> Set<String> {
        Set(try await api.list(ConfigMap.self, namespace: "default").items.map(\.metadata.name))
    }

    @Test("at the n-th write the answer still comes, and after it nothing goes out or comes in")
    func afterAnswer() async throws {
        try await Fixtures.withAPI { api, _ in
            let mortal = mortal(Fault.Crash(afterWrites: 2), api)
            _ = try await mortal.create(ConfigMap(name: "a", namespace: "default"))
            _ = try await mortal.list(ConfigMap.self, namespace: "default")
            #expect(mortal.death == nil)
            let made = try await mortal.create(ConfigMap(name: "b", namespace: "default"))
            #expect(made.metadata.uid != nil)
            #expect(mortal.death?.crash.rule == "kill")
            #expect(mortal.death?.crash.identity.name == "b")
            #expect(await mortal.untilDeath()?.crash.rule == "kill")
            await #expect(throws: CancellationError.self) {
                try await mortal.create(ConfigMap(name: "c", namespace: "default"))
            }
            await #expect(throws: CancellationError.self) {
                try await mortal.list(ConfigMap.self, namespace: "default")
            }
            await #expect(throws: CancellationError.self) {
                try await mortal.withWatch(APIRequest(.watch, .configMaps, namespace: "default")) { _ in }
            }
            let all = try await names(api)
            #expect(all.isSuperset(of: ["a", "b"]) && !all.contains("c"))
        }
    }

    @Test("before the answer, the write is done and nobody learns of it")
    func beforeAnswer() async throws {
        try await Fixtures.withAPI { api, _ in
            let mortal = mortal(Fault.Crash(afterWrites: 1, at: .beforeAnswer), api)
            await #expect(throws: CancellationError.self) {
                try await mortal.create(ConfigMap(name: "a", namespace: "default"))
            }
            #expect(mortal.death != nil)
            let all = try await names(api)
            #expect(all.contains("a"))
        }
    }

    @Test("a write that failed does not count, and each rule kills once in all lives")
    func onlyDone() async throws {
        try await Fixtures.withAPI { api, _ in
            let plan = Plan(rules: [
                Rule(name: "kill", match: RequestMatch(resource: "configmaps"), fault: .crash(.init(afterWrites: 1)))
            ])
            let crashes = CrashSwitch(plan: plan, phase: { .storm })
            let first = MortalAPI(api, crashes)
            let missing = ObjectKey(namespace: "default", name: "missing")
            await #expect(throws: APIError.self) { try await first.delete(ConfigMap.self, missing) }
            #expect(first.death == nil)
            _ = try await first.create(ConfigMap(name: "a", namespace: "default"))
            #expect(first.death != nil)
            let second = MortalAPI(api, crashes)
            _ = try await second.create(ConfigMap(name: "b", namespace: "default"))
            #expect(second.death == nil)
        }
    }
}
