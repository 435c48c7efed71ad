import Charts
import Testing

struct SmallMultiplesTests {
    @Test("Small multiples show the same axes, whatever each of them would need")
    func extents() throws {
        let charts = [1.0, 40, 7].map { top in
            LineChart(
                title: "\(top)", description: "d", x: Axis(title: "x"), y: Axis(title: "y"),
                series: [Series(name: "s", colour: 0, points: [Point(x: 0, y: 0), Point(x: top, y: top)])])
        }
        let multiples = SmallMultiples(charts)
        #expect(multiples.charts.allSatisfy { $0.xExtent == Extent(0, 40) && $0.yExtent == Extent(0, 40) })
        let document = try SVGDocument(multiples.html(id: "m"))
        #expect(document.all("figcaption").map(\.text) == ["1.0", "40.0", "7.0"])
        #expect(document.all("svg").map { $0.attributes["class"] } == ["plot narrow", "plot narrow", "plot narrow"])
        #expect(Set(document.elements.compactMap { $0.attributes["id"] }).count == 9)
    }

    @Test("Without charts there is no extent") func none() {
        #expect(SmallMultiples.common([nil, nil]) == nil)
        #expect(SmallMultiples.common([nil, Extent(1, 2), Extent(0, 1)]) == Extent(0, 2))
    }
}
