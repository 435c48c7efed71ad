import Determinism
import Kubernetes

/// Writes documents as YAML that people read and change; ``YAMLDocument`` reads it back.
enum YAMLText {
    /// What is no longer than this goes on one line.
    private static let widthMax = 96

    /// The lines of a mapping, members by name.
    static func block(_ object: JSONObject) -> [String] {
        object.flatMap { key, value -> [String] in
            let name = scalar(key)
            let flow = "\(name): \(self.flow(value))"
            if flow.count <= widthMax { return [flow] }
            switch value {
            case .object(let members): return ["\(name):"] + block(members).map { "  " + $0 }
            case .array(let elements): return ["\(name):"] + elements.flatMap(item).map { "  " + $0 }
            default: return [flow]
            }
        }
    }

    private static func item(_ value: JSONValue) -> [String] {
        let flow = "- \(self.flow(value))"
        guard flow.count > widthMax, case .object(let members) = value else { return [flow] }
        return block(members).enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
    }

    private static func flow(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): scalar(text)
        case .array(let elements): "[\(elements.map(flow).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.map { "\(scalar($0.key)): \(flow($0.value))" }.joined(separator: ", "))}"
        default: value.text
        }
    }

    /// Plain where nothing in it means anything to YAML, else in double quotes, as in JSON.
    private static func scalar(_ text: String) -> String {
        let isWord =
            text.first.map { $0.isASCII && $0.isLetter } == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
            && !["true", "false", "null"].contains(text.lowercased())
        let isDuration = text.first?.isNumber == true && text.last?.isLetter == true && Duration(text: text) != nil
        return isWord || isDuration ? text : JSONValue.string(text).text
    }
}
