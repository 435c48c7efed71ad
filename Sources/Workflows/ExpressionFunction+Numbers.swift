import Kubernetes

extension ExpressionFunction {
    static let numbers: [String: ExpressionFunction] = [
        "abs": ExpressionFunction(1) { arguments in
            guard case .json(.integer(let value)) = arguments[0] else {
                return .number(try arguments.double(0).magnitude)
            }
            guard value != .min else { throw ExpressionFault("the number is too large") }
            return .integer(Swift.abs(value))
        },
        "ceil": ExpressionFunction(1) { .number(try $0.double(0).rounded(.up)) },
        "floor": ExpressionFunction(1) { .number(try $0.double(0).rounded(.down)) },
        "round": ExpressionFunction(1) { .number(try $0.double(0).rounded(.toNearestOrAwayFromZero)) },
        "max": ExpressionFunction(1...) { .json(try allNumbers($0).max(by: isLess) ?? .null) },
        "min": ExpressionFunction(1...) { .json(try allNumbers($0).min(by: isLess) ?? .null) },
        "mean": ExpressionFunction(1...) { arguments in
            let numbers = try allNumbers(arguments).compactMap(\.double)
            return .number(numbers.isEmpty ? 0 : numbers.reduce(0, +) / Double(numbers.count))
        },
        "median": ExpressionFunction(1...) { arguments in
            let numbers = try allNumbers(arguments).compactMap(\.double).sorted()
            guard !numbers.isEmpty else { return .number(0) }
            let middle = numbers.count / 2
            return .number(numbers.count % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2)
        },
        "bitand": ExpressionFunction(2) { .integer(try $0.integer(0) & (try $0.integer(1))) },
        "bitor": ExpressionFunction(2) { .integer(try $0.integer(0) | (try $0.integer(1))) },
        "bitxor": ExpressionFunction(2) { .integer(try $0.integer(0) ^ (try $0.integer(1))) },
        "bitnand": ExpressionFunction(2) { .integer(try $0.integer(0) & ~(try $0.integer(1))) },
        "bitnot": ExpressionFunction(1) { .integer(~(try $0.integer(0))) },
        "bitshl": ExpressionFunction(2) { .integer(try $0.integer(0) << (try shift($0))) },
        "bitshr": ExpressionFunction(2) { .integer(try $0.integer(0) >> (try shift($0))) },
    ]

    private static func shift(_ arguments: ExpressionArguments) throws(ExpressionFault) -> Int64 {
        let count = try arguments.integer(1)
        guard count >= 0 else { throw ExpressionFault("cannot shift by \(count)") }
        return count
    }

    private static func isLess(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if case .integer(let left) = left, case .integer(let right) = right { return left < right }
        return (left.double ?? 0) < (right.double ?? 0)
    }

    /// The arguments, and the elements of those that are lists.
    private static func allNumbers(_ arguments: ExpressionArguments) throws(ExpressionFault) -> [JSONValue] {
        var result: [JSONValue] = []
        for value in arguments.values {
            guard case .json(let json) = value else {
                throw ExpressionFault("every argument must be a number (one is \(value.typeName))")
            }
            for element in flattened([json]) {
                guard element.double != nil else {
                    throw ExpressionFault(
                        "every argument must be a number (one is \(ExpressionValue.json(element).typeName))")
                }
                result.append(element)
            }
        }
        return result
    }
}
