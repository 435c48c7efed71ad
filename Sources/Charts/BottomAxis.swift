/// The x axis as all charts draw it: a line, ticks with labels that do not touch, a title below.
struct BottomAxis {
    let projection: Projection
    let ticks: [Tick]
    private let title: String

    /// What it takes below the plot.
    var height: Double { Lettering.leading + (title.isEmpty ? 5 : 25) }

    init(_ side: Side, from left: Double, to right: Double, width: ChartWidth) {
        projection = Projection(side.axis, side.extent, from: left, to: right)
        title = side.axis.title
        ticks = Self.ticks(side, projection, most: Int((right - left) / (width == .wide ? 64 : 46)))
    }

    /// The most ticks whose labels do not touch.
    private static func ticks(_ side: Side, _ projection: Projection, most: Int) -> [Tick] {
        for count in stride(from: max(most, 2), to: 2, by: -1) {
            let ticks = side.axis.ticks(in: side.extent, atMost: count, isWhole: side.isWhole)
            if areClear(ticks, projection) { return ticks }
        }
        let ticks = side.axis.ticks(in: side.extent, atMost: 2, isWhole: side.isWhole)
        return areClear(ticks, projection) ? ticks : Array(ticks.prefix(1))
    }

    private static func areClear(_ ticks: [Tick], _ projection: Projection) -> Bool {
        zip(ticks, ticks.dropFirst()).allSatisfy { left, right in
            let need = (Lettering.width(of: left.label) + Lettering.width(of: right.label)) / 2 + 10
            return projection(right.value) - projection(left.value) >= need
        }
    }

    func draw(on canvas: inout Canvas, at bottom: Double) {
        canvas.line(projection.start, bottom, projection.end, bottom, "axis")
        for tick in ticks {
            let place = projection(tick.value)
            canvas.line(place, bottom, place, bottom + 4, "axis")
            // The first and the last label may stand out beyond the axis, not beyond the paper.
            let half = Lettering.width(of: tick.label) / 2
            let middle = max(min(place, canvas.width.units - half), half)
            canvas.text(tick.label, middle, bottom + 17, .middle, "tick")
        }
        canvas.text(title, (projection.start + projection.end) / 2, bottom + height - 6, .middle)
    }
}
