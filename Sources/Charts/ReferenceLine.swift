/// A value to hold the others against: a capacity, a limit, a moment.
package struct ReferenceLine: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
        /// A level line at this height.
        case y(Double)
        /// An upright line.
        case x(Double)
    }

    package var place: Place
    package var label: String

    package init(_ place: Place, label: String) {
        self.place = place
        self.label = label
    }
}
