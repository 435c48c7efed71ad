/// Reads an expression by precedence climbing, as github.com/expr-lang/expr does, with its precedences.
struct ExpressionParser {
    /// Bounds the recursion of reading and of evaluating.
    static let heightMax = 200

    let source: String
    private let tokens: [ExpressionLexer.Token]
    private var index = 0
    /// Predicates around the current token, in which `#` has a meaning.
    var predicates = 0
    private var nesting = 0

    private init(_ source: String) throws(ExpressionError) {
        self.source = source
        tokens = try ExpressionLexer.tokens(of: source)
    }

    static func parse(_ text: String) throws(ExpressionError) -> ExpressionNode {
        var parser = try ExpressionParser(text)
        let node = try parser.sequence()
        guard parser.current.kind == .end else { throw parser.unexpected("an operator or the end") }
        return node
    }

    mutating func sequence() throws(ExpressionError) -> ExpressionNode {
        let column = current.column
        var nodes = [try expression()]
        while current.isSymbol(";") {
            advance()
            if current.kind == .end { break }
            nodes.append(try expression())
        }
        return nodes.count == 1 ? nodes[0] : try node(.sequence(nodes), column)
    }

    mutating func expression(_ precedence: Int = 0) throws(ExpressionError) -> ExpressionNode {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.heightMax else { throw error("the expression is nested too deeply") }
        if precedence == 0, current.isSymbol("let") { return try declaration() }
        if precedence == 0, current.isSymbol("if") { return try branches() }
        let left = try operators(after: try primary(), precedence)
        return precedence == 0 ? try conditional(left) : left
    }

    private mutating func operators(
        after first: ExpressionNode, _ precedence: Int
    ) throws(ExpressionError) -> ExpressionNode {
        var left = first
        var previous: ExpressionNode.BinaryOperator?
        while true {
            let column = current.column
            let isNegated = current.isSymbol("not")
            guard let symbol = binaryOperator(at: isNegated ? index + 1 : index) else {
                if isNegated { throw unexpected("an operator") }
                return left
            }
            if isNegated, !symbol.isNegatable {
                throw error("\"not\" cannot stand before \"\(symbol.rawValue)\"")
            }
            guard symbol.precedence >= precedence else { return left }
            if previous == .coalesce, symbol != .coalesce, symbol != .pipe {
                throw error("\"\(symbol.rawValue)\" and \"??\" cannot be mixed without parentheses")
            }
            advance(isNegated ? 2 : 1)
            if symbol == .pipe {
                left = try call(piping: left)
            } else if symbol.isOrdering {
                left = try ordering(left, symbol, column)
            } else {
                let right = try expression(symbol.precedence + (symbol.isRightAssociative ? 0 : 1))
                left = try node(.binary(symbol, left, right), column)
                if isNegated { left = try node(.unary(.not, left), column) }
            }
            previous = symbol
        }
    }

    /// `1 < x < 3` is `1 < x && x < 3`.
    private mutating func ordering(
        _ first: ExpressionNode, _ symbol: ExpressionNode.BinaryOperator, _ column: Int
    ) throws(ExpressionError) -> ExpressionNode {
        var right = try expression(symbol.precedence + 1)
        var result = try node(.binary(symbol, first, right), column)
        while let next = binaryOperator(at: index), next.isOrdering {
            let column = current.column
            advance()
            let left = right
            right = try expression(next.precedence + 1)
            result = try node(.binary(.and, result, try node(.binary(next, left, right), column)), column)
        }
        return result
    }

    private mutating func conditional(_ condition: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var result = condition
        while current.isSymbol("?") {
            let column = current.column
            advance()
            var then = result
            if current.isSymbol(":") {
                advance()
            } else {
                then = try expression()
                try expect(":")
            }
            result = try node(.conditional(result, then: then, otherwise: try expression()), column)
        }
        return result
    }

    private mutating func declaration() throws(ExpressionError) -> ExpressionNode {
        let column = current.column
        advance()
        let name = try identifier()
        try expect("=")
        let value = try expression()
        try expect(";")
        return try node(.declaration(name, value: value, body: try sequence()), column)
    }

    private mutating func branches() throws(ExpressionError) -> ExpressionNode {
        let column = current.column
        advance()
        let condition = try expression()
        try expect("{")
        let then = try sequence()
        try expect("}")
        try expect("else")
        if current.isSymbol("if") {
            return try node(.conditional(condition, then: then, otherwise: try branches()), column)
        }
        try expect("{")
        let otherwise = try sequence()
        try expect("}")
        return try node(.conditional(condition, then: then, otherwise: otherwise), column)
    }

    // MARK: Tokens

    var current: ExpressionLexer.Token { tokens[index] }

    /// The last token is the end, beyond which nothing is read.
    mutating func advance(_ count: Int = 1) { index = min(index + count, tokens.count - 1) }

    private func binaryOperator(at index: Int) -> ExpressionNode.BinaryOperator? {
        guard index < tokens.count, tokens[index].kind == .symbol else { return nil }
        return ExpressionNode.BinaryOperator(rawValue: tokens[index].text)
    }

    mutating func expect(_ symbol: String) throws(ExpressionError) {
        guard current.isSymbol(symbol) else { throw unexpected("\"\(symbol)\"") }
        advance()
    }

    mutating func identifier() throws(ExpressionError) -> String {
        guard current.kind == .identifier else { throw unexpected("a name") }
        defer { advance() }
        return current.text
    }

    func node(_ form: ExpressionNode.Form, _ column: Int) throws(ExpressionError) -> ExpressionNode {
        let node = ExpressionNode(form, column: column)
        guard node.height <= Self.heightMax else {
            throw ExpressionError(text: source, column: column, message: "the expression is nested too deeply")
        }
        return node
    }

    func unexpected(_ expected: String) -> ExpressionError {
        error("unexpected \(current.description), expected \(expected)")
    }

    func error(_ message: String) -> ExpressionError {
        ExpressionError(text: source, column: current.column, message: message)
    }
}
