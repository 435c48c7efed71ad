import ArgumentParser
import Experiments
import Faults
import Kubernetes

struct FaultsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults",
        abstract: "Lists the faults that rules may name, or tells all about one.",
        discussion: """
            A fault is conformant where a correct API server on a correct network may do it, degraded where an \
            overloaded or half broken one may, byzantine where only a bug does.
            """)

    @Argument(help: "Tell all about this fault.")
    var name: String?

    @OptionGroup
    var output: OutputOptions

    func run() throws {
        guard let name else { return Terminal.result(output.format == .json ? Self.catalogue.text : Self.list) }
        guard let kind = Fault.Kind(rawValue: name) else {
            let mend = Spelling.mend(name, among: Fault.Kind.allCases.map(\.rawValue))
            throw CommandFailure(code: .usage, message: "there is no fault \(name)\(mend)")
        }
        Terminal.result(output.format == .json ? JSONValue.object(Self.document(of: kind)).text : Self.text(of: kind))
    }

    private static var catalogue: JSONValue { .array(Fault.Kind.allCases.map { .object(document(of: $0)) }) }

    static var list: String {
        let kinds = Fault.Kind.allCases
        let width = kinds.map(\.rawValue.count).max() ?? 0
        return kinds.flatMap { kind in
            let name = TextColumns.padded(kind.rawValue, width + 2) + TextColumns.padded(kind.validity.rawValue, 12)
            return TextColumns.entry(name, kind.page.summary, width: name.count)
        }
        .joined(separator: "\n")
    }

    static func document(of kind: Fault.Kind) -> JSONObject {
        let page = kind.page
        return [
            "name": .string(kind.rawValue), "validity": .string(page.validity.rawValue),
            "realm": .string(kind.realm.rawValue), "worlds": .array(worlds(of: kind).map { .string($0) }),
            "summary": .string(page.summary), "effect": .string(page.effect), "healthy": .string(page.healthy),
            "broken": .string(page.broken), "disturbs": .string(page.disturbs), "example": .string(page.example),
            "parameters": .array(
                page.parameters.map {
                    ["name": .string($0.name), "bounds": .string($0.bounds), "meaning": .string($0.meaning)]
                }),
        ]
    }

    static func worlds(of kind: Fault.Kind) -> [String] {
        var worlds: [String] = []
        if !kind.needsSockets { worlds.append("simulated") }
        if !kind.needsSimulation { worlds.append("embedded") }
        if !kind.needsSimulation, kind != .serverRestart { worlds.append("cluster") }
        return worlds
    }

    static func text(of kind: Fault.Kind) -> String {
        let page = kind.page
        var lines = TextColumns.wrapped("\(kind.rawValue): \(page.summary)") + [""]
        lines += TextColumns.wrapped(page.effect)
        if !page.parameters.isEmpty {
            lines += ["", "Parameters"]
            let width = page.parameters.map(\.name.count).max() ?? 0
            for parameter in page.parameters {
                let meaning = "\(parameter.meaning.prefix(1).uppercased())\(parameter.meaning.dropFirst())."
                lines += TextColumns.entry(
                    parameter.name, "\(parameter.bounds). \(meaning)", width: width + 2, indent: 2)
            }
        }
        let facts = [
            ("Validity", "\(page.validity.rawValue): \(page.validity.meaning)"),
            ("Worlds", worlds(of: kind).joined(separator: ", ")), ("Healthy", page.healthy), ("Broken", page.broken),
            ("Disturbs", page.disturbs),
        ]
        lines.append("")
        lines += facts.flatMap { TextColumns.entry($0.0, $0.1, width: 10) }
        lines += ["", "Example"]
        lines += ["  - name: \(kind.rawValue.lowercased())-1"]
        lines += page.example.split(separator: "\n").map { "    \($0)" }
        return lines.joined(separator: "\n")
    }
}

extension Fault.Validity {
    fileprivate var meaning: String {
        switch self {
        case .conformant: "a correct API server on a correct network may do this"
        case .degraded: "a server may do this when it is overloaded or half broken"
        case .byzantine: "only a bug does this"
        }
    }
}
