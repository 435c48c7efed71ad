import Foundation

/// Two shares over the same trials, self's first and second: which trials had both, one, or neither success.
package struct PairedProportion: Hashable, Sendable {
    /// Trials that succeeded under both.
    package let both: Int
    /// Trials that succeeded under the first alone.
    package let first: Int
    /// Trials that succeeded under the second alone.
    package let second: Int
    /// Trials that succeeded under neither.
    package let neither: Int

    package init(both: Int, first: Int, second: Int, neither: Int) {
        precondition(
            both >= 0 && first >= 0 && second >= 0 && neither >= 0,
            "counts are wanted (are \(both), \(first), \(second), \(neither))")
        self.both = both
        self.first = first
        self.second = second
        self.neither = neither
    }

    /// All trials.
    package var count: Int { both + first + second + neither }

    /// The first share less the second; NaN for an empty sample.
    package var value: Double { Double(first - second) / Double(count) }

    /// The exact test of whether the two shares differ.
    package var test: McNemar { McNemar(first, second) }

    /// The difference, first less second (Newcombe, Statistics in Medicine 17, 1998, 2635, method 10): the two Wilson
    /// intervals, put together with the correlation of the pairs, which is corrected for continuity.
    package func difference(_ confidence: Confidence = .twoSided95) -> Interval {
        guard count > 0 else { return Interval(-1, 1) }
        let one = Proportion(both + first, of: count)
        let other = Proportion(both + second, of: count)
        let (mine, others) = (one.wilson(confidence), other.wilson(confidence))
        let (down, up) = (one.value - mine.lower, mine.upper - one.value)
        let (otherDown, otherUp) = (other.value - others.lower, others.upper - other.value)
        let correlation = correlation
        func joined(_ x: Double, _ y: Double) -> Double {
            max(0, x * x - 2 * correlation * x * y + y * y).squareRoot()
        }
        return Interval(
            max(-1, value - joined(down, otherUp)), min(1, value + joined(up, otherDown)))
    }

    private var correlation: Double {
        let (a, b, c, d) = (Double(both), Double(first), Double(second), Double(neither))
        let margins = (a + b) * (c + d) * (a + c) * (b + d)
        guard margins > 0 else { return 0 }
        let product = a * d - b * c
        return (product > 0 ? max(0, product - (a + b + c + d) / 2) : product) / margins.squareRoot()
    }
}
