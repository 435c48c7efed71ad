// Bodies follow.
extension ChartPage {
    /// CSS text: classes, colours for light, dark and print.
    package static let stylesheet = ""
    /// JavaScript text.
    package static let script = ""
}
extension LineChart {
    package var legend: [LegendEntry] { [] }
    package func svg(id: String, width: ChartWidth) -> String { "<svg></svg>" }
    /// What the x axis has to show; nil without data.
    package var xExtent: Extent? { nil }
    /// What the y axis has to show; nil without data.
    package var yExtent: Extent? { nil }
}
extension BarChart {
    package var legend: [LegendEntry] { [] }
    package func svg(id: String, width: ChartWidth) -> String { "<svg></svg>" }
}
extension DotChart {
    package var legend: [LegendEntry] { [] }
    package func svg(id: String, width: ChartWidth) -> String { "<svg></svg>" }
}
extension LaneChart {
    package var legend: [LegendEntry] { [] }
    package func svg(id: String, width: ChartWidth) -> String { "<svg></svg>" }
}
extension LegendEntry {
    /// A list item's content: the key, drawn, and the name.
    package var html: String { "" }
}
extension SmallMultiples {
    /// A grid of figures with their titles.
    package func html(id: String) -> String { "" }
}
extension Series {
    /// The series with at most this many points.
    package func thinned(to count: Int) -> Series { self }
}
