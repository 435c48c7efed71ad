/// The list in a picture of what stands for what.
struct ChartKey {
    private static let sample = 24.0
    private static let row = 19.0

    private let entries: [(entry: LegendEntry, text: String, x: Double, row: Int)]
    let height: Double

    init(_ entries: [LegendEntry], width: ChartWidth) {
        var x = 0.0
        var row = 0
        var laid: [(LegendEntry, String, Double, Int)] = []
        for entry in entries where !entry.name.isEmpty {
            let text = Lettering.cut(entry.name, to: width.units - Self.sample - 8)
            let need = Self.sample + 6 + Lettering.width(of: text)
            if x > 0, x + need > width.units {
                x = 0
                row += 1
            }
            laid.append((entry, text, x, row))
            x += need + 14
        }
        self.entries = laid.map { (entry: $0.0, text: $0.1, x: $0.2, row: $0.3) }
        height = laid.isEmpty ? 0 : Double(row + 1) * Self.row + 4
    }

    func draw(on canvas: inout Canvas) {
        for (entry, text, x, row) in entries {
            let middle = Double(row) * Self.row + 8
            Self.draw(entry.key, x: x, y: middle, on: &canvas)
            canvas.text(text, x + Self.sample + 6, middle + 4.5)
        }
    }

    /// The sample alone, 24 wide, around a height.
    static func draw(_ key: LegendEntry.Key, x: Double, y: Double, on canvas: inout Canvas) {
        switch key {
        case .series(let colour, let style):
            canvas.group("s\(Palette.place(colour))") { canvas in
                if style != .points { canvas.line(x, y, x + sample, y, style == .dashed ? "line dashed" : "line") }
                let marker = Marker(colour: colour)
                if style != .dashed {
                    canvas.path(marker.path(x + sample / 2, y), marker.isOpen ? "open" : "dot")
                }
            }
        case .lane(let kind):
            LaneChart.draw(kind, Box(left: x, top: y - 6, right: x + sample - 2, bottom: y + 6), on: &canvas)
        }
    }
}
