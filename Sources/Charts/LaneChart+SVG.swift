extension LaneChart {
    /// The kinds that occur.
    package var legend: [LegendEntry] {
        let used = Set(lanes.flatMap { $0.bars.map(\.kind) + $0.marks.map(\.kind) })
        return Kind.allCases.filter(used.contains).map { LegendEntry(name: $0.rawValue, key: .lane($0)) }
    }

    package func svg(id: String, width: ChartWidth) -> String {
        guard let drawing = LaneDrawing(self, id: id, width: width) else {
            return Canvas.empty(self, id: id, width: width)
        }
        return drawing.svg
    }

    /// A bar in the manner of its kind: kinds differ in height and filling too, for those who cannot tell the colours.
    static func draw(_ kind: Kind, _ box: Box, note: String? = nil, isOpen: Bool = false, on canvas: inout Canvas) {
        var shape = box
        if kind == .wait {
            shape.top += box.height * 0.32
            shape.bottom -= box.height * 0.32
        }
        if kind == .lock {
            shape.top += 1.5
            shape.bottom -= 1.5
        }
        let style = "bar \(kind.rawValue)"
        canvas.rectangle(shape, note == nil ? style : "hit " + style, note: note)
        if kind == .failed {
            let end = NumberText.coordinate(box.right)
            canvas.path(
                "M\(end) \(NumberText.coordinate(box.top - 1.5))V\(NumberText.coordinate(box.bottom + 1.5))",
                "end failed")
        }
        if isOpen {
            let middle = (box.top + box.bottom) / 2
            let edge = NumberText.coordinate(box.right)
            canvas.path(
                "M\(edge) \(NumberText.coordinate(middle - 4))l5 4l-5 4", "end \(kind.rawValue)")
        }
    }
}
