extension BarChart {
    package var legend: [LegendEntry] {
        series.filter { !$0.name.isEmpty }.map { LegendEntry(name: $0.name, key: .bar(colour: $0.colour)) }
    }

    package func svg(id: String, width: ChartWidth) -> String {
        guard let sides else { return Canvas.empty(self, id: id, width: width) }
        let strip = Strip(shades: [], references: references)
        let key = series.filter { !$0.name.isEmpty }.count > 1 ? ChartKey(legend, width: width) : nil
        let frame = Frame(
            x: sides.x, y: sides.y, width: width, margins: Frame.Margins(key: key?.height ?? 0, strip: strip.height))
        var canvas = Canvas(id: id, width: width)
        frame.drawGrid(on: &canvas)
        let bars = bars(in: frame, width)
        for (series, bars) in zip(series, bars) { draw(bars, of: series, frame, on: &canvas) }
        drawReferences(strip, frame, on: &canvas)
        frame.bottomAxis.draw(on: &canvas, at: frame.plot.bottom)
        strip.drawLabels(on: &canvas, frame.x, top: frame.plot.top)
        key?.draw(on: &canvas)
        return canvas.svg(title: title, description: description, height: frame.height)
    }

    /// A bar as it is laid out.
    private struct Placed {
        var point: Point
        var box: Box
        var isOpen: Bool
    }

    private var sides: (x: Side, y: Side)? {
        let drawn = series.flatMap(\.points).filter { $0.x.isFinite && !$0.y.isNaN }
        guard !drawn.isEmpty else { return nil }
        let levels = references.compactMap { if case .y(let value) = $0.place { value } else { nil } }
        let heights = drawn.map(\.y) + series.flatMap { $0.band.flatMap { [$0.lower, $0.upper] } } + levels
        // Bars stand on 0, or on a decade's part below the least where there is no 0.
        let foot = y.isLogarithmic ? (heights.filter { $0 > 0 && $0.isFinite }.min() ?? 1) / 2 : 0
        guard let xExtent = x.shown(of: padded(drawn.map(\.x)), isRounded: false),
            let yExtent = y.shown(of: heights + [foot], isRounded: true)
        else { return nil }
        return (
            Side(axis: x, extent: xExtent, isWhole: x.isWhole(drawn.map(\.x))),
            Side(axis: y, extent: yExtent, isWhole: y.isWhole(heights))
        )
    }

    /// The middles of bins and the ends of the outer ones.
    private func padded(_ middles: [Double]) -> [Double] {
        let sorted = Set(middles).sorted()
        guard let first = sorted.first, let last = sorted.last else { return [] }
        if x.isLogarithmic {
            let ratio = zip(sorted, sorted.dropFirst()).filter { $0.0 > 0 }.map { $0.1 / $0.0 }.min() ?? 2
            return sorted + [first / ratio.squareRoot(), last * ratio.squareRoot()]
        }
        let half = (zip(sorted, sorted.dropFirst()).map { $0.1 - $0.0 }.min() ?? 1) / 2
        return sorted + [first - half, last + half]
    }

    private func bars(in frame: Frame, _ width: ChartWidth) -> [[Placed]] {
        let places = Set(series.flatMap { $0.points.map(\.x) }.filter(\.isFinite)).sorted().map { frame.x($0) }
        let room: Double
        if case .categories(let names) = x.scale {
            room = frame.plot.width / Double(max(names.count, 1))
        } else {
            room = zip(places, places.dropFirst()).map { $0.1 - $0.0 }.min() ?? min(frame.plot.width, 80)
        }
        let isBinned = if case .categories = x.scale { false } else { true }
        let share = room * (isBinned && series.count == 1 ? 1 : 0.8) / Double(max(series.count, 1))
        let wide = max(min(share, 64), 0.6)
        return series.enumerated().map { place, series in
            series.thinned(to: width.points).points.compactMap { point in
                guard point.x.isFinite, !point.y.isNaN, !frame.x.isBeyond(point.x) else { return nil }
                let middle = frame.x(point.x) + (Double(place) - Double(self.series.count - 1) / 2) * wide
                let foot = y.isLogarithmic ? frame.plot.bottom : frame.y.clamped(0)
                let top = frame.y.clamped(point.y)
                let gap = wide > 4 ? 0.5 : 0
                let box = Box(
                    left: middle - wide / 2 + gap, top: min(top, foot), right: middle + wide / 2 - gap,
                    bottom: max(top, foot))
                return Placed(point: point, box: box, isOpen: frame.y.isBeyond(point.y) && point.y > 0)
            }
        }
    }

    private func draw(_ bars: [Placed], of series: Series, _ frame: Frame, on canvas: inout Canvas) {
        let band = Dictionary(series.band.map { ($0.x, $0) }) { first, _ in first }
        canvas.group("hits s\(Palette.place(series.colour))", name: series.name) { canvas in
            for bar in bars {
                let note = Note.text(bar.point, of: series.name, x, y, within: band[bar.point.x])
                canvas.rectangle(bar.box, bar.isOpen ? "hit column beyond" : "hit column", note: note)
            }
        }
        canvas.group("whiskers") { canvas in
            for bar in bars {
                guard let band = band[bar.point.x], !band.lower.isNaN, !band.upper.isNaN else { continue }
                let middle = (bar.box.left + bar.box.right) / 2
                for style in ["under", "over"] {
                    canvas.line(middle, frame.y.clamped(band.lower), middle, frame.y.clamped(band.upper), style)
                }
            }
        }
        drawValues(bars, band, frame, on: &canvas)
    }

    /// The values on top of the bars, where there is room for all of them.
    private func drawValues(
        _ bars: [Placed], _ band: [Double: BandPoint], _ frame: Frame, on canvas: inout Canvas
    ) {
        let labels = bars.map { $0.isOpen && !$0.point.y.isFinite ? "never" : y.text($0.point.y) }
        let total = series.reduce(0) { $0 + $1.points.count }
        guard total <= 24, zip(bars, labels).allSatisfy({ Lettering.width(of: $1) <= $0.box.width + 6 }) else { return }
        for (bar, label) in zip(bars, labels) where bar.point.y >= 0 {
            let top = min(bar.box.top, band[bar.point.x].map { frame.y.clamped($0.upper) } ?? bar.box.top)
            canvas.text(label, (bar.box.left + bar.box.right) / 2, max(top - 4, frame.plot.top - 2), .middle, "halo")
        }
    }

    private func drawReferences(_ strip: Strip, _ frame: Frame, on canvas: inout Canvas) {
        strip.drawLines(on: &canvas, frame.x, top: frame.plot.top, bottom: frame.plot.bottom)
        for reference in references {
            guard case .y(let value) = reference.place, !frame.y.isBeyond(value) else { continue }
            canvas.line(frame.plot.left, frame.y(value), frame.plot.right, frame.y(value), "ref")
            canvas.text(reference.label, frame.plot.right - 2, frame.y(value) - 5, .end, "halo quiet")
        }
    }
}
