/// The change of Σ numerator ÷ Σ denominator from a baseline, relative or in its own unit, with Student's interval of the
/// linearized ratios (Cochran, Sampling Techniques, §6.3 and §6.16), each trial or pair of trials one observation.
package struct RatioChange: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The ratio of the two less 1.
        case relative
        /// The difference of the two.
        case absolute
    }

    package typealias Part = (numerator: Double, denominator: Double)

    package let value: Double
    /// Pairs, or the trials of the smaller arm.
    package let count: Int
    /// Nil for fewer than two trials.
    package let standardError: Double?
    /// Of Student's distribution.
    package let degreesOfFreedom: Double

    /// Trials that met the same weather in pairs.
    package init(_ kind: Kind, pairs: [(mine: Part, other: Part)]) {
        let used = pairs.filter { $0.mine.denominator > 0 && $0.other.denominator > 0 }
        let (mine, others) = (Influences(used.map(\.mine)), Influences(used.map(\.other)))
        value = kind.value(mine.ratio, others.ratio)
        count = used.count
        degreesOfFreedom = Double(used.count - 1)
        let (one, two) = kind.weights(mine.ratio, others.ratio)
        let squares = zip(mine.values, others.values).reduce(0) { sum, pair in
            let influence = one * pair.0 - two * pair.1
            return sum + influence * influence
        }
        standardError = Self.error(squares, used.count)
    }

    /// Trials that have nothing to do with each other; the degrees of freedom are Welch's (Biometrika 34, 1947).
    package init(_ kind: Kind, _ mine: [Part], from other: [Part]) {
        let (first, second) = (
            Influences(mine.filter { $0.denominator > 0 }), Influences(other.filter { $0.denominator > 0 })
        )
        value = kind.value(first.ratio, second.ratio)
        count = min(first.values.count, second.values.count)
        let (one, two) = kind.weights(first.ratio, second.ratio)
        func error(_ arm: Influences, _ weight: Double) -> Double? {
            Self.error(arm.values.reduce(0) { $0 + $1 * $1 } * weight * weight, arm.values.count)
        }
        guard let a = error(first, one), let b = error(second, two) else {
            (standardError, degreesOfFreedom) = (nil, 0)
            return
        }
        let variance = a * a + b * b
        standardError = variance.squareRoot()
        let welch =
            a * a * a * a / Double(first.values.count - 1) + b * b * b * b / Double(second.values.count - 1)
        degreesOfFreedom = welch > 0 ? variance * variance / welch : Double(max(1, count - 1))
    }

    /// Whether all pairs, or the trials of each arm, showed the same: then ``interval(_:)`` has no width.
    package var isAlike: Bool { standardError.map { $0 <= 1e-12 * max(1, abs(value)) } ?? false }

    /// Fewer than two trials bound nothing.
    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        guard let standardError, confidence.tail > 0 else { return .unknown }
        let t = StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: degreesOfFreedom)
        return Interval(value - t * standardError, value + t * standardError)
    }

    private static func error(_ squares: Double, _ count: Int) -> Double? {
        guard count >= 2 else { return nil }
        let error = (squares / (Double(count) * Double(count - 1))).squareRoot()
        return error.isFinite ? error : nil
    }

    /// How much each trial pulls at a ratio.
    private struct Influences {
        let ratio: Double
        let values: [Double]

        init(_ parts: [Part]) {
            let total = parts.reduce(0) { $0 + $1.denominator }
            let ratio = parts.reduce(0) { $0 + $1.numerator } / total
            let mean = total / Double(max(1, parts.count))
            self.ratio = ratio
            values = parts.map { ($0.numerator - ratio * $0.denominator) / mean }
        }
    }
}

extension RatioChange.Kind {
    fileprivate func value(_ mine: Double, _ other: Double) -> Double {
        switch self {
        // Nothing is as much as nothing.
        case .relative: mine == other && !mine.isNaN ? 0 : mine / other - 1
        case .absolute: mine - other
        }
    }

    /// The derivatives by the two ratios, the second's with its sign changed.
    fileprivate func weights(_ mine: Double, _ other: Double) -> (Double, Double) {
        switch self {
        case .relative: other == 0 ? (0, 0) : (1 / other, mine / (other * other))
        case .absolute: (1, 1)
        }
    }
}
