/// A value's lower and upper bound; an infinite one says that the sample does not bound it there.
package struct Interval: Hashable, Sendable {
    package var lower: Double
    package var upper: Double

    package init(_ lower: Double, _ upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    /// Of a sample that bounds nothing.
    package static let unknown = Interval(-.infinity, .infinity)

    /// What an interval says about a limit.
    package enum Showing: Hashable, Sendable {
        /// The whole interval keeps it.
        case kept
        /// The whole interval breaks it.
        case broken
        /// It reaches over both sides.
        case open
    }

    /// Whether all values of the interval keep the condition, none does, or some do; a bound that is no number shows
    /// nothing.
    ///
    /// - Parameter keeps: A condition that, once it changes along the number line, does not change back.
    package func showing(_ keeps: (Double) -> Bool) -> Showing {
        guard !lower.isNaN, !upper.isNaN else { return .open }
        return switch (keeps(lower), keeps(upper)) {
        case (true, true): .kept
        case (false, false): .broken
        default: .open
        }
    }

    package func contains(_ value: Double) -> Bool { lower <= value && value <= upper }
}
