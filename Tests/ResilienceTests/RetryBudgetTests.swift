import Determinism
import Resilience
import Testing

struct RetryBudgetTests {
    /// Tosses the coins of an adaptive budget.
    private var coins = SplitMix64(seed: 1)

    private static let overload = CallFailure(httpStatus: 503)
    private static let throttling = CallFailure(httpStatus: 429)

    @Test("gRPC's throttle allows a retry after failures 1 to 4, and refuses it from the 5th")
    mutating func throttle() {
        // STATISTICS.md, vector 77.
        var budget = RetryBudget(.throttle(.init(tokensMax: 10, ratio: 0.1)))
        var granted: [Bool] = []
        for _ in 1...6 {
            budget.failed()
            granted.append(budget.withdraw(after: Self.overload, now: .zero, using: &coins) != nil)
        }
        #expect(granted == [true, true, true, true, false, false])
    }

    @Test("from nothing, gRPC's throttle needs 51 successes")
    mutating func throttleRecovers() {
        var budget = RetryBudget(.throttle(.init(tokensMax: 10, ratio: 0.1)))
        for _ in 1...20 { budget.failed() }
        for _ in 1...50 { budget.succeeded(cost: nil, now: .zero) }
        #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) == nil)
        budget.succeeded(cost: nil, now: .zero)
        #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) != nil)
    }

    @Test("gRPC's tokens never exceed their maximum")
    mutating func throttleIsBounded() {
        var budget = RetryBudget(.throttle(.init(tokensMax: 10, ratio: 0.1)))
        for _ in 1...1_000 { budget.succeeded(cost: nil, now: .zero) }
        for _ in 1...5 { budget.failed() }
        #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) == nil)
    }

    @Test("Finagle's budget holds 100 retries at first, and one more after five calls")
    mutating func share() {
        // STATISTICS.md, vector 79.
        var budget = RetryBudget(.share(.init()))
        #expect(budget.retriesLeft(now: .zero) == 100)
        for _ in 1...5 { budget.began(now: .zero) }
        #expect(budget.retriesLeft(now: .zero) == 101)
        for _ in 1...101 { #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) != nil) }
        #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) == nil)
    }

    @Test("Finagle's calls and retries count for ten seconds, then the reserve is whole again")
    mutating func shareExpires() {
        var budget = RetryBudget(.share(.init()))
        for _ in 1...50 { budget.began(now: .zero) }
        for _ in 1...100 { _ = budget.withdraw(after: Self.overload, now: .seconds(2), using: &coins) }
        #expect(budget.retriesLeft(now: .seconds(9)) == 10)
        #expect(budget.retriesLeft(now: .seconds(10)) == 0)
        #expect(budget.retriesLeft(now: .seconds(12)) == 100)
    }

    @Test("under a steady stream of calls that all fail, a fifth of them is retried, and ten a second besides")
    mutating func shareInTheLongRun() {
        var budget = RetryBudget(.share(.init()))
        var retries = 0
        for millisecond in 0..<60_000 {
            let now = Duration.milliseconds(millisecond)
            budget.began(now: now)
            if budget.withdraw(after: Self.overload, now: now, using: &coins) != nil, millisecond >= 20_000 {
                retries += 1
            }
        }
        // 40 s of a thousand calls a second: 200 + 10 a second.
        #expect((8_000...8_800).contains(retries))
    }

    @Test("the AWS quota takes by the kind of failure, and gives back what a retry that succeeds had cost")
    mutating func quota() throws {
        var budget = RetryBudget(.quota(.init(capacity: 30)))
        let firstGiven = budget.withdraw(after: Self.overload, now: .zero, using: &coins)
        let first = try #require(firstGiven)
        let secondGiven = budget.withdraw(after: Self.throttling, now: .zero, using: &coins)
        let second = try #require(secondGiven)
        #expect(first == 14 && second == 5)
        // 11 are left.
        #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) == nil)
        budget.succeeded(cost: second, now: .zero)
        #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) == 14)
        #expect(budget.withdraw(after: Self.throttling, now: .zero, using: &coins) == nil)
        for _ in 1...3 { budget.succeeded(cost: nil, now: .zero) }
        #expect(budget.withdraw(after: Self.throttling, now: .zero, using: &coins) == 5)
    }

    @Test("the AWS quota of 500 pays for 35 retries, and never grows beyond 500")
    func quotaSize() {
        var budget = RetryBudget(.quota(.init()))
        for _ in 1...1_000 { budget.succeeded(cost: nil, now: .zero) }
        #expect(budget.retriesLeft(now: .zero) == 35)
    }

    @Test("Google's throttle refuses by the share of attempts beyond the multiple of those that were answered")
    func adaptiveProbability() {
        // STATISTICS.md, vector 80.
        let adaptive = RetryBudget.Adaptive()
        let cases = [(100, 40, 0.198020), (100, 60, 0), (1_000, 0, 0.999001)]
        for (requests, accepts, probability) in cases {
            #expect(abs(adaptive.refusalProbability(requests: requests, accepts: accepts) - probability) < 5e-7)
        }
    }

    @Test("retries are refused as often as that says, and a refused one counts as an attempt")
    mutating func adaptiveShare() {
        var refused = 0
        for _ in 1...4_000 {
            var budget = RetryBudget(.adaptive(.init()))
            for _ in 1...100 { budget.attempted(now: .zero) }
            for _ in 1...40 { budget.succeeded(cost: nil, now: .zero) }
            if budget.withdraw(after: Self.overload, now: .zero, using: &coins) == nil { refused += 1 }
        }
        // 792 ± 25.
        #expect((690...890).contains(refused))
        var budget = RetryBudget(.adaptive(.init()))
        for _ in 1...10 { budget.attempted(now: .zero) }
        for _ in 1...6 { budget.succeeded(cost: nil, now: .zero) }
        // Twelve attempts are allowed for; the one after them is no excess yet.
        #expect(budget.retriesLeft(now: .zero) == 3)
        for _ in 1...3 {
            #expect(budget.withdraw(after: Self.overload, now: .zero, using: &coins) == 0)
            budget.attempted(now: .zero)
        }
        #expect(budget.retriesLeft(now: .zero) == 0)
    }

    @Test("after an outage, retries are made again as soon as first tries are answered")
    mutating func adaptiveRecovers() {
        var budget = RetryBudget(.adaptive(.init(multiplier: 2, window: .seconds(10))))
        var granted = 0
        for tenth in 0..<1_000 {
            let now = Duration.milliseconds(100 * tenth)
            budget.attempted(now: now)
            if budget.withdraw(after: Self.overload, now: now, using: &coins) != nil {
                budget.attempted(now: now)
                granted += 1
            }
        }
        // The chance of the n-th is 1 in n or so: the first few, and for each hundred attempts of a window half of one.
        #expect((1...40).contains(granted))
        for tenth in 1_000..<1_110 {
            let now = Duration.milliseconds(100 * tenth)
            budget.attempted(now: now)
            budget.succeeded(cost: nil, now: now)
        }
        #expect(budget.retriesLeft(now: .seconds(111)) > 90)
    }

    @Test("only an adaptive budget draws")
    mutating func draws() {
        let before = coins
        for parameters in [RetryBudget.Parameters.throttle(.init()), .share(.init()), .quota(.init())] {
            var budget = RetryBudget(parameters)
            _ = budget.withdraw(after: Self.overload, now: .zero, using: &coins)
        }
        #expect(coins == before)
        var budget = RetryBudget(.adaptive(.init()))
        _ = budget.withdraw(after: Self.overload, now: .zero, using: &coins)
        #expect(coins != before)
    }
}
