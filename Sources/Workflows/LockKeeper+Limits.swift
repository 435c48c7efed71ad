import Determinism
import Kubernetes
import Resilience
import Synchronization

/// What a ConfigMap has to say about a limit.
enum LockLimit: Hashable, Sendable {
    case limit(Int)
    /// The ConfigMap was read, and there is no number where it should be; in Argo's words.
    case unusable(String)

    init(of lock: LockName, in configMap: ConfigMap) {
        guard let text = configMap.data[lock.key] else {
            self = .unusable("Sync configuration key '\(lock.key)' not found in ConfigMap")
            return
        }
        // Go's strconv.Atoi and Swift's Int read the same digits.
        self = Int(text).map(Self.limit) ?? .unusable("strconv.Atoi: parsing \"\(text)\": invalid syntax")
    }
}

extension LockKeeper {
    /// Sees to it that a lock's limit is known as well as the policy asks for.
    ///
    /// - Returns: The answer to who asks for the lock, where there is no use in going on.
    func learnLimit(of lock: LockName) async throws -> LockAnswer? {
        guard lock.kind == .configMap else {
            // A mutex is a semaphore with the limit 1.
            state.withLock { if $0.table.limit(of: lock) == nil { _ = $0.table.limitKnown(1, of: lock) } }
            return nil
        }
        while true {
            let now = runner.clock.now
            let (isFresh, isKnown, changes) = state.withLock { state in
                let note = state.limits[lock] ?? LimitNote()
                let isCached = note.readAt.map { now - $0 < policy.locks.limitCache } ?? false
                let isPoisoned = state.table.poison(of: lock) != nil
                return (isCached || isPoisoned, state.table.limit(of: lock) != nil, note.changes)
            }
            if isFresh { return nil }
            let path = isKnown ? CallPath.semaphoreLimit : .semaphoreSetup
            do {
                let limit = LockLimit(of: lock, in: try await configMap(of: lock, path))
                // What was read before the ConfigMap changed says nothing.
                guard state.withLock({ $0.limits[lock]?.changes ?? 0 }) == changes else { continue }
                return learned(limit, of: lock, path)
            } catch let failure as CallFailed {
                if failure.disposition == .requeue { throw failure }
                return consequence(of: failure.disposition, failure.error.message, for: lock, path)
            }
        }
    }

    private func configMap(of lock: LockName, _ path: CallPath) async throws -> ConfigMap {
        let key = lock.configMap
        return try await reads.read(LockLimitReads.Key(path: path, configMap: key)) {
            let request = APIRequest.get(ConfigMap.resource, key)
            return ConfigMap(json: try await runner.perform(path, request.identity) { try await $0.send(request) })
        }
    }

    private func learned(_ limit: LockLimit, of lock: LockName, _ path: CallPath) -> LockAnswer? {
        switch limit {
        case .limit(0) where path == .semaphoreSetup && masksSetup:
            return .failed(message: Self.setupFailure(lock))
        case .limit(let value):
            let now = runner.clock.now
            let wake = state.withLock { state in
                state.limits[lock, default: LimitNote()].readAt = now
                return state.table.limitKnown(value, of: lock)
            }
            self.wake(wake)
            return nil
        case .unusable(let words):
            return consequence(of: policy.rule(for: path).onPermanent, words, for: lock, path)
        }
    }

    /// What a limit that can't be read means for who asks. Where nothing is done about it, the last one that is known
    /// counts; without one nobody is served, and all wait for the ConfigMap to change.
    private func consequence(
        of disposition: Policy.Disposition, _ words: String, for lock: LockName, _ path: CallPath
    ) -> LockAnswer? {
        switch disposition {
        case .failNode, .failWorkflow:
            .failed(message: path == .semaphoreSetup && masksSetup ? Self.setupFailure(lock) : words)
        case .ignore, .requeue: nil
        }
    }

    /// Whether the first read fails without its cause, and with the limit 0, as in Argo since v3.7, which keeps the last
    /// limit where a later read fails (https://github.com/argoproj/argo-workflows/issues/16731).
    private var masksSetup: Bool { policy.rule(for: .semaphoreLimit).onPermanent == .ignore }

    static func setupFailure(_ lock: LockName) -> String { "failed to initialize semaphore \(lock) with limit" }
}
