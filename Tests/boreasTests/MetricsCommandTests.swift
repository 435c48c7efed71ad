import ArgumentParser
import Experiments
import Foundation
import Kubernetes
import Testing

@testable import boreas

struct MetricsCommandTests {
    @Test("the list has every metric once, with its summary, under its group")
    func list() throws {
        let lines = MetricsCommand.list.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for metric in Metric.allCases {
            let places = lines.indices.filter { lines[$0].hasPrefix("\(metric.rawValue) ") }
            let place = try #require(places.first)
            let summary = lines[(place + 1)...].prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }
            #expect(places.count == 1 && summary.joined(separator: " ") == metric.summary)
            let group = lines[..<place].last { line in Metric.Group.allCases.contains { $0.rawValue == line } }
            #expect(group == metric.group.rawValue)
        }
        let heads = lines.count { !$0.hasPrefix(" ") }
        #expect(heads == 1 + Metric.allCases.count + 2 * Metric.Group.allCases.count)
        #expect(lines.allSatisfy { $0.count <= 100 && $0.last != " " })
        // One column below the other.
        let places = Set(
            lines.compactMap { line in
                line.firstRange(of: "  all  ").map { line.distance(from: line.startIndex, to: $0.lowerBound) }
            })
        #expect(places.count == 1)
    }

    @Test("each page has what a gate needs to know, and conditions that a gate takes", arguments: Metric.allCases)
    func page(metric: Metric) throws {
        let text = MetricsCommand.text(of: metric)
        #expect(text.hasPrefix("\(metric.rawValue): "))
        #expect(text.contains("\nUnit      \(metric.unit.text)\n"))
        for dimension in metric.facts.dimensions { #expect(text.contains("\n  \(dimension.rawValue)")) }
        let examples = try #require(text.components(separatedBy: "\nIn a gate\n").last).split(separator: "\n")
        #expect(examples.map { String($0.dropFirst(4)) } == metric.examples)
        for example in metric.examples { _ = try GateExpression(parsing: example) }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 101 })
    }

    @Test(
        "a metric is found by what a condition says of it",
        arguments: [
            "recovery", "p95(recovery)", "median(recovery)", "p99.9(recovery{phase=storm})", "recovery{path=x}",
        ])
    func condition(text: String) throws {
        #expect(try MetricsCommand.metric(in: text) == .recovery)
    }

    @Test("as JSON the catalogue bears its schema, and each metric what the page says")
    func json() throws {
        #expect(MetricsCommand.catalogue["schema"]?.string == "boreas.dev/metrics/v1")
        #expect(MetricsCommand.catalogue["metrics"]?.array?.count == Metric.allCases.count)
        let document = MetricsCommand.document(of: .amplification)
        #expect(document["schema"]?.string == "boreas.dev/metrics/v1")
        #expect(document["unit"]?.string == "ratio" && document["direction"]?.string == "lowerIsBetter")
        let dimensions = try #require(document["dimensions"]?.object)
        #expect(dimensions["core"] == ["kind", "path", "layer", "phase"])
        #expect(dimensions["process"] == ["kind", "layer", "phase"] && dimensions["clients"] == ["phase"])
    }

    @Test("a slip is refused with the nearest name", arguments: ["recoverry", "p95(recoverry)", "recoverry{path=x}"])
    func slip(text: String) throws {
        let command = try MetricsCommand.parse([text])
        let failure = #expect(throws: CommandFailure.self) { try command.run() }
        #expect(failure?.message == "there is no metric recoverry; did you mean recovery?")
        #expect(failure?.code == .usage)
    }
}
