/// The row above a plot that names shades.
struct Strip {
    private let shades: [Shade]

    init(shades: [Shade]) { self.shades = shades.filter { !$0.from.isNaN && !$0.to.isNaN } }

    var height: Double { shades.contains { !$0.label.isEmpty } ? Lettering.leading : 0 }

    /// The shades themselves.
    func drawGround(on canvas: inout Canvas, _ x: Projection, top: Double, bottom: Double) {
        for shade in shades {
            let box = Box(left: x.clamped(shade.from), top: top, right: x.clamped(shade.to), bottom: bottom)
            guard box.width > 0 else { continue }
            canvas.rectangle(box, "shade")
            for edge in [shade.from, shade.to] where !x.isBeyond(edge) {
                canvas.line(x(edge), top, x(edge), bottom, "edge")
            }
        }
    }

    /// The labels, on one line of text that stands on the plot.
    func drawLabels(on canvas: inout Canvas, _ x: Projection, top: Double) {
        var labels: [(text: String, middle: Double)] = []
        for shade in shades where x.clamped(shade.from) < x.clamped(shade.to) {
            labels.append((shade.label, (x.clamped(shade.from) + x.clamped(shade.to)) / 2))
        }
        labels = labels.filter { !$0.text.isEmpty }
        let wanted = labels.map { label in
            let width = Lettering.width(of: label.text)
            return (start: label.middle - width / 2, width: width)
        }
        let starts = Spread.starts(wanted, gap: 8, within: 0...canvas.width.units)
        for (label, start) in zip(labels, starts) {
            guard let start else { continue }
            canvas.text(label.text, start, top - 5, .start, "quiet")
        }
    }
}
