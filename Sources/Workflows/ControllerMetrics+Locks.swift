import Determinism
package import Resilience
import Synchronization

struct LockKey: Hashable {
    var lock: LockName
    var holder: LockHolder
}

struct LockState {
    /// When it was first asked for; nil where that was before these metrics.
    var requested: Duration?
    var isHeld: Bool
}

extension ControllerMetrics {
    /// Somebody wants permits; asking again changes nothing.
    package func lockRequested(_ request: LockRequest, store: Policy.Locks.Store) {
        for lock in request.locks { lockRequested(lock, by: request.holder, store: store) }
    }

    /// Somebody wants a permit; asking again changes nothing.
    package func lockRequested(_ lock: LockName, by holder: LockHolder, store: Policy.Locks.Store) {
        let now = clock.now
        let isNew = state.withLock { state in
            let key = LockKey(lock: lock, holder: holder)
            guard state.locks[key] == nil else { return false }
            state.locks[key] = LockState(requested: now, isHeld: false)
            return true
        }
        if isNew { registry.add(to: .locksPending, Self.labels(lock, store)) }
    }

    /// Somebody got all the permits that they wanted.
    package func lockGranted(_ request: LockRequest, store: Policy.Locks.Store) {
        for lock in request.locks { lockGranted(lock, to: request.holder, store: store) }
    }

    /// Somebody got a permit, or is found to have one after a restart; again changes nothing.
    package func lockGranted(_ lock: LockName, to holder: LockHolder, store: Policy.Locks.Store) {
        let now = clock.now
        let key = LockKey(lock: lock, holder: holder)
        let before = state.withLock { $0.locks.updateValue(LockState(requested: nil, isHeld: true), forKey: key) }
        if before?.isHeld == true { return }
        let labels = Self.labels(lock, store)
        registry.add(to: .locksHeld, labels)
        registry.add(to: .locksTakenTotal, labels)
        guard let requested = before?.requested else { return }
        registry.add(-1, to: .locksPending, labels)
        registry.observe((now - requested).seconds, in: .lockWaitSeconds, labels)
    }

    /// Somebody has given a permit back, or no longer waits for one.
    package func lockReleased(_ lock: LockName, by holder: LockHolder, store: Policy.Locks.Store) {
        let key = LockKey(lock: lock, holder: holder)
        guard let before = state.withLock({ $0.locks.removeValue(forKey: key) }) else { return }
        registry.add(-1, to: before.isHeld ? .locksHeld : .locksPending, Self.labels(lock, store))
    }

    /// Somebody has given back all that they had, and waits for nothing any more.
    package func locksReleased(by holder: LockHolder, store: Policy.Locks.Store) {
        let locks = state.withLock { state in state.locks.keys.filter { $0.holder == holder }.map(\.lock) }
        for lock in locks.sorted() { lockReleased(lock, by: holder, store: store) }
    }

    private static func labels(_ lock: LockName, _ store: Policy.Locks.Store) -> [String] {
        let storage =
            switch store {
            // Argo's word for what it keeps in memory and in the workflows.
            case .workflowStatus: "configmap"
            case .leases: "lease"
            case .sqlite: "database"
            }
        let type = lock.kind == .mutex ? "mutex" : "semaphore"
        let name = lock.key.isEmpty ? lock.name : "\(lock.name)/\(lock.key)"
        return [type, storage, name, lock.namespace]
    }
}
