import Synchronization

/// Names the operations of a trial and numbers their requests.
///
/// One counter serves everything that sends requests for a subject: the policy's retries, a transport that retries by
/// itself, and the subject's next life after a restart. So no two requests of a trial ever carry the same
/// ``RequestTrace/requestID``.
package final class AttemptCounter: Sendable {
    private struct State {
        var operations: [String: Int] = [:]
        var attempts: [String: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Gives a new operation its name: the one asked for, and from its second use on with a number: `a/b#2`.
    package func beginOperation(named name: String) -> String {
        state.withLock {
            let ordinal = ($0.operations[name] ?? 0) + 1
            $0.operations[name] = ordinal
            return ordinal == 1 ? name : "\(name)#\(ordinal)"
        }
    }

    /// The number of the operation's next request, from 1.
    ///
    /// - Parameter last: A number that the operation has used already, whoever gave it.
    package func nextAttempt(of operation: String, after last: Int = 0) -> Int {
        state.withLock {
            let attempt = max(last, $0.attempts[operation] ?? 0) + 1
            $0.attempts[operation] = attempt
            return attempt
        }
    }

    /// How many requests of the operation have been numbered so far.
    package func attempts(of operation: String) -> Int { state.withLock { $0.attempts[operation] ?? 0 } }

    /// The operation is over, and its numbers are no longer needed: its name is never given again.
    package func endOperation(_ operation: String) { state.withLock { $0.attempts[operation] = nil } }
}
