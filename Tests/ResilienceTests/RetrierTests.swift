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
        (.exact, .seconds(30), .seconds(30)),
        (.exact, .seconds(1), .seconds(1)),
    ]

    @Test("Retry-After is ignored, obeyed, taken exactly, or held between the backoff and 5 s more", arguments: asked)
    mutating func retryAfter(rule: Policy.RetryAfterRule, asked: Duration, wait: Duration) {
        let call = Policy.Call(backoff: Backoff(.fixed, base: .seconds(2)), maxAttempts: 2, retryAfter: rule)
        var retrier = Retrier(call, .kubernetes)
        var failure = Self.overload
        failure.retryAfter = asked
        #expect(retrier.failed(failure, elapsed: .zero, using: &generator) == .retry(after: wait))
    }

    /// The attempts of a call that goes on failing, since its begin, and when it has given up.
    private mutating func attempts(_ call: Policy.Call, _ failure: CallFailure = overload) -> [Duration] {
        var retrier = Retrier(call, .kubernetes)
        var (times, now) = ([Duration.zero], Duration.zero)
        while times.count < 100 {
            switch retrier.failed(failure, elapsed: now, using: &generator) {
            case .retry(let wait):
                now += wait
                times.append(now)
            case .waitAndGiveUp(_, let wait): return times + [now + wait]
            case .giveUp: return times + [now]
            }
        }
        return times
    }

    @Test("apimachinery's cap ends the attempts, and the last wait is for nothing")
    mutating func cap() {
        // STATISTICS.md, vector 76.
        let call = Policy.Call(
            backoff: Backoff(.exponential, base: .seconds(1), cap: .seconds(5)), maxAttempts: 10, stopsAtCap: true)
        #expect(attempts(call) == [0, 1, 3, 7].map { .seconds($0) })
        var patient = call
        patient.stopsAtCap = false
        #expect(attempts(patient) == [0, 1, 3, 7, 12, 17, 22, 27, 32, 37, 37].map { .seconds($0) })
    }

    private static let fewSteps: [(Policy.Call, [Int])] = [
        // client-go's DefaultBackoff, its jitter drawn as nothing, and Argo's DefaultRetry.
        (
            Policy.Call(backoff: Backoff(.exponential, base: .milliseconds(10), factor: 5), maxAttempts: 4),
            [10, 50, 250]
        ),
        (Policy.Call(backoff: Backoff(.exponential, base: .milliseconds(10)), maxAttempts: 5), [10, 20, 40, 80]),
    ]

    @Test("steps are attempts, and the waits between them are one fewer", arguments: fewSteps)
    mutating func steps(call: Policy.Call, milliseconds: [Int]) {
        // STATISTICS.md, vector 76.
        let times = attempts(call)
        // The last of the times is that of giving up, at once.
        #expect(times.count == call.maxAttempts + 1)
        #expect(zip(times, times.dropFirst()).map { $1 - $0 } == (milliseconds + [0]).map { .milliseconds($0) })
    }

    @Test("an executor's endless tries are five, and 31 s long")
    mutating func endless() {
        // https://github.com/argoproj/argo-workflows/pull/14555: `Steps: math.MaxInt32` under a cap of 30 s.
        let call = Policy.Call(
            backoff: Backoff(.additiveJitter, base: .seconds(1), cap: .seconds(30)), maxAttempts: Int(Int32.max),
            stopsAtCap: true)
        #expect(attempts(call) == [0, 1, 3, 7, 15, 31].map { .seconds($0) })
    }

    @Test("a deadline is not waited for in vain either")
    mutating func capAndDeadline() {
        let call = Policy.Call(
            backoff: Backoff(.exponential, base: .seconds(1), cap: .seconds(1)), maxAttempts: 10,
            deadline: .seconds(1), stopsAtCap: true)
        #expect(attempts(call) == [.zero, .zero])
    }

    @Test("throttling has a backoff of its own")
    mutating func throttled() {
        let call = Policy.Call(
            backoff: Backoff(.fixed, base: .milliseconds(50)), throttledBackoff: Backoff(.fixed, base: .seconds(1)),
            maxAttempts: 3)
        #expect(attempts(call) == [.zero, .milliseconds(50), .milliseconds(100), .milliseconds(100)])
        let throttling = CallFailure(httpStatus: 429, reason: "TooManyRequests")
        #expect(attempts(call, throttling) == [.zero, .seconds(1), .seconds(2), .seconds(2)])
    }

    @Test("after a pushback the backoff begins anew")
    mutating func pushback() {
        let call = Policy.Call(
            backoff: Backoff(.exponential, base: .seconds(1)), maxAttempts: 9, retryAfter: .exact)
        var retrier = Retrier(call, .kubernetes)
        var pushback = Self.overload
        pushback.retryAfter = .milliseconds(300)
        let failures = [Self.overload, Self.overload, pushback, Self.overload]
        var waits: [Retrier.Decision] = []
        for failure in failures { waits.append(retrier.failed(failure, elapsed: .zero, using: &generator)) }
        #expect(
            waits == [
                .retry(after: .seconds(1)), .retry(after: .seconds(2)), .retry(after: .milliseconds(300)),
                .retry(after: .seconds(1)),
            ])
    }
}
