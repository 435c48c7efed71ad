extension LegendEntry {
    /// The key, drawn, and the name, for a list item: `<li>` is the page's.
    package var html: String {
        var canvas = Canvas(id: "", width: .narrow)
        ChartKey.draw(key, x: 1, y: 7, on: &canvas)
        return "<span class=\"chart-key\">\(canvas.inline(width: 26, height: 14))\(Canvas.escaped(name))</span>"
    }
}
