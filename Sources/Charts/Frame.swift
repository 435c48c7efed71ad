/// The plot of two axes: where it lies, and what of it every kind of chart draws.
struct Frame {
    /// What stands around the plot, in units.
    struct Margins {
        /// The key.
        var key = 0.0
        /// Labels of shades.
        var strip = 0.0
        /// Labels at the ends of lines.
        var right = 0.0
    }

    let plot: Box
    let height: Double
    let bottomAxis: BottomAxis
    let y: Projection
    private let yTicks: [Tick]
    private let yTitle: String
    private let yTitleBase: Double

    var x: Projection { bottomAxis.projection }

    init(x: Side, y: Side, width: ChartWidth, margins: Margins) {
        let most = (width == .wide ? 7 : 6) + (y.axis.isLogarithmic ? 2 : 0)
        yTicks = y.axis.ticks(in: y.extent, atMost: most, isWhole: y.isWhole)
        yTitle = y.axis.title
        yTitleBase = margins.key + 13
        height = width.height + margins.key + margins.strip
        let left = max((yTicks.map { Lettering.width(of: $0.label) }.max() ?? 0) + 10, 26)
        bottomAxis = BottomAxis(x, from: left, to: width.units - max(margins.right, 16), width: width)
        plot = Box(
            left: left, top: margins.key + (yTitle.isEmpty ? 8 : 26) + margins.strip, right: bottomAxis.projection.end,
            bottom: height - bottomAxis.height)
        self.y = Projection(y.axis, y.extent, from: plot.bottom, to: plot.top)
    }

    /// The thin lines of the y axis and its labels.
    func drawGrid(on canvas: inout Canvas) {
        canvas.path(
            yTicks.map { tick in
                let place = NumberText.coordinate(y(tick.value))
                return "M\(NumberText.coordinate(plot.left)) \(place)H\(NumberText.coordinate(plot.right))"
            }.joined(), "grid")
        for tick in yTicks { canvas.text(tick.label, plot.left - 7, y(tick.value) + 4.5, .end, "tick") }
        canvas.text(yTitle, 0, yTitleBase)
    }
}
