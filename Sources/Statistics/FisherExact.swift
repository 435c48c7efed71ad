import Foundation

/// Fisher's exact test of two independent shares (Statistical Methods for Research Workers, 1934, §21.02).
package struct FisherExact: Hashable, Sendable {
    /// Two-sided: all tables with the same margins that are no likelier than the one seen.
    package let p: Double

    package init(_ first: (successes: Int, count: Int), _ second: (successes: Int, count: Int)) {
        let (k, n, m) = (first.successes, first.count, second.count)
        let total = k + second.successes
        precondition(
            0 <= k && k <= n && 0 <= second.successes && second.successes <= m, "0 ≤ k ≤ n is wanted")
        func logChoose(_ n: Int, _ k: Int) -> Double {
            BetaDistribution.logGamma(Double(n + 1)) - BetaDistribution.logGamma(Double(k + 1))
                - BetaDistribution.logGamma(Double(n - k + 1))
        }
        func logChance(_ k: Int) -> Double { logChoose(n, k) + logChoose(m, total - k) }
        let observed = logChance(k)
        let all = logChoose(n + m, total)
        var sum = 0.0
        for other in max(0, total - m)...min(n, total) {
            let chance = logChance(other)
            // Tables as likely as the one seen count, whatever rounding makes of them.
            if chance <= observed + 1e-7 { sum += exp(chance - all) }
        }
        p = min(1, sum)
    }
}
