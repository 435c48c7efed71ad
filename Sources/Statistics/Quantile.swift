import Foundation

/// A sorted sample, and the quantiles of it. An infinite value stands for one that was never reached.
package struct SortedSample: Hashable, Sendable {
    package let values: [Double]

    package init(_ values: [Double]) { self.values = values.sorted() }

    package var count: Int { values.count }

    /// The nearest-rank quantile x(⌈qn⌉): a value that was observed. Nil for an empty sample.
    package func quantile(_ q: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        // 0.95 · 20 is a little more than 19 in binary.
        let rank = Int((q * Double(count) - 1e-9).rounded(.up))
        return values[min(max(rank, 1), count) - 1]
    }

    /// The middle value, or the mean of the two.
    package var median: Double? {
        guard !values.isEmpty else { return nil }
        let middle = count / 2
        return count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }

    package var mean: Double? { values.isEmpty ? nil : values.reduce(0, +) / Double(count) }

    /// The quantile's interval from order statistics, which assumes no distribution.
    package func interval(_ q: Double, _ confidence: Confidence = .twoSided95) -> Interval {
        let ranks = Self.ranks(q, count: count, confidence)
        return Interval(
            ranks.lower.map { values[$0 - 1] } ?? -.infinity, ranks.upper.map { values[$0 - 1] } ?? .infinity)
    }

    /// Which order statistics bound a quantile, from 1, and how often they do; a nil is no bound.
    package struct Ranks: Hashable, Sendable {
        package var lower: Int?
        package var upper: Int?
        package var coverage: Double
    }

    /// With X ~ Bin(n, q): the largest l with P(X ≤ l−1) ≤ tail, and the smallest u with P(X ≥ u) ≤ tail.
    package static func ranks(_ q: Double, count: Int, _ confidence: Confidence = .twoSided95) -> Ranks {
        // P(X ≤ k) = I_{1−q}(n−k, k+1).
        func cumulative(_ k: Int) -> Double {
            if k < 0 { return 0 }
            return k >= count ? 1 : BetaDistribution.cumulative(1 - q, Double(count - k), Double(k + 1))
        }
        let tail = confidence.tail
        let start = Int(q * Double(count))
        var lower = min(start, count)
        while lower >= 1, cumulative(lower - 1) > tail { lower -= 1 }
        while lower >= 1, lower < count, cumulative(lower) <= tail { lower += 1 }
        var upper = max(start, 1)
        while upper <= count, 1 - cumulative(upper - 1) > tail { upper += 1 }
        while upper > 1, upper <= count, 1 - cumulative(upper - 2) <= tail { upper -= 1 }
        let hasLower = lower >= 1
        let hasUpper = upper <= count
        return Ranks(
            lower: hasLower ? lower : nil, upper: hasUpper ? upper : nil,
            coverage: (hasUpper ? cumulative(upper - 1) : 1) - (hasLower ? cumulative(lower - 1) : 0))
    }

    /// The smallest sample whose largest value bounds the quantile from above.
    package static func countToBound(_ q: Double, _ confidence: Confidence = .oneSided95) -> Int {
        Int((log(confidence.tail) / log(q)).rounded(.up))
    }
}
