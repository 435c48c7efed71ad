/// A line chart as it is laid out and drawn for one width.
struct LineDrawing {
    private let chart: LineChart
    private let frame: Frame
    private let strip: Strip
    private let key: ChartKey?
    private let width: ChartWidth
    private let id: String
    /// Labels at the ends of lines are cut beyond this.
    private static let labelWidth = 170.0

    init(_ chart: LineChart, _ xExtent: Extent, _ yExtent: Extent, id: String, width: ChartWidth) {
        self.chart = chart
        self.width = width
        self.id = id
        strip = Strip(shades: chart.shades)
        let names = chart.series.map(\.name).filter { !$0.isEmpty }
        let isKeyed = width == .narrow || names.count > 14
        key = isKeyed && names.count > 1 ? ChartKey(chart.legend, width: width) : nil
        var margins = Frame.Margins(key: key?.height ?? 0, strip: strip.height)
        let labels = (isKeyed ? [] : names).map { min(Lettering.width(of: $0), Self.labelWidth) }
        margins.right = labels.max().map { $0 + 34 } ?? 0
        let sides = chart.sides
        frame = Frame(
            x: sides?.x ?? Side(axis: chart.x, extent: xExtent), y: sides?.y ?? Side(axis: chart.y, extent: yExtent),
            width: width, margins: margins)
    }

    var svg: String {
        var canvas = Canvas(id: id, width: width)
        let plot = frame.plot
        canvas.clip(to: Box(left: plot.left - 1, top: plot.top - 1.5, right: plot.right + 1, bottom: plot.bottom + 1.5))
        strip.drawGround(on: &canvas, frame.x, top: plot.top, bottom: plot.bottom)
        frame.drawGrid(on: &canvas)
        drawBands(on: &canvas)
        frame.bottomAxis.draw(on: &canvas, at: plot.bottom)
        for (place, series) in chart.series.enumerated() { draw(series, at: place, on: &canvas) }
        strip.drawLabels(on: &canvas, frame.x, top: plot.top)
        drawNever(on: &canvas)
        if width == .wide, key == nil { drawEndLabels(on: &canvas) }
        key?.draw(on: &canvas)
        drawHits(on: &canvas)
        return canvas.svg(title: chart.title, description: chart.description, height: frame.height)
    }

    private func outline(_ series: Series) -> Outline { Outline(frame: frame, isStepped: series.style == .step) }

    private func drawBands(on canvas: inout Canvas) {
        for series in chart.series where !series.band.isEmpty {
            let area = outline(series).area(series.thinned(to: width.points / 2).band)
            canvas.group("s\(Palette.place(series.colour))", isClipped: true) { $0.path(area, "band") }
        }
    }

    private func draw(_ series: Series, at place: Int, on canvas: inout Canvas) {
        let thinned = series.thinned(to: width.points)
        let marker = Marker(colour: series.colour)
        let isOpen: (Point) -> Bool = { frame.x.isBeyond($0.x) || frame.y.isBeyond($0.y) }
        // Long noisy lines cover less of one another when they are thin.
        let isLong = series.style == .line && thinned.points.count > 150
        let style = series.style == .dashed ? "line dashed" : isLong ? "line fine" : "line"
        canvas.group("s\(Palette.place(series.colour))") { canvas in
            if series.style != .points {
                let path = outline(series).line(thinned.points)
                canvas.group("lines", isClipped: true) {
                    $0.path(path, style)
                }
            }
            let marks = thinned.marks.filter { $0.isDrawable && !isOpen($0) }
            canvas.path(
                marks.map { "M\(n(frame.x($0.x))) \(n(frame.y($0.y) - 6))v12" }.joined(), "censor")
            let radius = series.style == .points && thinned.points.count > 60 ? 2.2 : 3.6
            let marked = markers(of: series.style == .points ? thinned.points : series.points, series, at: place)
            canvas.path(
                marked.filter { !isOpen($0) }.map { marker.path(frame.x($0.x), frame.y($0.y), radius: radius) }
                    .joined(),
                marker.isOpen ? "open" : "dot")
            // What lies beyond the paper, or never came, is shown hollow at its edge.
            let shape = marker.isOpen ? Marker.circle : marker
            canvas.path(
                Series.even(series.points.filter { $0.isDrawable && isOpen($0) }, 40).map {
                    shape.path(frame.x.clamped($0.x), frame.y.clamped($0.y), radius: 4.2)
                }.joined(), "never")
        }
    }

