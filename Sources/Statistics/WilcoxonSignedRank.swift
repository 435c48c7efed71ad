import Foundation

/// Wilcoxon's signed-rank test of whether paired differences tend to lie on one side of nothing (Biometrics Bulletin
/// 1, 1945).
///
/// Differences of nothing are left out, as Wilcoxon did; infinite ones, of a value that never came, have the largest
/// ranks.
package struct WilcoxonSignedRank: Hashable, Sendable {
    /// The sum of the ranks of positive differences.
    package let statistic: Double
    /// Two-sided.
    package let p: Double
    /// Whether p was counted over all signs, and not approximated.
    package let isExact: Bool
    /// Differences that are not nothing.
    package let count: Int

    /// Exact up to this many differences, ties included.
    package static let exactCountMax = 50

    package init(_ differences: [Double]) {
        let used = differences.filter { $0 != 0 }
        let ranks = MidRanks(used.map { abs($0) })
        let positive = zip(used, ranks.doubled).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
        statistic = Double(positive) / 2
        count = used.count
        isExact = used.count <= Self.exactCountMax
        p = isExact ? Self.exact(ranks.doubled, positive) : Self.normal(ranks, positive, isCorrected: true)
    }

    /// The normal approximation, with correction for ties and, where asked for, continuity (Hollander, Wolfe and
    /// Chicken, Nonparametric Statistical Methods, §3.1).
    package static func normal(_ differences: [Double], isCorrected: Bool = true) -> Double {
        let used = differences.filter { $0 != 0 }
        let ranks = MidRanks(used.map { abs($0) })
        let positive = zip(used, ranks.doubled).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
        return normal(ranks, positive, isCorrected: isCorrected)
    }

    /// The fewest differences with which p < alpha is possible at all; the same goes for the sign test and McNemar's.
    package static func leastTrials(alpha: Double = 0.05) -> Int {
        // 2 ÷ 2ⁿ.
        var (n, p) = (1, 1.0)
        while p >= alpha {
            n += 1
            p /= 2
        }
        return n
    }

    private static func normal(_ ranks: MidRanks, _ positive: Int, isCorrected: Bool) -> Double {
        let n = Double(ranks.doubled.count)
        let variance = n * (n + 1) * (2 * n + 1) / 24 - ranks.tieSum / 48
        guard variance > 0 else { return 1 }
        let distance = abs(Double(positive) / 2 - n * (n + 1) / 4) - (isCorrected ? 0.5 : 0)
        return NormalDistribution.twoSided(max(0, distance) / variance.squareRoot())
    }

    /// The share of all signs whose rank sum is at least as far from its mean as the observed one.
    private static func exact(_ ranks: [Int], _ positive: Int) -> Double {
        let shares = SignedRankNull.shares(ranks)
        let total = shares.count - 1
        let distance = abs(2 * positive - total)
        var extreme = 0.0
        for sum in shares.indices where abs(2 * sum - total) >= distance { extreme += shares[sum] }
        return min(1, extreme)
    }
}
