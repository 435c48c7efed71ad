/// Decides after each failed attempt of one call whether it is tried again in place, and when.
package struct Retrier: Sendable {
    private let call: Policy.Call
    private let classifier: Classifier
    private var attempts = 0
    private var previousWait: Duration?

    package init(_ call: Policy.Call, _ classifier: Classifier) {
        self.call = call
        self.classifier = classifier
    }

    package enum Decision: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp(Retryability)
    }

    /// - Parameter elapsed: Since the call began.
    package mutating func failed(
        _ failure: CallFailure, elapsed: Duration, using generator: inout some RandomNumberGenerator
    ) -> Decision {
        attempts += 1
        let classification = classifier.classify(failure)
        guard classification == .transient, attempts < call.maxAttempts else { return .giveUp(classification) }
        let backoff = call.backoff.delay(retry: attempts, previous: previousWait, using: &generator)
        previousWait = backoff
        let wait = Self.wait(backoff: backoff, asked: failure.retryAfter, rule: call.retryAfter)
        // A retry that could only start after the deadline is not worth its wait.
        if let deadline = call.deadline, elapsed + wait >= deadline { return .giveUp(classification) }
        return .retry(after: wait)
    }

    static func wait(backoff: Duration, asked: Duration?, rule: Policy.RetryAfterRule) -> Duration {
        guard let asked else { return backoff }
        return switch rule {
        case .ignore: backoff
        case .obey: max(backoff, asked)
        case .clamp: min(max(asked, backoff), backoff + .seconds(5))
        }
    }
}
