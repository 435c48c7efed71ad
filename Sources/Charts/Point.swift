/// A value of a series, with what hovering over it says.
///
/// A coordinate of positive infinity is a value that never came: it is drawn open at the edge and its note says
/// "never". A coordinate that is not a number breaks the line.
package struct Point: Hashable, Sendable {
    package var x: Double
    package var y: Double
    /// What the reader is told on hover and on focus; empty for a note made of the two values.
    package var note: String

    package init(x: Double, y: Double, note: String = "") {
        self.x = x
        self.y = y
        self.note = note
    }
}

/// The interval around a series at one place.
package struct BandPoint: Hashable, Sendable {
    package var x: Double
    package var lower: Double
    package var upper: Double

    package init(x: Double, lower: Double, upper: Double) {
        self.x = x
        self.lower = lower
        self.upper = upper
    }
}
