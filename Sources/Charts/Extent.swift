/// The stretch of numbers that an axis shows.
package struct Extent: Hashable, Sendable {
    package var lower: Double
    package var upper: Double

    package init(_ lower: Double, _ upper: Double) {
        precondition(lower <= upper, "an extent runs upward (is \(lower) to \(upper))")
        self.lower = lower
        self.upper = upper
    }

    /// From the least to the greatest finite value; nil where there is none.
    package init?(of values: some Sequence<Double>) {
        let finite = values.lazy.filter(\.isFinite)
        guard let lower = finite.min(), let upper = finite.max() else { return nil }
        self.init(lower, upper)
    }

    /// What covers both.
    package func union(_ other: Extent) -> Extent {
        Extent(min(lower, other.lower), max(upper, other.upper))
    }
}
