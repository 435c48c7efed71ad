import Foundation

/// A mean with its standard deviation.
package struct UncertainMean: Hashable, Sendable {
    package var mean: Double
    package var deviation: Double

    package init(mean: Double, deviation: Double) {
        self.mean = mean
        self.deviation = deviation
    }

    /// The ratio of two, with the error carried over to first order, as hyperfine shows it (Bevington and Robinson, Data
    /// Reduction and Error Analysis, §3.3).
    package static func / (one: UncertainMean, other: UncertainMean) -> UncertainMean {
        let ratio = one.mean / other.mean
        return UncertainMean(
            mean: ratio, deviation: abs(ratio) * hypot(one.deviation / one.mean, other.deviation / other.mean))
    }
}
