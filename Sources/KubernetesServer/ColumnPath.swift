import Kubernetes

/// The simple JSONPath of a custom resource's printer column: `.spec.cron`, `.status.conditions[0].type`,
/// `.metadata.labels['app']`, `.status.conditions[?(@.type=="Ready")].status`.
struct ColumnPath: Hashable {
    private enum Step: Hashable {
        case member(String)
        case index(Int)
        case filter(path: [String], value: String)
    }

    private var steps: [Step] = []

    /// Nil for a path in a form that printer columns do not have.
    init?(_ text: String) {
        var rest = text[...]
        while let first = rest.first {
            rest.removeFirst()
            switch first {
            case ".": steps.append(.member(Self.name(&rest)))
            case "[":
                guard let end = rest.firstIndex(of: "]"), let step = Self.step(rest[..<end]) else { return nil }
                steps.append(step)
                rest = rest[rest.index(after: end)...]
            default: return nil
            }
        }
    }

    /// The first value at the path; nil where there is none.
    func value(in object: JSONObject) -> JSONValue? {
        steps.reduce(JSONValue.object(object)) { value, step in
            switch step {
            case .member(let name): value?.object?[name]
            case .index(let index):
                value?.array.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            case .filter(let path, let wanted):
                value?.array?.first { $0.object?.value(at: path)?.string == wanted }
            }
        }
    }

    private static func name(_ rest: inout Substring) -> String {
        var name = ""
        while let character = rest.first, character != ".", character != "[" {
            rest.removeFirst()
            // A dot inside a name is written `\.`.
            if character == "\\", let escaped = rest.popFirst() { name.append(escaped) } else { name.append(character) }
        }
        return name
    }

    private static func step(_ text: Substring) -> Step? {
        if let index = Int(text) { return .index(index) }
        if let name = unquoted(text) { return .member(name) }
        guard text.hasPrefix("?(@."), text.hasSuffix(")") else { return nil }
        let condition = text.dropFirst(4).dropLast().filter { $0 != " " }
        let sides = condition.split(separator: "=", omittingEmptySubsequences: true)
        guard sides.count == 2, let value = unquoted(sides[1]) else { return nil }
        return .filter(path: sides[0].split(separator: ".").map(String.init), value: value)
    }

    private static func unquoted(_ text: some StringProtocol) -> String? {
        guard text.count >= 2, let quote = text.first, quote == "'" || quote == "\"", text.last == quote
        else { return nil }
        return String(text.dropFirst().dropLast())
    }
}
