import Charts
import Testing

struct ChartPageTests {
    @Test(
        "Stylesheet and script stand in a page as they are and load nothing",
        arguments: [ChartPage.stylesheet, ChartPage.script])
    func selfContained(text: String) {
        #expect(!text.contains("</") && !text.contains("//#") && !text.contains("http") && !text.contains("url("))
        #expect(!text.contains("eval(") && !text.contains("innerHTML") && !text.contains("@import"))
        #expect(!text.contains("onclick") && !text.contains("Function("))
        #expect(text.filter { $0 == "{" }.count == text.filter { $0 == "}" }.count)
    }

    @Test("The stylesheet has every property, for light and for dark paper, and dark is for screens only")
    func properties() {
        let names =
            (0..<8).map { "series-\($0)" } + LaneChart.Kind.allCases.map(\.rawValue)
            + ["grid", "axis", "shade", "band-opacity", "surface", "text"]
        for name in names {
            #expect(ChartPage.stylesheet.ranges(of: "--\(name):").count >= 3, "\(name)")
        }
        #expect(ChartPage.stylesheet.contains("@media screen{:root[data-theme=dark]"))
        #expect(ChartPage.stylesheet.contains("@media print"))
    }

    @Test("Every class that is drawn is styled") func classes() throws {
        let known = Set(
            ChartPage.stylesheet.matches(of: /\.([a-z][a-z0-9-]*)/).map { String($0.output.1) }
        )
        .union(["wide", "hits", "lines", "whiskers", "row", "chart-grid"])
        for chart in ChartTests.everything {
            for element in try SVGDocument(chart.svg(id: "k")).elements {
                for name in (element.attributes["class"] ?? "").split(separator: " ") {
                    #expect(known.contains(String(name)), "\(name)")
                }
            }
        }
    }
}
