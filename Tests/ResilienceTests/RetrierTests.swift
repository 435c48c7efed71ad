import Determinism
import Resilience
import Testing

struct RetrierTests {
    private var generator = SplitMix64(seed: 1)

    private static let overload = CallFailure(httpStatus: 503, reason: "ServiceUnavailable")

    @Test("the last attempt is given up, whatever is left of the deadline")
    mutating func attemptsEnd() {
        var retrier = Retrier(
            Policy.Call(backoff: Backoff(.fixed, base: .seconds(1)), maxAttempts: 3), .kubernetes)
        #expect(retrier.failed(Self.overload, elapsed: .zero, using: &generator) == .retry(after: .seconds(1)))
        #expect(retrier.failed(Self.overload, elapsed: .zero, using: &generator) == .retry(after: .seconds(1)))
        #expect(retrier.failed(Self.overload, elapsed: .zero, using: &generator) == .giveUp(.transient))
    }

    @Test("a permanent failure is not tried again")
    mutating func permanent() {
        var retrier = Retrier(Policy.Call(maxAttempts: 9), .kubernetes)
        let invalid = CallFailure(httpStatus: 422, reason: "Invalid")
        #expect(retrier.failed(invalid, elapsed: .zero, using: &generator) == .giveUp(.permanent))
    }

    @Test("a retry that could only start at the deadline or later is given up")
    mutating func deadline() {
        let call = Policy.Call(
            backoff: Backoff(.fixed, base: .seconds(2)), maxAttempts: 9, deadline: .seconds(10))
        var retrier = Retrier(call, .kubernetes)
        let justInTime = retrier.failed(Self.overload, elapsed: .milliseconds(7_999), using: &generator)
        #expect(justInTime == .retry(after: .seconds(2)))
        #expect(retrier.failed(Self.overload, elapsed: .seconds(8), using: &generator) == .giveUp(.transient))
    }

    private static let asked: [(Policy.RetryAfterRule, Duration, Duration)] = [
        (.ignore, .seconds(30), .seconds(2)),
        (.obey, .seconds(30), .seconds(30)),
        (.obey, .seconds(1), .seconds(2)),
        (.clamp, .seconds(30), .seconds(7)),
        (.clamp, .seconds(4), .seconds(4)),
        (.clamp, .seconds(1), .seconds(2)),
    ]

    @Test("Retry-After is ignored, obeyed, or held between the backoff and 5 s more", arguments: asked)
    mutating func retryAfter(rule: Policy.RetryAfterRule, asked: Duration, wait: Duration) {
        let call = Policy.Call(backoff: Backoff(.fixed, base: .seconds(2)), maxAttempts: 2, retryAfter: rule)
        var retrier = Retrier(call, .kubernetes)
        var failure = Self.overload
        failure.retryAfter = asked
        #expect(retrier.failed(failure, elapsed: .zero, using: &generator) == .retry(after: wait))
    }
}
