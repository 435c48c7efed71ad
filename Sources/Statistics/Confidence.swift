import Foundation

/// How much of the time an interval's method is right.
package struct Confidence: Hashable, Sendable {
    /// The chance that the true value lies below the lower bound; the same goes for the upper.
    package var tail: Double

    package init(tail: Double) {
        precondition(0 <= tail && tail < 0.5, "a tail in [0, 0.5) is wanted (is \(tail))")
        self.tail = tail
    }

    /// For display: 2.5 % on each side.
    package static let twoSided95 = Confidence(tail: 0.025)
    /// For gates, which look at one bound at a time: 5 % on each side.
    package static let oneSided95 = Confidence(tail: 0.05)

    /// The normal deviate of the tail; infinite where the tail is nothing.
    var z: Double { tail > 0 ? -NormalDistribution.quantile(tail) : .infinity }
}
