/// The value of what stands in `$(( ))`: whole numbers, variables, parentheses, and C's operators for them.
struct ShellArithmetic {
    struct Malformed: Error {}

    private let tokens: [String]
    private var position = 0
    private let variables: [String: String]

    static func value(of text: String, variables: [String: String]) throws(Malformed) -> Int {
        var reader = ShellArithmetic(tokens: tokens(text), variables: variables)
        if reader.tokens.isEmpty { return 0 }
        let value = try reader.expression(0)
        guard reader.position == reader.tokens.count else { throw Malformed() }
        return value
    }

    private init(tokens: [String], variables: [String: String]) {
        self.tokens = tokens
        self.variables = variables
    }

    private static let levels: [[String]] = [
        ["||"], ["&&"], ["==", "!="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"],
    ]

    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var rest = text[...]
        while let first = rest.first {
            if first.isWhitespace {
                rest = rest.dropFirst()
                continue
            }
            let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            let isPair = ["||", "&&", "==", "!=", "<=", ">="].contains(String(rest.prefix(2)))
            let token = word.isEmpty ? rest.prefix(isPair ? 2 : 1) : word
            tokens.append(String(token))
            rest = rest.dropFirst(token.count)
        }
        return tokens
    }

    private mutating func expression(_ level: Int) throws(Malformed) -> Int {
        guard level < Self.levels.count else { return try unary() }
        var left = try expression(level + 1)
        while position < tokens.count, Self.levels[level].contains(tokens[position]) {
            let sign = tokens[position]
            position += 1
            left = try Self.apply(sign, left, try expression(level + 1))
        }
        return left
    }

    private static func apply(_ sign: String, _ left: Int, _ right: Int) throws(Malformed) -> Int {
        switch sign {
        case "||": return left != 0 || right != 0 ? 1 : 0
        case "&&": return left != 0 && right != 0 ? 1 : 0
        case "==": return left == right ? 1 : 0
        case "!=": return left != right ? 1 : 0
        case "<": return left < right ? 1 : 0
        case ">": return left > right ? 1 : 0
        case "<=": return left <= right ? 1 : 0
        case ">=": return left >= right ? 1 : 0
        case "+": return left &+ right
        case "-": return left &- right
        case "*": return left &* right
        default:
            guard right != 0, right != -1 else {
                guard right == -1 else { throw Malformed() }
                return sign == "/" ? 0 &- left : 0
            }
            return sign == "/" ? left / right : left % right
        }
    }

    private mutating func unary() throws(Malformed) -> Int {
        guard position < tokens.count else { throw Malformed() }
        let token = tokens[position]
        position += 1
        switch token {
        case "-": return 0 &- (try unary())
        case "+": return try unary()
        case "!": return try unary() == 0 ? 1 : 0
        case "(":
            let value = try expression(0)
            guard position < tokens.count, tokens[position] == ")" else { throw Malformed() }
            position += 1
            return value
        default:
            if let number = Int(token) { return number }
            guard token.first?.isLetter == true || token.first == "_" else { throw Malformed() }
            let text = variables[token] ?? ""
            guard let number = text.isEmpty ? 0 : Int(text) else { throw Malformed() }
            return number
        }
    }
}
