/// Charts of the same make with the same axes, for a grid.
package struct SmallMultiples: Sendable {
    /// With common extents.
    package var charts: [LineChart]

    /// Gives the charts common extents, so that the eye can compare across them.
    package init(_ charts: [LineChart]) {
        let x = Self.common(charts.map { $0.xExtent })
        let y = Self.common(charts.map { $0.yExtent })
        self.charts = charts.map { chart in
            var chart = chart
            chart.x.extent = x
            chart.y.extent = y
            return chart
        }
    }

    /// What covers all of the extents; nil where there is none.
    package static func common(_ extents: [Extent?]) -> Extent? {
        extents.compactMap { $0 }.reduce(nil) { whole, next in whole?.union(next) ?? next }
    }
}

extension SmallMultiples {
    /// A grid of figures under their titles. Its columns are never wide, so that there is one picture of each.
    package func html(id: String) -> String {
        let figures = charts.enumerated().map { place, chart in
            "<figure><figcaption>\(MarkupText.escaped(chart.title))</figcaption>"
                + "<div class=\"chart\">\(chart.svg(id: "\(id)-\(place)", width: .narrow))</div></figure>"
        }
        return "<div class=\"chart-grid\">\(figures.joined())</div>"
    }
}
