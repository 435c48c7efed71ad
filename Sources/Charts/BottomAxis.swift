/// The x axis as all charts draw it: a line, ticks with labels that do not touch, a title below.
struct BottomAxis {
    let projection: Projection
    let ticks: [Tick]
    private let title: String
    /// The lines of each tick's label.
    private let labels: [[String]]

    /// What it takes below the plot.
    var height: Double {
        Double(labels.map(\.count).max() ?? 1) * Lettering.leading + (title.isEmpty ? 5 : 25)
    }

    init(_ side: Side, from left: Double, to right: Double, width: ChartWidth) {
        projection = Projection(side.axis, side.extent, from: left, to: right)
        title = side.axis.title
        if case .categories(let names) = side.axis.scale {
            let ticks = names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
            (self.ticks, labels) = Self.names(ticks, projection)
        } else {
            ticks = Self.numbers(side, projection, most: Int((right - left) / (width == .wide ? 64 : 46)))
            labels = ticks.map { [$0.label] }
        }
    }

    /// Names that are too long go to a second line and are cut there; where there are too many, some are left out.
    private static func names(_ ticks: [Tick], _ projection: Projection) -> (ticks: [Tick], labels: [[String]]) {
        if areClear(ticks, projection, gap: 6) { return (ticks, ticks.map { [$0.label] }) }
        let slot = abs(projection.end - projection.start) / Double(max(ticks.count, 1))
        let stride = max(Int((30 / slot).rounded(.up)), 1)
        let kept = ticks.enumerated().filter { $0.offset.isMultiple(of: stride) }.map(\.element)
        return (kept, kept.map { Lettering.wrapped($0.label, to: slot * Double(stride) - 5) })
    }

    /// The most ticks whose labels do not touch.
    private static func numbers(_ side: Side, _ projection: Projection, most: Int) -> [Tick] {
        for count in stride(from: max(most, 2), to: 2, by: -1) {
            let ticks = side.axis.ticks(in: side.extent, atMost: count, isWhole: side.isWhole)
            if areClear(ticks, projection) { return ticks }
        }
        let ticks = side.axis.ticks(in: side.extent, atMost: 2, isWhole: side.isWhole)
        return areClear(ticks, projection) ? ticks : Array(ticks.prefix(1))
    }

    private static func areClear(_ ticks: [Tick], _ projection: Projection, gap: Double = 10) -> Bool {
        zip(ticks, ticks.dropFirst()).allSatisfy { left, right in
            let need = (Lettering.width(of: left.label) + Lettering.width(of: right.label)) / 2 + gap
            return projection(right.value) - projection(left.value) >= need
        }
    }

    func draw(on canvas: inout Canvas, at bottom: Double) {
        canvas.line(projection.start, bottom, projection.end, bottom, "axis")
        for (tick, lines) in zip(ticks, labels) {
            let place = projection(tick.value)
            canvas.line(place, bottom, place, bottom + 4, "axis")
            for (row, label) in lines.enumerated() {
                // The first and the last label may stand out beyond the axis, not beyond the paper.
                let half = Lettering.width(of: label) / 2
                let middle = max(min(place, canvas.width.units - half), half)
                canvas.text(label, middle, bottom + 17 + Double(row) * Lettering.leading, .middle, "tick")
            }
        }
        canvas.text(title, (projection.start + projection.end) / 2, bottom + height - 6, .middle)
    }
}
