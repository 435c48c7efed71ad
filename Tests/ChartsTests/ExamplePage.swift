import Charts
import Foundation
import Testing

/// A page of all that charts can draw, made for looking at when `BOREAS_CHARTS_PAGE` names a file.
struct ExamplePage {
    @Test(
        "A page of examples can be written to look at",
        .enabled(if: ProcessInfo.processInfo.environment["BOREAS_CHARTS_PAGE"] != nil))
    func write() throws {
        let path = try #require(ProcessInfo.processInfo.environment["BOREAS_CHARTS_PAGE"])
        for theme in ["light", "dark"] {
            try Self.page(theme: theme).write(
                toFile: path.replacing(".html", with: "-\(theme).html"), atomically: true, encoding: .utf8)
        }
    }

    static func page(theme: String) -> String {
        let sections = Examples.all.enumerated().map { place, chart in
            "<figure><h2>\(chart.title)</h2>\(chart.html(id: "chart-\(place)"))</figure>"
        }
        return """
            <!doctype html><html lang="en" data-theme="\(theme)"><meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1"><title>Charts</title>
            <style>\(ChartPage.stylesheet)
            body{margin:1rem;background:var(--surface);color:var(--text);font:16px/1.5 system-ui,sans-serif}
            figure{margin:0 0 2rem}h2{font-size:1.1rem;margin:.5rem 0}</style>
            \(sections.joined())\(Examples.multiples.html(id: "multiples"))<script>\(ChartPage.script)</script></html>
            """
    }
}
