import Dispatch
import Foundation

/// Runs `body` so that SIGINT or SIGTERM cancels it, and a second one ends the process at once.
func interruptible<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
    let task = Task { try await body() }
    let sources = [SIGINT, SIGTERM].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            if task.isCancelled { _exit(130) }
            Terminal.error("boreas: interrupted; cleaning up (once more to stop at once)")
            task.cancel()
        }
        source.resume()
        return source
    }
    defer { for source in sources { source.cancel() } }
    do {
        return try await task.value
    } catch {
        // What was cut short may put it in its own words.
        if task.isCancelled { throw CancellationError() }
        throw error
    }
}
