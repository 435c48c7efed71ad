package import Determinism
package import Kubernetes
package import Recording
package import Workflows

/// Permits in a SQLite file: what a controller records them in that is not to depend on the API server for it.
package struct SQLiteLockStore: LockStore {
    private let database: PermitDatabase
    private let clock: TrialClock
    private let duration: Duration

    /// - Parameter duration: How long a permit outlives its last renewal.
    package init(_ database: PermitDatabase, clock: TrialClock, duration: Duration) {
        self.database = database
        self.clock = clock
        self.duration = duration
    }

    package var renewalInterval: Duration? { duration / 3 }

    package func acquire(
        _ locks: [LockName], for holder: LockHolder, limits: [LockName: Int]
    ) async throws -> LockStoreAnswer {
        let now = clock.epochMicrosecondsNow
        let wanted = locks.map { PermitDatabase.Wanted(lock: $0.description, limit: limits[$0] ?? 0) }
        let answer = try worded {
            try database.take(wanted, for: holder.permitKey, at: now, until: now + duration.microseconds)
        }
        switch answer {
        case .taken: return .recorded
        case .occupied(let key, let holders):
            guard let lock = locks.first(where: { $0.description == key }) else {
                preconditionFailure("a lock that was asked for (is \(key))")
            }
            return .occupied(lock, holders: holders)
        }
    }

    package func release(_ locks: [LockName], of holder: LockHolder) async throws {
        try worded { try database.giveBack(locks.map(\.description), of: holder.permitKey) }
    }

    package func renew(_ locks: [LockName], of holder: LockHolder) async throws -> [LockName] {
        let expiry = clock.epochMicrosecondsNow + duration.microseconds
        let lost = try worded { try database.renew(locks.map(\.description), of: holder.permitKey, until: expiry) }
        return locks.filter { lost.contains($0.description) }
    }

    package func permits(of workflows: [Workflow]) async throws -> [LockPermits] {
        let uids = Dictionary(
            workflows.map { ($0.metadata.key, $0.metadata.uid ?? "") }, uniquingKeysWith: { first, _ in first })
        var locks: [LockHolder: [LockName]] = [:]
        for (holderKey, lockKey) in try worded({ try database.permits() }) {
            guard let lock = LockName(lockKey), let holder = LockHolder(permitKey: holderKey),
                uids[holder.workflow] == holder.uid
            else { continue }
            locks[holder, default: []].append(lock)
        }
        return locks.keys.sorted().map { LockPermits(holder: $0, locks: locks[$0] ?? []) }
    }

    private func worded<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ArchiveError {
            throw LockStoreError("\(error)")
        }
    }
}
