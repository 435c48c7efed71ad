/// Whether something is worse than a baseline by no more than a margin (CONSORT, JAMA 308, 2012, 2594; ICH E9 §3.3.2).
package struct NonInferiority: Hashable, Sendable {
    /// What an interval says about the margin.
    package enum Verdict: String, Hashable, Sendable, CaseIterable {
        /// The whole interval lies on the near side of the margin.
        case shown
        /// The whole interval lies past it.
        case refuted
        /// The interval holds the margin.
        case open
    }

    /// What the interval says.
    package let verdict: Verdict
    /// The value at which a loss is as large as the margin.
    package let limit: Double

    /// - Parameters:
    ///   - difference: Of the new less the old. For a one-sided claim at 95 % its tails hold 5 % each.
    ///   - margin: The loss that is put up with, not negative.
    package init(difference: Interval, margin: Double, preferring preference: Preference) {
        precondition(margin >= 0, "a margin that is not negative is wanted (is \(margin))")
        self.init(difference, limit: preference == .higher ? -margin : margin, preference)
    }

    /// - Parameters:
    ///   - ratio: Of the new to the old.
    ///   - margin: The relative loss that is put up with: 0.1 allows up to 1.1 of what should be low, or down to 0.9 of
    ///     what should be high.
    package init(ratio: Interval, margin: Double, preferring preference: Preference) {
        precondition(margin >= 0, "a margin that is not negative is wanted (is \(margin))")
        self.init(ratio, limit: preference == .higher ? 1 - margin : 1 + margin, preference)
    }

    private init(_ interval: Interval, limit: Double, _ preference: Preference) {
        self.limit = limit
        verdict =
            switch interval.showing({ preference == .higher ? $0 >= limit : $0 <= limit }) {
            case .kept: .shown
            case .broken: .refuted
            case .open: .open
            }
    }
}
