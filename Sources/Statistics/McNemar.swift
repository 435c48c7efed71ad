import Foundation

/// McNemar's test of two shares over the same trials (Psychometrika 12, 1947): only the trials that differ tell.
package struct McNemar: Hashable, Sendable {
    /// Two-sided, from the binomial of the trials that differ; 1 if none does.
    package let p: Double
    /// The approximation, corrected for continuity (Edwards, Psychometrika 13, 1948).
    package let chiSquared: Double
    /// Of `chiSquared`, with one degree of freedom.
    package let chiSquaredP: Double

    /// - Parameters:
    ///   - onlyFirst: Trials that succeeded under the first alone.
    ///   - onlySecond: Trials that succeeded under the second alone.
    package init(_ onlyFirst: Int, _ onlySecond: Int) {
        p = BinomialDistribution.fair(onlyFirst, onlySecond)
        let count = Double(onlyFirst + onlySecond)
        let distance = max(0, abs(Double(onlyFirst - onlySecond)) - 1)
        chiSquared = count > 0 ? distance * distance / count : 0
        chiSquaredP = ChiSquaredDistribution.upperTail(chiSquared, degreesOfFreedom: 1)
    }
}
