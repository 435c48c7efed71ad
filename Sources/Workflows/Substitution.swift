package import Kubernetes

/// Puts values for `{{name}}` in the strings of a template.
package struct Substitution: Sendable {
    /// What becomes of a tag whose variable is not there.
    package enum Unresolved: Hashable, Sendable {
        /// It fails.
        case refused
        /// It stays as it stands, to be filled in later.
        case kept
        /// It fails if its name is one of these or begins with one of them and a dot; other tags stay.
        case keptExcept([String])
    }

    /// By dotted name: `steps.a-b.outputs.result`.
    package var variables: [String: String]
    /// Values that are not text, for expressions alone, by dotted name.
    package var values: [String: JSONValue] = [:]
    /// Moments, for expressions alone, by dotted name: `cronworkflow.lastScheduledTime`.
    package var times: [String: Timestamp] = [:]
    /// Names whose absence is final, as the outputs of a skipped step: nil in expressions, a failure in simple tags.
    package var absent: Set<String> = []
    /// What `now()` gives.
    package var now: Timestamp?

    package init(variables: [String: String]) { self.variables = variables }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Where in the workflow: `spec.templates[call].http.url`.
        package var field: String
        /// Between the braces.
        package var name: String

        package init(field: String, name: String) {
            self.field = field
            self.name = name
        }

        package var description: String { "failed to resolve {{\(name)}} in \(field)" }
    }

    /// - Parameter field: Where the value stands, for the failure.
    package func apply(
        _ value: JSONValue, field: String, unresolved: Unresolved = .refused
    ) throws(Failure) -> JSONValue {
        switch value {
        case .string(let text): return .string(try apply(text, field: field, unresolved: unresolved))
        case .array(let elements):
            var result: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                result.append(try apply(element, field: "\(field)[\(index)]", unresolved: unresolved))
            }
            return .array(result)
        case .object(let members):
            var result = members
            for (key, member) in members {
                result[key] = try apply(member, field: "\(field).\(key)", unresolved: unresolved)
            }
            return .object(result)
        case .null, .bool, .integer, .number: return value
        }
    }

    package func apply(
        _ text: String, field: String, unresolved: Unresolved = .refused
    ) throws(Failure) -> String {
        var result = ""
        var rest = Substring(text)
        while let reference = Self.firstReference(in: rest) {
            guard let value = variables[reference.name] else { throw Failure(field: field, name: reference.name) }
            result += rest[..<reference.range.lowerBound] + value
            rest = rest[reference.range.upperBound...]
        }
        return result + rest
    }

    /// The names between braces in all strings of a value, each with its field.
    package static func references(in value: JSONValue, field: String) -> [Failure] {
        switch value {
        case .string(let text):
            var found: [Failure] = []
            var rest = Substring(text)
            while let reference = firstReference(in: rest) {
                found.append(Failure(field: field, name: reference.name))
                rest = rest[reference.range.upperBound...]
            }
            return found
        case .array(let elements):
            return elements.enumerated().flatMap { references(in: $1, field: "\(field)[\($0)]") }
        case .object(let members):
            return members.flatMap { references(in: $0.value, field: "\(field).\($0.key)") }
        case .null, .bool, .integer, .number: return []
        }
    }

    private static func firstReference(in text: Substring) -> (name: String, range: Range<Substring.Index>)? {
        guard let start = index(of: "{{", in: text) else { return nil }
        let inner = text[text.index(start, offsetBy: 2)...]
        guard let end = index(of: "}}", in: inner) else { return nil }
        let name = inner[..<end].drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        return (String(name), start..<text.index(end, offsetBy: 2))
    }

    private static func index(of part: String, in text: Substring) -> Substring.Index? {
        text.indices.first { text[$0...].hasPrefix(part) }
    }
}

extension JSONValue {
    /// A parameter's value: YAML may give a number or a Boolean where Argo wants a string.
    var parameterText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let value): String(value)
        case .number, .array, .object: text
        case .null: nil
        }
    }
}
