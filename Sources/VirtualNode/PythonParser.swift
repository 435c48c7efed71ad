/// Reads a Python script, or a few plain statements of JavaScript.
struct PythonParser {
    private typealias Token = PythonLexer.Token

    /// Operators, calls and brackets of one statement: what is nested deeper is not read, since all of this is
    /// recursive.
    private static let operatorsMax = 150

    private let tokens: [PythonLexer.Token]
    private let isJavaScript: Bool
    private var position = 0
    private var operators = 0

    static func parse(_ text: String, isJavaScript: Bool) throws(PythonFailure) -> [PythonStatement] {
        var parser = PythonParser(
            tokens: try PythonLexer.tokens(of: text, isJavaScript: isJavaScript), isJavaScript: isJavaScript)
        var statements: [PythonStatement] = []
        while parser.peek != nil { statements += try parser.statement() }
        return statements
    }

    private init(tokens: [PythonLexer.Token], isJavaScript: Bool) {
        self.tokens = tokens
        self.isJavaScript = isJavaScript
    }

    // MARK: Tokens

    private var peek: Token? { position < tokens.count ? tokens[position] : nil }

    private func isNext(_ text: String) -> Bool { peek == .sign(text) || peek == .name(text) }

    /// Takes a sign or a word.
    private mutating func take(_ text: String) -> Bool {
        guard isNext(text) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ text: String) throws(PythonFailure) {
        guard take(text) else { throw .unsupported("anything but \"\(text)\" here") }
    }

    private mutating func take(_ token: PythonLexer.Token) -> Bool {
        guard peek == token else { return false }
        position += 1
        return true
    }

