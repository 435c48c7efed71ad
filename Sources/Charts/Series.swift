/// One line of a chart: its values, in the order in which they are to be joined.
package struct Series: Hashable, Sendable {
    package enum Style: Hashable, Sendable, CaseIterable {
        case line
        /// Keeps its value until the next point: survival curves, distribution functions.
        case step
        /// Not joined.
        case points
        /// A line of even dashes, for what is computed and not measured.
        case dashed
    }

    package var name: String
    /// 0, 1, ...: one policy keeps one colour, dash and marker everywhere. From 8 on they come again.
    package var colour: Int
    package var points: [Point]
    package var band: [BandPoint]
    package var style: Style
    /// Ticks on the line, such as where observations were censored.
    package var marks: [Point]

    package init(
        name: String, colour: Int, points: [Point], band: [BandPoint] = [], style: Style = .line,
        marks: [Point] = []
    ) {
        self.name = name
        self.colour = colour
        self.points = points
        self.band = band
        self.style = style
        self.marks = marks
    }
}
