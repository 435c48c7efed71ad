import Foundation

/// Mann and Whitney's U of two samples from one distribution without ties (Annals of Mathematical Statistics 18, 1947).
package enum RankSumNull {
    /// Exact up to this many pairs of values.
    static let exactPairsMax = 2_500

    /// The chance of each U, from 0 to n·m.
    ///
    /// The counts are the coefficients of the Gaussian binomial (n+m over n), which is built factor by factor.
    static func shares(_ n: Int, _ m: Int) -> [Double] {
        let (small, large) = (min(n, m), max(n, m))
        var counts = Array(repeating: 0.0, count: n * m + 1)
        counts[0] = 1
        for i in stride(from: 1, through: small, by: 1) {
            let degree = large * i
            for u in stride(from: degree, through: large + i, by: -1) { counts[u] -= counts[u - large - i] }
            for u in stride(from: i, through: degree, by: 1) { counts[u] += counts[u - i] }
        }
        let total = counts.reduce(0, +)
        return counts.map { $0 / total }
    }

    /// P(U ≤ u).
    package static func cumulative(_ u: Int, _ n: Int, _ m: Int) -> Double {
        if u < 0 { return 0 }
        return u >= n * m ? 1 : shares(n, m).prefix(u + 1).reduce(0, +)
    }

    /// The largest k with P(U ≤ k) ≤ tail, or nil if there is none: exact for few pairs, else by the normal
    /// approximation with continuity (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, §4.3).
    static func criticalCount(_ n: Int, _ m: Int, tail: Double) -> Int? {
        guard n > 0, m > 0 else { return nil }
        if n * m <= exactPairsMax { return TailRank.last(shares(n, m), tail: tail) }
        let (x, y) = (Double(n), Double(m))
        return TailRank.last(mean: x * y / 2, deviation: (x * y * (x + y + 1) / 12).squareRoot(), tail: tail)
    }
}

/// How far a tail of a distribution over whole numbers reaches.
enum TailRank {
    /// The largest k with P(X ≤ k) ≤ tail, or nil if there is none.
    static func last(_ shares: [Double], tail: Double) -> Int? {
        var sum = 0.0
        for (k, share) in shares.enumerated() {
            sum += share
            // A tail that is met exactly counts, whatever rounding makes of it.
            if sum > tail * (1 + 1e-12) { return k > 0 ? k - 1 : nil }
        }
        return shares.isEmpty ? nil : shares.count - 1
    }

    /// The same for a normal approximation, corrected for continuity.
    static func last(mean: Double, deviation: Double, tail: Double) -> Int? {
        guard tail > 0 else { return nil }
        let k = (mean + NormalDistribution.quantile(tail) * deviation - 0.5).rounded(.down)
        return k >= 0 ? Int(k) : nil
    }
}
