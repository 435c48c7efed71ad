/// A value of a condition.
enum WhenValue: Hashable {
    case number(Double)
    case text(String)
    case bool(Bool)
    case list([WhenValue])

    var description: String {
        switch self {
        case .number(let value): GoText.number(value)
        case .text(let text): text
        case .bool(let value): String(value)
        case .list(let values): "[\(values.map(\.description).joined(separator: " "))]"
        }
    }
}

/// Reads the tokens of a condition and evaluates them on the way, with govaluate's precedences.
///
/// What `&&` and `||` need not look at is read but not evaluated: it may not fit together.
struct WhenParser {
    /// From the loosest to the tightest.
    private static let levels: [Set<String>] = [
        ["||"], ["&&"], ["==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"], ["^", "&", "|"], [">>", "<<"],
        ["+", "-"],
        ["*", "/", "%"], ["**"],
    ]
    private static let nestingMax = 200

    private let tokens: [WhenLexer.Token]
    private var index = 0
    private var nesting = 0

    static func evaluate(_ text: String) throws(ExpressionFault) -> WhenValue {
        var parser = WhenParser(tokens: try WhenLexer.tokens(of: text))
        let result = try parser.list(isSkipped: false)
        guard parser.current == nil else { throw parser.unexpected() }
        return result
    }

    private init(tokens: [WhenLexer.Token]) { self.tokens = tokens }

    private mutating func list(isSkipped: Bool) throws(ExpressionFault) -> WhenValue {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= Self.nestingMax else { throw ExpressionFault("the condition is nested too deeply") }
        var values = [try choice(isSkipped)]
        while current == .comma {
            index += 1
            values.append(try choice(isSkipped))
        }
        return values.count == 1 ? values[0] : .list(values)
    }

    private mutating func choice(_ isSkipped: Bool) throws(ExpressionFault) -> WhenValue {
        let condition = try operation(0, isSkipped)
        guard current == .symbol("?") else { return condition }
        index += 1
        var isTrue = false
        if !isSkipped {
            guard case .bool(let value) = condition else { throw Self.mismatch(condition, "?", "a bool") }
            isTrue = value
        }
        let then = try choice(isSkipped || !isTrue)
        guard current == .symbol(":") else { throw unexpected() }
        index += 1
        let otherwise = try choice(isSkipped || isTrue)
        return isTrue ? then : otherwise
    }

    private mutating func operation(_ level: Int, _ isSkipped: Bool) throws(ExpressionFault) -> WhenValue {
        guard level < Self.levels.count else { return try operand(isSkipped) }
        var left = try operation(level + 1, isSkipped)
        while case .symbol(let symbol) = current, Self.levels[level].contains(symbol) {
            index += 1
            let isDecided = symbol == "&&" && left == .bool(false) || symbol == "||" && left == .bool(true)
            let right = try operation(level + 1, isSkipped || isDecided)
            if !isSkipped, !isDecided { left = try Self.apply(symbol, left, right) }
        }
        return left
    }

    private mutating func operand(_ isSkipped: Bool) throws(ExpressionFault) -> WhenValue {
        guard let token = current else { throw ExpressionFault("Unexpected end of expression") }
        switch token {
        case .value(let value):
            index += 1
            return value
        case .open:
            index += 1
            let value = try list(isSkipped: isSkipped)
            guard current == .close else { throw ExpressionFault("Unbalanced parenthesis") }
            index += 1
            return value
        case .prefix(let symbol):
            index += 1
            switch current {
            case .prefix, .symbol, .comma, .close, nil: throw unexpected()
            case .value, .open: break
            }
            let value = try operand(isSkipped)
            return isSkipped ? value : try Self.apply(prefix: symbol, value)
        case .symbol, .close, .comma: throw unexpected()
        }
    }

    private var current: WhenLexer.Token? { index < tokens.count ? tokens[index] : nil }

    private func unexpected() -> ExpressionFault {
        switch current {
        case .value(let value): ExpressionFault("Unexpected '\(value.description)' where an operator is expected")
        case .prefix(let symbol), .symbol(let symbol):
            ExpressionFault("Unexpected '\(symbol)' where a value is expected")
        case .open: ExpressionFault("Unexpected '('")
        case .close: ExpressionFault("Unbalanced parenthesis")
        case .comma: ExpressionFault("Unexpected ','")
        case nil: ExpressionFault("Unexpected end of expression")
        }
    }

