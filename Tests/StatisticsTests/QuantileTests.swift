import Foundation
import Testing

@testable import Statistics

struct QuantileTests {
    @Test("the nearest-rank quantile is a value of the sample")
    func nearestRank() {
        let sample = SortedSample((1...100).map(Double.init).reversed())
        #expect(sample.quantile(0.99) == 99)
        #expect(sample.quantile(0.5) == 50)
        #expect(SortedSample((1...20).map(Double.init)).quantile(0.95) == 19)
        #expect(SortedSample([7]).quantile(0.99) == 7)
        #expect(SortedSample([]).quantile(0.5) == nil)
        #expect(SortedSample([]).median == nil)
    }

    @Test("quantiles between values are those of numpy, by type 7 and by type 8")
    func interpolated() {
        let hundred = SortedSample((1...100).map(Double.init))
        #expect(isNear(hundred.interpolated(0.99) ?? .nan, 99.01))
        #expect(isNear(hundred.medianUnbiased(0.99) ?? .nan, 99.663333))
        let five = SortedSample([15, 20, 35, 40, 50])
        #expect(isNear(five.interpolated(0.9) ?? .nan, 46))
        #expect(five.quantile(0.9) == 50)
        #expect(five.medianUnbiased(0.9) == 50)
        #expect(five.interpolated(0) == 15 && five.interpolated(1) == 50)
        #expect(SortedSample([1, 2, .infinity, .infinity]).interpolated(0.9) == .infinity)
        #expect(SortedSample([1, 2, .infinity]).interpolated(0.5) == 2)
        #expect(SortedSample([]).interpolated(0.5) == nil)
    }

    @Test(
        "order statistics bound p99 as tabled",
        arguments: [(368, 360, 368, 0.962416), (473, 464, 473, 0.968937), (1000, 983, 997, 0.976095)])
    func ranks(n: Int, lower: Int, upper: Int, coverage: Double) {
        let ranks = SortedSample.ranks(0.99, count: n)
        #expect(ranks.lower == lower)
        #expect(ranks.upper == upper)
        #expect(abs(ranks.coverage - coverage) < 1e-6)
    }

    @Test("a hundred values do not bound p99 from above")
    func unbounded() {
        let ranks = SortedSample.ranks(0.99, count: 100)
        #expect(ranks.lower == 97)
        #expect(ranks.upper == nil)
        #expect(abs(ranks.coverage - 0.981626) < 1e-6)
        #expect(SortedSample((1...100).map(Double.init)).interval(0.99).upper == .infinity)
    }

    @Test(
        "the sample that bounds a quantile has the tabled size",
        arguments: [(0.9, 29), (0.95, 59), (0.99, 299), (0.999, 2995)])
    func countToBound(q: Double, n: Int) {
        #expect(SortedSample.countToBound(q) == n)
        #expect(SortedSample.ranks(q, count: n, .oneSided95).upper == n)
        #expect(SortedSample.ranks(q, count: n - 1, .oneSided95).upper == nil)
        #expect(SortedSample.countToBound(q, Confidence(tail: 0)) == .max)
    }

    @Test(
        "the sample that bounds a quantile within both tails has the tabled size",
        arguments: [(0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)])
    func countToBoundBothSides(q: Double, n: Int) {
        #expect(SortedSample.countToBound(q, .twoSided95) == n)
        #expect(SortedSample.ranks(q, count: n).upper == n)
        #expect(SortedSample.ranks(q, count: n - 1).upper == nil)
    }

    @Test("ranks of every quantile of small samples are those found by trying", arguments: 1...25)
    func ranksByTrying(n: Int) {
        for q in [0.01, 0.1, 0.5, 0.75, 0.9, 0.99] {
            let cumulative = (0...n).map { k in
                (0...k).reduce(0.0) { $0 + choose(n, $1) * pow(q, Double($1)) * pow(1 - q, Double(n - $1)) }
            }
            let ranks = SortedSample.ranks(q, count: n)
            #expect(ranks.lower == (1...n).last { cumulative[$0 - 1] <= 0.025 })
            #expect(ranks.upper == (1...n).first { 1 - cumulative[$0 - 1] <= 0.025 })
        }
    }

