/// The relative change of a ratio from a baseline, over trials that met the same weather in pairs, with the error of the
/// jackknife (Tukey, Annals of Mathematical Statistics 29, 1958; Efron and Tibshirani, An Introduction to the Bootstrap,
/// ch. 11).
/// What two trials of one seed did.
package struct PairedChange: Hashable, Sendable {
    /// (Σn ÷ Σd) ÷ (Σn' ÷ Σd') − 1, dashes for the baseline.
    package let value: Double
    /// Pairs of trials.
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

        fileprivate mutating func add(_ other: Pair, _ sign: Double) {
            numerator += sign * other.numerator
            denominator += sign * other.denominator
            baseNumerator += sign * other.baseNumerator
            baseDenominator += sign * other.baseDenominator
        }

        fileprivate var change: Double { numerator / denominator / (baseNumerator / baseDenominator) - 1 }
    }

    package init(_ pairs: [Pair]) {
        var sum = Pair(numerator: 0, denominator: 0, baseNumerator: 0, baseDenominator: 0)
        for pair in pairs { sum.add(pair, 1) }
        value = sum.change
        count = pairs.count
        guard pairs.count >= 2 else {
            standardError = nil
            return
        }
        // The jackknife over pairs.
        let estimates = pairs.map { pair in
            var rest = sum
            rest.add(pair, -1)
            return rest.change
        }
        let t = Double(pairs.count)
        let mean = estimates.reduce(0, +) / t
        let squares = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = ((t - 1) / t * squares).squareRoot()
        standardError = error.isFinite ? error : nil
    }

    /// Student's interval of the jackknife; one pair alone bounds nothing.
    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard let standardError else { return .unknown }
        let t = StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: Double(count - 1))
        return Interval(value - t * standardError, value + t * standardError)
    }
}
