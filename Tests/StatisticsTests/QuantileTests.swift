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

    @Test("the jackknife of a change is that of leaving out each pair")
    func jackknife() {
        let pairs = [(4.0, 2.0, 3.0, 2.0), (9, 4, 5, 3), (2, 1, 2, 2), (7, 3, 4, 1), (5, 5, 6, 4)].map {
            PairedChange.Pair(numerator: $0.0, denominator: $0.1, baseNumerator: $0.2, baseDenominator: $0.3)
        }
        let estimates = pairs.indices.map { left in
            PairedChange(pairs.enumerated().filter { $0.offset != left }.map(\.element)).value
        }
        let mean = estimates.reduce(0, +) / 5
        let error = (4.0 / 5 * estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot()
        let half = error * StudentDistribution.quantile(0.975, degreesOfFreedom: 4)
        let change = PairedChange(pairs)
        #expect(isNear(change.interval(), change.value - half, change.value + half, 1e-9))
    }

    @Test("the ratio of two means carries its error as hyperfine shows it")
    func uncertainMeans() {
        let ratio = UncertainMean(mean: 5, deviation: 0.4) / UncertainMean(mean: 2, deviation: 0.1)
        #expect(ratio.mean == 2.5)
        #expect(isNear(ratio.deviation, 0.235850))
    }

    @Test("a change of one tenth in every pair has no width")
    func pairedChange() {
        let change = PairedChange(
            [10.0, 20, 30].map {
                .init(numerator: $0 * 1.1, denominator: 10, baseNumerator: $0, baseDenominator: 10)
            })
        #expect(abs(change.value - 0.1) < 1e-12)
        #expect(abs(change.interval().lower - 0.1) < 1e-9)
        #expect(abs(change.interval().upper - 0.1) < 1e-9)
    }
}
