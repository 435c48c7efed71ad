import Foundation

/// The sum of the ranks with a positive sign, when either sign is as likely.
enum SignedRankNull {
    /// The chance of each sum, from 0 to that of all ranks.
    static func shares(_ ranks: [Int]) -> [Double] {
        var shares = Array(repeating: 0.0, count: ranks.reduce(0, +) + 1)
        shares[0] = 1
        var reached = 0
        for rank in ranks {
            reached += rank
            for sum in stride(from: reached, through: 0, by: -1) {
                shares[sum] = (shares[sum] + (sum >= rank ? shares[sum - rank] : 0)) / 2
            }
        }
        return shares
    }

    /// The largest k with P(T ≤ k) ≤ tail of n ranks without ties, or nil if there is none.
    ///
    /// Exact up to ``WilcoxonSignedRank/exactCountMax`` ranks, else by the normal approximation with continuity
    /// (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, §3.3).
    static func criticalSum(_ n: Int, tail: Double) -> Int? {
        guard n > 0 else { return nil }
        if n <= WilcoxonSignedRank.exactCountMax {
            return TailRank.last(shares(Array(1...n)), tail: tail)
        }
        let x = Double(n)
        return TailRank.last(
            mean: x * (x + 1) / 4, deviation: (x * (x + 1) * (2 * x + 1) / 24).squareRoot(), tail: tail)
    }
}
