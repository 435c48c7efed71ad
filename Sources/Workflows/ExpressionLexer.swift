/// Splits the text of an expression into tokens.
struct ExpressionLexer {
    struct Token: Hashable {
        enum Kind: Hashable {
            case identifier
            case number
            case string
            case symbol
            case end
        }

        var kind: Kind
        /// Of a string, its value; otherwise what is written.
        var text: String
        var column: Int

        func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

        var description: String { kind == .end ? "the end" : "\"\(text)\"" }
    }

    /// Operators that are spelled as words.
    static let words: Set<String> = [
        "and", "contains", "else", "endsWith", "if", "in", "let", "matches", "not", "or", "startsWith",
    ]

    private let source: String
    private let characters: [Character]
    private var index = 0

    private init(_ source: String) {
        self.source = source
        characters = Array(source)
    }

    static func tokens(of text: String) throws(ExpressionError) -> [Token] {
        var lexer = ExpressionLexer(text)
        var tokens: [Token] = []
        while let token = try lexer.next() { tokens.append(token) }
        tokens.append(Token(kind: .end, text: "", column: lexer.index + 1))
        return tokens
    }

    private mutating func next() throws(ExpressionError) -> Token? {
        try skipBlanks()
        guard let character = peek() else { return nil }
        let column = index + 1
        if character == "'" || character == "\"" {
            return Token(kind: .string, text: try quoted(character), column: column)
        }
        if character == "`" { return Token(kind: .string, text: try raw(), column: column) }
        if Self.isDigit(character) || character == "." && peek(1).map(Self.isDigit) == true {
            return Token(kind: .number, text: try number(), column: column)
        }
        if Self.isWordCharacter(character) {
            let word = take(while: Self.isWordCharacter)
            return Token(kind: Self.words.contains(word) ? .symbol : .identifier, text: word, column: column)
        }
        return Token(kind: .symbol, text: try symbol(), column: column)
    }

    private mutating func symbol() throws(ExpressionError) -> String {
        guard let character = peek() else { throw error("unexpected end") }
        index += 1
        let followers: String
        switch character {
        case "(", ")", "[", "]", "{", "}", ",", ";", "%", "+", "-", "^", "/", "#": followers = ""
        case "?": followers = ".?"
        case "|": followers = "|"
        case ":": followers = ":"
        case ".": followers = "."
        case "&": followers = "&"
        case "*": followers = "*"
        case "!", "=", "<", ">": followers = "="
        default:
            index -= 1
            throw error("unexpected character \"\(character)\"")
        }
        guard let follower = peek(), followers.contains(follower) else { return String(character) }
        index += 1
        return String([character, follower])
    }

    private mutating func skipBlanks() throws(ExpressionError) {
        while let character = peek() {
            if character.isWhitespace {
                index += 1
            } else if character == "/", peek(1) == "/" {
                _ = take { !$0.isNewline }
            } else if character == "/", peek(1) == "*" {
                let start = index
                index += 2
                while !(peek() == "*" && peek(1) == "/") {
                    guard peek() != nil else {
                        index = start
                        throw error("the comment has no end (expected \"*/\")")
                    }
                    index += 1
                }
                index += 2
            } else {
                return
            }
        }
    }

    private mutating func number() throws(ExpressionError) -> String {
        let start = index
        var isDigit = Self.isDigit
        if peek() == "0", let prefix = peek(1), "xXoObB".contains(prefix) {
            index += 2
            isDigit = { $0.isASCII && $0.isHexDigit }
        }
        _ = take { isDigit($0) || $0 == "_" }
        // `1..3` is a range.
        if peek() == ".", peek(1) != "." {
            index += 1
            _ = take { isDigit($0) || $0 == "_" }
        }
        if let exponent = peek(), "eE".contains(exponent) {
            index += 1
            if let sign = peek(), "+-".contains(sign) { index += 1 }
            _ = take { isDigit($0) || $0 == "_" }
        }
        if let character = peek(), Self.isWordCharacter(character) { throw error("a number cannot go on so") }
        return String(characters[start..<index])
    }

    private mutating func raw() throws(ExpressionError) -> String {
        let start = index
        index += 1
        var result = ""
        while let character = peek() {
            index += 1
            guard character == "`" else {
                result.append(character)
                continue
            }
            guard peek() == "`" else { return result }
            // A backtick is written as two.
            result.append(character)
            index += 1
        }
        index = start
        throw error("the string has no end (expected a backtick)")
    }

    private mutating func quoted(_ quote: Character) throws(ExpressionError) -> String {
        let start = index
        index += 1
        var result = ""
        while let character = peek(), !character.isNewline {
            index += 1
            if character == quote { return result }
            if character == "\\" { result.append(try escape(quote)) } else { result.append(character) }
        }
        index = start
        throw error("the string has no end (expected \(quote))")
    }

    private mutating func escape(_ quote: Character) throws(ExpressionError) -> Character {
        guard let character = peek() else { throw error("unexpected end after a backslash") }
        index += 1
        switch character {
        case quote, "\\": return character
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{b}"
        case "x": return try scalar(digits: 2, radix: 16)
        case "U": return try scalar(digits: 8, radix: 16)
        case "u":
            guard peek() == "{" else { return try scalar(digits: 4, radix: 16) }
            index += 1
            let count = characters[index...].prefix { $0 != "}" }.count
            let result = try scalar(digits: count, radix: 16)
            index += 1
            return result
        case "0"..."7":
            index -= 1
            return try scalar(digits: 3, radix: 8)
        default:
            index -= 1
            throw error("unknown escape \"\\\(character)\"")
        }
    }

    private mutating func scalar(digits count: Int, radix: Int) throws(ExpressionError) -> Character {
        guard index + count <= characters.count,
            let value = UInt32(String(characters[index..<index + count]), radix: radix),
            let scalar = Unicode.Scalar(value)
        else { throw error("expected \(count) digits of a character's code") }
        index += count
        return Character(scalar)
    }

    private mutating func take(while condition: (Character) -> Bool) -> String {
        let start = index
        while let character = peek(), condition(character) { index += 1 }
        return String(characters[start..<index])
    }

    private func peek(_ offset: Int = 0) -> Character? {
        index + offset < characters.count ? characters[index + offset] : nil
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static func isWordCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_" || character == "$"
    }

    private func error(_ message: String) -> ExpressionError {
        ExpressionError(text: source, column: index + 1, message: message)
    }
}
