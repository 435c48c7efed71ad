/// Σ numerator ÷ Σ denominator over trials, with an interval that takes each trial as one observation.
///
/// With all denominators 1 it is the mean and Student's interval.
package struct RatioEstimate: Hashable, Sendable {
    /// NaN where the denominators sum to nothing.
    package let value: Double
    /// Trials with a denominator.
    package let count: Int
    private let standardError: Double?

    package init(_ pairs: [(numerator: Double, denominator: Double)]) {
        let used = pairs.filter { $0.denominator > 0 }
        let total = used.reduce(0) { $0 + $1.denominator }
        let ratio = used.reduce(0) { $0 + $1.numerator } / total
        value = ratio
        count = used.count
        guard used.count >= 2 else {
            standardError = nil
            return
        }
        let t = Double(used.count)
        let mean = total / t
        // The linearized variance of a ratio (Cochran, Sampling Techniques, §6.3).
        let squares = used.reduce(0) { sum, pair in
            let residual = (pair.numerator - ratio * pair.denominator) / mean
            return sum + residual * residual
        }
        standardError = (squares / (t * (t - 1))).squareRoot()
    }

    package init(mean values: [Double]) { self.init(values.map { (numerator: $0, denominator: 1) }) }

    /// Whether two trials or more all showed the same: then ``interval(_:)`` has no width, and ``AlikeTrials`` says what
    /// they may have missed.
    package var isAlike: Bool { standardError.map { $0 <= 1e-12 * max(1, abs(value)) } ?? false }

    /// One trial alone bounds nothing.
    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard let standardError, confidence.tail > 0 else { return .unknown }
        let t = StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: Double(count - 1))
        return Interval(value - t * standardError, value + t * standardError)
    }
}
