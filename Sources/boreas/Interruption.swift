import Dispatch
import Foundation
import Synchronization

/// Runs `body` so that SIGINT or SIGTERM cancels it, and a second one ends the process at once.
func interruptible<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let interruption = Interruption()
    var sources: [any DispatchSourceSignal] = []
    for number in [SIGINT, SIGTERM] {
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            guard interruption.begin() else { _exit(130) }
            Terminal.error("boreas: interrupted; cleaning up (once more to stop at once)")
        }
        // A source hears nothing before it is registered, and that takes a moment; until then a signal ends the process,
        // in which nothing has begun.
        await withCheckedContinuation { continuation in
            source.setRegistrationHandler { continuation.resume() }
            source.resume()
        }
        sources.append(source)
    }
    defer { for source in sources { source.cancel() } }
    let task = Task { try await body() }
    interruption.cancels { task.cancel() }
    do {
        return try await task.value
    } catch {
        // What was cut short may put it in its own words.
        if task.isCancelled { throw CancellationError() }
        throw error
    }
}

/// Whether the process is being interrupted, and what that cancels, whichever is known first.
private final class Interruption: Sendable {
    private struct State {
        var hasBegun = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// - Returns: False where it had begun already.
    func begin() -> Bool {
        let (isFirst, cancel) = state.withLock { state in
            defer { state.hasBegun = true }
            return (!state.hasBegun, state.cancel)
        }
        cancel?()
        return isFirst
    }

    func cancels(_ cancel: @escaping @Sendable () -> Void) {
        let hasBegun = state.withLock { state in
            state.cancel = cancel
            return state.hasBegun
        }
        if hasBegun { cancel() }
    }
}