    private static let keywords: Set<String> = [
        "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
        "finally", "for", "from", "function", "global", "if", "import", "in", "is", "lambda", "new", "nonlocal", "not",
        "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ]

    private mutating func name() throws(PythonFailure) -> String {
        guard case .name(let name) = peek, !Self.keywords.contains(name) else { throw .unsupported("no name here") }
        position += 1
        return name
    }

    private mutating func dottedName() throws(PythonFailure) -> String {
        var path = try name()
        while take(".") { path += ".\(try name())" }
        return path
    }

    // MARK: Statements

    private mutating func statement() throws(PythonFailure) -> [PythonStatement] {
        operators = 0
        guard case .name(let word) = peek, !isJavaScript else { return [try simple()] }
        switch word {
        case "if": return [try choice()]
        case "for":
            position += 1
            let name = try name()
            try expect("in")
            return [.each(name: name, source: try expression(), body: try block())]
        case "while":
            position += 1
            return [.loop(try expression(), body: try block())]
        case "with":
            position += 1
            let source = try expression()
            try expect("as")
            return [.with(source, name: try name(), body: try block())]
        case "import", "from": return try importing()
        default: return [try simple()]
        }
    }

    private mutating func endStatement() throws(PythonFailure) {
        guard peek == nil || take(.lineEnd) else { throw .unsupported("more in one statement") }
    }

    /// What follows a colon: the rest of the line, or the lines that are set in.
    private mutating func block() throws(PythonFailure) -> [PythonStatement] {
        try expect(":")
        guard take(.lineEnd) else { return [try simple()] }
        guard take(.indent) else { throw .unsupported("an empty block") }
        var statements: [PythonStatement] = []
        while !take(.dedent) {
            guard peek != nil else { break }
            statements += try statement()
        }
        return statements
    }

    private mutating func choice() throws(PythonFailure) -> PythonStatement {
        var branches: [PythonStatement.Branch] = []
        while take(branches.isEmpty ? "if" : "elif") {
            let condition = try expression()
            branches.append(.init(condition: condition, body: try block()))
        }
        return .choice(branches, otherwise: take("else") ? try block() : [])
    }

    private mutating func importing() throws(PythonFailure) -> [PythonStatement] {
        var statements: [PythonStatement] = []
        if take("from") {
            let path = try dottedName()
            try expect("import")
            repeat {
                let name = try name()
                statements.append(.importing(path: "\(path).\(name)", name: take("as") ? try self.name() : name))
            } while take(",")
        } else {
            position += 1
            repeat {
                let path = try dottedName()
                statements.append(.importing(path: path, name: take("as") ? try name() : path))
            } while take(",")
        }
        try endStatement()
        return statements
    }

    private mutating func simple() throws(PythonFailure) -> PythonStatement {
        if isJavaScript { _ = take("var") || take("let") || take("const") }
        var result: PythonStatement
        if take("pass") {
            result = .pass
        } else if take("break") {
            result = .breakLoop
        } else if take("continue") {
            result = .continueLoop
        } else if take("raise") {
            result = .raise(try expression())
        } else {
            let target = try expression()
            result = .expression(target)
            if take("=") {
                result = .assign(target, try expression())
            } else if case .sign(let sign) = peek, sign.count > 1, sign.hasSuffix("="),
                !["==", "!=", "<=", ">="].contains(sign)
            {
                position += 1
                result = .assign(target, .binary(String(sign.dropLast()), target, try expression()))
            }
        }
        try endStatement()
        return result
    }

    // MARK: Expressions

    private mutating func count() throws(PythonFailure) {
        operators += 1
        guard operators <= Self.operatorsMax else { throw .unsupported("a long statement") }
    }

    private mutating func expression() throws(PythonFailure) -> PythonExpression {
        try count()
        let value = try binary(0)
        if isJavaScript, take("?") {
            let then = try expression()
            try expect(":")
            return .choice(value, then: then, otherwise: try expression())
        }
        guard !isJavaScript, take("if") else { return value }
        let condition = try binary(0)
        try expect("else")
        return .choice(condition, then: value, otherwise: try expression())
    }

    private static let levels: [[String]] = [
        ["or"], ["and"], ["==", "!=", "<", ">", "<=", ">=", "in", "is", "not"], ["+", "-"], ["*", "/", "//", "%"],
    ]
    private static let comparisons = 2

    private mutating func binary(_ level: Int) throws(PythonFailure) -> PythonExpression {
        guard level < Self.levels.count else { return try unary() }
        if level == Self.comparisons, take("not") {
            try count()
            return .unary("not", try binary(level))
        }
        var left = try binary(level + 1)
        var isCompared = false
        while let sign = takeOperator(level) {
            try count()
            // `a < b < c` is not what it would be from left to right.
            guard level != Self.comparisons || !isCompared else { throw .unsupported("a chain of comparisons") }
            isCompared = true
            left = .binary(sign, left, try binary(level + 1))
        }
        return left
    }

    private mutating func takeOperator(_ level: Int) -> String? {
        guard let sign = Self.levels[level].first(where: isNext) else { return nil }
        if isJavaScript, ["in", "is", "not", "//"].contains(sign) { return nil }
        position += 1
        switch sign {
        case "not": return take("in") ? "not in" : "not"
        case "is": return take("not") ? "!=" : "=="
        default: return sign
        }
    }

    private mutating func unary() throws(PythonFailure) -> PythonExpression {
        for sign in ["-", "+", "!"] where take(sign) {
            try count()
            guard sign != "!" || isJavaScript else { throw .unsupported("\"!\"") }
            return .unary(sign == "!" ? "not" : sign, try unary())
        }
        var value = try operand()
        while true {
            if take(".") {
                try count()
                value = .member(value, try name())
            } else if take("(") {
                try count()
                value = try call(value)
            } else if take("[") {
                try count()
                value = .element(value, try expression())
                try expect("]")
            } else {
                break
            }
        }
        guard take("**") else { return value }
        try count()
        return .binary("**", value, try unary())
    }

    /// The arguments of a call, whose bracket is taken.
    private mutating func call(_ function: PythonExpression) throws(PythonFailure) -> PythonExpression {
        var values: [PythonExpression] = []
        var named: [String: PythonExpression] = [:]
        while !take(")") {
            let value = try expression()
            if case .name(let name) = value, take("=") {
                named[name] = try expression()
            } else if take("for") {
                values.append(try comprehension(of: value))
            } else {
                values.append(value)
            }
            guard take(",") || isNext(")") else { throw .unsupported("such an argument") }
        }
        return .call(function, values, named: named)
    }

    /// What follows `for` in brackets.
    private mutating func comprehension(of element: PythonExpression) throws(PythonFailure) -> PythonExpression {
        let name = try name()
        try expect("in")
        let source = try binary(0)
        return .comprehension(element, name: name, source: source, condition: take("if") ? try binary(0) : nil)
    }

    private mutating func operand() throws(PythonFailure) -> PythonExpression {
        guard let token = peek else { throw .unsupported("an open end") }
        position += 1
        switch token {
        case .integer(let value): return .literal(.integer(value))
        case .number(let value): return .literal(.number(value))
        case .string(var text):
            // Strings side by side are one.
            while case .string(let more) = peek {
                text += more
                position += 1
            }
            return .literal(.string(text))
        case .template(let text): return .formatted(try fields(of: text))
        case .name("True"), .name("true"): return .literal(.bool(true))
        case .name("False"), .name("false"): return .literal(.bool(false))
        case .name("None"), .name("null"): return .literal(.none)
        case .name(let name):
            guard !Self.keywords.contains(name) else { throw .unsupported("\"\(name)\"") }
            return .name(name)
        case .sign("("): return try elements(until: ")")
        case .sign("["): return try elements(until: "]")
        case .sign("{"): return try dictionary()
        case .sign(let sign): throw .unsupported("\"\(sign)\" here")
        case .lineEnd, .indent, .dedent: throw .unsupported("an open end")
        }
    }

    /// A list, a tuple, or what stands in brackets for order's sake.
    private mutating func elements(until end: String) throws(PythonFailure) -> PythonExpression {
        var values: [PythonExpression] = []
        var hasComma = false
        while !take(end) {
            let value = try expression()
            if take("for") {
                let result = try comprehension(of: value)
                try expect(end)
                return result
            }
            values.append(value)
            guard take(",") else {
                try expect(end)
                break
            }
            hasComma = true
        }
        return end == ")" && values.count == 1 && !hasComma ? values[0] : .list(values)
    }

    private mutating func dictionary() throws(PythonFailure) -> PythonExpression {
        var pairs: [PythonExpression.Pair] = []
        while !take("}") {
            let key = try expression()
            try expect(":")
            pairs.append(.init(key: key, value: try expression()))
            guard take(",") || isNext("}") else { throw .unsupported("such a dictionary") }
        }
        return .dictionary(pairs)
    }

    /// The parts of an f-string.
    private func fields(of text: String) throws(PythonFailure) -> [PythonExpression.Field] {
        var fields: [PythonExpression.Field] = []
        var literal = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "{" || character == "}", rest.first == character {
                literal.append(character)
                rest.removeFirst()
                continue
            }
            guard character == "{" else {
                literal.append(character)
                continue
            }
            let field = rest.prefix { $0 != "}" }
            guard field.count < rest.count, !field.contains("{"), !field.contains("!") else {
                throw .unsupported("such an f-string")
            }
            rest = rest.dropFirst(field.count + 1)
            fields.append(.init(value: .literal(.string(literal)), format: ""))
            literal = ""
            let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            var parser = PythonParser(tokens: try PythonLexer.tokens(of: String(parts[0])), isJavaScript: false)
            fields.append(.init(value: try parser.expression(), format: parts.count > 1 ? String(parts[1]) : ""))
            try parser.endStatement()
        }
        fields.append(.init(value: .literal(.string(literal)), format: ""))
        return fields
    }
}
