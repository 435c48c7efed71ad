/// Reads a shell script.
struct ShellParser {
    enum Failure: Error, Hashable {
        /// A shell would refuse it, too.
        case syntax(String)
        /// A shell knows it; this one does not.
        case unsupported(String)
    }

    private static let delimiters: Set<Character> = [" ", "\t", "\n", "\r\n", ";", "&", "|", "<", ">", "(", ")"]
    /// Scripts nested deeper are not read: the reader is recursive.
    private static let depthMax = 64

    private let text: [Character]
    private var position = 0
    private var depth = 0

    private init(_ text: String) { self.text = Array(text) }

    static func parse(_ text: String) throws(Failure) -> ShellNode {
        var parser = ShellParser(text)
        let node = try parser.list(until: [])
        guard parser.peek == nil else { throw .syntax("\"\(parser.text[parser.position])\" unexpected") }
        return node
    }

    // MARK: Characters

    private var peek: Character? { position < text.count ? text[position] : nil }

    private func peek(_ offset: Int) -> Character? {
        position + offset < text.count ? text[position + offset] : nil
    }

    private func starts(with prefix: String) -> Bool {
        text[position...].prefix(prefix.count).elementsEqual(prefix)
    }

    private mutating func take(_ prefix: String) -> Bool {
        guard starts(with: prefix) else { return false }
        position += prefix.count
        return true
    }

    private static func isLineEnd(_ character: Character?) -> Bool { character == "\n" || character == "\r\n" }

    /// Blanks, continued lines, and, where a word could begin, comments.
    private mutating func skipBlanks() {
        while let character = peek {
            if character == " " || character == "\t" {
                position += 1
            } else if character == "\\", Self.isLineEnd(peek(1)) {
                position += 2
            } else if character == "#" {
                while peek != nil, !Self.isLineEnd(peek) { position += 1 }
            } else {
                return
            }
        }
    }

    private mutating func skipLines() {
        skipBlanks()
        while Self.isLineEnd(peek) {
            position += 1
            skipBlanks()
        }
    }

    /// The plain word that comes next, where one does; reserved words are such.
    private var nextWord: String {
        String(text[position...].prefix { !Self.delimiters.contains($0) })
    }

    private mutating func expect(_ word: String) throws(Failure) {
        skipLines()
        guard nextWord == word else { throw .syntax("\"\(nextWord)\" unexpected (expecting \"\(word)\")") }
        position += word.count
    }

    // MARK: Lists

