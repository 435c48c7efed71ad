import Determinism
import Kubernetes
import Logging
import Resilience
import Testing

@testable import Workflows

@Suite(.timeLimit(.minutes(1)))
struct LockSweepTests {
    @Test("what a workflow holds that is gone without anybody having told of it is given back within a minute")
    func sweep() async throws {
        let api = ScriptedAPI()
        let clock = TrialClock.scaled(by: 100)
        let controller = makeController(api, clock)
        let mutex = LockName(.mutex, namespace: WorkflowFixtures.namespace, name: "bench")
        var kept = WorkflowFixtures.workflow("kept", spec: WorkflowFixtures.containerSpec)
        kept.json["spec", "suspend"] = true
        kept = try await api.create(kept)
        func request(_ name: String, uid: String?) -> LockRequest {
            LockRequest(
                holder: LockHolder(
                    workflow: ObjectKey(namespace: WorkflowFixtures.namespace, name: name), uid: uid ?? ""),
                locks: [
                    name == "kept" ? LockName(.mutex, namespace: WorkflowFixtures.namespace, name: "other") : mutex
                ],
                priority: 0, created: WorkflowFixtures.start)
        }
        #expect(try await controller.locks.acquire(request("gone", uid: "u")) == .granted)
        #expect(try await controller.locks.acquire(request("kept", uid: kept.metadata.uid)) == .granted)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            group.addTask {
                while !controller.locks.holders(of: mutex).isEmpty { try await clock.sleep(for: .seconds(1)) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        #expect(clock.now >= .seconds(60))
        let rest = LockHolder(workflow: kept.metadata.key, uid: kept.metadata.uid ?? "")
        #expect(controller.locks.isHolding(rest))
    }

    @Test("a permit that was granted and never written down is given back by a workflow that is stopped first")
    func stopped() async throws {
        let api = ScriptedAPI()
        let clock = TrialClock.scaled(by: 100)
        let controller = makeController(api, clock)
        var workflow = WorkflowFixtures.workflow("stopped", spec: WorkflowFixtures.containerSpec)
        workflow.json["spec", "synchronization"] = ["mutexes": [["name": "bench"]]]
        workflow.json["spec", "shutdown"] = "Terminate"
        workflow = try await api.create(workflow)
        let mutex = LockName(.mutex, namespace: WorkflowFixtures.namespace, name: "bench")
        let holder = LockHolder(workflow: workflow.metadata.key, uid: workflow.metadata.uid ?? "")
        let request = LockRequest(holder: holder, locks: [mutex], priority: 0, created: WorkflowFixtures.start)
        #expect(try await controller.locks.acquire(request) == .granted)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            group.addTask {
                while clock.now < .seconds(600), !controller.locks.holders(of: mutex).isEmpty {
                    try await clock.sleep(for: .seconds(1))
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        #expect(api.objects(Workflow.self).map(\.phase) == [.failed])
        #expect(controller.locks.holders(of: mutex) == [])
    }

    private func makeController(_ api: ScriptedAPI, _ clock: TrialClock) -> WorkflowController {
        let runner = CallRunner(
            api: api, policy: .boreas, clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: ControllerObserver())
        return WorkflowController(
            runner: runner,
            configuration: .init(namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID),
            lockStore: WorkflowStatusLockStore(), metrics: ControllerMetrics(clock: clock),
            logger: Logger(label: "test"))
    }
}