    private func choose(_ n: Int, _ k: Int) -> Double {
        stride(from: 0, to: k, by: 1).reduce(1.0) { $0 * Double(n - $1) / Double($1 + 1) }
    }

    @Test("what was never reached is the largest of all")
    func censored() {
        let sample = SortedSample([1, .infinity, 2, 3])
        #expect(sample.quantile(0.5) == 2)
        #expect(sample.quantile(0.99) == .infinity)
    }

    @Test("an interval keeps, breaks, or leaves open a limit")
    func showing() {
        let interval = Interval(2, 3)
        #expect(interval.showing { $0 < 4 } == .kept)
        #expect(interval.showing { $0 < 3 } == .open)
        #expect(interval.showing { $0 < 2 } == .broken)
        #expect(Interval.unknown.showing { $0 < 1e9 } == .open)
        #expect(Interval(.nan, 3).showing { $0 < 2 } == .open && Interval(1, .nan).showing { $0 < 2 } == .open)
    }
}

struct RatioEstimateTests {
    @Test("with equal denominators the ratio is the mean and its interval Student's")
    func mean() {
        let estimate = RatioEstimate(mean: [6.1, 8.4, 1.3, 24.0, -8.1, 5.6, 9.2, -2.9, 6.8, 12.5])
        #expect(abs(estimate.value - 6.29) < 1e-12)
        // t = mean ÷ SE = 2.284415 (scipy), t₀.₉₇₅ with nine degrees of freedom = 2.262157.
        let half = 6.29 / 2.284415 * 2.262157
        #expect(abs(estimate.interval().lower - (6.29 - half)) < 1e-5)
        #expect(abs(estimate.interval().upper - (6.29 + half)) < 1e-5)
    }

    @Test("one trial bounds nothing")
    func single() {
        #expect(RatioEstimate([(numerator: 3, denominator: 2)]).value == 1.5)
        #expect(RatioEstimate([(numerator: 3, denominator: 2)]).interval() == .unknown)
        #expect(RatioEstimate([]).value.isNaN)
    }

    @Test("a ratio weighs trials by their denominators")
    func weights() {
        let estimate = RatioEstimate([(numerator: 10, denominator: 10), (numerator: 60, denominator: 30)])
        #expect(estimate.value == 1.75)
        #expect(estimate.interval().contains(1.75))
    }

    @Test("the ratio of two means carries its error as hyperfine shows it")
    func uncertainMeans() {
        let ratio = UncertainMean(mean: 5, deviation: 0.4) / UncertainMean(mean: 2, deviation: 0.1)
        #expect(ratio.mean == 2.5)
        #expect(isNear(ratio.deviation, 0.235850))
    }

    @Test("a change of one tenth in every pair has no width, and says so")
    func pairedChange() {
        let change = RatioChange(
            .relative,
            pairs: [10.0, 20, 30].map {
                (mine: (numerator: $0 * 1.1, denominator: 10.0), other: (numerator: $0, denominator: 10.0))
            })
        #expect(abs(change.value - 0.1) < 1e-12 && change.isAlike)
        #expect(abs(change.interval().lower - 0.1) < 1e-9)
        #expect(abs(change.interval().upper - 0.1) < 1e-9)
        #expect(RatioEstimate(mean: [0.1, 0.1, 0.1]).isAlike && !RatioEstimate(mean: [0.1, 0.2]).isAlike)
        #expect(!RatioEstimate(mean: [0.1]).isAlike)
    }

