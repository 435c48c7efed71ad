import Foundation

/// The normal test of two independent shares with the pooled variance (Fleiss, Statistical Methods for Rates and
/// Proportions, §2.2), without a correction for continuity: for large samples.
package struct PooledProportionTest: Hashable, Sendable {
    /// The difference in standard errors, first less second.
    package let z: Double
    /// Two-sided.
    package let p: Double

    package init(_ first: Proportion, _ second: Proportion) {
        let pooled = (first.successes + second.successes) / (first.count + second.count)
        let variance = pooled * (1 - pooled) * (1 / first.count + 1 / second.count)
        z = variance > 0 ? (first.value - second.value) / variance.squareRoot() : 0
        p = NormalDistribution.twoSided(z)
    }
}
