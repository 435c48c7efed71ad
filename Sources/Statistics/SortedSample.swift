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

    /// The quantile between two values at (n−1)·q from the first (Hyndman and Fan's type 7, American Statistician 50,
    /// 1996), as k6 and numpy show it: for display alone, since no value need have been observed there.
    package func interpolated(_ q: Double) -> Double? { interpolated(at: Double(count - 1) * q) }

    /// Hyndman and Fan's type 8, which they recommend: about unbiased for the median, whatever the distribution.
    package func medianUnbiased(_ q: Double) -> Double? {
        interpolated(at: (Double(count) + 1.0 / 3) * q + 1.0 / 3 - 1)
    }

    /// At a position from 0.
    private func interpolated(at position: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let inside = min(max(position, 0), Double(count - 1))
        let lower = Int(inside)
        let share = inside - Double(lower)
        // An infinite value is not weighed by nothing.
        guard share > 0, values[lower] < values[lower + 1] else { return values[lower] }
        return values[lower] + share * (values[lower + 1] - values[lower])
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

    /// With X ~ Bin(n, q): the largest l with P(X ≤ l−1) ≤ tail, and the smallest u with P(X ≥ u) ≤ tail (Conover,
    /// Practical Nonparametric Statistics, §3.2).
    package static func ranks(_ q: Double, count: Int, _ confidence: Confidence = .twoSided95) -> Ranks {
        /// The least k of 0...count+1 from which on a condition holds.
        func first(_ holds: (Int) -> Bool) -> Int {
            var (low, high) = (0, count + 1)
            while low < high {
                let middle = (low + high) / 2
                if holds(middle) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        func cumulative(_ k: Int) -> Double { BinomialDistribution.cumulative(k, count, q) }
        let lower = first { $0 > count || cumulative($0) > confidence.tail }
        let upper = first { $0 > count || BinomialDistribution.upper($0, count, q) <= confidence.tail }
        let hasLower = lower >= 1 && lower <= count
        let hasUpper = upper >= 1 && upper <= count
        return Ranks(
            lower: hasLower ? lower : nil, upper: hasUpper ? upper : nil,
            coverage: (hasUpper ? cumulative(upper - 1) : 1) - (hasLower ? cumulative(lower - 1) : 0))
    }

    /// The smallest sample whose largest value bounds the quantile from above; without end where nothing may be claimed.
    package static func countToBound(_ q: Double, _ confidence: Confidence = .oneSided95) -> Int {
        let count = (log(confidence.tail) / log(q)).rounded(.up)
        return count < 0x1p62 ? Int(count) : .max
    }
}