    @Test("trials that are all alike may have missed what happens in 1 − tail^(1/n) of trials")
    func alike() {
        // 1 − 0.05^(1/20).
        let missed = 0.139108
        func interval(_ value: Double, _ scale: AlikeTrials.Scale, _ trials: Int = 20) -> Interval {
            AlikeTrials(value, trials: trials, scale: scale).interval(.oneSided95)
        }
        #expect(isNear(interval(0, .share), 0, missed))
        #expect(isNear(interval(0.5, .share), 0.5 - missed / 2, 0.5 + missed / 2))
        #expect(isNear(interval(0, .points), -missed, missed))
        #expect(isNear(interval(0.1, .relative), 0.1 - missed, 0.1 + missed))
        // The rule of three.
        #expect(isNear(interval(4, .count), 4 - 2.995732 / 20, 4 + 2.995732 / 20))
        #expect(interval(4, .other, 4) == .unknown && interval(4, .other, 5) == Interval(4, 4))
        #expect(AlikeTrials(4, trials: 9, scale: .count).interval(Confidence(tail: 0)) == .unknown)
        #expect(
            AlikeTrials(0, trials: 2, scale: .relative).trialsNeeded(.oneSided95) { $0.upper <= 0.05 } == 59)
    }

    @Test("a count's mean has Garwood's bounds")
    func poisson() {
        // R's poisson.test(0) and poisson.test(10).
        #expect(isNear(PoissonMean(total: 0, trials: 1).interval(), 0, 3.688879))
        #expect(isNear(PoissonMean(total: 10, trials: 1).interval(), 4.795389, 18.390356))
        #expect(isNear(PoissonMean(total: 10, trials: 5).interval(), 4.795389 / 5, 18.390356 / 5))
        #expect(PoissonMean(total: 3, trials: 2).interval(Confidence(tail: 0)) == Interval(0, .infinity))
    }
}

struct TrialQuantileChangeTests {
    private func sample(_ values: [Double]) -> TrialQuantile { TrialQuantile(values.map { [$0] }) }

    private static let values = (1...20).map { 10 + Double($0 * 7 % 20) }

    @Test("the bounds of both quantiles are put together, less what they have in common")
    func bounds() {
        let (mine, other) = (sample(Self.values.map { $0 + 1 }), sample(Self.values))
        let (own, base) = (mine.interval(0.5, .oneSided95), other.interval(0.5, .oneSided95))
        let apart = TrialQuantileChange(.absolute, 0.5, mine, from: other, isPaired: false)
        #expect(apart.value == 1 && apart.trials == 20)
        let (m, o) = (mine.value(0.5) ?? .nan, other.value(0.5) ?? .nan)
        let upper = ((own.upper - m) * (own.upper - m) + (o - base.lower) * (o - base.lower)).squareRoot()
        #expect(isNear(apart.interval(.oneSided95).upper, 1 + upper))
        let paired = TrialQuantileChange(.absolute, 0.5, mine, from: other, isPaired: true).interval(.oneSided95)
        #expect(paired.lower < 1 && paired.upper > 1 && paired.upper - 1 < upper / 2)
        // Pairs that have nothing in common are no pairs.
        let shuffled = sample(Self.values.indices.map { Self.values[$0 * 3 % 20] + 1 })
        let others = TrialQuantileChange(.absolute, 0.5, shuffled, from: other, isPaired: true)
        #expect(isNear(others.interval(.oneSided95).upper, 1 + upper))
    }

    @Test("what never came is endlessly more than what did, and all of what came is less than what never does")
    func never() {
        let (some, none) = (sample(Self.values), sample(Self.values.map { _ in .infinity }))
        let worse = TrialQuantileChange(.relative, 0.5, none, from: some, isPaired: true)
        #expect(worse.value == .infinity && worse.interval().lower == .infinity)
        let better = TrialQuantileChange(.relative, 0.5, some, from: none, isPaired: true)
        #expect(better.value == -1 && better.interval() == Interval(-1, -1))
        let equal = TrialQuantileChange(.absolute, 0.5, none, from: none, isPaired: true)
        #expect(equal.value == 0 && equal.interval() == .unknown)
    }

    @Test("a part of nothing is no change, and nothing is known at a level of nothing")
    func nothing() {
        let (some, none) = (sample(Self.values), sample(Self.values.map { _ in 0 }))
        #expect(TrialQuantileChange(.relative, 0.5, some, from: none, isPaired: true).value.isNaN)
        let change = TrialQuantileChange(.relative, 0.5, none, from: some, isPaired: true)
        #expect(change.value == -1 && change.interval() == Interval(-1, -1))
        #expect(change.interval(Confidence(tail: 0)) == .unknown)
        #expect(change.trialsNeeded(.oneSided95) == 5)
    }
}
