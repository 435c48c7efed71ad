import Charts
import Foundation

/// Charts of the kinds that the report has, with numbers made from formulas.
enum Examples {
    static let policies = [
        "argo default", "exponential", "full jitter", "equal jitter", "decorrelated jitter", "no backoff",
    ]

    static var all: [any Chart] {
        [survival, completion, contention, goodput, forest, timeline, empty]
    }

    /// Success against outage length, with bands.
    static let survival = LineChart(
        title: "Success against outage length",
        description: "Policies with jitter keep their success up to outages of four minutes.",
        x: Axis(title: "Outage length", unit: .seconds), y: Axis(title: "Operations that succeeded", unit: .percent),
        series: policies.enumerated().map { index, name in
            let points = stride(from: 0.0, through: 300, by: 25).map { outage in
                Point(x: outage, y: 1 / (1 + exp((outage - 60 - Double(index) * 38) / 22)))
            }
            return Series(
                name: name, colour: index, points: points,
                band: points.map {
                    BandPoint(x: $0.x, lower: max(0, $0.y - 0.05), upper: min(1, $0.y + 0.04))
                })
        })

    /// Kaplan-Meier curves with censoring; one policy never comes back.
    static let completion = LineChart(
        title: "Recovery after the storm", description: "Half of the trials recover within 12 s with full jitter.",
        x: Axis(title: "Time since the storm ended", unit: .seconds),
        y: Axis(title: "Trials not yet recovered", unit: .percent),
        series: policies.prefix(3).enumerated().map { index, name in
            let rate = 0.012 * Double(index + 1)
            let points = (0...60).map {
                Point(x: Double($0) * 2, y: exp(-rate * Double($0) * 2 * (1 + sin(Double($0)) / 40)))
            }
            return Series(
                name: name, colour: index, points: points,
                band: index == 1
                    ? [] : points.map { BandPoint(x: $0.x, lower: max(0, $0.y - 0.06), upper: min(1, $0.y + 0.06)) },
                style: .step, marks: [30.0, 62, 90].map { Point(x: $0, y: exp(-rate * $0), note: "censored") })
        })

    /// Completion against contention, as AWS plots it, with a logarithmic y axis.
    static let contention = LineChart(
        title: "Completion time against contention", description: "Without jitter the time grows thirteenfold.",
        x: Axis(title: "Clients", extent: Extent(0, 100)),
        y: Axis(title: "Time until all are done", scale: .logarithmic, unit: .seconds),
        series: policies.enumerated().map { index, name in
            Series(
                name: name, colour: index,
                points: stride(from: 10.0, through: 100, by: 10).map {
                    Point(
                        x: $0, y: index == 1 && $0 > 80 ? .infinity : 0.05 * pow($0, 1.9 - 0.22 * Double(index)))
                })
        })

    /// Attempts over time with the storm's shade: long, noisy series.
    static let goodput = LineChart(
        title: "Attempts against the storm", description: "Attempts triple in the storm and fall back after it.",
        x: Axis(title: "Time", unit: .seconds), y: Axis(title: "Attempts per second"),
        series: ["offered", "attempts", "goodput"].enumerated().map { index, name in
            Series(
                name: name, colour: index,
                points: (0..<1800).map { tick in
                    let time = Double(tick) / 10
                    let storm = time > 60 && time < 120
                    let level = [100.0, storm ? 310 : 110, storm ? 40 : 96][index]
                    return Point(x: time, y: level + 12 * sin(time * 1.7 + Double(index)) + Double((tick * 7919) % 23))
                })
        },
        shades: [Shade(from: 60, to: 120, label: "storm")])

    static let forest = DotChart(
        title: "Differences to the baseline", description: "Only amplification differs by more than matters.",
        x: Axis(title: "Ratio to argo default", scale: .logarithmic, unit: .ratio),
        rows: policies.dropFirst().prefix(3).enumerated().flatMap { index, name in
            ["success rate", "attempts per operation", "p99 completion time", "time to drain"].enumerated().map {
                place, metric in
                let value = exp(Double(place - 1) * 0.28 * Double(index + 1) / 2)
                return DotChart.Row(
                    group: name, label: metric, value: value, lower: place == 3 ? 0 : value * 0.86,
                    upper: index == 2 && place == 3 ? .infinity : value * 1.15, colour: index + 1)
            }
        }, reference: 1, materiality: Shade(from: 0.95, to: 1.05, label: "no matter"))

    /// Hundreds of bars in lanes.
    static let timeline = LaneChart(
        title: "One trial", description: "Operations wait through the storm and come back with it over.",
        lanes: (0..<8).map { lane in
            var bars: [LaneChart.Bar] = []
            var time = Double(lane) * 3
            var count = 0
            while time < 170 {
                let storm = time > 60 && time < 120
                let length = 0.8 + Double((count * 37 + lane * 11) % 10) / 6
                bars.append(
                    .init(
                        from: time, to: time + length, kind: storm ? .failed : .ok,
                        note: storm ? "PATCH 503" : "PATCH 200"))
                if storm {
                    bars.append(.init(from: time + length, to: time + length + 4, kind: .wait, note: "backoff"))
                }
                if count.isMultiple(of: 9) {
                    bars.append(.init(from: time, to: time + 5, kind: .lock, note: "semaphore"))
                }
                time += length + (storm ? 4 : 1.2)
                count += 1
            }
            return LaneChart.Lane(name: "workflow-\(lane + 1)", bars: bars)
        } + [
            LaneChart.Lane(
                name: "faults", bars: [.init(from: 60, to: 120, kind: .fault, note: "503 to all writes")],
                marks: [.init(at: 75, note: "connection reset"), .init(at: 101, note: "etcd leader lost")]),
            LaneChart.Lane(name: "controller", bars: [.init(from: 20, to: nil, kind: .neutral, note: "leads")]),
        ],
        shades: [
            Shade(from: 60, to: 120, label: "storm")
        ])

    static let empty = LineChart(
        title: "Nothing", description: "Nothing was measured.", x: Axis(title: "x"), y: Axis(title: "y"), series: [])

    static let multiples = SmallMultiples(
        policies.prefix(3).enumerated().map { index, name in
            LineChart(
                title: name, description: "Calls over time with \(name).", x: Axis(title: "Time", unit: .seconds),
                y: Axis(title: "Calls per 100 ms"),
                series: [
                    Series(
                        name: "", colour: index,
                        points: (0..<100).map {
                            Point(
                                x: Double($0) / 10,
                                y: (Double(40 - 10 * index) * pow(sin(Double($0) / (6 - Double(index))), 2)).rounded())
                        }, style: .step)
                ])
        })
}
