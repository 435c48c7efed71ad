package import Resilience

/// How long the clean-up of pods may take although no exec is ever answered, as it follows from a policy.
///
/// A *pass* is one look of one worker at one item. Over a pod of c containers it lasts no longer than the longest of
/// - the signals: the time limit of an exec, times c where the containers are signalled one after the other, and
/// - one write, a label or a deletion, with all its tries in place.
///
/// Items are taken in the order in which they came due, each is in line at most once, and no worker rests while one is in
/// line. So with w workers
/// - an item with n others ahead of it, in line or being worked on, is done within pass·(n/w + 1); and within one pass
///   more where it was added while it was being worked on itself: ``oldestAge(ahead:)``;
/// - p pods that are all to be terminated at once are done within the work of all of them, shared by the workers, and the
///   longest chain of passes and waits that a single pod goes through (Graham 1969, list scheduling with precedence):
///   ``drained(pods:gracePeriod:)``.
///
/// What the bound leaves out is what the policy does not govern: the time that a client's rate limit holds a request back,
/// and the machine's own.
package struct CleanupBound: Hashable, Sendable {
    private let policy: Policy
    private let workers: Int

    /// The longest pass of signals over one pod; nil where an exec may last for ever.
    package let signalPass: Duration?
    /// The longest pass that labels or deletes a pod; nil where it may last for ever.
    package let writePass: Duration?

    /// - Parameters:
    ///   - containers: The most that a pod has.
    ///   - unboundedWrite: What a label or a deletion is taken to last where the policy does not bound it.
    package init(policy: Policy, containers: Int, unboundedWrite: Duration? = nil) {
        self.policy = policy
        workers = policy.workers.podCleanup
        let exec = policy.exec.timeout.flatMap { Self.longestCall(policy, .exec, attemptTimeout: $0) }
        signalPass = exec.map { $0 * (policy.exec.isParallel ? 1 : max(1, containers)) }
        let writes = [CallPath.podLabel, .podDelete].map { Self.longestWrite(policy, $0) ?? unboundedWrite }
        writePass = writes.contains(nil) ? nil : writes.compactMap(\.self).max()
    }

    /// The longest pass of any kind; nil where one may last for ever.
    package var pass: Duration? {
        guard let signalPass, let writePass else { return nil }
        return max(signalPass, writePass)
    }

    /// How old the oldest item may get, in line or being worked on.
    ///
    /// - Parameter ahead: The most items that any item has ahead of it: at most the number of items in the queue, less one.
    /// - Returns: Nil where the policy bounds it in no way.
    package func oldestAge(ahead: Int) -> Duration? {
        pass.map { $0 * (Double(max(0, ahead)) / Double(workers) + 2) }
    }

    /// How long it may take until pods that are all to be terminated at once have been signalled for the last time, or
    /// deleted.
    ///
    /// - Parameter gracePeriod: The longest `terminationGracePeriodSeconds` of them.
    package func drained(pods: Int, gracePeriod: Duration) -> Duration? {
        guard let signalPass, let writePass else { return nil }
        let isLasting = policy.rule(for: .exec).onTransient == .requeue && !policy.cleanup.forgetsFailures
        let kills = isLasting ? PodCleaner.killPasses : 1
        let work = signalPass * (1 + kills) + (isLasting ? writePass : .zero)
        var waits = gracePeriod
        if isLasting { for retry in 1...kills { waits += policy.cleanup.backoff.longest(retry: retry) } }
        if let limit = policy.cleanup.rateLimit {
            waits += .seconds(max(0, Double(pods * (1 + kills) - limit.burst) / limit.qps))
        }
        return work * (Double(pods) / Double(workers)) + work + waits
    }

    private static func longestWrite(_ policy: Policy, _ path: CallPath) -> Duration? {
        let limits = policy.inPlace(at: path) ?? policy.call
        guard policy.inPlace(at: path) != nil else {
            return [limits.attemptTimeout, limits.deadline].compactMap(\.self).min()
        }
        return longestCall(policy, path, attemptTimeout: limits.attemptTimeout)
    }

    /// The longest that a call with its tries in place may last; nil where that is for ever.
    private static func longestCall(_ policy: Policy, _ path: CallPath, attemptTimeout: Duration?) -> Duration? {
        guard let call = policy.inPlace(at: path) else { return attemptTimeout }
        var longest: Duration?
        if let attemptTimeout, call.retryAfter != .obey {
            let clamp = call.retryAfter == .clamp ? Duration.seconds(5) : .zero
            let waits = (1..<max(1, call.maxAttempts)).map { call.backoff.longest(retry: $0) + clamp }
            longest = attemptTimeout * call.maxAttempts + waits.reduce(.zero, +)
        }
        // No wait reaches beyond the deadline, and no attempt that begins before it outlasts it by more than a hair.
        let deadline = call.deadline.map { $0 + .milliseconds(1) }
        return [longest, deadline].compactMap(\.self).min()
    }
}
