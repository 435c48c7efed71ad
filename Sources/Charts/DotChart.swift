/// A forest plot: a value and its interval a row, against what would matter.
package struct DotChart: Chart, Hashable {
    package struct Row: Hashable, Sendable {
        /// Rows of one group stand together under its name; empty for none.
        package var group: String
        package var label: String
        package var value: Double
        /// Ends of the interval; infinite where it is open.
        package var lower: Double
        package var upper: Double
        package var colour: Int
        package var note: String

        package init(
            group: String = "", label: String, value: Double, lower: Double, upper: Double, colour: Int = 0,
            note: String = ""
        ) {
            self.group = group
            self.label = label
            self.value = value
            self.lower = lower
            self.upper = upper
            self.colour = colour
            self.note = note
        }
    }

    package var title: String
    package var description: String
    package var x: Axis
    package var rows: [Row]
    /// The value of no difference, drawn as a line: 0, or 1 for ratios.
    package var reference: Double?
    /// Differences too small to matter.
    package var materiality: Shade?

    package init(
        title: String, description: String, x: Axis, rows: [Row], reference: Double? = nil, materiality: Shade? = nil
    ) {
        self.title = title
        self.description = description
        self.x = x
        self.rows = rows
        self.reference = reference
        self.materiality = materiality
    }
}