    // MARK: Operators

    private static func apply(prefix symbol: String, _ value: WhenValue) throws(ExpressionFault) -> WhenValue {
        switch (symbol, value) {
        case ("!", .bool(let value)): return .bool(!value)
        case ("-", .number(let value)): return .number(-value)
        case ("~", .number(let value)): return .number(Double(~(try integer(value))))
        default: throw ExpressionFault("Value '\(value.description)' cannot be used with the prefix '\(symbol)'")
        }
    }

    private static func apply(
        _ symbol: String, _ left: WhenValue, _ right: WhenValue
    ) throws(ExpressionFault) -> WhenValue {
        switch symbol {
        case "==": return .bool(left == right)
        case "!=": return .bool(left != right)
        case "&&", "||":
            guard case .bool = left else { throw mismatch(left, symbol, "a bool") }
            // The left side has not decided, so the right side does.
            guard case .bool = right else { throw mismatch(right, symbol, "a bool") }
            return right
        case "in":
            guard case .list(let values) = right else { throw mismatch(right, symbol, "a list") }
            return .bool(values.contains(left))
        case "=~", "!~":
            guard case .text(let text) = left else { throw mismatch(left, symbol, "text") }
            guard case .text(let pattern) = right else { throw mismatch(right, symbol, "text") }
            return .bool(try GoPattern(pattern).matches(text) == (symbol == "=~"))
        case "<", "<=", ">", ">=": return .bool(try ordering(symbol, left, right))
        default: return try arithmetic(symbol, left, right)
        }
    }

    private static func ordering(
        _ symbol: String, _ left: WhenValue, _ right: WhenValue
    ) throws(ExpressionFault) -> Bool {
        let isLess: Bool
        switch (left, right) {
        case (.number(let left), .number(let right)): isLess = left < right
        case (.text(let left), .text(let right)): isLess = left.precedesBytewise(right)
        default:
            throw ExpressionFault(
                "Values '\(left.description)' and '\(right.description)' cannot be used with the comparator "
                    + "'\(symbol)': they must be two numbers or two texts")
        }
        switch symbol {
        case "<": return isLess
        case "<=": return isLess || left == right
        case ">": return !isLess && left != right
        default: return !isLess
        }
    }

    private static func arithmetic(
        _ symbol: String, _ left: WhenValue, _ right: WhenValue
    ) throws(ExpressionFault) -> WhenValue {
        if symbol == "+" {
            switch (left, right) {
            case (.text, _), (_, .text): return .text(left.description + right.description)
            default: break
            }
        }
        guard case .number(let first) = left else { throw mismatch(left, symbol, "a number") }
        guard case .number(let second) = right else { throw mismatch(right, symbol, "a number") }
        switch symbol {
        case "+": return .number(first + second)
        case "-": return .number(first - second)
        case "*": return .number(first * second)
        case "/": return .number(first / second)
        case "%": return .number(first.truncatingRemainder(dividingBy: second))
        case "**": return .number(try ExpressionEvaluator.power(first, second))
        case "&": return .number(Double(try integer(first) & (try integer(second))))
        case "|": return .number(Double(try integer(first) | (try integer(second))))
        case "^": return .number(Double(try integer(first) ^ (try integer(second))))
        case "<<": return .number(Double(try integer(first) << (try integer(second))))
        default: return .number(Double(try integer(first) >> (try integer(second))))
        }
    }

    private static func integer(_ value: Double) throws(ExpressionFault) -> Int64 {
        guard let integer = Int64(exactly: value.rounded(.towardZero)) else {
            throw ExpressionFault("\(GoText.number(value)) is beyond the whole numbers of 64 bits")
        }
        return integer
    }

    private static func mismatch(_ value: WhenValue, _ symbol: String, _ expected: String) -> ExpressionFault {
        ExpressionFault("Value '\(value.description)' cannot be used with '\(symbol)', it is not \(expected)")
    }
}
