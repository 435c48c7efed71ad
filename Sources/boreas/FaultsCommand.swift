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
        guard let name else { return Terminal.result(list) }
        guard let kind = Fault.Kind(rawValue: name) else {
            let mend = Spelling.mend(name, among: Fault.Kind.allCases.map(\.rawValue))
            throw CommandFailure(code: .usage, message: "there is no fault \(name)\(mend)")
        }
        Terminal.result(output.format == .json ? JSONValue.object(Self.document(of: kind)).text : Self.text(of: kind))
    }

    private var list: String {
        let kinds = Fault.Kind.allCases
        guard output.format == .text else {
            return JSONValue.array(kinds.map { .object(Self.document(of: $0)) }).text
        }
        let width = kinds.map(\.rawValue.count).max() ?? 0
        return kinds.map { kind in
            "\(Self.padded(kind.rawValue, width))  \(Self.padded(kind.validity.rawValue, 10))  \(kind.page.summary)"
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
        var lines = ["\(kind.rawValue): \(page.summary)", ""]
        lines += wrapped(page.effect, indent: "")
        if !page.parameters.isEmpty {
            lines += ["", "Parameters"]
            let width = page.parameters.map(\.name.count).max() ?? 0
            for parameter in page.parameters {
                let head = "  \(padded(parameter.name, width))  "
                let body = wrapped(
                    "\(parameter.bounds). \(parameter.meaning.prefix(1).uppercased())\(parameter.meaning.dropFirst()).",
                    indent: String(repeating: " ", count: head.count))
                lines += [head + (body.first ?? "").trimmingPrefix(while: { $0 == " " })] + body.dropFirst()
            }
        }
        let facts = [
            ("Validity", "\(page.validity.rawValue): \(page.validity.meaning)"),
            ("Worlds", worlds(of: kind).joined(separator: ", ")), ("Healthy", page.healthy), ("Broken", page.broken),
            ("Disturbs", page.disturbs),
        ]
        lines.append("")
        for (name, text) in facts {
            let body = wrapped(text, indent: String(repeating: " ", count: 10))
            lines += [padded(name, 10) + (body.first ?? "").trimmingPrefix(while: { $0 == " " })] + body.dropFirst()
        }
        lines += ["", "Example"]
        lines += ["  - name: \(kind.rawValue.lowercased())-1"]
        lines += page.example.split(separator: "\n").map { "    \($0)" }
        return lines.joined(separator: "\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func wrapped(_ text: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = indent
        for word in text.split(whereSeparator: \.isWhitespace) {
            if line.count > indent.count, line.count + word.count + 1 > 100 {
                lines.append(line)
                line = indent
            }
            line += line.count > indent.count ? " \(word)" : "\(word)"
        }
        return lines + [line]
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
