import Charts
import Testing

struct LaneChartTests {
    struct Bar {
        var left: Double
        var right: Double
        var top: Double
        var bottom: Double
    }

    @Test("Bars that overlap in time do not overlap on paper", arguments: [3, 40, 400])
    func packing(count: Int) throws {
        let bars = (0..<count).map { index in
            let from = Double((index * 7919) % 300)
            return LaneChart.Bar(
                from: from, to: from + 2 + Double(index % 17), kind: LaneChart.Kind.allCases[index % 6])
        }
        let chart = LaneChart(title: "t", description: "d", lanes: [LaneChart.Lane(name: "l", bars: bars)])
        let document = try SVGDocument(chart.svg(id: "p"))
        let drawn = document.all("rect").filter { $0.attributes["class"]?.hasPrefix("hit bar") == true }.map {
            element in
            let number: (String) -> Double = { Double(element.attributes[$0] ?? "") ?? .nan }
            let x = number("x"), y = number("y")
            return Bar(left: x, right: x + number("width"), top: y, bottom: y + number("height"))
        }
        #expect(drawn.count == count)
        for (place, bar) in drawn.enumerated() {
            for other in drawn.dropFirst(place + 1) where bar.top < other.bottom && other.top < bar.bottom {
                #expect(min(bar.right, other.right) - max(bar.left, other.left) <= 0.8)
            }
        }
    }

    @Test("A bar tells when, how long, where and what; one that has not ended says so")
    func notes() throws {
        let lane = LaneChart.Lane(
            name: "w", bars: [.init(from: 1, to: 3, kind: .ok, note: "PATCH"), .init(from: 2, to: nil, kind: .lock)],
            marks: [.init(at: 2, note: "reset")])
        let chart = LaneChart(title: "t", description: "d", lanes: [lane])
        let notes = try SVGDocument(chart.svg(id: "p")).all("title").dropFirst().map {
            $0.text.replacing("\u{A0}", with: " ")
        }
        #expect(notes == ["1 s to 3 s (2 s), w: PATCH", "2 s on, not ended, w: lock", "2 s, w: reset"])
        #expect(chart.legend.map(\.name) == ["ok", "fault", "lock"])
    }
}
