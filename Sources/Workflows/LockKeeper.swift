import Determinism
package import Kubernetes
package import Logging
import Resilience
import Synchronization

/// Grants semaphores and mutexes: reads limits, lets the ``LockTable`` decide, and has the ``LockStore`` record it.
///
/// One for each controller. ``run()`` renews permits and finishes what ``forget(workflow:uid:)`` began.
package final class LockKeeper: Sendable {
    /// Permits that nobody has any more, and that are yet to be given back to the store.
    struct Orphan: Hashable, Sendable {
        var holder: LockHolder
        var locks: [LockName]
    }

    /// What is known of a limit besides its value.
    struct LimitNote: Sendable {
        /// When it was read; nil where it has to be read again.
        var readAt: Duration?
        /// How often its ConfigMap has been reported as changed.
        var changes = 0
    }

    struct State: Sendable {
        var table: LockTable
        var limits: [LockName: LimitNote] = [:]
        /// Whose permits are on their way into the store.
        var recording: Set<LockHolder> = []
        /// Tells the grants of one holder apart.
        var grants: [LockHolder: Int] = [:]
        var lastGrant = 0
        /// Since when somebody waits.
        var waitingSince: [LockHolder: Duration] = [:]
        /// Locks that the store refused, because others record there too: nobody says when those give back.
        var contended: Set<LockName> = []
        var orphans: [Orphan] = []
    }

    let runner: CallRunner
    let store: any LockStore
    let logger: Logger
    let state: Mutex<State>
    let reads = LockLimitReads()
    let gate = LockGate()
    private let onAvailable: @Sendable (ObjectKey, Duration) -> Void
    private let onGrant: @Sendable (LockName, Duration) -> Void
    let wakeUps: AsyncStream<Void>
    let wakeUp: AsyncStream<Void>.Continuation

    var policy: Policy { runner.policy }

    /// - Parameters:
    ///   - onAvailable: Told which workflow may get what it waits for, and how long to wait before it is looked at.
    ///   - onGrant: Told of each permit, and how long its holder waited for it.
    package init(
        runner: CallRunner, store: any LockStore = WorkflowStatusLockStore(),
        logger: Logger = Logger(label: "boreas.locks"),
        onGrant: @escaping @Sendable (LockName, Duration) -> Void = { _, _ in },
        onAvailable: @escaping @Sendable (ObjectKey, Duration) -> Void
    ) {
        self.runner = runner
        self.store = store
        self.logger = logger
        self.onGrant = onGrant
        self.onAvailable = onAvailable
        // Argo tells as many as there are permits.
        state = Mutex(State(table: LockTable(wakesInTurn: !runner.policy.locks.isSerial)))
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wake(_ workflows: [ObjectKey]) {
        for workflow in workflows { onAvailable(workflow, policy.locks.notifyDelay) }
    }
}

// MARK: - What is known

extension LockKeeper {
    /// Whether a holder has a permit.
    package func isHolding(_ holder: LockHolder) -> Bool {
        state.withLock { !$0.table.locks(heldBy: holder).isEmpty && !$0.recording.contains(holder) }
    }

    /// What a holder has.
    package func locks(heldBy holder: LockHolder) -> [LockName] {
        state.withLock { $0.recording.contains(holder) ? [] : $0.table.locks(heldBy: holder) }
    }

    /// Who has permits of a lock, sorted.
    package func holders(of lock: LockName) -> [LockHolder] { state.withLock { $0.table.holders(of: lock) } }

    /// Every lock there has been since the start, sorted.
    package var counts: [LockTable.Count] { state.withLock { $0.table.counts } }
}

// MARK: - Requests

extension LockKeeper {
    /// Asks for all the locks of a request; to be asked again whenever ``onAvailable`` says so, and safe to ask again at
    /// any time.
    ///
    /// - Throws: ``CallFailed`` where the policy has the caller try again later; `CancellationError`.
    package func acquire(_ request: LockRequest) async throws -> LockAnswer {
        try await inTurn { try await self.decide(request) }
    }

    /// Takes back all that a holder has, and whatever it waits for.
    ///
    /// - Throws: ``CallFailed`` where the policy has the caller try again later, with everything still held;
    ///   `CancellationError`.
    package func release(_ holder: LockHolder) async throws {
        try await inTurn {
            let locks = self.state.withLock { $0.table.locks(heldBy: holder) }
            if !locks.isEmpty { try await self.giveBack(locks, of: holder) }
            self.drop(holder)
        }
    }

    /// A workflow was deleted: whatever it and its nodes have is free.
    ///
    /// - Parameter uid: Of the one that was deleted, so that a namesake keeps what it has.
    package func forget(workflow: ObjectKey, uid: String) {
        let wake = state.withLock { state in
            let (lost, wake) = state.table.workflowGone(workflow, uid: uid)
            state.orphans += lost.map { Orphan(holder: $0.holder, locks: $0.locks) }
            for (holder, _) in lost { state.grants[holder] = nil }
            for holder in state.waitingSince.keys where holder.workflow == workflow && holder.uid == uid {
                state.waitingSince[holder] = nil
            }
            return wake
        }
        wakeUp.yield()
        self.wake(wake)
    }

    /// A workflow is over: whatever it or its nodes waited for when it was stopped, they don't keep others from it.
    package func leaveLine(workflow: ObjectKey, uid: String) {
        let wake = state.withLock { state in
            let wake = state.table.leftLine(workflow, uid: uid)
            for holder in state.waitingSince.keys where holder.workflow == workflow && holder.uid == uid {
                state.waitingSince[holder] = nil
            }
            return wake
        }
        self.wake(wake)
    }

    /// Forgets all workflows that are no more, for changes that nobody told of.
    package func sweep(isAlive: (_ workflow: ObjectKey, _ uid: String) -> Bool) {
        let known = state.withLock { $0.table.holders + $0.table.waiters }
        var seen: Set<LockHolder> = []
        for holder in known.map({ LockHolder(workflow: $0.workflow, uid: $0.uid) }).sorted()
        where seen.insert(holder).inserted && !isAlive(holder.workflow, holder.uid) {
            forget(workflow: holder.workflow, uid: holder.uid)
        }
    }

    /// A ConfigMap changed: its limits are read anew before the next permit of theirs is given.
    package func configMapChanged(_ key: ObjectKey) {
        let wake = state.withLock { state in
            var wake: [ObjectKey] = []
            for count in state.table.counts where count.lock.kind == .configMap && count.lock.configMap == key {
                state.limits[count.lock, default: LimitNote()].readAt = nil
                state.limits[count.lock]?.changes += 1
                guard let first = state.table.waiters(for: count.lock).first?.holder.workflow else { continue }
                if !wake.contains(first) { wake.append(first) }
            }
            return wake
        }
        self.wake(wake)
    }

    private func inTurn<Result>(_ body: () async throws -> Result) async throws -> Result {
        guard policy.locks.isSerial else { return try await body() }
        return try await gate.withTurn(body)
    }

    private func drop(_ holder: LockHolder) {
        let wake = state.withLock { state in
            state.waitingSince[holder] = nil
            state.grants[holder] = nil
            return state.table.released(holder)
        }
        self.wake(wake)
    }
}

// MARK: - Decisions

extension LockKeeper {
    private func decide(_ request: LockRequest) async throws -> LockAnswer {
        let hasAll = state.withLock { state in
            let own = state.table.locks(heldBy: request.holder)
            return request.locks.allSatisfy(own.contains) && !state.recording.contains(request.holder)
        }
        // What is held is held, whatever the weather; Argo looks at the limits first.
        if hasAll, !policy.locks.isSerial { return .granted }
        for lock in request.locks {
            guard let answer = try await learnLimit(of: lock) else { continue }
            if case .failed = answer, !hasAll { drop(request.holder) }
            return answer
        }
        let now = runner.clock.now
        let decision = state.withLock { state in
            if let orphan = state.orphans.first(where: { $0.holder == request.holder }) {
                // What is about to be given back must not be taken for what is granted now.
                let message = "Waiting for \(orphan.locks[0]) lock. An earlier permit is being given back"
                state.table.stoodInLine(request)
                return LockTable.Decision(answer: .waiting(on: orphan.locks[0], message: message))
            }
            let decision = state.table.requested(request)
            switch decision.answer {
            case .granted where !decision.taken.isEmpty:
                state.recording.insert(request.holder)
                state.lastGrant += 1
                state.grants[request.holder] = state.lastGrant
            case .waiting: state.waitingSince[request.holder] = state.waitingSince[request.holder] ?? now
            case .granted, .failed: break
            }
            return decision
        }
        wake(decision.wake)
        guard decision.answer == .granted, !decision.taken.isEmpty else { return decision.answer }
        defer { state.withLock { _ = $0.recording.remove(request.holder) } }
        return try await record(decision.taken, of: request)
    }

    /// Has the store record what the table granted.
    private func record(_ locks: [LockName], of request: LockRequest) async throws -> LockAnswer {
        let limits = state.withLock { state in
            Dictionary(uniqueKeysWithValues: locks.map { ($0, state.table.limit(of: $0) ?? 0) })
        }
        do {
            switch try await store.acquire(locks, for: request.holder, limits: limits) {
            case .recorded: return granted(locks, to: request)
            case .occupied(let lock, let holders):
                withdraw(locks, of: request, contended: lock)
                let limit = limits[lock] ?? 0
                let message = LockTable.waitingMessage(for: lock, available: limit - holders, limit: limit)
                return .waiting(on: lock, message: message)
            }
        } catch let failure as CallFailed {
            withdraw(locks, of: request, contended: locks[0])
            switch failure.disposition {
            case .requeue: throw failure
            case .failNode, .failWorkflow:
                drop(request.holder)
                return .failed(message: failure.error.message)
            case .ignore:
                return .waiting(on: locks[0], message: "Waiting for \(locks[0]) lock. \(failure.error.message)")
            }
        } catch let error as LockStoreError {
            withdraw(locks, of: request, contended: locks[0])
            return .waiting(on: locks[0], message: "Waiting for \(locks[0]) lock. \(error.message)")
        } catch {
            withdraw(locks, of: request, contended: nil)
            throw error
        }
    }

    private func granted(_ locks: [LockName], to request: LockRequest) -> LockAnswer {
        let now = runner.clock.now
        let waited = state.withLock { state -> Duration? in
            guard state.grants[request.holder] != nil else {
                // The workflow was forgotten meanwhile.
                state.orphans.append(Orphan(holder: request.holder, locks: locks))
                return nil
            }
            return now - (state.waitingSince.removeValue(forKey: request.holder) ?? now)
        }
        guard let waited else {
            wakeUp.yield()
            return .waiting(on: locks[0], message: "Waiting for \(locks[0]) lock. The workflow is gone")
        }
        for lock in locks { onGrant(lock, waited) }
        return .granted
    }

    private func withdraw(_ locks: [LockName], of request: LockRequest, contended: LockName?) {
        let now = runner.clock.now
        let wake = state.withLock { state -> [ObjectKey] in
            if let contended { state.contended.insert(contended) }
            guard state.grants.removeValue(forKey: request.holder) != nil else { return [] }
            let wake = state.table.withdrawn(request, taken: locks)
            // What it had before stays granted.
            if !state.table.locks(heldBy: request.holder).isEmpty {
                state.lastGrant += 1
                state.grants[request.holder] = state.lastGrant
            }
            state.waitingSince[request.holder] = state.waitingSince[request.holder] ?? now
            return wake
        }
        self.wake(wake)
    }

    /// Takes permits out of the store; where that is given up, they lapse there, or are tried again by ``run()``.
    private func giveBack(_ locks: [LockName], of holder: LockHolder) async throws {
        do {
            try await store.release(locks, of: holder)
        } catch let failure as CallFailed where failure.disposition != .requeue || policy.locks.abandonsFailedRelease {
            runner.giveUp(failure)
            logger.debug("permit left behind", metadata: ["holder": "\(holder)", "error": "\(failure.error)"])
        } catch let error as LockStoreError {
            logger.debug("permit left behind", metadata: ["holder": "\(holder)", "error": "\(error)"])
            state.withLock { $0.orphans.append(Orphan(holder: holder, locks: locks)) }
            wakeUp.yield()
        }
    }
}

extension LockName {
    /// The ConfigMap that a semaphore's limit stands in.
    var configMap: ObjectKey { ObjectKey(namespace: namespace, name: name) }
}
