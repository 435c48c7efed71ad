/// Bars over categories or equal bins, side by side where there are several series.
///
/// A point is a bar: its x is the category's place or the bin's middle, its y the height.
package struct BarChart: Chart, Hashable {
    package var title: String
    package var description: String
    package var x: Axis
    package var y: Axis
    package var series: [Series]
    package var references: [ReferenceLine]

    package init(
        title: String, description: String, x: Axis, y: Axis, series: [Series], references: [ReferenceLine] = []
    ) {
        self.title = title
        self.description = description
        self.x = x
        self.y = y
        self.series = series
        self.references = references
    }
}
