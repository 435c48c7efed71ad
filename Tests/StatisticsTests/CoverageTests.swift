import Determinism
import Foundation
import Testing

@testable import Statistics

/// How often 95 % intervals hold what they are of: 94 to 96 % of 10,000 seeded draws, or a comment says why not.
///
/// A share of 10,000 draws has a standard error of 0.22 points.
struct CoverageTests {
    static let nominal = 0.94...0.96
    static let draws = 10_000

    /// Over shares of all sizes. For a single one the coverage of any such interval saws about its mean as the share and
    /// the sample grow, because counts are whole (Brown, Cai and DasGupta, Statistical Science 16, 2001).
    private static func shareCoverage(seed: UInt64, _ interval: (Proportion) -> Interval) -> Double {
        let n = 80
        let intervals = (0...n).map { interval(Proportion($0, of: n)) }
        return share(of: draws, seed: seed) { stream in
            let chance = stream.uniform()
            return intervals[stream.binomial(n, chance)].contains(chance)
        }
    }

    @Test("Wilson's interval, on average over shares")
    func wilson() { #expect(Self.nominal.contains(Self.shareCoverage(seed: 1) { $0.wilson() })) }

    @Test("Jeffreys' interval, on average over shares")
    func jeffreys() { #expect(Self.nominal.contains(Self.shareCoverage(seed: 2) { $0.jeffreys() })) }

    /// Over 96 %: it keeps 95 % for every share, and because counts are whole it must keep more for most.
    @Test("Clopper and Pearson's interval holds a share more often than it says")
    func clopperPearson() {
        let coverage = Self.shareCoverage(seed: 3) { $0.clopperPearson() }
        #expect((0.96...0.98).contains(coverage))
    }

    @Test("Clopper and Pearson's interval keeps its word for a share near one, where Wilson's lower bound does not")
    func nearOne() {
        let (n, chance) = (1_000, 0.9972)
        func broken(_ lower: (Proportion) -> Double) -> Double {
            (0...n).reduce(0) { sum, k in
                guard k > 950, lower(Proportion(k, of: n)) > chance else { return sum }
                return sum + BinomialDistribution.cumulative(k, n, chance)
                    - BinomialDistribution.cumulative(k - 1, n, chance)
            }
        }
        #expect(broken { $0.clopperPearson(.oneSided95).lower } <= 0.05)
        #expect(broken { $0.wilson(.oneSided95).lower } > 0.05)
    }

    @Test("Newcombe's interval of two samples' difference, on average over shares")
    func newcombe() {
        let (n, m) = (40, 60)
        var known: [Int: Interval] = [:]
        let coverage = share(of: Self.draws, seed: 4) { stream in
            let (one, other) = (stream.uniform(), stream.uniform())
            let (k, l) = (stream.binomial(n, one), stream.binomial(m, other))
            let interval = known[k * 100 + l] ?? Proportion(k, of: n).difference(from: Proportion(l, of: m))
            known[k * 100 + l] = interval
            return interval.contains(one - other)
        }
        #expect(Self.nominal.contains(coverage))
    }

    @Test("Newcombe's interval of paired shares' difference, on average over shares")
    func newcombePaired() {
        let n = 80
        let coverage = share(of: Self.draws, seed: 5) { stream in
            // A joint distribution whose four chances are spread evenly over all there are.
            let cuts = [stream.uniform(), stream.uniform(), stream.uniform()].sorted()
            var counts = [0, 0, 0, 0]
            for _ in 0..<n {
                let draw = stream.uniform()
                counts[draw < cuts[0] ? 0 : draw < cuts[1] ? 1 : draw < cuts[2] ? 2 : 3] += 1
            }
            let pairs = PairedProportion(both: counts[0], first: counts[1], second: counts[2], neither: counts[3])
            return pairs.difference().contains(cuts[1] - cuts[0] - (cuts[2] - cuts[1]))
        }
        #expect(Self.nominal.contains(coverage))
    }

    /// As often as the ranks say, which is a little more than 95 %, because ranks are whole.
    @Test("a quantile's interval from order statistics", arguments: [(0.5, 30), (0.9, 60)])
    func quantile(q: Double, n: Int) {
        let stated = SortedSample.ranks(q, count: n).coverage
        #expect(stated >= 0.95)
        let coverage = share(of: Self.draws, seed: 6) { stream in
            SortedSample((0..<n).map { _ in stream.exponential() }).interval(q).contains(-log(1 - q))
        }
        #expect(isNear(coverage, stated, 0.008))
    }

    @Test("Hodges and Lehmann's shift of two skewed samples")
    func shift() {
        let coverage = share(of: Self.draws, seed: 7) { stream in
            let from = (0..<8).map { _ in stream.exponential() }
            let to = (0..<8).map { _ in 3 + stream.exponential() }
            return HodgesLehmann.shiftInterval(from, to).contains(3)
        }
        #expect(Self.nominal.contains(coverage))
    }

    @Test("the pseudo-median of paired differences")
    func pseudoMedian() {
        let coverage = share(of: Self.draws, seed: 8) { stream in
            HodgesLehmann.pseudoMedianInterval((0..<15).map { _ in 1 + stream.normal() }).contains(1)
        }
        #expect(Self.nominal.contains(coverage))
    }

    @Test("Student's interval of a mean")
    func mean() {
        let coverage = share(of: Self.draws, seed: 9) { stream in
            RatioEstimate(mean: stream.normals(8)).interval().contains(0)
        }
        #expect(Self.nominal.contains(coverage))
    }

    @Test("the interval of a ratio over trials of different sizes")
    func ratio() {
        let coverage = share(of: Self.draws, seed: 10) { stream in
            let trials = (0..<40).map { _ in
                let size = 5 + stream.uniform() * 10
                return (numerator: 2 * size + size.squareRoot() * stream.normal(), denominator: size)
            }
            return RatioEstimate(trials).interval().contains(2)
        }
        #expect(Self.nominal.contains(coverage))
    }

    @Test("the interval of a relative change over pairs of trials")
    func pairedChange() {
        let coverage = share(of: Self.draws, seed: 11) { stream in
            let pairs = (0..<30).map { _ in
                let weather = 10 + 2 * stream.normal()
                return (
                    mine: (numerator: 1.2 * weather + stream.normal(), denominator: 1.0),
                    other: (numerator: weather + stream.normal(), denominator: 1.0)
                )
            }
            return RatioChange(.relative, pairs: pairs).interval().contains(0.2)
        }
        #expect(Self.nominal.contains(coverage))
    }

    @Test("a share of operations whose trials have luck of their own, which a plain interval misses")
    func clustered() {
        var plain = 0
        let coverage = share(of: Self.draws, seed: 12) { stream in
            let trials = (0..<40).map { _ in
                // Shares of 0.3 to 0.9: four times the variance of independent operations.
                Proportion(stream.binomial(20, 0.3 + 0.6 * stream.uniform()), of: 20)
            }
            let share = ClusteredProportion(trials)
            if share.pooled.wilson().contains(0.6) { plain += 1 }
            return share.wilson().contains(0.6)
        }
        #expect(Self.nominal.contains(coverage))
        #expect(Double(plain) / Double(Self.draws) < 0.85)
    }

    @Test("Kaplan and Meier's log-log interval under censoring", arguments: [0.3, 0.7])
    func kaplanMeier(time: Double) {
        let coverage = share(of: Self.draws, seed: 13) { stream in
            KaplanMeier(Self.censored(50, &stream)).interval(at: time).contains(exp(-time))
        }
        #expect(Self.nominal.contains(coverage))
    }

    /// Under 95 %: a symmetrical bound on what is skewed, which is why log-log is what is taken unless asked.
    @Test("Greenwood's linear interval falls short in small samples")
    func greenwood() {
        let coverage = share(of: Self.draws, seed: 14) { stream in
            KaplanMeier(Self.censored(40, &stream)).interval(at: 0.3, .twoSided95, .linear).contains(exp(-0.3))
        }
        #expect((0.91...0.95).contains(coverage))
    }

    @Test("Brookmeyer and Crowley's interval of a median")
    func median() {
        let coverage = share(of: Self.draws, seed: 15) { stream in
            KaplanMeier(Self.censored(50, &stream)).medianInterval().contains(log(2))
        }
        #expect(Self.nominal.contains(coverage))
    }

    /// Somewhat under 95 % too: its bounds are symmetrical, and its variance comes from a few dozen events.
    @Test("the restricted mean, by its standard error")
    func restrictedMean() {
        let coverage = share(of: Self.draws, seed: 16) { stream in
            let mean = KaplanMeier(Self.censored(60, &stream)).restrictedMean(to: 1)
            return abs(mean.value - (1 - exp(-1))) <= 1.959964 * mean.standardError
        }
        #expect((0.93...0.955).contains(coverage))
    }

    /// Exponential times, of which a third is censored by another exponential one.
    private static func censored(_ count: Int, _ stream: inout SplitMix64) -> SurvivalSample {
        SurvivalSample(
            (0..<count).map { _ in
                let (time, end) = (stream.exponential(), 2 * stream.exponential())
                return (time: min(time, end), isCensored: end < time)
            })
    }

    /// 1,000 samples of 400 draws each, because a sample takes hundreds of resamples; that many have a standard error of
    /// 0.7 points. Somewhat under 95 %, as of any bootstrap of 30 values: it knows no tails beyond those it has seen
    /// (Efron and Tibshirani, An Introduction to the Bootstrap, ch. 14).
    @Test("the accelerated bootstrap of a mean")
    func bca() {
        let coverage = share(of: 1_000, seed: 17) { stream in
            let values = stream.normals(30)
            return BCaBootstrap(count: 30, seed: stream.next(), draws: 400) { indices in
                var sum = 0.0
                for index in indices { sum += values[index] }
                return sum / 30
            }.interval().contains(0)
        }
        #expect((0.92...0.96).contains(coverage))
    }
}
