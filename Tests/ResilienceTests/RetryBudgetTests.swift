import Resilience
import Testing

struct RetryBudgetTests {
    private static let overload = CallFailure(httpStatus: 503)
    private static let throttling = CallFailure(httpStatus: 429)

    @Test("gRPC's throttle allows a retry after failures 1 to 4, and refuses it from the 5th")
    func throttle() {
        // STATISTICS.md, vector 77.
        var budget = RetryBudget(.throttle(.init(tokensMax: 10, ratio: 0.1)))
        var granted: [Bool] = []
        for _ in 1...6 {
            budget.failed()
            granted.append(budget.withdraw(after: Self.overload, now: .zero) != nil)
        }
        #expect(granted == [true, true, true, true, false, false])
    }

    @Test("from nothing, gRPC's throttle needs 51 successes")
    func throttleRecovers() {
        var budget = RetryBudget(.throttle(.init(tokensMax: 10, ratio: 0.1)))
        for _ in 1...20 { budget.failed() }
        for _ in 1...50 { budget.succeeded(cost: nil) }
        #expect(budget.withdraw(after: Self.overload, now: .zero) == nil)
        budget.succeeded(cost: nil)
        #expect(budget.withdraw(after: Self.overload, now: .zero) != nil)
    }

    @Test("gRPC's tokens never exceed their maximum")
    func throttleIsBounded() {
        var budget = RetryBudget(.throttle(.init(tokensMax: 10, ratio: 0.1)))
        for _ in 1...1_000 { budget.succeeded(cost: nil) }
        for _ in 1...5 { budget.failed() }
        #expect(budget.withdraw(after: Self.overload, now: .zero) == nil)
    }

    @Test("Finagle's budget holds 100 retries at first, and one more after five calls")
    func share() {
        // STATISTICS.md, vector 79.
        var budget = RetryBudget(.share(.init()))
        #expect(budget.retriesLeft(now: .zero) == 100)
        for _ in 1...5 { budget.began(now: .zero) }
        #expect(budget.retriesLeft(now: .zero) == 101)
        for _ in 1...101 { #expect(budget.withdraw(after: Self.overload, now: .zero) != nil) }
        #expect(budget.withdraw(after: Self.overload, now: .zero) == nil)
    }

    @Test("Finagle's calls and retries count for ten seconds, then the reserve is whole again")
    func shareExpires() {
        var budget = RetryBudget(.share(.init()))
        for _ in 1...50 { budget.began(now: .zero) }
        for _ in 1...100 { _ = budget.withdraw(after: Self.overload, now: .seconds(2)) }
        #expect(budget.retriesLeft(now: .seconds(9)) == 10)
        #expect(budget.retriesLeft(now: .seconds(10)) == 0)
        #expect(budget.retriesLeft(now: .seconds(12)) == 100)
    }

    @Test("under a steady stream of calls that all fail, a fifth of them is retried, and ten a second besides")
    func shareInTheLongRun() {
        var budget = RetryBudget(.share(.init()))
        var retries = 0
        for millisecond in 0..<60_000 {
            let now = Duration.milliseconds(millisecond)
            budget.began(now: now)
            if budget.withdraw(after: Self.overload, now: now) != nil, millisecond >= 20_000 { retries += 1 }
        }
        // 40 s of a thousand calls a second: 200 + 10 a second.
        #expect((8_000...8_800).contains(retries))
    }

    @Test("the AWS quota takes by the kind of failure, and gives back what a retry that succeeds had cost")
    func quota() throws {
        var budget = RetryBudget(.quota(.init(capacity: 30)))
        let firstGiven = budget.withdraw(after: Self.overload, now: .zero)
        let first = try #require(firstGiven)
        let secondGiven = budget.withdraw(after: Self.throttling, now: .zero)
        let second = try #require(secondGiven)
        #expect(first == 14 && second == 5)
        // 11 are left.
        #expect(budget.withdraw(after: Self.overload, now: .zero) == nil)
        budget.succeeded(cost: second)
        #expect(budget.withdraw(after: Self.overload, now: .zero) == 14)
        #expect(budget.withdraw(after: Self.throttling, now: .zero) == nil)
        for _ in 1...3 { budget.succeeded(cost: nil) }
        #expect(budget.withdraw(after: Self.throttling, now: .zero) == 5)
    }

    @Test("the AWS quota of 500 pays for 35 retries, and never grows beyond 500")
    func quotaSize() {
        var budget = RetryBudget(.quota(.init()))
        for _ in 1...1_000 { budget.succeeded(cost: nil) }
        #expect(budget.retriesLeft(now: .zero) == 35)
    }
}
