/// The stretch of numbers that an axis shows.
package struct Extent: Hashable, Sendable {
    package var lower: Double
    package var upper: Double

    package init(_ lower: Double, _ upper: Double) {
        precondition(lower <= upper, "an extent runs upward (is \(lower) to \(upper))")
        self.lower = lower
        self.upper = upper
    }
}
