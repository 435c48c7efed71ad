import Foundation

/// Student's test of whether the mean of paired differences is nothing (Biometrika 6, 1908).
package struct PairedT: Hashable, Sendable {
    /// The mean in standard errors.
    package let t: Double
    /// Two-sided; 1 where fewer than two pairs, or differences of nothing alone, tell nothing.
    package let p: Double
    /// One less than there are pairs.
    package let degreesOfFreedom: Int

    package init(_ differences: [Double]) {
        degreesOfFreedom = max(0, differences.count - 1)
        let n = Double(differences.count)
        let mean = differences.reduce(0, +) / n
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard degreesOfFreedom > 0, mean != 0 else {
            (t, p) = (0, 1)
            return
        }
        t = mean / (squares / (n - 1) / n).squareRoot()
        p = StudentDistribution.twoSided(t, degreesOfFreedom: n - 1)
    }
}
