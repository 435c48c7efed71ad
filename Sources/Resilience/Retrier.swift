import Determinism

/// Decides after each failed attempt of one call whether it is tried again in place, and when.
package struct Retrier: Sendable {
    private let rule: RetryRule
    private let classifier: Classifier
    private var progress = RetryRule.Progress()

    package init(_ call: Policy.Call, _ classifier: Classifier) {
        rule = RetryRule(call)
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
        let classification = classifier.classify(failure)
        let decision = rule.failed(
            &progress, classification, isThrottling: failure.isThrottling,
            asked: failure.retryAfter?.wholeNanoseconds, elapsed: elapsed.wholeNanoseconds, using: &generator)
        return switch decision {
        case .retry(let wait): .retry(after: .nanoseconds(wait))
        case .giveUp: .giveUp(classification)
        case .waitAndGiveUp(let wait): .waitAndGiveUp(classification, after: .nanoseconds(wait))
        }
    }
}
