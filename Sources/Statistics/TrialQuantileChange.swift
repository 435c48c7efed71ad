import Foundation

/// The change of a quantile from that of a baseline, relative or in its own unit: the bounds of the two, put together by
/// recovering their variances (Zou and Donner, Statistics in Medicine 27, 2008, 1693).
///
/// Where trials met the same weather in pairs, the two quantiles go up and down together, and what they have in common is
/// taken off (Zou, Psychological Methods 12, 2007, 399): by the correlation of what parts of two trials of a pair lie below
/// their quantiles, or rather Fisher's lower bound of it. A bootstrap over few trials would be narrower, and wrong more
/// often than it says.
package struct TrialQuantileChange: Hashable, Sendable {
    /// Infinite where the quantile never came and the baseline's did; NaN where there is none, or where a relative change
    /// would be one from nothing.
    package let value: Double
    /// Pairs, or the trials of the smaller arm.
    package let trials: Int
    private let kind: RatioChange.Kind
    private let q: Double
    private let mine: TrialQuantile
    private let other: TrialQuantile
    private let isPaired: Bool

    /// - Parameter isPaired: Whether trials of the same place met the same weather, and all of them have a value.
    package init(
        _ kind: RatioChange.Kind, _ q: Double, _ mine: TrialQuantile, from other: TrialQuantile, isPaired: Bool
    ) {
        precondition(!isPaired || mine.trials == other.trials, "pairs have two trials each")
        self.kind = kind
        self.q = q
        self.mine = mine
        self.other = other
        self.isPaired = isPaired
        trials = min(mine.trials, other.trials)
        value = Self.change(kind, mine.value(q) ?? .nan, other.value(q) ?? .nan)
    }

    /// The fewest trials that bound both quantiles on both sides.
    package func trialsNeeded(_ confidence: Confidence) -> Int {
        SortedSample.countToBound(max(q, 1 - q), confidence)
    }

    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard confidence.tail > 0, !value.isNaN, let m = mine.value(q), let o = other.value(q) else { return .unknown }
        guard m.isFinite, o.isFinite else { return outermost(confidence) }
        let (own, base) = (mine.interval(q, confidence), other.interval(q, confidence))
        // The derivatives by the two quantiles, the second's with its sign changed.
        let (one, two) = kind == .relative ? (1 / o, m / (o * o)) : (1, 1)
        let common = isPaired ? commonPart(m, o, confidence) : 0
        func reach(_ x: Double, _ y: Double) -> Double {
            guard x.isFinite, y.isFinite else { return .infinity }
            return max(0, x * x + y * y - 2 * common * x * y).squareRoot()
        }
        return Interval(
            value - reach(Self.product(m - own.lower, one), Self.product(base.upper - o, two)),
            value + reach(Self.product(own.upper - m, one), Self.product(o - base.lower, two)))
    }

    /// Where one of the two never came: the largest and the smallest change between bounds that share the error.
    private func outermost(_ confidence: Confidence) -> Interval {
        let half = Confidence(tail: confidence.tail / 2)
        let (own, base) = (mine.interval(q, half), other.interval(q, half))
        func change(_ mine: Double, _ other: Double, _ unknown: Double) -> Double {
            guard mine.isFinite || other.isFinite, mine > -.infinity, other > -.infinity else { return unknown }
            let change = Self.change(kind, mine, other)
            return change.isNaN ? unknown : change
        }
        return Interval(change(own.lower, base.upper, -.infinity), change(own.upper, base.lower, .infinity))
    }

    /// At least so much of what moves the two quantiles moves both; 0 where nothing is known to.
    private func commonPart(_ m: Double, _ o: Double, _ confidence: Confidence) -> Double {
        let correlation = Self.correlation(mine.parts(upTo: m), other.parts(upTo: o))
        guard correlation > 0, trials > 3 else { return 0 }
        let bound = atanh(min(correlation, 0.9999)) - confidence.z / Double(trials - 3).squareRoot()
        return max(0, tanh(bound))
    }

    /// Pearson's; 0 where either does not vary.
    private static func correlation(_ x: [Double], _ y: [Double]) -> Double {
        let n = Double(x.count)
        let (mx, my) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
        var (xx, yy, xy) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            xx += (a - mx) * (a - mx)
            yy += (b - my) * (b - my)
            xy += (a - mx) * (b - my)
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
    }

    private static func change(_ kind: RatioChange.Kind, _ mine: Double, _ other: Double) -> Double {
        if mine == other { return 0 }
        guard kind == .relative else { return mine - other }
        if other == 0 { return .nan }
        return other.isInfinite ? -1 : mine / other - 1
    }

    /// Nothing of what is not bounded is nothing.
    private static func product(_ x: Double, _ y: Double) -> Double { x == 0 || y == 0 ? 0 : x * y }
}
