import Foundation

/// Kruskal and Wallis' test of whether several independent samples come from one distribution (JASA 47, 1952),
/// corrected for ties.
package struct KruskalWallis: Hashable, Sendable {
    /// How far the mean ranks lie apart.
    package let h: Double
    /// By the chi-squared approximation.
    package let p: Double
    /// One less than there are samples.
    package let degreesOfFreedom: Int

    package init(_ samples: [[Double]]) {
        let used = samples.filter { !$0.isEmpty }
        let ranks = MidRanks(used.flatMap { $0 })
        let n = Double(ranks.doubled.count)
        degreesOfFreedom = max(0, used.count - 1)
        let untied = 1 - ranks.tieSum / (n * n * n - n)
        guard degreesOfFreedom > 0, untied > 0 else {
            (h, p) = (0, 1)
            return
        }
        var start = 0
        var sum = 0.0
        for sample in used {
            let rankSum = Double(ranks.doubled[start..<start + sample.count].reduce(0, +)) / 2
            sum += rankSum * rankSum / Double(sample.count)
            start += sample.count
        }
        h = (12 / (n * (n + 1)) * sum - 3 * (n + 1)) / untied
        p = ChiSquaredDistribution.upperTail(h, degreesOfFreedom: Double(degreesOfFreedom))
    }
}
