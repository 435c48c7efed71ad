import Determinism
import Resilience
import Testing

struct RetryRuleTests {
    private static let backoffs: [Backoff] = Backoff.Formula.allCases.flatMap { formula in
        [
            Backoff(formula, base: .milliseconds(10), cap: .seconds(2), jitter: 0.2),
            Backoff(formula, base: .milliseconds(7), factor: 1, jitter: 0.1),
            Backoff(formula, base: .milliseconds(3), factor: 1.6, cap: .milliseconds(100), jitter: 0.5),
            Backoff(formula, base: .seconds(1), factor: 0.5, jitter: 0.5),
            Backoff(formula),
        ]
    }

    @Test("a rule waits as its backoff says, retry by retry", arguments: backoffs)
    func schedule(backoff: Backoff) {
        let rule = RetryRule(Policy.Call(backoff: backoff, maxAttempts: 100))
        var progress = RetryRule.Progress()
        var (mine, other) = (SplitMix64(seed: 5), SplitMix64(seed: 5))
        var previous = Backoff.Previous()
        for retry in 1..<100 {
            let wait = backoff.delay(retry: retry, previous: &previous, using: &other)
            let decision = rule.failed(&progress, .transient, elapsed: 0, using: &mine)
            #expect(decision == .retry(after: wait.wholeNanoseconds), "retry \(retry)")
        }
        #expect(rule.failed(&progress, .transient, elapsed: 0, using: &mine) == .giveUp)
    }

    @Test("nothing overflows, and no wait reaches over the deadline")
    func deadline() {
        var call = Policy.Call(
            backoff: Backoff(.exponential, base: .seconds(1), factor: 1e6, cap: .seconds(3_000_000_000)),
            maxAttempts: .max, deadline: .seconds(60))
        var random = SplitMix64(seed: 1)
        var progress = RetryRule.Progress()
        let rule = RetryRule(call)
        #expect(
            rule.failed(&progress, .transient, elapsed: 58_999_999_999, using: &random) == .retry(after: 1_000_000_000))
        #expect(rule.failed(&progress, .transient, elapsed: 59_000_000_000, using: &random) == .giveUp)
        #expect(rule.allows(1, elapsed: 59_999_999_998) && !rule.allows(1, elapsed: 59_999_999_999))
        call.deadline = nil
        #expect(!RetryRule(call).allows(.max, elapsed: 1))
    }
}