    private mutating func list(until terminators: Set<String>) throws(Failure) -> ShellNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else { throw .unsupported("deep nesting") }
        var nodes: [ShellNode] = []
        while true {
            skipLines()
            guard let character = peek, character != ")", !terminators.contains(nextWord) else { break }
            if terminators.contains("`"), character == "`" { break }
            nodes.append(try andOr())
            skipBlanks()
            guard let end = peek else { break }
            switch end {
            case ";":
                if starts(with: ";;") { throw .unsupported("case") }
                position += 1
            case "\n", "\r\n": position += 1
            case "&": throw .unsupported("&")
            case ")", "`": continue
            default: throw .syntax("\"\(end)\" unexpected")
            }
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func andOr() throws(Failure) -> ShellNode {
        var left = try pipeline()
        while true {
            skipBlanks()
            if take("&&") {
                skipLines()
                left = .both(left, try pipeline())
            } else if take("||") {
                skipLines()
                left = .either(left, try pipeline())
            } else {
                return left
            }
        }
    }

    private mutating func pipeline() throws(Failure) -> ShellNode {
        skipBlanks()
        let isNegated = nextWord == "!"
        if isNegated { position += 1 }
        var nodes = [try command()]
        skipBlanks()
        while peek == "|", peek(1) != "|" {
            position += 1
            skipLines()
            nodes.append(try command())
            skipBlanks()
        }
        return nodes.count == 1 && !isNegated ? nodes[0] : .pipeline(nodes, isNegated: isNegated)
    }

    private mutating func command() throws(Failure) -> ShellNode {
        skipBlanks()
        var node: ShellNode
        switch nextWord {
        case "if": node = try choice()
        case "for": node = try each()
        case "while", "until": node = try loop()
        case "case", "function", "select", "time": throw .unsupported(nextWord)
        case "{":
            position += 1
            node = try list(until: ["}"])
            try expect("}")
        default:
            guard peek == "(" else { return try simple() }
            position += 1
            node = .subshell(try list(until: []))
            guard take(")") else { throw .syntax("end of file unexpected (expecting \")\")") }
        }
        var redirects: [ShellRedirect] = []
        skipBlanks()
        while let redirect = try redirect() {
            redirects.append(redirect)
            skipBlanks()
        }
        if !redirects.isEmpty { node = .redirected(node, redirects) }
        return node
    }

    private mutating func choice() throws(Failure) -> ShellNode {
        try expect("if")
        var branches: [ShellBranch] = []
        while true {
            let condition = try list(until: ["then"])
            try expect("then")
            branches.append(ShellBranch(condition: condition, body: try list(until: ["elif", "else", "fi"])))
            skipLines()
            switch nextWord {
            case "elif": position += 4
            case "else":
                position += 4
                let otherwise = try list(until: ["fi"])
                try expect("fi")
                return .choice(branches, otherwise: otherwise)
            default:
                try expect("fi")
                return .choice(branches, otherwise: nil)
            }
        }
    }

    private mutating func each() throws(Failure) -> ShellNode {
        try expect("for")
        skipBlanks()
        let name = nextWord
        guard Self.isName(name) else { throw .syntax("bad for loop variable") }
        position += name.count
        try expect("in")
        var words: [ShellWord] = []
        skipBlanks()
        while let character = peek, !Self.isLineEnd(character), character != ";" {
            words.append(try word())
            skipBlanks()
        }
        if peek == ";" { position += 1 }
        try expect("do")
        let body = try list(until: ["done"])
        try expect("done")
        return .each(name: name, words: words, body: body)
    }

    private mutating func loop() throws(Failure) -> ShellNode {
        let isUntil = nextWord == "until"
        position += 5
        let condition = try list(until: ["do"])
        try expect("do")
        let body = try list(until: ["done"])
        try expect("done")
        return .loop(isUntil: isUntil, condition: condition, body: body)
    }

    // MARK: Simple commands

    private mutating func simple() throws(Failure) -> ShellNode {
        var command = ShellCommand()
        while true {
            skipBlanks()
            if let redirect = try redirect() {
                command.redirects.append(redirect)
                continue
            }
            guard let character = peek, !Self.delimiters.contains(character) else { break }
            if character == "`", isInBackquotes { break }
            if command.words.isEmpty, let assignment = try assignment() {
                command.assignments.append(assignment)
                continue
            }
            command.words.append(try word())
            if command.words.count == 1, peek == "(" { throw .unsupported("functions") }
        }
        guard !command.isEmpty else {
            throw .syntax(peek.map { "\"\($0)\" unexpected" } ?? "end of file unexpected")
        }
        return .simple(command)
    }

    private mutating func assignment() throws(Failure) -> ShellAssignment? {
        let name = String(text[position...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        guard Self.isName(name), peek(name.count) == "=" else { return nil }
        position += name.count + 1
        guard let character = peek, !Self.delimiters.contains(character) else {
            return ShellAssignment(name: name, value: ShellWord())
        }
        return ShellAssignment(name: name, value: try word())
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.first, first == "_" || first.isLetter else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private mutating func redirect() throws(Failure) -> ShellRedirect? {
        let hasNumber = peek.map { "012".contains($0) } == true && (peek(1) == ">" || peek(1) == "<")
        let sign = hasNumber ? peek(1) : peek
        guard sign == ">" || sign == "<" else { return nil }
        let number = hasNumber ? Int(String(text[position])) : nil
        position += hasNumber ? 1 : 0
        if starts(with: "<<") { throw .unsupported("<<") }
        let stream = number ?? (sign == "<" ? 0 : 1)
        let kind: ShellRedirect.Kind
        if take(">>") {
            kind = .append
        } else if take(">&") {
            guard let digit = peek, let source = Int(String(digit)), (1...2).contains(source) else {
                throw .unsupported(">&")
            }
            position += 1
            return ShellRedirect(stream: stream, kind: .copy(source))
        } else if take(">") {
            kind = .write
        } else {
            position += 1
            kind = .read
        }
        skipBlanks()
        guard let character = peek, !Self.delimiters.contains(character) else {
            throw .syntax("a redirection without a file")
        }
        return ShellRedirect(stream: stream, kind: kind, target: try word())
    }

    // MARK: Words

    private var isInBackquotes = false

    private mutating func word() throws(Failure) -> ShellWord {
        var word = ShellWord()
        while let character = peek, !Self.delimiters.contains(character) {
            switch character {
            case "'":
                position += 1
                let start = position
                while let next = peek, next != "'" { position += 1 }
                guard peek != nil else { throw .syntax("Unterminated quoted string") }
                word.add(.literal(String(text[start..<position])), isQuoted: true)
                position += 1
            case "\"":
                position += 1
                try quoted(into: &word, until: "\"")
            case "\\":
                position += 1
                guard let next = peek else { break }
                position += 1
                if !Self.isLineEnd(next) { word.add(.literal(String(next)), isQuoted: true) }
            case "$": try expansion(into: &word, isQuoted: false)
            case "`":
                if isInBackquotes { return word }
                try backquoted(into: &word, isQuoted: false)
            default:
                position += 1
                word.add(.literal(String(character)), isQuoted: false)
            }
        }
        return word
    }

    /// What stands in double quotes, up to the closing character, which is taken.
    private mutating func quoted(into word: inout ShellWord, until end: Character) throws(Failure) {
        word.add(.literal(""), isQuoted: true)
        while let character = peek {
            if character == end {
                position += 1
                return
            }
            switch character {
            case "\\":
                position += 1
                guard let next = peek else { break }
                position += 1
                if Self.isLineEnd(next) { break }
                let isEscape = next == "$" || next == "`" || next == "\"" || next == "\\"
                word.add(.literal(isEscape ? String(next) : "\\\(next)"), isQuoted: true)
            case "$": try expansion(into: &word, isQuoted: true)
            case "`": try backquoted(into: &word, isQuoted: true)
            default:
                position += 1
                word.add(.literal(String(character)), isQuoted: true)
            }
        }
        throw .syntax("Unterminated quoted string")
    }

    private mutating func backquoted(into word: inout ShellWord, isQuoted: Bool) throws(Failure) {
        position += 1
        isInBackquotes = true
        defer { isInBackquotes = false }
        let node = try list(until: ["`"])
        guard take("`") else { throw .syntax("EOF in backquote substitution") }
        word.add(.command(node), isQuoted: isQuoted)
    }

    private mutating func expansion(into word: inout ShellWord, isQuoted: Bool) throws(Failure) {
        position += 1
        if take("((") {
            word.add(.arithmetic(try arithmetic()), isQuoted: isQuoted)
        } else if take("(") {
            let outer = isInBackquotes
            isInBackquotes = false
            let node = try list(until: [])
            isInBackquotes = outer
            guard take(")") else { throw .syntax("end of file unexpected (expecting \")\")") }
            word.add(.command(node), isQuoted: isQuoted)
        } else if take("{") {
            word.add(try braced(), isQuoted: isQuoted)
        } else if let name = variableName() {
            word.add(.variable(name, nil), isQuoted: isQuoted)
        } else {
            word.add(.literal("$"), isQuoted: isQuoted)
        }
    }

    private mutating func variableName() -> String? {
        guard let first = peek else { return nil }
        if first.isNumber && first.isASCII || "?#@*$!".contains(first) {
            position += 1
            return String(first)
        }
        let name = String(text[position...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        guard !name.isEmpty else { return nil }
        position += name.count
        return name
    }

    private mutating func braced() throws(Failure) -> ShellWord.Part {
        if peek == "#", peek(1) != "}" {
            position += 1
            guard let name = variableName(), take("}") else { throw .syntax("Bad substitution") }
            return .length(name)
        }
        guard let name = variableName() else { throw .syntax("Bad substitution") }
        if take("}") { return .variable(name, nil) }
        let isOfEmpty = take(":")
        let condition: ShellWord.Substitute.Condition
        var assigns = false
        switch peek {
        case "-": condition = isOfEmpty ? .empty : .unset
        case "=": (condition, assigns) = (isOfEmpty ? .empty : .unset, true)
        case "+": condition = .set
        default: throw .unsupported("${\(name)…}")
        }
        position += 1
        var word = ShellWord()
        try quoted(into: &word, until: "}")
        return .variable(name, .init(condition: condition, assigns: assigns, word: word))
    }

    private mutating func arithmetic() throws(Failure) -> ShellWord {
        var word = ShellWord()
        var open = 0
        while let character = peek {
            if open == 0, take("))") { return word }
            if character == "$" {
                try expansion(into: &word, isQuoted: true)
                continue
            }
            open += character == "(" ? 1 : character == ")" ? -1 : 0
            position += 1
            word.add(.literal(String(character)), isQuoted: true)
        }
        throw .syntax("end of file unexpected (expecting \"))\")")
    }
}

extension ShellWord {
    fileprivate mutating func add(_ part: Part, isQuoted: Bool) {
        // Characters that come one by one become one piece.
        if case .literal(let next) = part, let last = pieces.last, last.isQuoted == isQuoted,
            case .literal(let text) = last.part
        {
            pieces[pieces.count - 1].part = .literal(text + next)
        } else {
            pieces.append(Piece(part: part, isQuoted: isQuoted))
        }
    }
}
