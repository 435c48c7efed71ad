import Determinism
import Resilience
import Testing

struct AdaptiveRateTests {
    /// Time, whether the answer asks for fewer requests, the measured rate, the new rate: the table that all AWS SDKs
    /// are tested by.
    private static let table: [(Int, Bool, Double, Double)] = [
        (200, false, 0, 0.5), (400, false, 0, 0.5), (600, false, 4.8, 0.5), (800, false, 4.8, 0.5),
        (1_000, false, 4.16, 0.5), (1_200, false, 4.16, 0.6912), (1_400, false, 4.16, 1.0976),
        (1_600, false, 5.632, 1.6384), (1_800, false, 5.632, 2.3328), (2_000, true, 4.3264, 3.02848),
        (2_200, false, 4.3264, 3.486639), (2_400, false, 4.3264, 3.821874), (2_600, false, 5.66528, 4.053386),
        (2_800, false, 5.66528, 4.200373), (3_000, false, 4.333056, 4.282037), (3_200, true, 4.333056, 2.997426),
    ]

    @Test("rates follow the table of the AWS SDKs")
    func cubic() {
        var rate = AdaptiveRate(AdaptiveRate.Parameters(), now: .zero)
        for (milliseconds, isThrottling, measured, expected) in Self.table {
            rate.answered(isThrottling: isThrottling, now: .milliseconds(milliseconds))
            #expect(abs(rate.measured - measured) < 1e-6, "at \(milliseconds) ms")
            #expect(abs(rate.rate - expected) < 1e-6, "at \(milliseconds) ms")
        }
    }

    @Test("without an answer that asks for fewer requests nothing is held back")
    func free() {
        var rate = AdaptiveRate(AdaptiveRate.Parameters(), now: .zero)
        for _ in 1...1_000 { #expect(rate.take(now: .zero) == nil) }
        rate.answered(isThrottling: false, now: .seconds(1))
        #expect(rate.take(now: .seconds(1)) == nil && !rate.isLimiting)
    }

    /// A client that was throttled at ten answers a second, and has used up what tokens had gathered before.
    private func throttled() -> AdaptiveRate {
        var rate = AdaptiveRate(AdaptiveRate.Parameters(), now: .zero)
        for tenth in 1...49 { rate.answered(isThrottling: false, now: .milliseconds(tenth * 100)) }
        rate.answered(isThrottling: true, now: .seconds(5))
        while rate.take(now: .seconds(5)) == nil {}
        return rate
    }

    @Test("after it, attempts go at seven tenths of the rate")
    func limited() {
        var rate = throttled()
        #expect(rate.isLimiting && abs(rate.rate - 7) < 0.2)
        var (now, taken) = (Duration.seconds(5), 0)
        while now < .seconds(15) {
            if let wait = rate.take(now: now) {
                #expect(wait > .zero && wait <= .seconds(2))
                now += wait
            } else {
                taken += 1
            }
        }
        #expect((68...72).contains(taken))
    }

    @Test("however many wait, nobody waits longer than for one token")
    func noDebt() {
        var rate = throttled()
        let waits = (1...50).compactMap { _ in rate.take(now: .seconds(5)) }
        #expect(waits.count == 50 && waits.allSatisfy { $0 < .milliseconds(200) })
        for step in 1...20 { rate.answered(isThrottling: true, now: .seconds(5) + .milliseconds(step * 10)) }
        #expect(rate.take(now: .seconds(6)).map { $0 <= .seconds(2) } ?? true)
        #expect(rate.take(now: .seconds(8)) == nil)
    }

    @Test("what is foretold for later is what a taker meets then")
    func foretold() throws {
        var rate = throttled()
        // From a moment at which the last token has just been taken.
        let start = Duration.seconds(5) + rate.wait(at: .seconds(5))
        #expect(rate.take(now: start) == nil)
        let foretold = rate.wait(at: start)
        let metGiven = rate.take(now: start)
        let met = try #require(metGiven)
        #expect(foretold == met && met > .milliseconds(100))
        let halfway = rate.wait(at: start + met / 2)
        #expect(halfway > met / 3 && halfway < met)
        #expect(rate.wait(at: start + met) == .zero)
        #expect(rate.take(now: start + met) == nil)
    }
}
