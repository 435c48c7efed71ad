import Kubernetes
import Resilience
import Synchronization

/// Reads of ConfigMaps that are shared: who wants one that is being read waits for that read.
///
/// A stalled read holds up those who want the same ConfigMap, and nobody else.
final class LockLimitReads: Sendable {
    struct Key: Hashable, Sendable {
        var path: CallPath
        var configMap: ObjectKey
    }

    private enum Word: Sendable {
        case read(Result<ConfigMap, CallFailed>)
        /// Who read gave up, because its task was cancelled.
        case abandoned
        /// The task that waited was cancelled.
        case cancelled
    }

    private struct State {
        var nextID = 0
        /// Those who wait, for each read that is under way.
        var followers: [Key: [(id: Int, continuation: CheckedContinuation<Word, Never>)]] = [:]
    }

    private let state = Mutex(State())

    /// How many wait for reads of others.
    var followerCount: Int { state.withLock { $0.followers.values.reduce(0) { $0 + $1.count } } }

    /// The ConfigMap, by a read of the caller's own or by one that is under way.
    ///
    /// - Throws: what `body` throws, here or where it is under way.
    func read(_ key: Key, _ body: () async throws -> ConfigMap) async throws -> ConfigMap {
        while true {
            try Task.checkCancellation()
            let isFirst = state.withLock { state in
                if state.followers[key] != nil { return false }
                state.followers[key] = []
                return true
            }
            guard !isFirst else { return try await lead(key, body) }
            switch await follow(key) {
            case .read(let result): return try result.get()
            case .cancelled: throw CancellationError()
            case .abandoned: continue
            }
        }
    }

    private func lead(_ key: Key, _ body: () async throws -> ConfigMap) async throws -> ConfigMap {
        do {
            let configMap = try await body()
            tell(key, .read(.success(configMap)))
            return configMap
        } catch let failure as CallFailed {
            tell(key, .read(.failure(failure)))
            throw failure
        } catch {
            tell(key, .abandoned)
            throw error
        }
    }

    private func tell(_ key: Key, _ word: Word) {
        let followers = state.withLock { $0.followers.removeValue(forKey: key) ?? [] }
        for follower in followers { follower.continuation.resume(returning: word) }
    }

    private func follow(_ key: Key) async -> Word {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let word = state.withLock { state -> Word? in
                    if Task.isCancelled { return .cancelled }
                    // It ended in between.
                    if state.followers[key] == nil { return .abandoned }
                    state.followers[key]?.append((id, continuation))
                    return nil
                }
                if let word { continuation.resume(returning: word) }
            }
        } onCancel: {
            let follower = state.withLock { state -> CheckedContinuation<Word, Never>? in
                guard let index = state.followers[key]?.firstIndex(where: { $0.id == id }) else { return nil }
                return state.followers[key]?.remove(at: index).continuation
            }
            follower?.resume(returning: .cancelled)
        }
    }
}
