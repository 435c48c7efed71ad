/// Splits a condition into tokens.
struct WhenLexer {
    enum Token: Hashable {
        case value(WhenValue)
        case prefix(String)
        case symbol(String)
        case open
        case close
        case comma

        /// Whether an operand is complete here, so that `-` is a subtraction and not a sign.
        var endsOperand: Bool {
            switch self {
            case .value, .close: true
            case .prefix, .symbol, .open, .comma: false
            }
        }
    }

    private static let prefixes: Set<String> = ["!", "-", "~"]
    private static let symbols: Set<String> = [
        "==", "!=", ">", ">=", "<", "<=", "=~", "!~", "&&", "||", "+", "-", "*", "/", "%", "**", "&", "|", "^", ">>",
        "<<", "?", ":", "??",
    ]

    private let characters: [Character]
    private var index = 0

    static func tokens(of text: String) throws(ExpressionFault) -> [Token] {
        var lexer = WhenLexer(characters: Array(text))
        var tokens: [Token] = []
        while let token = try lexer.next(after: tokens.last) { tokens.append(token) }
        return tokens
    }

    private init(characters: [Character]) { self.characters = characters }

    private mutating func next(after last: Token?) throws(ExpressionFault) -> Token? {
        while peek()?.isWhitespace == true { index += 1 }
        guard let character = peek() else { return nil }
        switch character {
        case "(":
            index += 1
            return .open
        case ")":
            index += 1
            return .close
        case ",":
            index += 1
            return .comma
        case "'", "\"": return .value(.text(try quoted()))
        case "[": return .value(.text(try bracketed()))
        case _ where Self.isNumeric(character): return .value(.number(try number()))
        case _ where character.isLetter: return try word()
        default: break
        }
        let symbol = taken(while: Self.isSymbol)
        if last?.endsOperand != true, Self.prefixes.contains(symbol) { return .prefix(symbol) }
        guard Self.symbols.contains(symbol) else {
            throw ExpressionFault(
                "Invalid token: '\(symbol)' (hint: try wrapping the affected expression in quotes (\"))")
        }
        return .symbol(symbol)
    }

    private mutating func word() throws(ExpressionFault) -> Token {
        var word = taken(while: Self.isWord)
        if word.contains(".") {
            throw ExpressionFault("'\(word)' is not a word (try wrapping it in quotes)")
        }
        while peek() == "-", let next = peek(1), Self.isWord(next), next != "." {
            index += 1
            word += "-" + taken(while: Self.isWord)
        }
        switch word {
        case "true", "false": return .value(.bool(word == "true"))
        case "in", "IN": return .symbol("in")
        default: return .value(.text(word))
        }
    }

    private mutating func number() throws(ExpressionFault) -> Double {
        if peek() == "0", peek(1) == "x" {
            index += 2
            let digits = taken { $0.isHexDigit }
            guard let value = UInt64(digits, radix: 16) else {
                throw ExpressionFault("Unable to parse hex value '\(digits)'")
            }
            return Double(value)
        }
        let digits = taken(while: Self.isNumeric)
        let padded = (digits.hasPrefix(".") ? "0" : "") + digits + (digits.hasSuffix(".") ? "0" : "")
        guard let value = Double(padded) else { throw ExpressionFault("Unable to parse numeric value '\(digits)'") }
        return value
    }

    /// Either kind of quote ends what either began, as in govaluate.
    private mutating func quoted() throws(ExpressionFault) -> String {
        index += 1
        let text = taken(includingBlanks: true) { $0 != "'" && $0 != "\"" }
        guard peek() != nil else { throw ExpressionFault("Unclosed string literal") }
        index += 1
        return text
    }

    private mutating func bracketed() throws(ExpressionFault) -> String {
        index += 1
        let text = taken(includingBlanks: true) { $0 != "]" }
        guard peek() != nil else { throw ExpressionFault("Unclosed parameter bracket") }
        index += 1
        return text
    }

    /// A backslash takes the next character as it is.
    private mutating func taken(includingBlanks: Bool = false, while condition: (Character) -> Bool) -> String {
        var result = ""
        while let character = peek() {
            if character == "\\", let next = peek(1) {
                result.append(next)
                index += 2
                continue
            }
            guard includingBlanks || !character.isWhitespace, condition(character) else { break }
            result.append(character)
            index += 1
        }
        return result
    }

    private func peek(_ offset: Int = 0) -> Character? {
        index + offset < characters.count ? characters[index + offset] : nil
    }

    private static func isNumeric(_ character: Character) -> Bool {
        character == "." || ("0"..."9").contains(character)
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "."
    }

    private static func isSymbol(_ character: Character) -> Bool {
        !character.isLetter && !character.isNumber && !"()[]'\"".contains(character)
    }
}
