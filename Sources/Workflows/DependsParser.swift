/// Reads `A.Succeeded && (B || !C.Failed)`; `&&` binds tighter than `||`.
struct DependsParser {
    private enum Token: Hashable {
        case name(String)
        case and
        case or
        case not
        case open
        case close
    }

    private static let nestingMax = 200

    private let knownTasks: [String: DependsExpression.ContinueOn]
    private var tokens: ArraySlice<Token> = []
    private var nesting = 0

    /// Nil for an empty text.
    static func parse(
        _ text: String, tasks: [String: DependsExpression.ContinueOn]
    ) throws(ExpressionFault) -> DependsExpression.Node? {
        var parser = DependsParser(knownTasks: tasks)
        parser.tokens = try tokens(of: text)[...]
        guard !parser.tokens.isEmpty else { return nil }
        let node = try parser.alternatives()
        guard parser.tokens.isEmpty else { throw parser.unexpected("\"&&\", \"||\" or the end") }
        return node
    }

    /// What a name without a result means.
    static func goodEnds(
        of task: String, _ continueOn: DependsExpression.ContinueOn
    ) -> DependsExpression.Node {
        var results: [DependsExpression.Result] = [.succeeded, .skipped, .daemoned]
        if continueOn.error { results.append(.errored) }
        if continueOn.failed { results.append(.failed) }
        return .any(results.map { .result(task, $0) })
    }

    private init(knownTasks: [String: DependsExpression.ContinueOn]) { self.knownTasks = knownTasks }

    private mutating func alternatives() throws(ExpressionFault) -> DependsExpression.Node {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.nestingMax else { throw ExpressionFault("the expression is nested too deeply") }
        var nodes = [try conjunction()]
        while tokens.first == .or {
            tokens.removeFirst()
            nodes.append(try conjunction())
        }
        return nodes.count == 1 ? nodes[0] : .any(nodes)
    }

    private mutating func conjunction() throws(ExpressionFault) -> DependsExpression.Node {
        var nodes = [try operand()]
        while tokens.first == .and {
            tokens.removeFirst()
            nodes.append(try operand())
        }
        return nodes.count == 1 ? nodes[0] : .all(nodes)
    }

    private mutating func operand() throws(ExpressionFault) -> DependsExpression.Node {
        var isNegated = false
        while tokens.first == .not {
            tokens.removeFirst()
            isNegated.toggle()
        }
        let node: DependsExpression.Node
        switch tokens.first {
        case .name(let text):
            tokens.removeFirst()
            node = try result(text)
        case .open:
            tokens.removeFirst()
            node = try alternatives()
            guard tokens.first == .close else { throw unexpected("\")\"") }
            tokens.removeFirst()
        case .and, .or, .not, .close, nil: throw unexpected("a task")
        }
        return isNegated ? .not(node) : node
    }

    private func result(_ text: String) throws(ExpressionFault) -> DependsExpression.Node {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let continueOn = knownTasks[parts[0]] else { throw ExpressionFault("there is no task \"\(parts[0])\"") }
        guard parts.count == 2 else { return Self.goodEnds(of: parts[0], continueOn) }
        guard let result = DependsExpression.Result(rawValue: parts[1]) else {
            throw ExpressionFault("task result '\(parts[1])' for task '\(parts[0])' is invalid")
        }
        return .result(parts[0], result)
    }

    private static func tokens(of text: String) throws(ExpressionFault) -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let character = rest.first {
            if character.isWhitespace {
                rest.removeFirst()
            } else if rest.hasPrefix("&&") || rest.hasPrefix("||") {
                tokens.append(character == "&" ? .and : .or)
                rest = rest.dropFirst(2)
            } else if let token = [Character("("): Token.open, ")": .close, "!": .not][character] {
                tokens.append(token)
                rest.removeFirst()
            } else {
                let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
                guard !name.isEmpty else { throw ExpressionFault("unexpected \"\(character)\"") }
                tokens.append(.name(String(name)))
                rest = rest.dropFirst(name.count)
            }
        }
        return tokens
    }

    private func unexpected(_ expected: String) -> ExpressionFault {
        let found =
            switch tokens.first {
            case .name(let name): "\"\(name)\""
            case .and: "\"&&\""
            case .or: "\"||\""
            case .not: "\"!\""
            case .open: "\"(\""
            case .close: "\")\""
            case nil: "the end"
            }
        return ExpressionFault("unexpected \(found), expected \(expected)")
    }
}
