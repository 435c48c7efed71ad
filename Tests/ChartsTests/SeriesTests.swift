import Charts
import Foundation
import Testing

struct SeriesTests {
    static let noisy: Series = {
        var points = (0..<5000).map { Point(x: Double($0), y: sin(Double($0))) }
        points[2345].y = 900
        points[4321].y = -900
        var band = (0..<5000).map { BandPoint(x: Double($0), lower: -1, upper: 1) }
        band[77].lower = -50
        band[88].upper = 50
        return Series(name: "n", colour: 0, points: points, band: band)
    }()

    @Test("Thinning keeps the ends, the extremes and the order", arguments: [5, 8, 50, 400])
    func thinning(count: Int) throws {
        let thinned = Self.noisy.thinned(to: count)
        #expect(thinned.points.count <= count && thinned.band.count <= count)
        #expect(thinned.points.first == Self.noisy.points.first && thinned.points.last == Self.noisy.points.last)
        #expect(thinned.points.contains { $0.y == 900 } && thinned.points.contains { $0.y == -900 })
        #expect(thinned.band.contains { $0.lower == -50 } && thinned.band.contains { $0.upper == 50 })
        #expect(zip(thinned.points, thinned.points.dropFirst()).allSatisfy { $0.x < $1.x })
    }

    @Test("What is short stays as it is; a gap stays a gap")
    func gaps() {
        var series = Self.noisy
        #expect(series.thinned(to: 5000) == series)
        series.points[2000].y = Double.nan
        #expect(series.thinned(to: 100).points.contains { $0.y.isNaN })
    }

    @Test("Every series has a note per point; one that never came says so")
    func notes() throws {
        let chart = LineChart(
            title: "t", description: "d", x: Axis(title: "x"), y: Axis(title: "y", unit: .seconds),
            series: (0..<3).map { index in
                Series(
                    name: "policy \(index)", colour: index,
                    points: (0..<10).map {
                        Point(x: Double($0), y: $0 == 9 ? .infinity : 2, note: $0 == 0 ? "first" : "")
                    },
                    band: [BandPoint(x: 3, lower: 1, upper: 4)])
            })
        let document = try SVGDocument(chart.svg(id: "n"))
        let notes = document.all("title").filter { $0.path.last == "hit" }.map {
            $0.text.replacing("\u{A0}", with: " ")
        }
        #expect(notes.count == 30)
        #expect(notes[0] == "policy 0: first" && notes[3] == "policy 0, 3: 2 s (1 s to 4 s)")
        #expect(notes[19] == "policy 1, 9: never")
        #expect(document.all("path").contains { $0.attributes["class"] == "never" })
        #expect(document.all("text").filter { $0.text == "never" }.count == 1)
    }

    @Test("Labels at the ends of lines do not cover one another", arguments: 1...12)
    func labels(count: Int) throws {
        let chart = LineChart(
            title: "t", description: "d", x: Axis(title: "x"), y: Axis(title: "y"),
            series: (0..<count).map { index in
                Series(
                    name: "label-\(index)", colour: index,
                    points: [Point(x: 0, y: 0), Point(x: 1, y: index.isMultiple(of: 3) ? 0 : 10)])
            })
        let texts = try SVGDocument(chart.svg(id: "l")).all("text").filter { $0.text.hasPrefix("label-") }
        #expect(texts.count == count)
        let heights = texts.compactMap { $0.attributes["y"].flatMap(Double.init) }.sorted()
        #expect(zip(heights, heights.dropFirst()).allSatisfy { $1 - $0 >= 15.8 }, "\(heights)")
    }
}
