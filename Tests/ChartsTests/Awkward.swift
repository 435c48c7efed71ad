import Charts

/// Charts of what numbers can be at their worst.
enum Awkward {
    static let values: [Double] = [
        0, -0.0, 1, -1, .infinity, -.infinity, .nan, 1e300, -1e300, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        1e-12, 1e15, 1e15 + 1,
    ]

    static let scales: [Axis.Scale] = [.linear, .logarithmic]

    static var all: [any Chart] { lines + dots + lanes }

    /// Each alone, all of one value, and all together, on every scale and in every unit.
    private static var sets: [[Point]] {
        let pairs = values.enumerated().map { Point(x: Double($0.offset), y: $0.element) }
        let turned = values.enumerated().map { Point(x: $0.element, y: Double($0.offset)) }
        return [pairs, turned, [Point(x: 3, y: 3), Point(x: 3, y: 3)], [Point(x: .infinity, y: .infinity)]]
            + values.map { [Point(x: $0, y: $0)] }
    }

    private static var lines: [any Chart] {
        sets.enumerated().flatMap { place, points in
            scales.map { scale in
                let unit = Axis.Unit.allCases[place % Axis.Unit.allCases.count]
                return LineChart(
                    title: "t", description: "d", x: Axis(title: "x", scale: scale, unit: unit),
                    y: Axis(title: "y", scale: scale, unit: unit),
                    series: [
                        Series(
                            name: "s", colour: -3, points: points,
                            band: points.map { BandPoint(x: $0.x, lower: $0.y - 1, upper: $0.y + 1) },
                            style: Series.Style.allCases[place % 4], marks: points),
                        Series(name: "", colour: 99, points: points.reversed()),
                    ],
                    shades: [
                        Shade(from: -.infinity, to: .infinity, label: "all"), Shade(from: 2, to: .nan, label: "none"),
                    ])
            }
        }
    }

    private static var dots: [any Chart] {
        scales.map { scale in
            DotChart(
                title: "t", description: "d", x: Axis(title: "x", scale: scale, unit: .ratio),
                rows: values.map { DotChart.Row(label: "row", value: $0, lower: -$0, upper: .infinity) },
                reference: .nan,
                materiality: Shade(from: .nan, to: 2, label: "m"))
        } + [DotChart(title: "t", description: "d", x: Axis(title: "x"), rows: [])]
    }

    private static var lanes: [any Chart] {
        [
            LaneChart(
                title: "t", description: "d",
                lanes: [
                    LaneChart.Lane(
                        name: "a name that is longer than what there is room for",
                        bars: values.flatMap { from in
                            [
                                LaneChart.Bar(from: from, to: nil, kind: .ok),
                                LaneChart.Bar(from: from, to: 0, kind: .failed),
                            ]
                        }, marks: values.map { LaneChart.Mark(at: $0) }), LaneChart.Lane(name: "empty"),
                ]), LaneChart(title: "t", description: "d", lanes: []),
        ]
    }
}
