import Determinism
import Kubernetes
import Logging
import Resilience
import Testing

@testable import Workflows

@Suite(.timeLimit(.minutes(1)))
struct LockSweepTests {
    @Test("what a workflow holds that is gone without anybody having told of it is given back within a minute")
    func sweep() throws {
        let time = VirtualTime()
        try time.run { try await sweep(in: time.clock) }
    }

    private func sweep(in clock: TrialClock) async throws {
        let api = ScriptedAPI()
        let runner = CallRunner(
            api: api, policy: .boreas, clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: ControllerObserver())
        let controller = WorkflowController(
            runner: runner,
            configuration: .init(namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID),
            lockStore: WorkflowStatusLockStore(), metrics: ControllerMetrics(clock: clock),
            logger: Logger(label: "test"))
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
}
