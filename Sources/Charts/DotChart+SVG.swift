extension DotChart {
    package func svg(id: String, width: ChartWidth) -> String {
        guard let drawing = DotDrawing(self, id: id, width: width) else {
            return Canvas.empty(self, id: id, width: width)
        }
        return drawing.svg
    }

    /// The value and its interval as a row writes them.
    func figures(of row: Row) -> String {
        guard !row.value.isNaN else { return "no data" }
        guard !row.lower.isNaN, !row.upper.isNaN else { return x.text(row.value) }
        return "\(x.text(row.value)) [\(row.lower == -.infinity ? "\u{2212}∞" : x.text(row.lower)), "
            + "\(row.upper == .infinity ? "∞" : x.text(row.upper))]"
    }
}
