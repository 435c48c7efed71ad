package import Kubernetes

/// Gives every request that goes on a wire a number that no other of its operation has.
///
/// Callers count their own attempts from 1 and know nothing of the transport layer's retries. The number that goes on
/// the wire is the caller's, or, where that one was used already, the next one free.
package struct AttemptNumbers: Sendable {
    /// How many operations are remembered at least; older ones are over.
    private let capacity: Int
    private var recent: [String: Int] = [:]
    private var older: [String: Int] = [:]

    package init(capacity: Int = 16_384) { self.capacity = capacity }

    package mutating func number(_ trace: RequestTrace) -> RequestTrace {
        let last = recent[trace.operation] ?? older[trace.operation] ?? 0
        var numbered = trace
        numbered.attempt = max(trace.attempt, last + 1)
        if recent.count >= capacity, recent[trace.operation] == nil {
            older = recent
            recent = [:]
        }
        recent[trace.operation] = numbered.attempt
        return numbered
    }
}
