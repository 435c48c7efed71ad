/// Which objects a list or watch selects by their labels: `app=web,tier in (a,b),!canary`.
/// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
package struct LabelSelector: Hashable, Sendable {
    package enum Operator: String, Hashable, Sendable {
        case exists = "exists"
        case absent = "!"
        case among = "in"
        case notAmong = "notin"
        case equal = "="
        case doubleEqual = "=="
        case notEqual = "!="
        case greater = "gt"
        case less = "lt"
    }

    package struct Requirement: Hashable, Sendable {
        package var key: String
        package var operation: Operator
        /// Sorted, without repetitions.
        package var values: [String]

        package init(key: String, operation: Operator, values: [String]) {
            self.key = key
            self.operation = operation
            self.values = Set(values).sorted()
        }

        /// - Parameter label: The object's label of this key.
        func matches(_ label: String?) -> Bool {
            switch operation {
            case .exists: label != nil
            case .absent: label == nil
            case .among, .equal, .doubleEqual: label.map(values.contains) ?? false
            case .notAmong, .notEqual: !(label.map(values.contains) ?? false)
            case .greater, .less: isInOrder(label)
            }
        }

        private func isInOrder(_ label: String?) -> Bool {
            guard let left = label.flatMap({ Int64($0) }), let right = values.first.flatMap({ Int64($0) }) else {
                return false
            }
            return operation == .greater ? left > right : left < right
        }
    }

    package var requirements: [Requirement]

    /// The words that an API server refuses the selector with.
    package struct ParseError: Error, Hashable {
        package var message: String
    }

    package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    package init(parsing text: String) throws(ParseError) {
        var parser = LabelSelectorParser(text)
        requirements = try parser.requirements().sorted { $0.key < $1.key }
    }

    package func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels[$0.key]) } }

    /// Whether an object's metadata has the labels asked for.
    package func matches(metadata: JSONObject?) -> Bool {
        let labels = metadata?["labels"]?.object
        return requirements.allSatisfy { $0.matches(labels?[$0.key]?.string) }
    }
}

/// The parser of k8s.io/apimachinery/pkg/labels, whose errors clients see.
private struct LabelSelectorParser {
    private enum Token { case end, identifier, among, notAmong, comma, open, close, absent, symbol(String), invalid }

    private var items: [(token: Token, text: String)] = []
    private var position = 0

    typealias Failure = LabelSelector.ParseError

    init(_ text: String) {
        var rest = Array(text.utf8)[...]
        repeat { items.append(Self.scan(&rest)) } while !isEnd(items[items.count - 1].token)
    }

