/// A regular expression of Go's (RE2's) syntax.
struct GoPattern {
    private let regex: Regex<AnyRegexOutput>

    /// Refuses what Swift would understand and Go does not: look-around, back-references, atomic groups.
    init(_ pattern: String) throws(ExpressionFault) {
        let foreign = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "\\1", "\\2", "\\3", "\\k<"]
        if let part = foreign.first(where: { pattern.contains($0) }) {
            throw ExpressionFault("the pattern \"\(pattern)\" has \"\(part)\", which is not supported")
        }
        do {
            // RE2 matches code points, and of \d, \s and \w only those of ASCII.
            regex = try Regex(pattern).matchingSemantics(.unicodeScalar).anchorsMatchLineEndings(false)
                .asciiOnlyDigits().asciiOnlyWhitespace().asciiOnlyWordCharacters()
        } catch {
            throw ExpressionFault("\"\(pattern)\" is not a regular expression")
        }
    }

    func matches(_ text: String) -> Bool { text.firstMatch(of: regex) != nil }

    func first(in text: String) -> String? { text.firstMatch(of: regex).map { String(text[$0.range]) } }

    func all(in text: String) -> [String] { text.matches(of: regex).map { String(text[$0.range]) } }

    func split(_ text: String, limit: Int) -> [String] {
        guard limit != 0 else { return [] }
        var parts: [String] = []
        var start = text.startIndex
        for match in text.matches(of: regex) where limit < 0 || parts.count < limit - 1 {
            parts.append(String(text[start..<match.range.lowerBound]))
            start = match.range.upperBound
        }
        return parts + [String(text[start...])]
    }

    /// - Parameter template: With `$1` and `${1}` for what groups matched, unless `isLiteral`.
    func replacing(in text: String, with template: String, isLiteral: Bool) -> String {
        text.replacing(regex) { match in
            isLiteral
                ? template
                : Self.expand(template) { group in
                    guard group < match.output.count, let part = match.output[group].substring else { return "" }
                    return String(part)
                }
        }
    }

    private static func expand(_ template: String, group: (Int) -> String) -> String {
        var result = ""
        var rest = Substring(template)
        while let character = rest.popFirst() {
            guard character == "$", let next = rest.first else {
                result.append(character)
                continue
            }
            if next == "$" {
                rest.removeFirst()
                result.append("$")
            } else if next == "{", let end = rest.firstIndex(of: "}") {
                let name = rest[rest.index(after: rest.startIndex)..<end]
                result += Int(name).map(group) ?? ""
                rest = rest[rest.index(after: end)...]
            } else {
                // Go takes the longest run of word characters; a name that is no number stands for nothing.
                let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                rest = rest.dropFirst(name.count)
                result += name.isEmpty ? "$" : Int(name).map(group) ?? ""
            }
        }
        return result
    }
}
