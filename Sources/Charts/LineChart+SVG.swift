extension LineChart {
    package var legend: [LegendEntry] {
        series.filter { !$0.name.isEmpty }.map {
            LegendEntry(name: $0.name, key: .series(colour: $0.colour, style: $0.style))
        }
    }

    /// What the x axis shows; nil without data.
    package var xExtent: Extent? {
        hasData ? x.shown(of: xValues, isRounded: false) : nil
    }

    /// What the y axis shows; nil without data.
    package var yExtent: Extent? {
        hasData ? y.shown(of: yValues, isRounded: true) : nil
    }

    package func svg(id: String, width: ChartWidth) -> String {
        guard let xExtent, let yExtent else { return Canvas.empty(self, id: id, width: width) }
        return LineDrawing(self, xExtent, yExtent, id: id, width: width).svg
    }

    private var hasData: Bool {
        series.contains { $0.points.contains(where: \.isDrawable) || $0.marks.contains(where: \.isDrawable) }
    }

    private var xValues: [Double] {
        let drawn = series.flatMap { $0.points + $0.marks }.filter(\.isDrawable).map(\.x)
        return drawn + series.flatMap { $0.band.map(\.x) } + shades.flatMap { [$0.from, $0.to] }
    }

    private var yValues: [Double] {
        let drawn = series.flatMap { $0.points + $0.marks }.filter(\.isDrawable).map(\.y)
        return drawn + series.flatMap { $0.band.flatMap { [$0.lower, $0.upper] } }
    }

    var sides: (x: Side, y: Side)? {
        guard let xExtent, let yExtent else { return nil }
        return (
            Side(axis: x, extent: xExtent, isWhole: x.isWhole(xValues)),
            Side(axis: y, extent: yExtent, isWhole: y.isWhole(yValues))
        )
    }
}

extension Point {
    /// Whether the point has a place, be it at the edge.
    var isDrawable: Bool { !x.isNaN && !y.isNaN }
}
