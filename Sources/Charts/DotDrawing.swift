import Foundation

/// A forest plot as it is laid out and drawn for one width.
///
/// On a wide page a row is a line: label, interval, figures. On a narrow one the label and the figures stand above it.
struct DotDrawing {
    private enum Line {
        case group(String)
        case row(DotChart.Row)
    }

    private let chart: DotChart
    private let id: String
    private let width: ChartWidth
    private let lines: [Line]
    private let labelWidth: Double
    private let bottomAxis: BottomAxis
    private let strip: Strip
    private let rowHeight: Double
    private static let groupHeight = 26.0

    private var x: Projection { bottomAxis.projection }
    private var top: Double { strip.height + 8 }

    /// Nil where no row has a value.
    init?(_ chart: DotChart, id: String, width: ChartWidth) {
        guard chart.rows.contains(where: { !$0.value.isNaN }) else { return nil }
        var values = chart.rows.flatMap { [$0.value, $0.lower, $0.upper] }
        values += [chart.reference, chart.materiality?.from, chart.materiality?.to].compactMap { $0 }
        guard let extent = Self.shown(values, chart.x) else { return nil }
        self.chart = chart
        self.id = id
        self.width = width
        lines = Self.lines(chart.rows)
        strip = Strip(shades: chart.materiality.map { [$0] } ?? [])
        let labels = chart.rows.map { Lettering.width(of: $0.label) }.max() ?? 0
        labelWidth = min(labels, 200)
        let figures = chart.rows.map { Lettering.width(of: chart.figures(of: $0)) }.max() ?? 0
        let isWide = width == .wide
        rowHeight = isWide ? 25 : 42
        bottomAxis = BottomAxis(
            Side(axis: chart.x, extent: extent), from: isWide ? labelWidth + 18 : 10,
            to: width.units - (isWide ? min(figures, 230) + 18 : 10), width: width)
    }

    /// What the rows need, with some air at the ends.
    private static func shown(_ values: [Double], _ axis: Axis) -> Extent? {
        guard axis.extent == nil, let needed = axis.shown(of: values, isRounded: false) else {
            return axis.shown(of: values, isRounded: false)
        }
        if axis.isLogarithmic {
            let air = pow(needed.upper / needed.lower, 0.05)
            return Extent(needed.lower / air, needed.upper * air)
        }
        let air = (needed.upper - needed.lower) * 0.05
        return Extent(needed.lower - air, needed.upper + air)
    }

    /// Groups in the order of their first rows.
    private static func lines(_ rows: [DotChart.Row]) -> [Line] {
        var groups: [(name: String, rows: [DotChart.Row])] = []
        for row in rows {
            if let place = groups.firstIndex(where: { $0.name == row.group }) {
                groups[place].rows.append(row)
            } else {
                groups.append((row.group, [row]))
            }
        }
        return groups.flatMap { group in
            (group.name.isEmpty ? [] : [Line.group(group.name)]) + group.rows.map { Line.row($0) }
        }
    }

    var svg: String {
        var canvas = Canvas(id: id, width: width)
        let heights = lines.map { if case .group = $0 { Self.groupHeight } else { rowHeight } }
        let bottom = top + heights.reduce(0, +) + 6
        strip.drawGround(on: &canvas, x, top: top, bottom: bottom)
        for tick in bottomAxis.ticks { canvas.line(x(tick.value), top, x(tick.value), bottom, "grid") }
        if let reference = chart.reference, !x.isBeyond(reference) {
            canvas.line(x(reference), top, x(reference), bottom, "axis")
        }
        bottomAxis.draw(on: &canvas, at: bottom)
        strip.drawLabels(on: &canvas, x, top: top)
        var y = top
        for (line, height) in zip(lines, heights) {
            switch line {
            case .group(let name): canvas.text(Lettering.cut(name, to: width.units), 0, y + 18, .start, "strong halo")
            case .row(let row): draw(row, y, on: &canvas)
            }
            y += height
        }
        drawHits(heights, on: &canvas)
        return canvas.svg(title: chart.title, description: chart.description, height: bottom + bottomAxis.height)
    }

    private func draw(_ row: DotChart.Row, _ y: Double, on canvas: inout Canvas) {
        let figures = chart.figures(of: row)
        let middle = width == .wide ? y + rowHeight / 2 : y + 29
        if width == .wide {
            canvas.text(Lettering.cut(row.label, to: labelWidth), 0, middle + 4.5)
            canvas.text(figures, width.units, middle + 4.5, .end)
        } else {
            let room = width.units - Lettering.width(of: figures) - 12
            canvas.text(Lettering.cut(row.label, to: room), 0, y + 16, .start, "halo")
            canvas.text(figures, width.units, y + 16, .end, "halo")
        }
        guard !row.value.isNaN else { return }
        canvas.group("s\(Palette.place(row.colour))") { canvas in
            if !row.lower.isNaN, !row.upper.isNaN {
                canvas.line(x.clamped(row.lower), middle, x.clamped(row.upper), middle, "line")
                for (end, side) in [(row.lower, -1.0), (row.upper, 1)] {
                    drawEnd(x.clamped(end), middle, side, goesOn: x.isBeyond(end), on: &canvas)
                }
            }
            let marker = Marker(colour: row.colour)
            let place = (x.clamped(row.value), middle)
            if x.isBeyond(row.value) {
                canvas.path((marker.isOpen ? .circle : marker).path(place.0, place.1, radius: 4.6), "never")
            } else {
                canvas.path(marker.path(place.0, place.1, radius: 4.6), marker.isOpen ? "open" : "dot")
            }
        }
    }

    /// A short bar, or an arrow where the interval goes on beyond the paper.
    private func drawEnd(_ x: Double, _ y: Double, _ side: Double, goesOn: Bool, on canvas: inout Canvas) {
        if goesOn {
            canvas.line(x - 6 * side, y - 4, x, y, "whisker")
            canvas.line(x - 6 * side, y + 4, x, y, "whisker")
        } else {
            canvas.line(x, y - 4, x, y + 4, "whisker")
        }
    }

    /// The whole row is what a pointer has to find.
    private func drawHits(_ heights: [Double], on canvas: inout Canvas) {
        canvas.group("hits", name: chart.title) { canvas in
            var y = top
            for (line, height) in zip(lines, heights) {
                if case .row(let row) = line {
                    let label = [row.group, row.label].filter { !$0.isEmpty }.joined(separator: ", ")
                    canvas.rectangle(
                        Box(left: 0, top: y, right: width.units, bottom: y + height), "row hit",
                        note: label + ": " + (row.note.isEmpty ? chart.figures(of: row) : row.note))
                }
                y += height
            }
        }
    }
}
