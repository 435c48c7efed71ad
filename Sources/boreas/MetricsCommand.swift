import ArgumentParser
import Experiments
import Kubernetes

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Lists the metrics that gates may name, or tells all about one.",
        discussion: """
            A gate names a metric (amplification <= 1.3), a part of one in braces (attempts{phase=storm} <= 400), and of \
            one with many values a quantile: p95(recovery) <= 30s.
            """)

    @Argument(help: "Tell all about this metric.")
    var name: String?

    @OptionGroup
    var output: OutputOptions

    func run() throws {
        guard let name else {
            return Terminal.result(output.format == .json ? JSONValue.object(Self.catalogue).text : Self.list)
        }
        let metric = try Self.metric(in: name)
        Terminal.result(
            output.format == .json ? JSONValue.object(Self.document(of: metric)).text : Self.text(of: metric))
    }

    /// The metric that a condition names, be it a part or a quantile of it: `p95(recovery)`, `attempts{phase=storm}`.
    ///
    /// - Throws: ``CommandFailure`` with the nearest name that there is.
    static func metric(in text: String) throws -> Metric {
        let inner = text.last == ")" ? text.drop { $0 != "(" }.dropFirst().dropLast() : text[...]
        let name = String(inner.prefix { $0 != "{" })
        guard let metric = Metric(rawValue: name) else {
            let mend = Spelling.mend(name, among: Metric.allCases.map(\.rawValue))
            throw CommandFailure(code: .usage, message: "there is no metric \(name)\(mend)")
        }
        return metric
    }

    // The list.

    static var list: String {
        let metrics = Metric.allCases
        let columns: [(title: String, text: (Metric) -> String)] = [
            ("metric", \.rawValue), ("unit", \.unit.text), ("better", \.direction.text), ("of", subjects),
            ("told apart by", dimensions),
        ]
        let widths = columns.map { column in
            max(column.title.count, metrics.map { column.text($0).count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let last = cells.last ?? ""
            return zip(cells.dropLast(), widths).map { TextColumns.padded($0, $1 + 2) }.joined() + last
        }
        let groups = Metric.Group.allCases.flatMap { group in
            ["", group.rawValue]
                + metrics.filter { $0.group == group }.flatMap { metric in
                    [line(columns.map { $0.text(metric) })] + TextColumns.wrapped(metric.summary, indent: 4)
                }
        }
        return ([line(columns.map(\.title))] + groups).joined(separator: "\n")
    }

    private static func subjects(of metric: Metric) -> String {
        let names = Metric.Subject.allCases.filter { metric.facts.subjects.contains($0) }.map(\.shortName)
        return names.count == Metric.Subject.allCases.count ? "all" : names.joined(separator: ", ")
    }

    private static func dimensions(of metric: Metric) -> String {
        let names = metric.facts.dimensions.map(\.rawValue)
        return names.isEmpty ? "-" : names.joined(separator: ", ")
    }

    // One metric.

    static func text(of metric: Metric) -> String {
        var facts = [
            ("Unit", metric.unit.text), ("Better", metric.direction.text),
            ("Of", metric.facts.subjects.sortedNames.joined(separator: ", ")),
            ("Sample", "n counts \(metric.sampleUnit)"), ("Estimate", metric.estimate),
        ]
        if let ratio = metric.ratio {
            facts.append(("Made of", "\(ratio.numerator.rawValue), of \(ratio.denominator.rawValue)"))
        }
        if !metric.absence.isEmpty { facts.append(("Absent", metric.absence)) }
        var lines = TextColumns.wrapped("\(metric.rawValue): \(metric.summary)") + [""]
        lines += facts.flatMap { TextColumns.entry($0.0, $0.1, width: 10) }
        if !metric.facts.dimensions.isEmpty {
            lines += ["", "Told apart by"]
            for dimension in metric.facts.dimensions {
                let owners = Metric.Subject.allCases.filter {
                    metric.facts.subjects.contains($0) && metric.dimensions(of: $0).contains(dimension)
                }
                let limits =
                    owners.count == metric.facts.subjects.count
                    ? "" : " (\(owners.map(\.name).joined(separator: ", ")) alone)"
                lines += TextColumns.entry(
                    dimension.rawValue, dimension.meaning + limits, width: 10, indent: 2)
            }
        }
        return (lines + ["", "In a gate"] + metric.examples.map { "  - \($0)" }).joined(separator: "\n")
    }

    static func document(of metric: Metric) -> JSONObject {
        var document = entry(of: metric)
        document["schema"] = .string(schema)
        return document
    }

    static var catalogue: JSONObject {
        ["schema": .string(schema), "metrics": .array(Metric.allCases.map { .object(entry(of: $0)) })]
    }

    private static let schema = "boreas.dev/metrics/v1"

    private static func entry(of metric: Metric) -> JSONObject {
        func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
        let subjects = Metric.Subject.allCases.filter { metric.facts.subjects.contains($0) }
        let dimensions = subjects.map { subject in
            (subject.rawValue, texts(metric.dimensions(of: subject).map(\.rawValue)))
        }
        return [
            "name": .string(metric.rawValue), "group": .string(metric.group.rawValue),
            "summary": .string(metric.summary), "kind": .string(metric.kind.rawValue),
            "unit": .string(metric.unit.rawValue), "direction": .string(metric.direction.rawValue),
            "sampleUnit": .string(metric.sampleUnit), "estimate": .string(metric.estimate),
            "absence": .string(metric.absence), "subjects": texts(subjects.map(\.rawValue)),
            "dimensions": .object(JSONObject(uniqueKeysWithValues: dimensions)), "examples": texts(metric.examples),
        ]
    }
}

extension Metric.Subject {
    fileprivate var shortName: String {
        switch self {
        case .core: "controller"
        case .process: "process"
        case .clients: "clients"
        }
    }
}

extension Set<Metric.Subject> {
    fileprivate var sortedNames: [String] { Metric.Subject.allCases.filter(contains).map(\.name) }
}
