import Charts
import Foundation
import Testing

/// What holds for every chart, whatever it is fed.
struct ChartTests {
    static let everything: [any Chart] = Examples.all + Awkward.all

    static let cases = everything.indices.flatMap { place in ChartWidth.allCases.map { (place, $0) } }

    @Test("A picture is well-formed, titled, described and of numbers that are numbers", arguments: cases)
    func wellFormed(place: Int, width: ChartWidth) throws {
        let chart = Self.everything[place]
        let document = try SVGDocument(chart.svg(id: "a b&c", width: width))
        let root = try #require(document.elements.first)
        #expect(root.name == "svg" && root.attributes["role"] == "img" && root.attributes["viewBox"] != nil)
        #expect(root.attributes["aria-labelledby"] == "a-b-c-title a-b-c-desc")
        #expect(document.elements.first { $0.attributes["id"] == "a-b-c-title" }?.text == chart.title)
        let description = document.elements.first { $0.attributes["id"] == "a-b-c-desc" }?.text
        #expect(description?.hasPrefix(chart.description) == true)
        let words = ["nan", "inf"]
        for element in document.elements {
            for (name, value) in element.attributes where !["class", "data-name", "id"].contains(name) {
                #expect(!words.contains { value.lowercased().contains($0) }, "\(element.name) \(name)=\(value)")
                #expect(name != "style" && name != "fill" && name != "stroke" && !name.hasPrefix("on"))
            }
            if ["text", "title"].contains(element.name), !element.path.isEmpty, place < Examples.all.count {
                #expect(!words.contains(element.text.lowercased()))
                #expect(!element.text.contains("nan") && !element.text.contains("inf"))
            }
        }
    }

    @Test("Coordinates have one decimal at most and stay near the paper", arguments: cases)
    func coordinates(place: Int, width: ChartWidth) throws {
        let document = try SVGDocument(Self.everything[place].svg(id: "c", width: width))
        let box = try #require(document.elements.first?.attributes["viewBox"]).split(separator: " ").compactMap {
            Double($0)
        }
        for path in document.all("path") {
            let data = path.attributes["d"] ?? ""
            #expect(data.firstMatch(of: /\.\d\d/) == nil, "\(data.prefix(100))")
        }
        for text in document.all("text") {
            let x = try #require(Double(text.attributes["x"] ?? "")),
                y = try #require(Double(text.attributes["y"] ?? ""))
            #expect(x >= -1 && x <= box[2] + 1 && y >= 0 && y <= box[3], "\(text.text) at \(x), \(y) of \(box)")
        }
        for hit in document.all("circle") {
            let x = try #require(Double(hit.attributes["cx"] ?? "")),
                y = try #require(Double(hit.attributes["cy"] ?? ""))
            #expect(x >= 0 && x <= box[2] && y >= 0 && y <= box[3])
        }
    }

    @Test("Equal charts give equal bytes", arguments: cases) func determinism(place: Int, width: ChartWidth) {
        let chart = Self.everything[place]
        #expect(chart.svg(id: "d", width: width) == chart.svg(id: "d", width: width))
    }

    @Test("What has a note says something", arguments: cases) func notes(place: Int, width: ChartWidth) throws {
        let document = try SVGDocument(Self.everything[place].svg(id: "n", width: width))
        let hits = document.elements.filter { ($0.attributes["class"] ?? "").split(separator: " ").contains("hit") }
        let notes = document.all("title").filter { $0.path.last?.split(separator: " ").contains("hit") == true }
        #expect(notes.count == hits.count && notes.allSatisfy { !$0.text.isEmpty })
        #expect(hits.allSatisfy { $0.path.contains { $0.hasPrefix("hits") } })
    }

    @Test("Markup in names stays text")
    func escaping() throws {
        // A mark that joins a quote makes one character of both, and the quote is still one.
        let evil = "<script>alert('&\"')</script>\u{0}\u{1B}\"\u{301}<\u{301}"
        let chart = LineChart(
            title: evil, description: evil, x: Axis(title: evil), y: Axis(title: evil),
            series: [Series(name: evil, colour: 0, points: [Point(x: 0, y: 1, note: evil), Point(x: 1, y: 2)])],
            shades: [Shade(from: 0, to: 1, label: evil)])
        for width in ChartWidth.allCases {
            let text = chart.svg(id: evil, width: width)
            #expect(!text.contains("<script") && !text.contains("\u{0}"))
            let document = try SVGDocument(text)
            #expect(document.all("script").isEmpty)
            #expect(document.all("g").contains { $0.attributes["data-name"]?.hasSuffix("\"\u{301}<\u{301}") == true })
        }
    }

    @Test("A chart without data says so", arguments: [[], [Point(x: .nan, y: 1)], [Point(x: 1, y: .nan)]])
    func noData(points: [Point]) throws {
        let chart = LineChart(
            title: "t", description: "d", x: Axis(title: "x"), y: Axis(title: "y"),
            series: [Series(name: "s", colour: 0, points: points)])
        #expect(try SVGDocument(chart.svg(id: "e")).all("text").map(\.text) == ["no data"])
        #expect(chart.xExtent == nil && chart.yExtent == nil)
    }

    @Test("Both widths of a chart stand in one box, with ids of their own") func html() throws {
        let document = try SVGDocument(Examples.survival.html(id: "both"))
        let ids = document.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        #expect(document.all("svg").map { $0.attributes["class"] } == ["plot wide", "plot narrow"])
        #expect(document.elements.first?.attributes["class"] == "chart")
    }

    @Test("A page of thirty full charts stays under three megabytes") func size() {
        let full = LineChart(
            title: "Full", description: "Full.", x: Axis(title: "Time", unit: .seconds), y: Axis(title: "Rate"),
            series: (0..<6).map { index in
                let points = (0..<5000).map {
                    Point(x: Double($0) / 10, y: 50 + 40 * sin(Double($0 * (index + 3)) / 170))
                }
                return Series(
                    name: "policy \(index)", colour: index, points: points,
                    band: points.map { BandPoint(x: $0.x, lower: $0.y - 5, upper: $0.y + 5) })
            })
        #expect(full.html(id: "f").utf8.count < 100_000, "\(full.html(id: "f").utf8.count)")
    }
}
