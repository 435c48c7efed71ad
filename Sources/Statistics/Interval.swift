/// A value's lower and upper bound; an infinite one says that the sample does not bound it there.
package struct Interval: Hashable, Sendable {
    package var lower: Double
    package var upper: Double

    package init(_ lower: Double, _ upper: Double) {
        self.lower = lower
        self.upper = upper
    }

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

    /// Whether all values of the interval keep the condition, none does, or some do.
    ///
    /// - Parameter keeps: A condition that, once it changes along the number line, does not change back.
    package func showing(_ keeps: (Double) -> Bool) -> Showing {
        switch (keeps(lower), keeps(upper)) {
        case (true, true): .kept
        case (false, false): .broken
        default: .open
        }
    }

    package func contains(_ value: Double) -> Bool { lower <= value && value <= upper }
}

/// How much of the time an interval's method is right.
package struct Confidence: Hashable, Sendable {
    /// The chance that the true value lies below the lower bound; the same goes for the upper.
    package var tail: Double

    package init(tail: Double) { self.tail = tail }

    /// For display: 2.5 % on each side.
    package static let twoSided95 = Confidence(tail: 0.025)
    /// For gates, which look at one bound at a time: 5 % on each side.
    package static let oneSided95 = Confidence(tail: 0.05)

    var z: Double { NormalDistribution.quantile(1 - tail) }
}
