import Determinism
import Kubernetes
import Logging
import Resilience
import Synchronization

extension LockKeeper {
    /// How many permits are renewed at a time.
    private static let renewalsMax = 16

    /// Renews permits and gives back those of workflows that are gone, until its task is cancelled. To be called once.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let interval = store.renewalInterval {
                group.addTask {
                    while true {
                        try await self.runner.clock.sleep(for: interval)
                        try await self.renewPermits()
                    }
                }
            }
            group.addTask {
                for await _ in self.wakeUps { try await self.giveBackOrphans() }
                try Task.checkCancellation()
            }
            defer { group.cancelAll() }
            while try await group.next() != nil {}
        }
    }

    /// Renews every permit once, and has those look again who wait for permits that others record.
    package func renewPermits() async throws {
        let due = state.withLock { state in
            state.table.holders.filter { !state.recording.contains($0) }.map { holder in
                (holder: holder, locks: state.table.locks(heldBy: holder), grant: state.grants[holder])
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, permit) in due.enumerated() {
                if index >= Self.renewalsMax { try await group.next() }
                group.addTask { try await self.renew(permit.locks, of: permit.holder, grant: permit.grant) }
            }
            try await group.waitForAll()
        }
        let wake = state.withLock { state in
            let contended = state.contended.sorted()
            state.contended = []
            return state.table.available(at: contended)
        }
        self.wake(wake)
        wakeUp.yield()
    }

    private func renew(_ locks: [LockName], of holder: LockHolder, grant: Int?) async throws {
        let lost: [LockName]
        do {
            lost = try await store.renew(locks, of: holder)
        } catch is CallFailed {
            // The next renewal may be in time; until somebody else has it, the permit counts as held.
            return
        } catch is LockStoreError {
            return
        }
        guard !lost.isEmpty else { return }
        let wake = state.withLock { state -> [ObjectKey] in
            // It was given back, or granted anew, while this was on its way.
            guard state.grants[holder] == grant, grant != nil else { return [] }
            state.grants[holder] = nil
            let rest = state.table.locks(heldBy: holder).filter { !lost.contains($0) }
            if !rest.isEmpty { state.orphans.append(Orphan(holder: holder, locks: rest)) }
            return state.table.released(holder) + [holder.workflow]
        }
        logger.debug("permit lost", metadata: ["holder": "\(holder)", "locks": "\(lost)"])
        self.wake(wake)
    }

    private func giveBackOrphans() async throws {
        for orphan in state.withLock({ $0.orphans }) {
            do {
                try await store.release(orphan.locks, of: orphan.holder)
            } catch is CancellationError {
                throw CancellationError()
            } catch  where !policy.locks.abandonsFailedRelease {
                // Tried again after the next renewals; it lapses by itself if that never succeeds.
                continue
            } catch {
                logger.debug("permit left behind", metadata: ["holder": "\(orphan.holder)", "error": "\(error)"])
            }
            let wake = state.withLock { state in
                state.orphans.removeAll { $0 == orphan }
                let isWaiting = state.table.isWaiting(orphan.holder)
                return state.table.available(at: orphan.locks) + (isWaiting ? [orphan.holder.workflow] : [])
            }
            self.wake(wake)
        }
    }
}
