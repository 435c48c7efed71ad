package import Kubernetes

/// Puts values for `{{name}}` and `{{=expression}}` in the strings of a template.
package struct Substitution: Sendable {
    /// What becomes of a tag whose variable is not there.
    package enum Unresolved: Hashable, Sendable {
        /// It fails.
        case refused
        /// It stays as it stands, to be filled in later; so does an expression that cannot be evaluated yet.
        case kept
        /// It fails if its name is one of these or begins with one of them and a dot; other tags stay.
        case keptExcept([String])

        fileprivate func keeps(_ name: String) -> Bool {
            switch self {
            case .refused: false
            case .kept: true
            case .keptExcept(let prefixes): !prefixes.contains { name == $0 || name.hasPrefix($0 + ".") }
            }
        }
    }

    /// By dotted name: `steps.a-b.outputs.result`.
    package var variables: [String: String]
    /// More of them, in place of which those of the same names in ``variables`` stand.
    let globals: LazyVariables?
    /// Values that are not text, for expressions alone, by dotted name.
    package var values: [String: JSONValue] = [:]
    /// Moments, for expressions alone, by dotted name: `cronworkflow.lastScheduledTime`.
    package var times: [String: Timestamp] = [:]
    /// Names whose absence is final, as the outputs of a skipped step: nil in expressions, a failure in simple tags.
    package var absent: Set<String> = []
    /// What `now()` gives.
    package var now: Timestamp?

    package init(variables: [String: String], globals: LazyVariables? = nil) {
        self.variables = variables
        self.globals = globals
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Where in the workflow: `spec.templates[call].http.url`.
        package var field: String
        /// The variable; where ``why`` is given, what stands between the braces.
        package var name: String
        /// What is wrong with the tag; nil where the variable is just not there, or not there yet.
        package var why: String?

        package init(field: String, name: String, why: String? = nil) {
            self.field = field
            self.name = name
            self.why = why
        }

        /// Whether the variable may still come.
        package var isMissing: Bool { why == nil }

        package var description: String {
            "failed to resolve {{\(name)}} in \(field)" + (why.map { ": \($0)" } ?? "")
        }
    }

    /// - Parameter field: Where the value stands, for the failure.
    package func apply(
        _ value: JSONValue, field: String, unresolved: Unresolved = .refused
    ) throws(Failure) -> JSONValue {
        guard Tag.mayStand(in: value) else { return value }
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
        guard Tag.mayStand(in: text) else { return text }
        var result = ""
        var rest = Substring(text)
        while let tag = Tag.first(in: rest) {
            result += rest[..<tag.range.lowerBound]
            let remainder = rest[tag.range.upperBound...]
            switch tag.kind {
            case .expression(let expression):
                result += try evaluate(expression, field, unresolved) ?? String(rest[tag.range])
                rest = remainder
            case .simple(let name, let nesting):
                if let value = try value(of: name, field) {
                    result += value
                } else if let nesting, let value = try value(of: nesting.name, field) {
                    // `{{a-{{b}}}}`: with the value of b in it, what is left is a tag again.
                    let outer = "{{\(nesting.before)\(value)"
                    guard value.contains("{{") else {
                        rest = Substring(outer + remainder)
                        continue
                    }
                    result += outer
                } else if unresolved.keeps(name) {
                    result += rest[tag.range]
                } else {
                    throw Failure(field: field, name: name)
                }
                rest = remainder
            }
        }
        return result + rest
    }

    private func value(of name: String, _ field: String) throws(Failure) -> String? {
        if let value = variables[name] ?? globals?[name] { return value }
        if absent.contains(name) {
            throw Failure(
                field: field, name: name,
                why: "output is an absent optional (skipped/omitted node with no default)")
        }
        if values[name] != nil || times[name] != nil {
            throw Failure(field: field, name: name, why: "the value is not text; use an expression")
        }
        return nil
    }

    // MARK: Expressions

    /// The value of an expression that stands by itself, without braces: of `valueFrom.expression`, of a
    /// `retryStrategy` or of a hook. Unlike that of a tag, it may name variables that are not there as long as it does
    /// not come to them: `steps.a.status == 'Succeeded' ? steps.a.outputs.result : steps.b.outputs.result`.
    package func evaluate(_ expression: String, field: String) throws(Failure) -> JSONValue {
        do throws(ExpressionError) {
            let parsed = try Expression(expression)
            return try parsed.evaluate(environment(roots: Self.roots(of: parsed)), times: times, now: now)
        } catch {
            throw Failure(field: field, name: "=" + expression, why: error.description)
        }
    }

    /// Like ``evaluate(_:field:)``, as the text of an output parameter (Go's `%v`); nil is none.
    package func text(of expression: String, field: String) throws(Failure) -> String {
        let value = try evaluate(expression, field: field)
        guard !value.isNull else { throw Failure(field: field, name: "=" + expression, why: "the result is nil") }
        return GoText.plain(value)
    }

    /// Like ``evaluate(_:field:)``, where only true or false is of use.
    package func holds(_ expression: String, field: String) throws(Failure) -> Bool {
        let value = try evaluate(expression, field: field)
        guard case .bool(let holds) = value else {
            throw Failure(field: field, name: "=" + expression, why: "expected true or false (is \(value.typeName))")
        }
        return holds
    }

    private static func roots(of expression: Expression) -> Set<String> {
        Set(expression.references.map { $0[0] })
    }

    /// Nil where the tag stays.
    private func evaluate(_ text: String, _ field: String, _ unresolved: Unresolved) throws(Failure) -> String? {
        let outcome = Result { () throws(ExpressionError) in try evaluate(Expression(text)) }
        switch outcome {
        case .success(.text(let result)): return result
        case .success(.missing(let names)):
            guard let name = names.first(where: { !unresolved.keeps($0) }) else { return nil }
            throw Failure(field: field, name: name)
        case .failure(let error):
            // In Argo, too, an expression that fails is taken for one whose variables are still to come.
            guard unresolved != .kept else { return nil }
            throw Failure(field: field, name: "=" + text, why: error.description)
        }
    }

    private enum Outcome {
        case text(String)
        case missing([String])
    }

    private func evaluate(_ expression: Expression) throws(ExpressionError) -> Outcome {
        let references = expression.references
        let environment = environment(roots: Self.roots(of: expression))
        let missing = references.filter { !isKnown($0, in: environment) }
        guard missing.isEmpty else { return .missing(missing.map { $0.joined(separator: ".") }) }
        let value = try expression.evaluate(environment, times: times, now: now)
        switch value {
        case .string(let text): return .text(text)
        case .null: throw ExpressionError(text: expression.text, column: 1, message: "the result is nil")
        case .bool, .integer, .number, .array, .object: return .text(GoText.json(value))
        }
    }

    private func isKnown(_ path: [String], in environment: JSONObject) -> Bool {
        path == ["sprig"] || times[path.joined(separator: ".")] != nil || environment.value(at: path) != nil
    }

    /// The variables as nested objects. Where one name is the beginning of another, the longer one counts: with
    /// `item` and `item.key`, `item` is an object.
    func environment(roots: Set<String>) -> JSONObject {
        func isWanted(_ name: String) -> Bool { roots.contains(String(name.prefix { $0 != "." })) }
        var flat: [String: JSONValue] = [:]
        for name in absent where isWanted(name) { flat[name] = .null }
        if let globals, roots.contains(globals.root) {
            for (name, value) in globals.values { flat[name] = .string(value) }
        }
        for (name, value) in variables where isWanted(name) { flat[name] = .string(value) }
        for (name, value) in values where isWanted(name) { flat[name] = value }
        for name in times.keys where isWanted(name) { flat[name] = .null }
        var result = JSONObject()
        // Longer names last, so that the objects that they make take the place of shorter ones' values.
        let names = flat.keys.map { $0.split(separator: ".", omittingEmptySubsequences: false).map(String.init) }
        for path in names.sorted(by: { $0.count == $1.count ? $0.lexicographicallyPrecedes($1) : $0.count < $1.count })
        {
            result.set(flat[path.joined(separator: ".")], at: path)
        }
        return result
    }

    // MARK: References

    /// The variables that all strings of a value name, each with its field; those of an expression as
    /// ``Expression/references`` has them, with dots. An expression that cannot be read is a failure with its why.
    package static func references(in value: JSONValue, field: String) -> [Failure] {
        guard Tag.mayStand(in: value) else { return [] }
        switch value {
        case .string(let text):
            var found: [Failure] = []
            var rest = Substring(text)
            while let tag = Tag.first(in: rest) {
                found += references(in: tag, field)
                rest = rest[tag.range.upperBound...]
            }
            return found
        case .array(let elements):
            return elements.enumerated().flatMap { references(in: $1, field: "\(field)[\($0)]") }
        case .object(let members):
            return members.flatMap { references(in: $0.value, field: "\(field).\($0.key)") }
        case .null, .bool, .integer, .number: return []
        }
    }

    private static func references(in tag: Tag, _ field: String) -> [Failure] {
        switch tag.kind {
        case .simple(let name, let nesting): return [Failure(field: field, name: nesting?.name ?? name)]
        case .expression(let text):
            do throws(ExpressionError) {
                return try Expression(text).references.map {
                    Failure(field: field, name: $0.joined(separator: "."))
                }
            } catch {
                return [Failure(field: field, name: "=" + text, why: error.description)]
            }
        }
    }
}

