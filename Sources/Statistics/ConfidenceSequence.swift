import Foundation

/// Intervals of a share that hold at all times at once, so that one may look and stop whenever one likes: Robbins'
/// mixture (Annals of Mathematical Statistics 41, 1970) over a beta distribution.
///
/// It holds the shares p with B(a+k, b+n−k) ÷ B(a, b) < pᵏ(1−p)ⁿ⁻ᵏ ÷ α.
package struct ConfidenceSequence: Hashable, Sendable {
    /// The mixture's weight of successes.
    package let a: Double
    /// The mixture's weight of failures.
    package let b: Double

    package init(a: Double, b: Double) {
        precondition(a > 0 && b > 0, "parameters above 0 are wanted (are \(a), \(b))")
        self.a = a
        self.b = b
    }

    /// All shares weigh the same.
    package static let uniform = ConfidenceSequence(a: 1, b: 1)
    /// Shares near the ends weigh more: cheaper where failures are rare.
    package static let jeffreys = ConfidenceSequence(a: 0.5, b: 0.5)

    /// - Parameter alpha: In all, both sides together.
    package func interval(_ proportion: Proportion, alpha: Double = 0.05) -> Interval {
        let (k, n) = (proportion.successes, proportion.count)
        guard n > 0 else { return Interval(0, 1) }
        let mixture = Self.logBeta(a + k, b + n - k) - Self.logBeta(a, b) + log(alpha)
        func holds(_ p: Double) -> Bool {
            mixture < (k > 0 ? k * log(p) : 0) + (n > k ? (n - k) * log1p(-p) : 0)
        }
        // The likelihood falls on both sides of k/n.
        func edge(_ outside: Double) -> Double {
            var (outside, inside) = (outside, proportion.value)
            if holds(outside) { return outside }
            while true {
                let middle = (outside + inside) / 2
                if middle == outside || middle == inside { return inside }
                if holds(middle) { inside = middle } else { outside = middle }
            }
        }
        return Interval(edge(0), edge(1))
    }

    /// The fewest successes without a failure that show a share of at least `share`.
    package func cleanCount(toShow share: Double, alpha: Double = 0.05) -> Int {
        var (low, high) = (0, 1)
        func shows(_ n: Int) -> Bool { interval(Proportion(n, of: n), alpha: alpha).lower >= share }
        while !shows(high) { (low, high) = (high, 2 * high) }
        while high - low > 1 {
            let middle = (low + high) / 2
            if shows(middle) { high = middle } else { low = middle }
        }
        return high
    }

    private static func logBeta(_ a: Double, _ b: Double) -> Double {
        BetaDistribution.logGamma(a) + BetaDistribution.logGamma(b) - BetaDistribution.logGamma(a + b)
    }
}
