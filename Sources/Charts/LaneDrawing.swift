/// A timeline as it is laid out and drawn for one width.
struct LaneDrawing {
    private let chart: LaneChart
    private let id: String
    private let width: ChartWidth
    private let bottomAxis: BottomAxis
    private let strip: Strip
    private let key: ChartKey
    private let labelWidth: Double

    private static let bar = 11.0
    private static let row = 14.0
    private static let padding = 8.0

    private var x: Projection { bottomAxis.projection }
    private var top: Double { key.height + strip.height + 8 }
    /// A narrow page has the name above its lane.
    private var nameHeight: Double { width == .wide ? 0 : Lettering.leading }

    /// Nil without a bar or a mark.
    init?(_ chart: LaneChart, id: String, width: ChartWidth) {
        let bars = chart.lanes.flatMap(\.bars).filter { !$0.from.isNaN }
        let marks = chart.lanes.flatMap(\.marks).filter { !$0.at.isNaN }
        guard !bars.isEmpty || !marks.isEmpty else { return nil }
        let times = bars.flatMap { [$0.from, $0.to ?? $0.from] } + marks.map(\.at)
        let shown = chart.time.shown(of: times + chart.shades.flatMap { [$0.from, $0.to] }, isRounded: false)
        guard let extent = shown else { return nil }
        self.chart = chart
        self.id = id
        self.width = width
        strip = Strip(shades: chart.shades)
        key = ChartKey(chart.legend, width: width)
        labelWidth = min(chart.lanes.map { Lettering.width(of: $0.name) }.max() ?? 0, 150)
        bottomAxis = BottomAxis(
            Side(axis: chart.time, extent: extent), from: width == .wide ? labelWidth + 12 : 8,
            to: width.units - 14, width: width)
    }

    var svg: String {
        var canvas = Canvas(id: id, width: width)
        let packed = chart.lanes.map { Packing(bars($0)) }
        let heights = packed.map { nameHeight + Self.padding + Double(max($0.count, 1)) * Self.row }
        let bottom = top + heights.reduce(0, +)
        strip.drawGround(on: &canvas, x, top: top, bottom: bottom)
        for tick in bottomAxis.ticks { canvas.line(x(tick.value), top, x(tick.value), bottom, "grid") }
        var y = top
        for (lane, height) in zip(chart.lanes, heights) {
            if y > top { canvas.line(0, y, x.end, y, "grid") }
            let text = Lettering.cut(lane.name, to: width == .wide ? labelWidth : width.units)
            canvas.text(text, 0, width == .wide ? y + Self.padding / 2 + 10.5 : y + 14, .start, "halo")
            y += height
        }
        bottomAxis.draw(on: &canvas, at: bottom)
        strip.drawLabels(on: &canvas, x, top: top)
        key.draw(on: &canvas)
        y = top
        for (place, lane) in chart.lanes.enumerated() {
            draw(lane, packed[place], y + nameHeight + Self.padding / 2 + (Self.row - Self.bar) / 2, on: &canvas)
            y += heights[place]
        }
        return canvas.svg(title: chart.title, description: chart.description, height: bottom + bottomAxis.height)
    }

    /// The lane's bars that can be seen, by their beginnings, with their places on the paper.
    private func bars(_ lane: LaneChart.Lane) -> [Packing.Item] {
        lane.bars.enumerated().compactMap { index, bar in
            guard !bar.from.isNaN, bar.to.map({ !$0.isNaN }) ?? true else { return nil }
            let from = x.clamped(bar.from)
            let to = x.clamped(max(bar.to ?? .infinity, bar.from))
            return Packing.Item(index: index, start: from, end: max(to, from + 0.1))
        }
    }

    private func draw(_ lane: LaneChart.Lane, _ packing: Packing, _ top: Double, on canvas: inout Canvas) {
        let marks = lane.marks.filter { !$0.at.isNaN && !x.isBeyond($0.at) }
        guard !packing.items.isEmpty || !marks.isEmpty else { return }
        canvas.group("hits", name: lane.name) { canvas in
            for (item, row) in zip(packing.items, packing.rows) {
                let bar = lane.bars[item.index]
                let y = top + Double(row) * Self.row
                // What is shorter than a pixel is still to be seen.
                let box = Box(left: item.start, top: y, right: max(item.end, item.start + 1.5), bottom: y + Self.bar)
                LaneChart.draw(
                    bar.kind, box, note: note(bar, in: lane), isOpen: bar.to == nil || bar.to == .infinity, on: &canvas)
            }
            for mark in marks.enumerated().sorted(by: { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }) {
                let text = mark.element.note.isEmpty ? "\(mark.element.kind.rawValue)" : mark.element.note
                canvas.mark(
                    Marker.diamond.path(x(mark.element.at), top + Self.bar / 2, radius: 4.6),
                    mark.element.kind.rawValue,
                    note: "\(chart.time.text(mark.element.at)), \(lane.name): \(text)")
            }
        }
    }

    private func note(_ bar: LaneChart.Bar, in lane: LaneChart.Lane) -> String {
        let text = bar.note.isEmpty ? bar.kind.rawValue : bar.note
        guard let to = bar.to, to.isFinite else {
            return "\(chart.time.text(bar.from)) on, not ended, \(lane.name): \(text)"
        }
        return "\(chart.time.text(bar.from)) to \(chart.time.text(to)) (\(chart.time.text(to - bar.from))), "
            + "\(lane.name): \(text)"
    }
}
