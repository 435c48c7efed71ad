import Foundation

/// Mann and Whitney's U test of whether values of one sample tend to be larger than those of another (Annals of
/// Mathematical Statistics 18, 1947).
package struct MannWhitney: Hashable, Sendable {
    /// Pairs in which the first sample's value is the larger, ties counting half.
    package let u: Double
    /// Two-sided.
    package let p: Double
    /// Whether p was counted over all splits, and not approximated.
    package let isExact: Bool

    /// Exact up to this many values in all, ties included.
    package static let exactCountMax = 50

    package init(_ first: [Double], _ second: [Double]) {
        let ranks = MidRanks(first + second)
        u = Self.u(ranks, first.count)
        isExact = first.count + second.count <= Self.exactCountMax
        p =
            isExact
            ? Self.exact(ranks, first.count) : Self.normal(ranks, first.count, second.count, isCorrected: true)
    }

    /// The normal approximation, with correction for ties and, where asked for, continuity (Hollander, Wolfe and Chicken,
    /// Nonparametric Statistical Methods, §4.1).
    package static func normal(_ first: [Double], _ second: [Double], isCorrected: Bool = true) -> Double {
        normal(MidRanks(first + second), first.count, second.count, isCorrected: isCorrected)
    }

    /// Per arm, the fewest with which p < alpha is possible at all: of all splits two are as far apart as can be.
    package static func leastTrials(alpha: Double = 0.05) -> Int {
        // 2 ÷ C(2n, n).
        var (n, p) = (1, 1.0)
        while p >= alpha {
            n += 1
            p *= Double(n) / Double(2 * (2 * n - 1))
        }
        return n
    }

    private static func u(_ ranks: MidRanks, _ n: Int) -> Double {
        Double(ranks.doubled.prefix(n).reduce(0, +)) / 2 - Double(n * (n + 1)) / 2
    }

    private static func normal(_ ranks: MidRanks, _ n: Int, _ m: Int, isCorrected: Bool) -> Double {
        guard n > 0, m > 0 else { return 1 }
        let (x, y, all) = (Double(n), Double(m), Double(n + m))
        let variance = x * y / 12 * (all + 1 - ranks.tieSum / (all * (all - 1)))
        guard variance > 0 else { return 1 }
        let distance = abs(u(ranks, n) - x * y / 2) - (isCorrected ? 0.5 : 0)
        return NormalDistribution.twoSided(max(0, distance) / variance.squareRoot())
    }

    /// The share of all splits of the mid-ranks whose rank sum is at least as far from its mean as the observed one
    /// (Lehmann, Nonparametrics, §1.4).
    private static func exact(_ ranks: MidRanks, _ n: Int) -> Double {
        let count = ranks.doubled.count
        guard n > 0, n < count else { return 1 }
        let total = ranks.doubled.reduce(0, +)
        // ways[k][s]: splits with k values whose doubled ranks sum to s; few enough to be exact as doubles. The smallest
        // ranks come first, so that sums stay small for long.
        var ways = Array(repeating: Array(repeating: 0.0, count: total + 1), count: n + 1)
        ways[0][0] = 1
        var reached = 0
        for (index, rank) in ranks.doubled.sorted().enumerated() {
            reached += rank
            for k in stride(from: min(n, index + 1), through: 1, by: -1) {
                let fewer = ways[k - 1]
                for sum in rank...reached { ways[k][sum] += fewer[sum - rank] }
            }
        }
        let observed = ranks.doubled.prefix(n).reduce(0, +)
        // Twice N times the distance from the mean n·total/N, in whole numbers.
        let distance = abs(observed * count - n * total)
        var (extreme, all) = (0.0, 0.0)
        for (sum, splits) in ways[n].enumerated() {
            all += splits
            if abs(sum * count - n * total) >= distance { extreme += splits }
        }
        return min(1, extreme / all)
    }
}
