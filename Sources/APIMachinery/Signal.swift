import Synchronization

/// Wakes one waiting task; raised while nobody waits, it lets the next one pass.
final class Signal: Sendable {
    private enum State: Sendable {
        case lowered
        case raised
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.lowered)

    func raise() {
        let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .awaited(let continuation) = state {
                state = .lowered
                return continuation
            }
            state = .raised
            return nil
        }
        waiting?.resume()
    }

    /// Returns when the signal is raised, or at once where it is; also when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mayPass = state.withLock { state in
                    if Task.isCancelled { return true }
                    guard case .lowered = state else {
                        state = .lowered
                        return true
                    }
                    state = .awaited(continuation)
                    return false
                }
                if mayPass { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
    }
}
