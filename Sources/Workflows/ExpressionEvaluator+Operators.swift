import Determinism
import Kubernetes

/// The operators on values, and the methods of moments and spans.
extension ExpressionEvaluator {
    /// Longer texts are not put together, so that no expression can fill the memory by doubling one.
    private static let textMax = 10_000_000

    static func apply(
        _ symbol: ExpressionNode.UnaryOperator, _ value: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue {
        switch (symbol, value) {
        case (.not, .json(.bool(let value))), (.exclamation, .json(.bool(let value))): return .bool(!value)
        case (.plus, .json(.integer)), (.plus, .json(.number)): return value
        case (.minus, .json(.integer(let value))): return .integer(0 &- value)
        case (.minus, .json(.number(let value))): return .number(-value)
        case (.minus, .duration(let duration)): return .duration(.zero - duration)
        default: throw ExpressionFault("invalid operation: \(symbol.rawValue) \(value.typeName)")
        }
    }

    static func apply(
        _ symbol: ExpressionNode.BinaryOperator, _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue {
        let result: ExpressionValue? =
            switch symbol {
            case .equal: .bool(left.equals(right))
            case .notEqual: .bool(!left.equals(right))
            case .less, .greater, .atMost, .atLeast: ordering(symbol, left, right).map(ExpressionValue.bool)
            case .add, .subtract, .multiply: try arithmetic(symbol, left, right)
            case .divide, .modulo, .power, .caret: try scaled(symbol, left, right)
            case .range: try range(left, right)
            case .isIn: isIn(left, right).map(ExpressionValue.bool)
            case .matches, .contains, .startsWith, .endsWith: try textual(symbol, left, right)
            case .and, .andWord, .or, .orWord, .coalesce, .pipe:
                preconditionFailure("\(symbol) is evaluated lazily")
            }
        guard let result else {
            throw ExpressionFault("invalid operation: \(left.typeName) \(symbol.rawValue) \(right.typeName)")
        }
        return result
    }

    private static func ordering(
        _ symbol: ExpressionNode.BinaryOperator, _ left: ExpressionValue, _ right: ExpressionValue
    ) -> Bool? {
        func compare<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
            switch symbol {
            case .less: left < right
            case .greater: left > right
            case .atMost: left <= right
            default: left >= right
            }
        }
        switch (left, right) {
        case (.json(.integer(let left)), .json(.integer(let right))): return compare(left, right)
        case (.json(.string(let left)), .json(.string(let right))):
            // By bytes, as Go does; Swift's own order is by canonical equivalence.
            let sign = left.precedesBytewise(right) ? -1 : right.precedesBytewise(left) ? 1 : 0
            return compare(sign, 0)
        case (.json(let left), .json(let right)):
            guard let left = left.double, let right = right.double else { return nil }
            return compare(left, right)
        case (.time(let left), .time(let right)): return compare(left, right)
        case (.duration(let left), .duration(let right)): return compare(left, right)
        default: return nil
        }
    }

    /// Nil for types that do not go together.
    private static func arithmetic(
        _ symbol: ExpressionNode.BinaryOperator, _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue? {
        switch (left, symbol, right) {
        case (.json(.integer(let left)), _, .json(.integer(let right))):
            let (result, isTooLarge) =
                switch symbol {
                case .add: left.addingReportingOverflow(right)
                case .subtract: left.subtractingReportingOverflow(right)
                default: left.multipliedReportingOverflow(by: right)
                }
            guard !isTooLarge else { throw ExpressionFault("the result is beyond the whole numbers of 64 bits") }
            return .integer(result)
        case (.json(.string(let left)), .add, .json(.string(let right))):
            guard left.utf8.count + right.utf8.count <= textMax else { throw ExpressionFault("the text is too long") }
            return .string(left + right)
        case (.time(let time), .add, .duration(let duration)), (.duration(let duration), .add, .time(let time)):
            return .time(time + duration)
        case (.time(let time), .subtract, .duration(let duration)): return .time(time + (.zero - duration))
        case (.time(let left), .subtract, .time(let right)): return try .span(left - right)
        case (.duration(let left), .add, .duration(let right)): return try .span(left + right)
        case (.duration(let left), .subtract, .duration(let right)): return try .span(left - right)
        case (.duration(let duration), .multiply, .json(let value)),
            (.json(let value), .multiply, .duration(let duration)):
            guard let factor = value.double else { return nil }
            let seconds = duration.seconds * factor
            guard seconds.magnitude < 9.2e9 else { throw ExpressionFault("the span is too long") }
            return .duration(duration * factor)
        case (.json(let left), _, .json(let right)):
            guard let left = left.double, let right = right.double else { return nil }
            switch symbol {
            case .add: return .number(left + right)
            case .subtract: return .number(left - right)
            default: return .number(left * right)
            }
        default: return nil
        }
    }

    private static func scaled(
        _ symbol: ExpressionNode.BinaryOperator, _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue? {
        guard case .json(let left) = left, case .json(let right) = right else { return nil }
        if symbol == .modulo {
            guard case .integer(let left) = left, case .integer(let right) = right else { return nil }
            guard right != 0 else { throw ExpressionFault("integer divide by zero") }
            return .integer(right == -1 ? 0 : left % right)
        }
        guard let left = left.double, let right = right.double else { return nil }
        return .number(symbol == .divide ? left / right : try power(left, right))
    }

    /// By squaring, for whole exponents; the C library's `pow` would bring in a module for this one function.
    static func power(_ base: Double, _ exponent: Double) throws(ExpressionFault) -> Double {
        guard exponent == exponent.rounded(), exponent.magnitude <= 1_100 else {
            throw ExpressionFault("an exponent must be a whole number up to 1100 (is \(GoText.number(exponent)))")
        }
        var (result, factor, rest) = (1.0, base, Int(exponent.magnitude))
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return exponent < 0 ? 1 / result : result
    }

    private static func range(
        _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue? {
        guard case .json(.integer(let from)) = left, case .json(.integer(let to)) = right else { return nil }
        guard from <= to else { return .array([]) }
        guard to < Int64.max else { throw ExpressionFault("the list would be too long") }
        return .array(try ExpressionFunction.progression(from: from, to: to + 1, by: 1))
    }

    private static func isIn(_ needle: ExpressionValue, _ haystack: ExpressionValue) -> Bool? {
        switch haystack {
        case .json(.null): return false
        case .json(.array(let elements)): return elements.contains { ExpressionValue.json($0).equals(needle) }
        case .json(.object(let members)):
            guard case .json(.string(let key)) = needle else { return false }
            return members[key] != nil
        case .json, .time, .duration: return nil
        }
    }

    private static func textual(
        _ symbol: ExpressionNode.BinaryOperator, _ left: ExpressionValue, _ right: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue? {
        guard case .json(let left) = left, case .json(let right) = right else { return nil }
        if left.isNull || right.isNull { return .bool(false) }
        guard case .string(let text) = left, case .string(let part) = right else { return nil }
        switch symbol {
        case .contains: return .bool(GoStrings.contains(text, part))
        case .startsWith: return .bool(GoStrings.hasPrefix(text, part))
        case .endsWith: return .bool(GoStrings.hasSuffix(text, part))
        default: return .bool(try GoPattern(part).matches(text))
        }
    }

    // MARK: Members

    static func member(
        of value: ExpressionValue, at key: ExpressionValue
    ) throws(ExpressionFault) -> ExpressionValue {
        switch (value, key) {
        case (.json(.object), _): return try ExpressionFunction.element(of: value, at: key)
        case (.json(.array(let elements)), .json(let key)) where key.integer != nil:
            let index = key.integer ?? 0
            let position = Int(clamping: index < 0 ? Int64(elements.count) + index : index)
            guard elements.indices.contains(position) else {
                throw ExpressionFault("index out of range: \(index) (the list has \(elements.count) elements)")
            }
            return .json(elements[position])
        default: throw ExpressionFault("cannot fetch \(GoText.plain(key)) from \(value.typeName)")
        }
    }

    static func slice(
        _ value: ExpressionValue, _ from: ExpressionValue?, _ to: ExpressionValue?
    ) throws(ExpressionFault) -> ExpressionValue {
        func bound(_ value: ExpressionValue?, _ count: Int, _ missing: Int) throws(ExpressionFault) -> Int {
            guard let value else { return missing }
            guard case .json(let json) = value, let bound = json.integer else {
                throw ExpressionFault("the bound of a slice must be a whole number (is \(value.typeName))")
            }
            return min(max(0, Int(clamping: bound < 0 ? Int64(count) + bound : bound)), count)
        }
        switch value {
        case .json(.array(let elements)):
            let end = try bound(to, elements.count, elements.count)
            let start = min(try bound(from, elements.count, 0), end)
            return .array(Array(elements[start..<end]))
        case .json(.string(let text)):
            // Go cuts strings between bytes.
            let bytes = Array(text.utf8)
            let end = try bound(to, bytes.count, bytes.count)
            let start = min(try bound(from, bytes.count, 0), end)
            return .string(String(decoding: bytes[start..<end], as: UTF8.self))
        case .json, .time, .duration: throw ExpressionFault("cannot slice \(value.typeName)")
        }
    }

    // MARK: Methods

    static func call(
        _ name: String, of value: ExpressionValue, _ arguments: ExpressionArguments
    ) throws(ExpressionFault) -> ExpressionValue {
        let result: ExpressionValue? =
            switch value {
            case .time(let time): try call(name, of: time, arguments)
            case .duration(let duration): arguments.count == 0 ? call(name, of: duration) : nil
            case .json: nil
            }
        guard let result else {
            throw ExpressionFault("\(value.typeName) has no method \(name) of \(arguments.count) arguments")
        }
        return result
    }

    private static func call(_ name: String, of duration: Duration) -> ExpressionValue? {
        switch name {
        case "Hours": .number(duration.seconds / 3_600)
        case "Minutes": .number(duration.seconds / 60)
        case "Seconds": .number(duration.seconds)
        case "Milliseconds": .integer(duration.nanoseconds / 1_000_000)
        case "Microseconds": .integer(duration.nanoseconds / 1_000)
        case "Nanoseconds": .integer(duration.nanoseconds)
        case "Abs": .duration(duration < .zero ? .zero - duration : duration)
        case "String": .string(GoText.duration(duration))
        default: nil
        }
    }

    private static func call(
        _ name: String, of time: Timestamp, _ arguments: ExpressionArguments
    ) throws(ExpressionFault) -> ExpressionValue? {
        let fields = GoTime.Fields(time)
        switch (name, arguments.count) {
        case ("Year", 0): return .integer(fields.year)
        case ("Month", 0): return .integer(fields.month)
        case ("Day", 0): return .integer(fields.day)
        case ("Hour", 0): return .integer(fields.hour)
        case ("Minute", 0): return .integer(fields.minute)
        case ("Second", 0): return .integer(fields.second)
        case ("YearDay", 0): return .integer(fields.dayOfYear)
        case ("Weekday", 0): return .integer(fields.weekday)
        case ("Unix", 0): return .integer(GoTime.floorDivide(time.microsecondsSinceEpoch, 1_000_000))
        case ("UnixMilli", 0): return .integer(GoTime.floorDivide(time.microsecondsSinceEpoch, 1_000))
        case ("UTC", 0): return .time(time)
        case ("String", 0): return .string(GoText.plain(.time(time)))
        case ("Format", 1): return .string(GoTime.format(time, layout: try arguments.text(0)))
        case ("Sub", 1): return try .span(time - (try arguments.time(0)))
        case ("Before", 1): return .bool(time < (try arguments.time(0)))
        case ("After", 1): return .bool(time > (try arguments.time(0)))
        case ("Equal", 1): return .bool(time == (try arguments.time(0)))
        case ("Add", 1):
            guard case .duration(let duration) = arguments[0] else { return nil }
            return .time(time + duration)
        default: return nil
        }
    }
}
