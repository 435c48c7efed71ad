import Kubernetes

/// Reads YAML's plain block style: mappings, lists and scalars, one a line, and JSON in place of a value.
///
/// Anchors, tags, blocks of text, and mappings or lists in braces that are no JSON are refused.
struct BlockText {
    struct Failure: Error, Hashable {
        /// From 1.
        var line: Int
        var why: String
    }

    private struct Line {
        var number: Int
        var indent: Int
        var text: Substring
    }

    /// What is nested deeper is refused: the reader is recursive.
    private static let depthMax = 64

    private var lines: ArraySlice<Line>

    static func value(of text: String) throws(Failure) -> JSONValue {
        var reader = BlockText(lines: try lines(of: text)[...])
        guard let first = reader.lines.first else { return .null }
        let value = try reader.block(indent: first.indent, depth: 0)
        guard let rest = reader.lines.first else { return value }
        throw Failure(line: rest.number, why: "is set in as nothing before it is")
    }

    private init(lines: ArraySlice<Line>) { self.lines = lines }

    private static func lines(of text: String) throws(Failure) -> [Line] {
        var lines: [Line] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = trimmed(withoutComment(line.drop { $0 == " " }))
            guard !content.isEmpty else { continue }
            guard !line.contains("\t"), content != "---", content != "..." else {
                throw Failure(line: index + 1, why: "is not in plain block style")
            }
            lines.append(Line(number: index + 1, indent: line.prefix { $0 == " " }.count, text: content))
        }
        return lines
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// A comment begins with a `#` after a blank, outside quotes.
    private static func withoutComment(_ text: Substring) -> Substring {
        var quote: Character?
        // Quotes within a word are part of it.
        var isAtStart = true
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if isAtStart, character == "'" || character == "\"" {
                quote = character
            } else if character == "#", index == text.startIndex || text[text.index(before: index)] == " " {
                return text[..<index]
            }
            isAtStart = " {[,:".contains(character)
        }
        return text
    }

    // MARK: Blocks

    private mutating func block(indent: Int, depth: Int) throws(Failure) -> JSONValue {
        guard let first = lines.first else { return .null }
        guard depth < Self.depthMax else { throw Failure(line: first.number, why: "is nested too deeply") }
        if first.text == "-" || first.text.hasPrefix("- ") { return try list(indent: indent, depth: depth) }
        guard Self.split(first.text) != nil else {
            lines.removeFirst()
            return try Self.scalar(first.text, first.number)
        }
        return try mapping(indent: indent, depth: depth)
    }

    private mutating func list(indent: Int, depth: Int) throws(Failure) -> JSONValue {
        var elements: [JSONValue] = []
        while let line = lines.first, line.indent == indent, line.text == "-" || line.text.hasPrefix("- ") {
            let rest = line.text.dropFirst().drop { $0 == " " }
            lines.removeFirst()
            guard !rest.isEmpty else {
                elements.append(try nested(within: indent, depth: depth))
                continue
            }
            // What stands behind the dash begins a block of its own, at its own column.
            let column = indent + line.text.count - rest.count
            lines = ([Line(number: line.number, indent: column, text: rest)] + lines)[...]
            elements.append(try block(indent: column, depth: depth + 1))
        }
        return .array(elements)
    }

    private mutating func mapping(indent: Int, depth: Int) throws(Failure) -> JSONValue {
        var members = JSONObject()
        while let line = lines.first, line.indent == indent, !line.text.hasPrefix("- ") {
            guard let (key, rest) = Self.split(line.text) else {
                throw Failure(line: line.number, why: "is no \"key: value\"")
            }
            lines.removeFirst()
            guard case .string(let name) = try Self.scalar(key, line.number, isKey: true), members[name] == nil else {
                throw Failure(line: line.number, why: "has a key that is there already")
            }
            if rest.isEmpty {
                // A list may stand at the column of its key.
                let isList = lines.first.map { $0.indent == indent && $0.text.hasPrefix("-") } ?? false
                members[name] =
                    isList ? try list(indent: indent, depth: depth + 1) : try nested(within: indent, depth: depth)
            } else {
                members[name] = try Self.scalar(rest, line.number)
            }
        }
        return .object(members)
    }

    private mutating func nested(within indent: Int, depth: Int) throws(Failure) -> JSONValue {
        guard let next = lines.first, next.indent > indent else { return .null }
        return try block(indent: next.indent, depth: depth + 1)
    }

    /// The key and the value of a line; nil for a line that has no colon in the right place.
    private static func split(_ text: Substring) -> (key: Substring, rest: Substring)? {
        var key: Substring
        if let quote = text.first, quote == "'" || quote == "\"" {
            guard let end = text.dropFirst().firstIndex(of: quote) else { return nil }
            key = text[...end]
        } else {
            guard text.first != "{", text.first != "[" else { return nil }
            guard
                let end = text.indices.first(where: { index in
                    text[index] == ":"
                        && (text.index(after: index) == text.endIndex || text[text.index(after: index)] == " ")
                })
            else { return nil }
            key = text[..<end]
        }
        let rest = text[key.endIndex...]
        guard rest.first == ":" else { return nil }
        key = trimmed(key)
        return (key, trimmed(rest.dropFirst()))
    }

    // MARK: Scalars

    private static func scalar(_ text: Substring, _ line: Int, isKey: Bool = false) throws(Failure) -> JSONValue {
        guard let first = text.first else { return .null }
        switch first {
        case "'":
            guard text.count > 1, text.last == "'" else { throw Failure(line: line, why: "has an open string") }
            let inner = text.dropFirst().dropLast()
            let parts = inner.split(separator: "''", omittingEmptySubsequences: false)
            guard !parts.contains(where: { $0.contains("'") }) else {
                throw Failure(line: line, why: "has more behind a string")
            }
            return .string(parts.joined(separator: "'"))
        case "\"", "{", "[":
            guard let value = try? JSONValue(parsing: Array(text.utf8)) else {
                throw Failure(line: line, why: "has a value that is no JSON")
            }
            return value
        case "&", "*", "!", "|", ">", "%", "@", "`", "?":
            throw Failure(line: line, why: "has a value that is not in plain block style")
        default: break
        }
        if isKey { return .string(String(text)) }
        switch text {
        case "null", "Null", "NULL", "~": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        guard !text.contains(": "), !text.hasSuffix(":") else {
            throw Failure(line: line, why: "has a value that is not in plain block style")
        }
        // Numbers are what JSON takes for such; all else is text.
        if let value = try? JSONValue(parsing: Array(text.utf8)), value.double != nil { return value }
        return .string(String(text))
    }
}
