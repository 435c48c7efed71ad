/// Parts a script into its tokens, indentation included.
struct PythonLexer {
    enum Token: Hashable, Sendable {
        case name(String)
        case integer(Int)
        case number(Double)
        case string(String)
        /// What stands between the quotes of an f-string, its fields still unread.
        case template(String)
        case sign(String)
        case lineEnd, indent, dedent
    }

    /// More is not read: what a few lines do is known, what a program does is not.
    private static let tokensMax = 4_000
    private static let signs = [
        "**=", "//=", "===", "!==", "**", "//", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=", "&&", "||", "+",
        "-", "*", "/", "%", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "?", "!",
    ].map(Array.init)

    private let text: [Character]
    private let isJavaScript: Bool
    private var position = 0
    private var tokens: [Token] = []
    /// How many brackets are open: within them, lines do not end.
    private var brackets = 0
    private var indents = [0]

    static func tokens(of text: String, isJavaScript: Bool = false) throws(PythonFailure) -> [Token] {
        var lexer = PythonLexer(text: Array(text), isJavaScript: isJavaScript)
        try lexer.read()
        return lexer.tokens
    }

    private init(text: [Character], isJavaScript: Bool) {
        self.text = text
        self.isJavaScript = isJavaScript
    }

    private func peek(_ offset: Int = 0) -> Character? {
        position + offset < text.count ? text[position + offset] : nil
    }

    private func starts(with prefix: [Character]) -> Bool { text[position...].starts(with: prefix) }

    private mutating func read() throws(PythonFailure) {
        try beginLine()
        while let character = peek() {
            guard tokens.count < Self.tokensMax else { throw .unsupported("a long script") }
            if character.isNewline {
                position += 1
                guard brackets == 0 else { continue }
                endLine()
                try beginLine()
            } else if character.isWhitespace {
                position += 1
            } else if character == "\\", peek(1)?.isNewline == true {
                position += 2
            } else if isComment {
                skipLine()
            } else if let quoted = try string() {
                tokens.append(quoted)
            } else if character.isASCII, character.isNumber {
                tokens.append(try number())
            } else if character.isLetter || character == "_" || character == "$" {
                tokens.append(.name(word()))
            } else {
                try sign()
            }
        }
        endLine()
        tokens += Array(repeating: .dedent, count: indents.count - 1)
    }

    private var isComment: Bool { isJavaScript ? starts(with: ["/", "/"]) : peek() == "#" }

    private mutating func skipLine() { while let next = peek(), !next.isNewline { position += 1 } }

    private mutating func endLine() {
        guard let last = tokens.last, last != .lineEnd, last != .indent, last != .dedent else { return }
        tokens.append(.lineEnd)
    }

    /// Takes the indentation of the next line that says anything.
    private mutating func beginLine() throws(PythonFailure) {
        guard !isJavaScript else { return }
        while true {
            let start = position
            while peek() == " " || peek() == "\t" { position += 1 }
            let width = position - start
            if isComment { skipLine() }
            guard let next = peek() else { return }
            if next.isNewline {
                position += 1
                continue
            }
            if width > indents[indents.count - 1] {
                indents.append(width)
                tokens.append(.indent)
            }
            while width < indents[indents.count - 1] {
                indents.removeLast()
                tokens.append(.dedent)
            }
            guard width == indents[indents.count - 1], indents.count < 32 else { throw .unsupported("indentation") }
            return
        }
    }

    private mutating func word() -> String {
        let start = position
        while let next = peek(), next.isLetter || next.isNumber || next == "_" || next == "$" { position += 1 }
        return String(text[start..<position])
    }

    private mutating func number() throws(PythonFailure) -> Token {
        let start = position
        while let next = peek(), next.isASCII, next.isNumber || next == "_" { position += 1 }
        if peek() == ".", peek(1)?.isNumber == true {
            position += 1
            while let next = peek(), next.isASCII, next.isNumber { position += 1 }
        }
        let digits = String(text[start..<position].filter { $0 != "_" })
        guard peek()?.isLetter != true, let value = Double(digits) else { throw .unsupported("the number \(digits)") }
        if !digits.contains("."), let integer = Int(digits) { return .integer(integer) }
        return .number(value)
    }

    private mutating func sign() throws(PythonFailure) {
        guard let sign = Self.signs.first(where: starts(with:)) else {
            throw .unsupported("\"\(text[position])\"")
        }
        position += sign.count
        switch sign {
        case ["("], ["["], ["{"]: brackets += 1
        case [")"], ["]"], ["}"]: brackets = max(0, brackets - 1)
        case [";"]:
            endLine()
            return
        case ["=", "=", "="]: return tokens.append(.sign("=="))
        case ["!", "=", "="]: return tokens.append(.sign("!="))
        case ["&", "&"]: return tokens.append(.name("and"))
        case ["|", "|"]: return tokens.append(.name("or"))
        default: break
        }
        tokens.append(.sign(String(sign)))
    }

    /// A string with its prefixes; nil where none begins.
    private mutating func string() throws(PythonFailure) -> Token? {
        var offset = 0
        if !isJavaScript {
            while let letter = peek(offset), "rbfuRBFU".contains(letter), offset < 2 { offset += 1 }
        }
        guard let quote = peek(offset), quote == "'" || quote == "\"" else { return nil }
        let prefix = String(text[position..<(position + offset)]).lowercased()
        position += offset
        var end = [quote]
        if starts(with: [quote, quote, quote]), !isJavaScript { end = [quote, quote, quote] }
        position += end.count
        var content = ""
        while !starts(with: end) {
            guard let next = peek(), !next.isNewline || end.count == 3 else { throw .unsupported("an open string") }
            position += 1
            if next == "\\", !prefix.contains("r") { try escape(into: &content) } else { content.append(next) }
        }
        position += end.count
        return prefix.contains("f") ? .template(content) : .string(content)
    }

    private mutating func escape(into content: inout String) throws(PythonFailure) {
        guard let kind = peek() else { throw .unsupported("an open string") }
        position += 1
        switch kind {
        case "n": content += "\n"
        case "t": content += "\t"
        case "r": content += "\r"
        case "0": content += "\0"
        case "\\", "'", "\"": content.append(kind)
        case "x", "u":
            let length = kind == "x" ? 2 : 4
            let digits = String(text[position...].prefix(length))
            guard digits.count == length, let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
                throw .unsupported("\\\(kind)\(digits)")
            }
            position += length
            content.unicodeScalars.append(scalar)
        case _ where kind.isNewline: break
        default: content += "\\\(kind)"
        }
    }
}
