import Kubernetes

/// What operators stand between: names, literals, members and calls.
extension ExpressionParser {
    mutating func primary() throws(ExpressionError) -> ExpressionNode {
        let token = current
        if token.kind == .symbol, let symbol = ExpressionNode.UnaryOperator(rawValue: token.text) {
            advance()
            return try node(.unary(symbol, try expression(symbol.precedence)), token.column)
        }
        if token.isSymbol("(") {
            advance()
            let inner = try sequence()
            try expect(")")
            return try postfix(inner)
        }
        if predicates > 0, token.isSymbol("#") {
            advance()
            var name = ""
            if current.kind == .identifier, current.column == token.column + 1 { name = try identifier() }
            return try postfix(try node(.element(name), token.column))
        }
        // `.field` of the element; the dot is read as the member access.
        if predicates > 0, token.isSymbol(".") { return try postfix(try node(.element(""), token.column)) }
        return try operand()
    }

    private mutating func operand() throws(ExpressionError) -> ExpressionNode {
        let token = current
        switch token.kind {
        case .identifier:
            advance()
            switch token.text {
            case "true", "false": return try node(.literal(.bool(token.text == "true")), token.column)
            case "nil": return try node(.literal(.null), token.column)
            default: break
            }
            if current.isSymbol("(") { return try postfix(try call(token, [])) }
            return try postfix(try node(.variable(token.text), token.column))
        case .number:
            advance()
            return try node(.literal(try number(token)), token.column)
        case .string:
            advance()
            return try postfix(try node(.literal(.string(token.text)), token.column))
        case .symbol where token.text == "[":
            advance()
            let elements = try list(until: "]")
            return try postfix(try node(.array(elements), token.column))
        case .symbol where token.text == "{": return try postfix(try map())
        case .symbol, .end: throw unexpected("a value")
        }
    }

    private func number(_ token: ExpressionLexer.Token) throws(ExpressionError) -> JSONValue {
        let text = token.text.filter { $0 != "_" }.lowercased()
        let prefixed: [(String, Int)] = [("0x", 16), ("0o", 8), ("0b", 2)]
        if let (prefix, radix) = prefixed.first(where: { text.hasPrefix($0.0) }) {
            if let value = Int64(text.dropFirst(prefix.count), radix: radix) { return .integer(value) }
        } else if text.contains(".") || text.contains("e") {
            // Swift reads neither `.5` nor `5.`.
            let padded = (text.hasPrefix(".") ? "0" + text : text).replacing(".e", with: ".0e")
            if let value = Double(padded.hasSuffix(".") ? padded + "0" : padded), value.isFinite {
                return .number(value)
            }
        } else if let value = Int64(text) {
            return .integer(value)
        }
        throw ExpressionError(
            text: source, column: token.column, message: "\"\(token.text)\" is not a number of 64 bits")
    }

    private mutating func map() throws(ExpressionError) -> ExpressionNode {
        let column = current.column
        advance()
        var pairs: [ExpressionNode.Pair] = []
        while !current.isSymbol("}") {
            if !pairs.isEmpty {
                try expect(",")
                if current.isSymbol("}") { break }
            }
            let key: ExpressionNode
            switch current.kind {
            case .number, .string, .identifier:
                key = try node(.literal(.string(current.text)), current.column)
                advance()
            case .symbol where current.text == "(": key = try expression()
            case .symbol, .end: throw unexpected("a key: a name, a string, a number or an expression in parentheses")
            }
            try expect(":")
            pairs.append(ExpressionNode.Pair(key: key, value: try expression()))
        }
        advance()
        return try node(.map(pairs), column)
    }

    private mutating func postfix(_ operand: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var result = operand
        while true {
            let column = current.column
            if current.isSymbol(".") {
                advance()
                result = try member(of: result, isOptional: false)
            } else if current.isSymbol("?.") {
                advance()
                if current.isSymbol("[") {
                    result = try subscripted(result, isOptional: true, column)
                } else {
                    result = try member(of: result, isOptional: true)
                }
            } else if current.isSymbol("[") {
                result = try subscripted(result, isOptional: false, column)
            } else {
                return result
            }
        }
    }

