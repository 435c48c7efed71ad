import Foundation

/// Friedman's test of whether several treatments of the same blocks differ (JASA 32, 1937), corrected for ties: the
/// omnibus for many policies that met the same seeds.
package struct Friedman: Hashable, Sendable {
    /// How far the rank sums lie apart.
    package let chiSquared: Double
    /// By the chi-squared approximation.
    package let p: Double
    /// One less than there are samples.
    package let degreesOfFreedom: Int

    /// - Parameter treatments: For each treatment the value of each block, in the same order.
    package init(_ treatments: [[Double]]) {
        let blocks = treatments.first?.count ?? 0
        precondition(treatments.allSatisfy { $0.count == blocks }, "a value of each treatment is wanted for each block")
        let (k, b) = (Double(treatments.count), Double(blocks))
        degreesOfFreedom = max(0, treatments.count - 1)
        var rankSums = Array(repeating: 0.0, count: treatments.count)
        var tieSum = 0.0
        for block in 0..<blocks {
            let ranks = MidRanks(treatments.map { $0[block] })
            tieSum += ranks.tieSum
            for (treatment, rank) in ranks.doubled.enumerated() { rankSums[treatment] += Double(rank) / 2 }
        }
        let untied = 1 - tieSum / (b * k * (k * k - 1))
        guard degreesOfFreedom > 0, untied > 0 else {
            (chiSquared, p) = (0, 1)
            return
        }
        let squares = rankSums.reduce(0) { $0 + $1 * $1 }
        chiSquared = (12 / (b * k * (k + 1)) * squares - 3 * b * (k + 1)) / untied
        p = ChiSquaredDistribution.upperTail(chiSquared, degreesOfFreedom: Double(degreesOfFreedom))
    }
}
