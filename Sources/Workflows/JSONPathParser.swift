/// Reads paths.
struct JSONPathParser {
    /// Each may lead to every value of the document, from everyone that the one before led to.
    private static let descendantsMax = 2

    private let source: String
    private let characters: [Character]
    private var index = 0

    private init(_ source: String) {
        self.source = source
        characters = Array(source)
    }

    static func pieces(of text: String) throws(ExpressionError) -> [JSONPath.Piece] {
        var parser = JSONPathParser(text)
        if !text.contains("{") { return [.path(try parser.path(until: nil))] }
        var pieces: [JSONPath.Piece] = []
        var plain = ""
        while let character = parser.peek() {
            parser.index += 1
            guard character == "{" else {
                plain.append(character)
                continue
            }
            if !plain.isEmpty { pieces.append(.text(plain)) }
            plain = ""
            pieces.append(try parser.braced())
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        return pieces
    }

    private mutating func braced() throws(ExpressionError) -> JSONPath.Piece {
        skipBlanks()
        let piece: JSONPath.Piece
        if let quote = peek(), quote == "\"" || quote == "'" {
            piece = .text(try quoted())
        } else {
            piece = .path(try path(until: "}"))
        }
        skipBlanks()
        guard peek() == "}" else { throw error("expected \"}\"") }
        index += 1
        return piece
    }

    private mutating func path(until end: Character?) throws(ExpressionError) -> [JSONPath.Step] {
        skipBlanks()
        var steps: [JSONPath.Step] = []
        if let first = peek(), first == "$" || first == "@" {
            index += 1
        } else if let first = peek(), first != ".", first != "[" {
            if end == nil, isName(first) {
                // kubectl takes `metadata.name` for `{.metadata.name}`.
                steps.append(.name(name()))
            } else {
                throw error("expected \"$\", \".\" or \"[\"")
            }
        }
        while let character = peek(), character != end {
            switch character {
            case ".":
                index += 1
                if peek() == "." {
                    index += 1
                    steps.append(.descendants)
                    if peek() == "[" { continue }
                }
                if let step = try member() { steps.append(step) }
            case "[":
                index += 1
                steps.append(try subscripted())
            case " " where end != nil || index + 1 == characters.count: index += 1
            default: throw error("unexpected \"\(character)\", expected \".\" or \"[\"")
            }
        }
        guard steps.last != .descendants else { throw error("expected a name after \"..\"") }
        guard steps.count(where: { $0 == .descendants }) <= Self.descendantsMax else {
            throw error("there are more than \(Self.descendantsMax) \"..\" in the path")
        }
        return steps
    }

    /// Nil for kubectl's `{.}`, which is the whole document.
    private mutating func member() throws(ExpressionError) -> JSONPath.Step? {
        if peek() == "*" {
            index += 1
            return .all
        }
        let name = name()
        guard !name.isEmpty else {
            if peek() == nil || peek() == "}" { return nil }
            throw error("expected a name")
        }
        return .name(name)
    }

    private mutating func subscripted() throws(ExpressionError) -> JSONPath.Step {
        skipBlanks()
        if peek() == "?" { return .filter(try condition()) }
        var steps: [JSONPath.Step] = []
        while true {
            steps.append(try selector())
            skipBlanks()
            guard let character = peek(), character == "," || character == "]" else { throw error("expected \"]\"") }
            index += 1
            if character == "]" { return steps.count == 1 ? steps[0] : .union(steps) }
        }
    }

    private mutating func selector() throws(ExpressionError) -> JSONPath.Step {
        skipBlanks()
        switch peek() {
        case "*":
            index += 1
            return .all
        case "'", "\"": return .name(try quoted())
        default: break
        }
        let first = number()
        skipBlanks()
        guard peek() == ":" else {
            guard let first else { throw error("expected a position, a quoted name, \"*\" or a filter") }
            return .index(first)
        }
        index += 1
        let second = number()
        skipBlanks()
        var step: Int64 = 1
        if peek() == ":" {
            index += 1
            step = number() ?? 1
        }
        guard step != 0 else { throw error("a step cannot be zero") }
        return .range(from: first, to: second, by: step)
    }

    /// `?(…)`, as an expression in which `@` is a variable.
    private mutating func condition() throws(ExpressionError) -> Expression {
        index += 1
        guard peek() == "(" else { throw error("expected \"(\"") }
        let start = index
        var depth = 0
        var text = ""
        while let character = peek() {
            switch character {
            case "'", "\"":
                let from = index
                _ = try quoted()
                text += String(characters[from..<index])
                continue
            case "(": depth += 1
            case ")": depth -= 1
            default: break
            }
            text += character == "@" ? JSONPath.current : String(character)
            index += 1
            if depth == 0 { break }
        }
        guard depth == 0, peek() == "]" else {
            index = start
            throw error("the filter has no end (expected \")]\")")
        }
        index += 1
        do throws(ExpressionError) {
            return try Expression(text)
        } catch {
            throw ExpressionError(text: source, column: start + 1, message: "the filter: \(error.message)")
        }
    }

    private mutating func quoted() throws(ExpressionError) -> String {
        let start = index
        let quote = peek()
        index += 1
        var result = ""
        while let character = peek() {
            index += 1
            if character == quote { return result }
            if character == "\\", let next = peek() {
                index += 1
                result.append(next)
            } else {
                result.append(character)
            }
        }
        index = start
        throw error("the string has no end")
    }

    private mutating func number() -> Int64? {
        skipBlanks()
        let start = index
        if peek() == "-" { index += 1 }
        while let character = peek(), ("0"..."9").contains(character) { index += 1 }
        guard let number = Int64(String(characters[start..<index])) else {
            index = start
            return nil
        }
        return number
    }

    /// A backslash lets any character be part of a name: `annotations.example\.com/key`.
    private mutating func name() -> String {
        var result = ""
        while let character = peek() {
            if character == "\\", index + 1 < characters.count {
                result.append(characters[index + 1])
                index += 2
            } else if isName(character) {
                result.append(character)
                index += 1
            } else {
                break
            }
        }
        return result
    }

    private func isName(_ character: Character) -> Bool {
        !character.isWhitespace && !".[]{}()'\",*?@$".contains(character)
    }

    private mutating func skipBlanks() { while peek()?.isWhitespace == true { index += 1 } }

    private func peek() -> Character? { index < characters.count ? characters[index] : nil }

    private func error(_ message: String) -> ExpressionError {
        ExpressionError(text: source, column: index + 1, message: message)
    }
}