    /// Reads a name, and where parentheses follow, the arguments of a method or of a function of sprig.
    private mutating func member(
        of receiver: ExpressionNode, isOptional: Bool
    ) throws(ExpressionError) -> ExpressionNode {
        let token = current
        guard token.kind == .identifier || token.kind == .symbol && ExpressionLexer.words.contains(token.text) else {
            throw unexpected("a name")
        }
        advance()
        var object = receiver
        var isChain = isOptional
        if case .chain(let inner) = object.form {
            object = inner
            isChain = true
        }
        if case .variable("sprig") = object.form, current.isSymbol("(") {
            return try call(
                ExpressionLexer.Token(kind: .identifier, text: "sprig.\(token.text)", column: object.column), [])
        }
        var result: ExpressionNode
        if current.isSymbol("(") {
            advance()
            result = try node(.method(token.text, of: object, try list(until: ")")), token.column)
        } else {
            let key = try node(.literal(.string(token.text)), token.column)
            result = try node(.member(of: object, key: key, isOptional: isOptional), token.column)
        }
        if isChain { result = try node(.chain(result), token.column) }
        return result
    }

    private mutating func subscripted(
        _ object: ExpressionNode, isOptional: Bool, _ column: Int
    ) throws(ExpressionError) -> ExpressionNode {
        advance()
        var from: ExpressionNode?
        if !current.isSymbol(":") { from = try expression() }
        if current.isSymbol(":") {
            advance()
            var to: ExpressionNode?
            if !current.isSymbol("]") { to = try expression() }
            try expect("]")
            return try node(.slice(of: object, from: from, to: to), column)
        }
        try expect("]")
        guard let from else { throw unexpected("an index") }
        let result = try node(.member(of: object, key: from, isOptional: isOptional), column)
        return isOptional ? try node(.chain(result), column) : result
    }

    // MARK: Calls

    mutating func call(piping value: ExpressionNode) throws(ExpressionError) -> ExpressionNode {
        var token = current
        token.text = try identifier()
        if token.text == "sprig", current.isSymbol(".") {
            advance()
            token.text += "." + (try identifier())
        }
        return try postfix(try call(token, [value]))
    }

    /// - Parameter leading: What was piped in, which is the first argument.
    private mutating func call(
        _ name: ExpressionLexer.Token, _ leading: [ExpressionNode]
    ) throws(ExpressionError) -> ExpressionNode {
        try expect("(")
        if let arity = ExpressionFunction.predicates[name.text] {
            let arguments = try predicateArguments(leading)
            try check(arguments.count, arity, of: name)
            return try node(.predicate(name.text, arguments), name.column)
        }
        guard let function = ExpressionFunction.named(name.text) else {
            throw ExpressionError(
                text: source, column: name.column, message: "there is no function \"\(name.text)\" (or none supported)")
        }
        let arguments = leading + (try list(until: ")"))
        try check(arguments.count, function.arity, of: name)
        return try node(.call(name.text, arguments), name.column)
    }

    private func check(
        _ count: Int, _ arity: ClosedRange<Int>, of name: ExpressionLexer.Token
    ) throws(ExpressionError) {
        guard !arity.contains(count) else { return }
        let expected =
            arity.count == 1
            ? "\(arity.lowerBound)"
            : arity.upperBound == .max ? "at least \(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
        throw ExpressionError(
            text: source, column: name.column,
            message: "\(name.text) takes \(expected) argument\(expected == "1" ? "" : "s") (has \(count))")
    }

    private mutating func predicateArguments(
        _ leading: [ExpressionNode]
    ) throws(ExpressionError) -> [ExpressionNode] {
        var arguments = leading
        while !current.isSymbol(")") {
            if arguments.count > leading.count { try expect(",") }
            if current.isSymbol(")") { break }
            arguments.append(arguments.count == 1 ? try closure() : try expression())
        }
        advance()
        return arguments
    }

    private mutating func closure() throws(ExpressionError) -> ExpressionNode {
        predicates += 1
        defer { predicates -= 1 }
        guard current.isSymbol("{") else { return try expression() }
        advance()
        let body = try sequence()
        try expect("}")
        return body
    }

    private mutating func list(until end: String) throws(ExpressionError) -> [ExpressionNode] {
        var nodes: [ExpressionNode] = []
        while !current.isSymbol(end) {
            if !nodes.isEmpty {
                guard current.isSymbol(",") else { throw unexpected("\",\" or \"\(end)\"") }
                advance()
                if current.isSymbol(end) { break }
            }
            nodes.append(try expression())
        }
        advance()
        return nodes
    }
}
