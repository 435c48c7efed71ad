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

    /// One trial alone bounds nothing.
    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard let standardError else { return .unknown }
        let t = StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: Double(count - 1))
        return Interval(value - t * standardError, value + t * standardError)
    }
}

/// The relative change of a ratio from a baseline, over trials that met the same weather in pairs.
package struct PairedChange: Hashable, Sendable {
    /// (Σn ÷ Σd) ÷ (Σn' ÷ Σd') − 1, dashes for the baseline.
    package let value: Double
    package let count: Int
    private let standardError: Double?

    package struct Pair: Hashable, Sendable {
        package var numerator: Double
        package var denominator: Double
        package var baseNumerator: Double
        package var baseDenominator: Double

        package init(numerator: Double, denominator: Double, baseNumerator: Double, baseDenominator: Double) {
            self.numerator = numerator
            self.denominator = denominator
            self.baseNumerator = baseNumerator
            self.baseDenominator = baseDenominator
        }
    }

    package init(_ pairs: [Pair]) {
        value = Self.change(pairs)
        count = pairs.count
        guard pairs.count >= 2 else {
            standardError = nil
            return
        }
        // The jackknife over pairs.
        let estimates = pairs.indices.map { left in
            Self.change(pairs.enumerated().filter { $0.offset != left }.map(\.element))
        }
        let t = Double(pairs.count)
        let mean = estimates.reduce(0, +) / t
        let squares = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = ((t - 1) / t * squares).squareRoot()
        standardError = error.isFinite ? error : nil
    }

    private static func change(_ pairs: [Pair]) -> Double {
        func sum(_ path: KeyPath<Pair, Double>) -> Double { pairs.reduce(0) { $0 + $1[keyPath: path] } }
        return sum(\.numerator) / sum(\.denominator) / (sum(\.baseNumerator) / sum(\.baseDenominator)) - 1
    }

    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard let standardError else { return .unknown }
        let t = StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: Double(count - 1))
        return Interval(value - t * standardError, value + t * standardError)
    }
}
