import Determinism
import Kubernetes
import Logging
import Resilience
import Synchronization
import Testing

@testable import Workflows

@Suite(.timeLimit(.minutes(1)))
struct LockTakeoverTests {
    /// A store that can't be read at first.
    private final class FlakyStore: LockStore {
        private let reads = Mutex(0)

        var readCount: Int { reads.withLock { $0 } }
        var renewalInterval: Duration? { nil }

        func acquire(
            _ locks: [LockName], for holder: LockHolder, limits: [LockName: Int]
        ) async throws -> LockStoreAnswer { .recorded }

        func release(_ locks: [LockName], of holder: LockHolder) async throws {}

        func renew(_ locks: [LockName], of holder: LockHolder) async throws -> [LockName] { [] }

        func permits(of workflows: [Workflow]) async throws -> [LockPermits] {
            let read = reads.withLock { reads in
                reads += 1
                return reads
            }
            if read <= 2 { throw LockStoreError("the database is locked") }
            return []
        }
    }

    @Test("nothing is decided before the permits of an earlier life are known, which are taken over once")
    func takeover() throws {
        let time = VirtualTime()
        let store = FlakyStore()
        try time.run { try await takeover(store, in: time.clock) }
        #expect(store.readCount == 3)
    }

    private func takeover(_ store: FlakyStore, in clock: TrialClock) async throws {
        let api = ScriptedAPI()
        for name in ["a", "b", "c", "d"] {
            var workflow = WorkflowFixtures.workflow(name, spec: WorkflowFixtures.containerSpec)
            workflow.json["spec", "suspend"] = true
            _ = try await api.create(workflow)
        }
        let runner = CallRunner(
            api: api, policy: .boreas, clock: clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: ControllerObserver())
        let controller = WorkflowController(
            runner: runner,
            configuration: .init(namespace: WorkflowFixtures.namespace, instanceID: WorkflowFixtures.instanceID),
            lockStore: store, metrics: ControllerMetrics(clock: clock), logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            group.addTask {
                while controller.reconcileCount < 4 {
                    #expect(controller.reconcileCount == 0 || store.readCount == 3)
                    try await clock.sleep(for: .milliseconds(10))
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
