package import Kubernetes
import Resilience
import Synchronization

extension LockKeeper {
    /// Takes over the permits of workflows that are not over yet, and has those given back whose work is; to be called
    /// before anything is acquired, with all workflows there are.
    ///
    /// - Throws: ``CallFailed`` or ``LockStoreError`` where the store can't be read; `CancellationError`.
    package func reestablish(_ workflows: [Workflow]) async throws {
        let byKey = Dictionary(workflows.map { ($0.metadata.key, $0) }, uniquingKeysWith: { first, _ in first })
        var permits: [LockPermits] = []
        var orphans: [Orphan] = []
        for permit in try await store.permits(of: workflows) {
            guard let workflow = byKey[permit.holder.workflow] else { continue }
            if Self.isOver(permit.holder, in: workflow) {
                orphans.append(Orphan(holder: permit.holder, locks: permit.locks))
            } else {
                permits.append(permit)
            }
        }
        switch policy.locks.restart {
        case .adopt:
            for permit in permits { adopt(permit.locks, for: permit.holder) }
        case .poison:
            for permit in permits {
                for lock in permit.locks {
                    if let reason = try await initialize(lock) {
                        state.withLock {
                            $0.table.poisoned(
                                lock, because: "controller could not initialize lock at startup: \(reason)")
                        }
                    }
                }
                adopt(permit.locks, for: permit.holder)
            }
        case .forgetFirst: try await adoptAllButFirst(permits)
        }
        guard !orphans.isEmpty else { return }
        state.withLock { $0.orphans += orphans }
        wakeUp.yield()
    }

    /// Whether an earlier life died after it had written the end of the work, and before it gave the permit back. What
    /// the status of an unfinished workflow still has is given back by the next look at it.
    private static func isOver(_ holder: LockHolder, in workflow: Workflow) -> Bool {
        if workflow.phase.isTerminal { return true }
        guard let node = holder.nodeID.flatMap({ workflow.node($0) }), node.phase.isTerminal else { return false }
        return !SynchronizationStatus.holders(in: workflow).contains { $0.holder == holder }
    }

    private func adopt(_ locks: [LockName], for holder: LockHolder) {
        state.withLock { state in
            state.table.reestablished(holder, locks)
            state.lastGrant += 1
            state.grants[holder] = state.lastGrant
        }
    }

    /// Reads a limit that is not known yet.
    ///
    /// - Returns: Why it could not be read.
    private func initialize(_ lock: LockName) async throws -> String? {
        let isPoisoned = state.withLock { $0.table.poison(of: lock) != nil }
        if isPoisoned || state.withLock({ $0.table.limit(of: lock) != nil }) { return nil }
        do {
            let answer = try await learnLimit(of: lock)
            if case .failed(let message) = answer { return message }
        } catch let failure as CallFailed {
            return failure.error.message
        }
        return state.withLock { $0.table.limit(of: lock) == nil } ? Self.setupFailure(lock) : nil
    }

    /// Argo up to v3.7.10: the variable that holds a semaphore just made is shadowed, so that what the first workflow
    /// holds of it is lost; so is what a limit, lowered meanwhile, has no room for.
    private func adoptAllButFirst(_ permits: [LockPermits]) async throws {
        var first: [LockName: ObjectKey] = [:]
        for permit in permits {
            for lock in permit.locks {
                if lock.kind == .configMap {
                    if first[lock] == nil {
                        guard try await initialize(lock) == nil else { continue }
                        first[lock] = permit.holder.workflow
                    }
                    if first[lock] == permit.holder.workflow { continue }
                } else {
                    _ = try await learnLimit(of: lock)
                }
                let hasRoom = state.withLock { state in
                    state.table.holders(of: lock).count < state.table.limit(of: lock) ?? 0
                }
                if hasRoom { adopt([lock], for: permit.holder) }
            }
        }
    }
}
