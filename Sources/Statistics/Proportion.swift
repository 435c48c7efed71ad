import Foundation

/// k successes out of n.
///
/// Both may be fractions: a sample whose trials differ more than chance makes them counts for less than its size
/// (Korn and Graubard, Survey Methodology 24, 1998), and is shrunk by its design effect.
package struct Proportion: Hashable, Sendable {
    package var successes: Double
    package var count: Double

    package init(successes: Double, count: Double) {
        precondition(0 <= successes && successes <= count, "0 ≤ k ≤ n is wanted (k \(successes), n \(count))")
        self.successes = successes
        self.count = count
    }

    package init(_ successes: Int, of count: Int) { self.init(successes: Double(successes), count: Double(count)) }

    /// NaN for an empty sample.
    package var value: Double { successes / count }

    /// Wilson's score interval (JASA 22, 1927): for display.
    package func wilson(_ confidence: Confidence = .twoSided95) -> Interval {
        guard count > 0 else { return Interval(0, 1) }
        let z = confidence.z
        let z2 = z * z
        let centre = value + z2 / (2 * count)
        let spread = z * (value * (1 - value) / count + z2 / (4 * count * count)).squareRoot()
        let scale = 1 + z2 / count
        // At the ends the bound is exact, and rounding must not push it past them.
        return Interval(
            successes == 0 ? 0 : (centre - spread) / scale, successes == count ? 1 : (centre + spread) / scale)
    }

    /// Wilson's interval with a continuity correction (Newcombe, Statistics in Medicine 17, 1998, method 4).
    package func wilsonCorrected(_ confidence: Confidence = .twoSided95) -> Interval {
        guard count > 0 else { return Interval(0, 1) }
        let (n, p, z) = (count, value, confidence.z)
        let z2 = z * z
        func root(_ sign: Double) -> Double {
            z * (z2 - 1 / n + 4 * n * p * (1 - p) + sign * (4 * p - 2)).squareRoot() + 1
        }
        let lower = (2 * n * p + z2 - root(1)) / (2 * (n + z2))
        let upper = (2 * n * p + z2 + root(-1)) / (2 * (n + z2))
        return Interval(successes == 0 ? 0 : max(0, lower), successes == count ? 1 : min(1, upper))
    }

    /// Clopper and Pearson's exact interval (Biometrika 26, 1934): for gates, because it never promises too much.
    package func clopperPearson(_ confidence: Confidence = .twoSided95) -> Interval {
        guard count > 0 else { return Interval(0, 1) }
        let failures = count - successes
        return Interval(
            successes == 0 ? 0 : BetaDistribution.quantile(confidence.tail, successes, failures + 1),
            failures == 0 ? 1 : BetaDistribution.quantile(1 - confidence.tail, successes + 1, failures))
    }

    /// Jeffreys' interval, from the beta distribution that is the posterior of his prior (Brown, Cai and DasGupta,
    /// Statistical Science 16, 2001, whose ends are exact too).
    package func jeffreys(_ confidence: Confidence = .twoSided95) -> Interval {
        guard count > 0 else { return Interval(0, 1) }
        let (a, b) = (successes + 0.5, count - successes + 0.5)
        return Interval(
            successes == 0 ? 0 : BetaDistribution.quantile(confidence.tail, a, b),
            successes == count ? 1 : BetaDistribution.quantile(1 - confidence.tail, a, b))
    }

    /// The difference of two independent shares, self less other (Newcombe, ibid. 873, method 10).
    package func difference(from other: Proportion, _ confidence: Confidence = .twoSided95) -> Interval {
        guard count > 0, other.count > 0 else { return Interval(-1, 1) }
        let mine = wilson(confidence)
        let others = other.wilson(confidence)
        let difference = value - other.value
        return Interval(
            difference - hypot(value - mine.lower, others.upper - other.value),
            difference + hypot(mine.upper - value, other.value - others.lower))
    }

    /// The fewest trials without one failure that show a share of at least `share`.
    package static func cleanCount(toShow share: Double, _ confidence: Confidence = .oneSided95) -> Int {
        SortedSample.countToBound(share, confidence)
    }
}
