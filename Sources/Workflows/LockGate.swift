import Synchronization

/// Lets one in at a time, in the order in which they came.
final class LockGate: Sendable {
    private struct State {
        var isTaken = false
        var nextID = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state = Mutex(State())

    /// How many wait for their turn.
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Runs `body` when its turn has come.
    ///
    /// - Throws: `CancellationError` where the task is cancelled before that; whatever `body` throws.
    func withTurn<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isIn = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let isIn = state.withLock { state -> Bool? in
                    // A cancellation from now on finds the continuation in the list.
                    if Task.isCancelled { return false }
                    guard state.isTaken else {
                        state.isTaken = true
                        return true
                    }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let isIn { continuation.resume(returning: isIn) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index).continuation
            }
            waiter?.resume(returning: false)
        }
        guard isIn else { throw CancellationError() }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiters.isEmpty else {
                state.isTaken = false
                return nil
            }
            // The gate stays taken, and so nobody slips in between.
            return state.waiters.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
