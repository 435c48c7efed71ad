/// What an interval of a difference says, when a difference up to a margin is none that matters: like criterion.rs'
/// noise threshold, but by the interval (Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 1987, for
/// `equivalent`).
package enum Materiality: String, Hashable, Sendable, CaseIterable {
    /// The whole interval is past the margin, on the good side.
    case better
    /// The whole interval is past the margin, on the bad side.
    case worse
    /// The whole interval is within the margin.
    case equivalent
    /// More data, or a wider margin, would be needed.
    case inconclusive

    /// - Parameters:
    ///   - difference: Of the new less the old.
    ///   - margin: With 0, whatever is shown matters.
    package init(difference: Interval, margin: Double, preferring preference: Preference) {
        precondition(margin >= 0, "a margin that is not negative is wanted (is \(margin))")
        self.init(difference, within: Interval(-margin, margin), preference)
    }

    /// - Parameters:
    ///   - ratio: Of the new to the old.
    ///   - margin: Relative: 0.1 is from 1 ÷ 1.1 to 1.1, so that it does not matter which of the two is called the old.
    package init(ratio: Interval, margin: Double, preferring preference: Preference) {
        precondition(margin >= 0, "a margin that is not negative is wanted (is \(margin))")
        self.init(ratio, within: Interval(1 / (1 + margin), 1 + margin), preference)
    }

    private init(_ interval: Interval, within margin: Interval, _ preference: Preference) {
        if interval.lower > margin.upper {
            self = preference == .higher ? .better : .worse
        } else if interval.upper < margin.lower {
            self = preference == .higher ? .worse : .better
        } else if margin.lower <= interval.lower, interval.upper <= margin.upper {
            self = .equivalent
        } else {
            self = .inconclusive
        }
    }
}