    /// All points where they are few, else some along the line, at other places for each series.
    private func markers(of points: [Point], _ series: Series, at place: Int) -> [Point] {
        let drawn = points.filter(\.isDrawable)
        if series.style == .dashed { return [] }
        if series.style == .points || drawn.count <= (width == .wide ? 26 : 14) { return drawn }
        guard chart.series.count > 1 else { return [] }
        let count = width == .wide ? 6 : 3
        let share = (Double(place) + 0.5) / Double(chart.series.count)
        let targets = (0..<count).map { frame.plot.left + (Double($0) + share) / Double(count) * frame.plot.width }
        return targets.compactMap { target in
            drawn.min { abs(frame.x.clamped($0.x) - target) < abs(frame.x.clamped($1.x) - target) }
        }
    }

    /// Says once what hollow markers at the upper edge stand for.
    private func drawNever(on canvas: inout Canvas) {
        let places = chart.series.flatMap(\.points).filter { $0.y == .infinity && !$0.x.isNaN }.map {
            frame.x.clamped($0.x)
        }
        guard let first = places.min() else { return }
        if first - frame.plot.left > 60 {
            canvas.text("never", first - 10, frame.plot.top + 4.5, .end, "halo quiet")
        } else {
            canvas.text("never", first + 10, frame.plot.top + 16, .start, "halo quiet")
        }
    }

    private func drawEndLabels(on canvas: inout Canvas) {
        let ends = chart.series.compactMap { series -> (series: Series, x: Double, y: Double)? in
            guard !series.name.isEmpty, let end = (series.points.last(where: \.isDrawable) ?? series.marks.last)
            else { return nil }
            return (series, frame.x.clamped(end.x), frame.y.clamped(end.y))
        }
        let places = Spread.positions(
            ends.map(\.y), gap: Lettering.leading - 1, within: frame.plot.top + 2...frame.plot.bottom - 2)
        let left = frame.plot.right + 20
        for (end, y) in zip(ends, places) {
            let marker = Marker(colour: end.series.colour)
            canvas.group("s\(Palette.place(end.series.colour))") { canvas in
                if abs(end.y - y) > 4 || left - end.x > 32 {
                    canvas.line(end.x + 5, end.y, left - 5, y, "leader")
                }
                if end.series.style == .dashed {
                    canvas.line(left - 5, y, left + 6, y, "line dashed")
                } else {
                    canvas.path(marker.path(left, y), marker.isOpen ? "open" : "dot")
                }
            }
            canvas.text(Lettering.cut(end.series.name, to: Self.labelWidth), left + 9, y + 4.5)
        }
    }

    private func drawHits(on canvas: inout Canvas) {
        let share = max(width.hits / max(chart.series.count, 1), 6)
        for series in chart.series {
            let thinned = series.thinned(to: series.marks.isEmpty ? share : max(share * 3 / 4, 5))
            let places = (thinned.points + Series.even(series.marks, max(share / 4, 1))).filter(\.isDrawable)
            guard !places.isEmpty else { continue }
            let band = Dictionary(series.band.map { ($0.x, $0) }) { first, _ in first }
            canvas.group("hits", name: series.name) { canvas in
                for (_, point) in places.enumerated().sorted(by: {
                    ($0.element.x, $0.offset) < ($1.element.x, $1.offset)
                }) {
                    canvas.hit(
                        frame.x.clamped(point.x), frame.y.clamped(point.y),
                        note: Note.text(point, of: series.name, chart.x, chart.y, within: band[point.x]))
                }
            }
        }
    }

    private func n(_ value: Double) -> String { NumberText.coordinate(value) }
}
