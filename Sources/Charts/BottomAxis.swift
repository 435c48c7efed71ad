/// The x axis as all charts draw it: a line, ticks with labels that do not touch, a title below.
struct BottomAxis {
    let projection: Projection
    let ticks: [Tick]
    private let title: String

    /// What it takes below the plot.
    var height: Double { title.isEmpty ? 22 : 42 }

    init(_ side: Side, from left: Double, to right: Double, width: ChartWidth) {
        projection = Projection(side.axis, side.extent, from: left, to: right)
        title = side.axis.title
        if case .categories(let names) = side.axis.scale {
            ticks = Self.names(names, slot: (right - left) / Double(max(names.count, 1)))
        } else {
            ticks = Self.numbers(side, projection, most: Int((right - left) / (width == .wide ? 64 : 46)))
        }
    }

    /// Long names are cut, of short ones some are left out.
    private static func names(_ names: [String], slot: Double) -> [Tick] {
        let ticks = names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) }
        let widest = names.map { Lettering.width(of: $0) }.max() ?? 0
        guard widest > slot - 4 else { return ticks }
        guard widest <= 40 || slot < 20 else {
            return ticks.map { Tick(value: $0.value, label: Lettering.cut($0.label, to: slot - 4)) }
        }
        let stride = Int(((min(widest, 60) + 6) / slot).rounded(.up))
        return ticks.enumerated().filter { $0.offset.isMultiple(of: stride) }.map {
            Tick(value: $0.element.value, label: Lettering.cut($0.element.label, to: 60))
        }
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
        canvas.text(title, (projection.start + projection.end) / 2, bottom + 36, .middle)
    }
}