/// What stands between two pairs of braces.
private struct Tag {
    /// A tag that begins within another: `{{before{{name}}`.
    struct Nesting {
        var before: String
        var name: String
    }

    enum Kind {
        case simple(String, Nesting?)
        case expression(String)
    }

    var kind: Kind
    var range: Range<Substring.Index>

    static func first(in text: Substring) -> Tag? {
        guard let start = text.firstPair(of: UInt8(ascii: "{")),
            let end = text[start.upperBound...].firstPair(of: UInt8(ascii: "}"))
        else { return nil }
        let inner = text[start.upperBound..<end.lowerBound]
        let range = start.lowerBound..<end.upperBound
        if inner.first == "=" { return Tag(kind: .expression(String(inner.dropFirst())), range: range) }
        var nesting: Nesting?
        if inner.firstPair(of: UInt8(ascii: "{")) != nil, let last = inner.ranges(of: "{{").last {
            nesting = Nesting(
                before: String(inner[..<last.lowerBound]), name: GoStrings.trim(inner[last.upperBound...]))
        }
        return Tag(kind: .simple(GoStrings.trim(inner), nesting), range: range)
    }

    static func mayStand(in text: String) -> Bool { text.utf8.contains(UInt8(ascii: "{")) }

    static func mayStand(in value: JSONValue) -> Bool {
        switch value {
        case .string(let text): mayStand(in: text)
        case .array(let elements): elements.contains { mayStand(in: $0) }
        case .object(let members): members.contains { mayStand(in: $0.value) }
        case .null, .bool, .integer, .number: false
        }
    }
}

extension Substring {
    /// Where a byte of ASCII first stands twice.
    fileprivate func firstPair(of byte: UInt8) -> Range<Index>? {
        var start = startIndex
        while let first = utf8[start...].firstIndex(of: byte) {
            start = utf8.index(after: first)
            if start < endIndex, utf8[start] == byte { return first..<utf8.index(after: start) }
        }
        return nil
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
