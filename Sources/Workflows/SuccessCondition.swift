/// The part of Argo's `successCondition` that is understood: comparisons of `response.statusCode` and `response.body`
/// with a number or a string, joined by `&&` and `||`.
package struct SuccessCondition: Hashable, Sendable {
    package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        package var expression: String
        package var part: String

        package var description: String {
            "unsupported successCondition \"\(expression)\": \"\(part)\" is not a comparison of response.statusCode or "
                + "response.body with a literal"
        }
    }

    private enum Comparison: String, CaseIterable {
        // Longer operators first: `<=` begins with `<`.
        case equal = "=="
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case contains = " contains "
        case below = "<"
        case above = ">"
    }

    private struct Term: Hashable, Sendable {
        var comparison: Comparison
        var isAboutBody: Bool
        var literal: String
        var number: Int?
    }

    /// A disjunction of conjunctions.
    private let alternatives: [[Term]]

    package init(_ expression: String) throws(ParseError) {
        var alternatives: [[Term]] = []
        for alternative in Self.split(expression, at: "||") {
            var terms: [Term] = []
            for part in Self.split(alternative, at: "&&") {
                guard let term = Self.term(part) else {
                    throw ParseError(expression: expression, part: Self.trimmed(part))
                }
                terms.append(term)
            }
            alternatives.append(terms)
        }
        self.alternatives = alternatives
    }

    package func holds(statusCode: Int, body: String) -> Bool {
        alternatives.contains { $0.allSatisfy { Self.holds($0, statusCode, body) } }
    }

    private static func term(_ part: String) -> Term? {
        for comparison in Comparison.allCases {
            let sides = split(part, at: comparison.rawValue)
            guard sides.count == 2 else { continue }
            let (left, right) = (trimmed(sides[0]), trimmed(sides[1]))
            switch left {
            case "response.statusCode":
                guard comparison != .contains, let number = Int(right) else { return nil }
                return Term(comparison: comparison, isAboutBody: false, literal: right, number: number)
            case "response.body":
                guard [.equal, .notEqual, .contains].contains(comparison), let text = unquoted(right) else {
                    return nil
                }
                return Term(comparison: comparison, isAboutBody: true, literal: text, number: nil)
            default: return nil
            }
        }
        return nil
    }

    private static func holds(_ term: Term, _ statusCode: Int, _ body: String) -> Bool {
        guard let number = term.number else {
            return switch term.comparison {
            case .contains: body.contains(term.literal)
            case .notEqual: body != term.literal
            case .equal, .atMost, .atLeast, .below, .above: body == term.literal
            }
        }
        return switch term.comparison {
        case .equal: statusCode == number
        case .notEqual: statusCode != number
        case .atMost: statusCode <= number
        case .atLeast: statusCode >= number
        case .below: statusCode < number
        case .above: statusCode > number
        case .contains: false
        }
    }

    private static func unquoted(_ text: String) -> String? {
        guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'", text.last == quote else {
            return nil
        }
        let inner = String(text.dropFirst().dropLast())
        return inner.contains(quote) || inner.contains("\\") ? nil : inner
    }

    /// Splits outside of quotes.
    private static func split(_ text: String, at separator: String) -> [String] {
        var parts = [""]
        var quote: Character?
        var rest = Substring(text)
        while let next = rest.first {
            if quote == nil, rest.hasPrefix(separator) {
                parts.append("")
                rest = rest.dropFirst(separator.count)
                continue
            }
            if quote == next { quote = nil } else if quote == nil, next == "\"" || next == "'" { quote = next }
            parts[parts.count - 1].append(next)
            rest = rest.dropFirst()
        }
        return parts
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
