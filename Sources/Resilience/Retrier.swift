/// Decides after each failed attempt of one call whether it is tried again in place, and when.
package struct Retrier: Sendable {
    private let call: Policy.Call
    private let classifier: Classifier
    private var attempts = 0
    /// Waits since the backoff began, for the first time or anew.
    private var retries = 0
    private var previousWait: Duration?

    package init(_ call: Policy.Call, _ classifier: Classifier) {
        self.call = call
        self.classifier = classifier
    }

    package enum Decision: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp(Retryability)
        /// No attempt follows, and yet there is a wait before that is admitted (``Policy/Call/stopsAtCap``).
        case waitAndGiveUp(Retryability, after: Duration)
    }

    /// - Parameter elapsed: Since the call began.
    package mutating func failed(
        _ failure: CallFailure, elapsed: Duration, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        attempts += 1
        let classification = classifier.classify(failure)
        guard classification == .transient, attempts < call.maxAttempts else { return .giveUp(classification) }
        retries += 1
        let formula = failure.isThrottling ? call.throttledBackoff ?? call.backoff : call.backoff
        let backoff = formula.delay(retry: retries, previous: previousWait, using: &generator)
        let isLast = call.stopsAtCap && formula.exceedsCap(after: retries)
        previousWait = backoff
        let wait = Self.wait(backoff: backoff, asked: failure.retryAfter, rule: call.retryAfter)
        if call.retryAfter == .exact, failure.retryAfter != nil {
            retries = 0
            previousWait = nil
        }
        // A retry that could only start after the deadline is not worth its wait.
        if let deadline = call.deadline, elapsed + wait >= deadline { return .giveUp(classification) }
        return isLast ? .waitAndGiveUp(classification, after: wait) : .retry(after: wait)
    }

    static func wait(backoff: Duration, asked: Duration?, rule: Policy.RetryAfterRule) -> Duration {
        guard let asked else { return backoff }
        return switch rule {
        case .ignore: backoff
        case .obey: max(backoff, asked)
        case .exact: asked
        case .clamp: min(max(asked, backoff), backoff + .seconds(5))
        }
    }
}
