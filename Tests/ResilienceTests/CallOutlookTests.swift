import Resilience
import Testing

struct CallOutlookTests {
    @Test("attempts and success follow from the retries and the chance of a failure")
    func vectors() {
        // STATISTICS.md, vector 71.
        let half = CallOutlook(attemptsMax: 5, failure: 0.5)
        #expect(half.attempts == 1.9375 && half.success == 0.96875)
        let most = CallOutlook(attemptsMax: 4, failure: 0.9)
        #expect(abs(most.attempts - 3.439) < 1e-12 && abs(most.success - 0.3439) < 1e-12)
    }

    @Test("at the ends there are one attempt, and all of them")
    func ends() {
        #expect(CallOutlook(attemptsMax: 7, failure: 0) == CallOutlook(attemptsMax: 1, failure: 0))
        let never = CallOutlook(attemptsMax: 7, failure: 1)
        #expect(never.attempts == 7 && never.success == 0)
        let endless = CallOutlook(attemptsMax: .max, failure: 0.5)
        #expect(endless.attempts == 2 && endless.success == 1)
    }

    @Test("a call that stops at its backoff's cap makes fewer attempts than it was given")
    func cap() {
        // STATISTICS.md, vector 76.
        var call = Policy.Call(
            backoff: Backoff(.exponential, base: .seconds(1), cap: .seconds(5)), maxAttempts: 10, stopsAtCap: true)
        #expect(RetryRule(call).attemptsMax == 3)
        call.maxAttempts = 2
        #expect(RetryRule(call).attemptsMax == 2)
        call.stopsAtCap = false
        call.maxAttempts = 10
        #expect(RetryRule(call).attemptsMax == 10)
    }
}
