import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import Workflows

struct LockReleaseTests {
    private let mutex = LockName(.mutex, namespace: "ns", name: "m")

    @Test("a permit whose release fails is still held, and the planted bug forgets it", arguments: [false, true])
    func failedRelease(isPlanted: Bool) async throws {
        var policy = Policy.boreas
        policy.locks = Policy.Locks(store: .leases, abandonsFailedRelease: isPlanted)
        policy.paths[.permit] = Policy.PathRule(
            retriesInPlace: false, onTransient: .requeue, onPermanent: .failNode)
        let isRefusing = Mutex(true)
        let api = ScriptedAPI(script: { request, _ in
            let isRelease = request.verb == .delete && request.resource == Lease.resource
            return isRelease && isRefusing.withLock { $0 } ? .refuse(KeeperFixture.refused) : nil
        })
        let runner = CallRunner(
            api: api, policy: policy, clock: SteppingTime().clock, streams: RandomStreams(seed: 1),
            attempts: AttemptCounter(), observer: ControllerObserver())
        let keeper = LockKeeper(runner: runner, store: LeaseLockStore(runner: runner, instanceID: nil)) { _, _ in }
        let holder = LockTableTests.holder("one")
        #expect(try await keeper.acquire(LockTableTests.request("one", [mutex])) == .granted)

        if isPlanted {
            try await keeper.release(holder)
        } else {
            await #expect(throws: CallFailed.self) { try await keeper.release(holder) }
        }
        #expect(keeper.isHolding(holder) == !isPlanted)
        #expect(api.objects(Lease.self).count == 1)
        // Tried again, the release of who still knows of its permit succeeds.
        isRefusing.withLock { $0 = false }
        try await keeper.release(holder)
        #expect(api.objects(Lease.self).count == (isPlanted ? 1 : 0))
    }
}