    mutating func requirements() throws(Failure) -> [LabelSelector.Requirement] {
        var result: [LabelSelector.Requirement] = []
        while true {
            switch lookahead() {
            case (.identifier, _), (.absent, _): break
            case (.end, _): return result
            case (_, let text): throw unexpected(text, "expected: !, identifier, or 'end of string'")
            }
            do throws(Failure) {
                result.append(try requirement())
            } catch {
                throw Failure(message: "unable to parse requirement: \(error.message)")
            }
            switch consume() {
            case (.end, _): return result
            case (.comma, _):
                switch lookahead() {
                case (.identifier, _), (.absent, _): continue
                case (_, let text): throw unexpected(text, "expected: identifier after ','")
                }
            case (_, let text): throw unexpected(text, "expected: ',' or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(Failure) -> LabelSelector.Requirement {
        var next = consume()
        var isAbsent = false
        if case .absent = next.token {
            isAbsent = true
            next = consume()
        }
        guard case .identifier = next.token else { throw unexpected(next.text, "expected: identifier") }
        let key = next.text
        if let why = ObjectName.labelKeyError(key) { throw invalid("<nil>", key, why) }
        if isAbsent { return .init(key: key, operation: .absent, values: []) }
        switch lookahead() {
        case (.end, _), (.comma, _): return .init(key: key, operation: .exists, values: [])
        default: break
        }
        let operation = try binaryOperator()
        let values = operation == .among || operation == .notAmong ? try valueSet() : [try exactValue()]
        for (index, value) in values.enumerated() {
            if operation == .greater || operation == .less, Int64(value) == nil {
                let why = "for 'Gt', 'Lt' operators, the value must be an integer"
                throw invalid("values[\(index)]", value, why)
            }
            if let why = ObjectName.labelValueError(value) { throw invalid("values[\(index)][\(key)]", value, why) }
        }
        return .init(key: key, operation: operation, values: values)
    }

    private mutating func binaryOperator() throws(Failure) -> LabelSelector.Operator {
        position += 1
        let (token, text) = items[position - 1]
        switch token {
        case .among: return .among
        case .notAmong: return .notAmong
        case .symbol(">"): return .greater
        case .symbol("<"): return .less
        case .symbol(let symbol): if let operation = LabelSelector.Operator(rawValue: symbol) { return operation }
        default: break
        }
        throw unexpected(text, "expected: in, notin, =, ==, !=, gt, lt")
    }

    private mutating func valueSet() throws(Failure) -> [String] {
        let first = consume()
        guard case .open = first.token else { throw Failure(message: "found '\(first.text)' expected: '('") }
        let next = lookahead()
        switch next.token {
        case .close:
            position += 1
            return [""]
        case .identifier, .comma: break
        default: throw unexpected(next.text, "expected: ',', ')' or identifier")
        }
        let values = try identifiers()
        position += 1
        return Set(values).sorted()
    }

    /// Identifiers, some of them empty, up to the closing parenthesis.
    private mutating func identifiers() throws(Failure) -> [String] {
        var values: [String] = []
        while true {
            let (token, text) = consume()
            switch (token, lookahead().token) {
            case (.identifier, .comma): values.append(text)
            case (.identifier, .close): return values + [text]
            case (.identifier, _): throw unexpected(lookahead().text, "expected: ',' or ')'")
            case (.comma, .close): return values + [""]
            case (.comma, .comma): values.append("")
            case (.comma, _): if values.isEmpty { values.append("") }
            default: throw unexpected(text, "expected: ',', or identifier")
            }
        }
    }

    private mutating func exactValue() throws(Failure) -> String {
        switch lookahead().token {
        case .end, .comma: return ""
        default: break
        }
        let (token, text) = consume()
        guard case .identifier = token else { throw unexpected(text, "expected: identifier") }
        return text
    }

    /// `in` and `notin` are values wherever they are not operators.
    private func lookahead() -> (token: Token, text: String) {
        let item = items[min(position, items.count - 1)]
        switch item.token {
        case .among, .notAmong: return (.identifier, item.text)
        default: return item
        }
    }

    private mutating func consume() -> (token: Token, text: String) {
        defer { position += 1 }
        return lookahead()
    }

    private func isEnd(_ token: Token) -> Bool { if case .end = token { true } else { false } }

    private func unexpected(_ text: String, _ expected: String) -> Failure {
        Failure(message: "found '\(text)', \(expected)")
    }

    private func invalid(_ field: String, _ value: String, _ why: String) -> Failure {
        Failure(message: "\(field): Invalid value: \(JSONValue.string(value).text): \(why)")
    }

    private static func scan(_ rest: inout ArraySlice<UInt8>) -> (Token, String) {
        rest = rest.drop { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
        guard let first = rest.first else { return (.end, "") }
        let symbols = Set("=!(),><".utf8)
        guard symbols.contains(first) else {
            let word = rest.prefix { !symbols.contains($0) && ![0x20, 0x09, 0x0D, 0x0A].contains($0) }
            rest = rest.dropFirst(word.count)
            let text = String(decoding: word, as: UTF8.self)
            return (text == "in" ? .among : text == "notin" ? .notAmong : .identifier, text)
        }
        for text in ["==", "!=", "=", "!", "(", ")", ",", ">", "<"] where rest.starts(with: text.utf8) {
            rest = rest.dropFirst(text.utf8.count)
            let token: Token =
                switch text {
                case "!": .absent
                case "(": .open
                case ")": .close
                case ",": .comma
                default: .symbol(text)
                }
            return (token, text)
        }
        return (.invalid, "")
    }
}
