/// Lines over a common x axis, with bands and shades.
package struct LineChart: Chart, Hashable {
    package var title: String
    package var description: String
    package var x: Axis
    package var y: Axis
    package var series: [Series]
    /// Stretches of the x axis, such as the storm.
    package var shades: [Shade]

    package init(
        title: String, description: String, x: Axis, y: Axis, series: [Series], shades: [Shade] = []
    ) {
        self.title = title
        self.description = description
        self.x = x
        self.y = y
        self.series = series
        self.shades = shades
    }
}
