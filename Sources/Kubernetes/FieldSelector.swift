/// Which objects a list or watch selects by a few of their fields: `status.phase!=Failed,spec.nodeName=n1`.
/// https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
package struct FieldSelector: Hashable, Sendable {
    package struct Requirement: Hashable, Sendable {
        package var field: String
        package var isEqual: Bool
        package var value: String
    }

    package var requirements: [Requirement]

    /// The words that an API server refuses the selector with.
    package struct ParseError: Error, Hashable {
        package var message: String
    }

    package init(parsing text: String) throws(ParseError) {
        var requirements: [Requirement] = []
        for term in Self.terms(of: text).sorted() where !term.isEmpty {
            guard let (field, isEqual, value) = Self.split(term) else {
                throw ParseError(message: "invalid selector: '\(text)'; can't understand '\(term)'")
            }
            requirements.append(Requirement(field: field, isEqual: isEqual, value: try Self.unescape(value)))
        }
        self.requirements = requirements
    }

    /// - Parameter value: Gives an object's field; absent ones are empty.
    package func matches(_ value: (String) -> String) -> Bool {
        requirements.allSatisfy { (value($0.field) == $0.value) == $0.isEqual }
    }

    /// The value that a field must have, where the selector asks for one.
    package func required(_ field: String) -> String? { requirements.first { $0.isEqual && $0.field == field }?.value }

    /// Splits at the commas that no backslash precedes.
    private static func terms(of text: String) -> [String] {
        var terms = [""]
        var isEscaped = false
        for character in text {
            if !isEscaped, character == "," {
                terms.append("")
                continue
            }
            isEscaped = !isEscaped && character == "\\"
            terms[terms.count - 1].append(character)
        }
        return terms
    }

    private static func split(_ term: String) -> (field: String, isEqual: Bool, value: String)? {
        for index in term.indices {
            let rest = term[index...]
            for mark in ["!=", "==", "="] where rest.hasPrefix(mark) {
                return (String(term[..<index]), mark != "!=", String(rest.dropFirst(mark.count)))
            }
        }
        return nil
    }

    private static func unescape(_ text: String) throws(ParseError) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                guard ["\\", ",", "="].contains(character) else { throw invalidEscape("\\\(character)") }
                result.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," || character == "=" {
                // Go prints the rune's number.
                let rune = character == "," ? 44 : 61
                throw ParseError(message: "invalid field selector: unescaped character in value: \(rune)")
            } else {
                result.append(character)
            }
        }
        guard !isEscaped else { throw invalidEscape("\\") }
        return result
    }

    private static func invalidEscape(_ sequence: String) -> ParseError {
        ParseError(message: "invalid field selector: invalid escape sequence: \(sequence)")
    }
}
