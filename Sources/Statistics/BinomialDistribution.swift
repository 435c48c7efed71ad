import Foundation

/// The binomial distribution, by the incomplete beta function (Numerical Recipes §6.4).
package enum BinomialDistribution {
    /// P(X ≤ k) of n draws with chance p.
    package static func cumulative(_ k: Int, _ n: Int, _ p: Double) -> Double {
        if k < 0 { return 0 }
        return k >= n ? 1 : BetaDistribution.cumulative(1 - p, Double(n - k), Double(k + 1))
    }

    /// P(X ≥ k) of n draws with chance p, exact however small it is.
    package static func upper(_ k: Int, _ n: Int, _ p: Double) -> Double {
        if k <= 0 { return 1 }
        return k > n ? 0 : BetaDistribution.cumulative(p, Double(k), Double(n - k + 1))
    }

    /// The two-sided exact p of k heads and l tails of a fair coin: twice the smaller tail, at most 1.
    ///
    /// The distribution is symmetrical, so that this is also the share of outcomes at least as far from the middle.
    static func fair(_ k: Int, _ l: Int) -> Double {
        k == l ? 1 : min(1, 2 * cumulative(min(k, l), k + l, 0.5))
    }
}
