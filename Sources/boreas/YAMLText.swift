import Determinism
import Experiments
import Kubernetes

/// Writes documents as YAML that people read and change; ``YAMLDocument`` reads it back.
enum YAMLText {
    /// What is no longer than this goes on one line.
    private static let widthMax = 96

    /// The lines of a mapping, members by name.
    static func block(_ object: JSONObject) -> [String] { block(DocumentNode(json: .object(object)).members ?? []) }

    /// The lines of a mapping, members in their order.
    static func block(_ members: [DocumentNode.Member]) -> [String] {
        members.flatMap { member -> [String] in
            let name = scalar(member.key)
            if let text = member.value.string, let lines = textBlock(text, after: name) { return lines }
            let flow = "\(name): \(self.flow(member.value))"
            if flow.count <= widthMax { return [flow] }
            switch member.value.content {
            case .mapping(let members): return ["\(name):"] + block(members).map(indented)
            case .sequence(let elements): return ["\(name):"] + elements.flatMap(item).map(indented)
            default: return [flow]
            }
        }
    }

    /// The lines of an element of a list.
    static func item(_ value: DocumentNode) -> [String] {
        let flow = "- \(self.flow(value))"
        guard flow.count > widthMax, case .mapping(let members) = value.content else { return [flow] }
        return block(members).enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
    }

    static func flow(_ value: DocumentNode) -> String {
        switch value.content {
        case .string(let text): scalar(text)
        case .sequence(let elements): "[\(elements.map(flow).joined(separator: ", "))]"
        case .mapping(let members):
            "{\(members.map { "\(scalar($0.key)): \(flow($0.value))" }.joined(separator: ", "))}"
        default: value.json.text
        }
    }

    private static func indented(_ line: String) -> String { line.isEmpty ? "" : "  " + line }

    // MARK: Texts

    /// A text of several lines, or one that is too long for a line, where it can stand without quotes.
    private static func textBlock(_ text: String, after name: String) -> [String]? {
        guard text.unicodeScalars.allSatisfy({ $0 == "\n" || isPrintable($0) }), text.first != " " else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count > 1 else {
            guard "\(name): \(scalar(text))".count > widthMax else { return nil }
            return folded(text).map { ["\(name): >-"] + $0.map(indented) }
        }
        // Line breaks at the end are told by the indicator: one or none.
        guard lines[0] != "", lines.allSatisfy({ $0.isEmpty || $0.contains { $0 != " " } }) else { return nil }
        let isEnded = lines.last == ""
        let rest = isEnded ? Array(lines.dropLast()) : lines
        guard rest.last != "" else { return nil }
        return ["\(name): |\(isEnded ? "" : "-")"] + rest.map(indented)
    }

    /// Lines that YAML joins again with single spaces; nil for a text with others between its words.
    private static func folded(_ text: String) -> [String]? {
        var lines: [String] = []
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if word.isEmpty { return nil }
            if let last = lines.last, last.count + word.count < widthMax {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    /// Plain where nothing in it means anything to YAML, else in double quotes, as in JSON.
    private static func scalar(_ text: String) -> String {
        let isWord =
            text.first.map { $0.isASCII && $0.isLetter } == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
            && !["true", "false", "null"].contains(text.lowercased())
        let isDuration = text.first?.isNumber == true && text.last?.isLetter == true && Duration(text: text) != nil
        return isWord || isDuration ? text : quoted(text)
    }

    /// YAML forbids more characters than JSON does, and takes others for line breaks.
    private static func quoted(_ text: String) -> String {
        JSONValue.string(text).text.unicodeScalars.reduce(into: "") { result, scalar in
            guard !isPrintable(scalar), scalar.value <= 0xFFFF else { return result.unicodeScalars.append(scalar) }
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    /// By https://yaml.org/spec/1.2.2/#51-character-set, without what YAML 1.1 breaks lines at.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E, 0xA0...0x2027, 0x202A...0xFEFE, 0xFF00...0xFFFD, 0x1_0000...: true
        default: false
        }
    }
}
