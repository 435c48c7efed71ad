/// What stands for a name in a chart.
package struct LegendEntry: Hashable, Sendable {
    package enum Key: Hashable, Sendable {
        /// The line and the marker of a series.
        case series(colour: Int, style: Series.Style)
        /// A bar of a timeline.
        case lane(LaneChart.Kind)
    }

    package var name: String
    package var key: Key

    package init(name: String, key: Key) {
        self.name = name
        self.key = key
    }
}
