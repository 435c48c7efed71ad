import Determinism
import Kubernetes

extension ExpressionFunction {
    static let sprigNumbers: [String: ExpressionFunction] = [
        "int": ExpressionFunction(1) { .integer(lenientInteger($0[0])) },
        "int64": ExpressionFunction(1) { .integer(lenientInteger($0[0])) },
        "float64": ExpressionFunction(1) { .number(lenientFloat($0[0])) },
        "atoi": ExpressionFunction(1) { .integer(Int64(try $0.text(0)) ?? 0) },
        "add": ExpressionFunction(0...) { .integer($0.values.reduce(0) { $0 &+ lenientInteger($1) }) },
        "add1": ExpressionFunction(1) { .integer(lenientInteger($0[0]) &+ 1) },
        "sub": ExpressionFunction(2) { .integer(lenientInteger($0[0]) &- lenientInteger($0[1])) },
        "mul": ExpressionFunction(1...) { .integer($0.values.reduce(1) { $0 &* lenientInteger($1) }) },
        "div": ExpressionFunction(2) { .integer(try quotient($0).quotient) },
        "mod": ExpressionFunction(2) { .integer(try quotient($0).remainder) },
        "max": ExpressionFunction(1...) { .integer($0.values.map(lenientInteger).max() ?? 0) },
        "min": ExpressionFunction(1...) { .integer($0.values.map(lenientInteger).min() ?? 0) },
        "maxf": ExpressionFunction(1...) { .number($0.values.map(lenientFloat).max() ?? 0) },
        "minf": ExpressionFunction(1...) { .number($0.values.map(lenientFloat).min() ?? 0) },
        "addf": ExpressionFunction(0...) { .number($0.values.reduce(0) { $0 + lenientFloat($1) }) },
        "subf": ExpressionFunction(2) { .number(lenientFloat($0[0]) - lenientFloat($0[1])) },
        "mulf": ExpressionFunction(1...) { .number($0.values.reduce(1) { $0 * lenientFloat($1) }) },
        "divf": ExpressionFunction(2) { .number(lenientFloat($0[0]) / lenientFloat($0[1])) },
        "ceil": ExpressionFunction(1) { .number(lenientFloat($0[0]).rounded(.up)) },
        "floor": ExpressionFunction(1) { .number(lenientFloat($0[0]).rounded(.down)) },
        "round": ExpressionFunction(2) { arguments in
            var scale = 1.0
            for _ in 0..<min(max(0, try arguments.int(1)), 15) { scale *= 10 }
            return .number((lenientFloat(arguments[0]) * scale).rounded(.toNearestOrAwayFromZero) / scale)
        },
    ]

    static let sprigConversions: [String: ExpressionFunction] = [
        "default": ExpressionFunction(1...2) { $0.count == 1 || isEmpty($0[1]) ? $0[0] : $0[1] },
        "empty": ExpressionFunction(1) { .bool(isEmpty($0[0])) },
        "coalesce": ExpressionFunction(0...) { $0.values.first { !isEmpty($0) } ?? .null },
        "all": ExpressionFunction(0...) { .bool($0.values.allSatisfy { !isEmpty($0) }) },
        "any": ExpressionFunction(0...) { .bool($0.values.contains { !isEmpty($0) }) },
        "ternary": ExpressionFunction(3) { arguments in
            guard case .json(.bool(let condition)) = arguments[2] else {
                throw ExpressionFault("argument 3 must be a bool (is \(arguments[2].typeName))")
            }
            return condition ? arguments[0] : arguments[1]
        },
        "fail": ExpressionFunction(1) { arguments throws(ExpressionFault) in
            throw ExpressionFault(try arguments.text(0))
        },
        "fromJson": ExpressionFunction(1) { .json((try? parsed(try $0.text(0)).withFloats) ?? .null) },
        "mustFromJson": ExpressionFunction(1) { .json(try parsed(try $0.text(0)).withFloats) },
        "toJson": ExpressionFunction(1) { .string(GoText.json(try $0.json(0))) },
        "toRawJson": ExpressionFunction(1) { .string(GoText.json(try $0.json(0), escapesHTML: false)) },
        "toPrettyJson": ExpressionFunction(1) { .string(GoText.indentedJSON(try $0.json(0))) },
        "toString": ExpressionFunction(1) { .string(GoText.plain($0[0])) },
        "b64enc": ExpressionFunction(1) { .string(Base64.encode(Array(try $0.text(0).utf8))) },
        "b64dec": ExpressionFunction(1) { .string(try base64Decoded(try $0.text(0))) },
        "kindOf": ExpressionFunction(1) { .string(kind(of: $0[0])) },
        "kindIs": ExpressionFunction(2) { .bool(try $0.text(0) == kind(of: $0[1])) },
        "now": ExpressionFunction(0) { .time(try $0.requiredNow()) },
        "date": ExpressionFunction(2) { .string(GoTime.format(try moment($0), layout: try $0.text(0))) },
        "toDate": ExpressionFunction(2) { arguments in
            let text = try arguments.text(1)
            guard let time = GoTime.parse(text, layout: try arguments.text(0)) else {
                throw ExpressionFault("\"\(text)\" is not of the layout")
            }
            return .time(time)
        },
        "unixEpoch": ExpressionFunction(1) {
            .string(String(GoTime.floorDivide(try $0.time(0).microsecondsSinceEpoch, 1_000_000)))
        },
    ]

    /// Zero for what is not a number, as sprig has it.
    private static func lenientInteger(_ value: ExpressionValue) -> Int64 {
        if case .json(.bool(let value)) = value { return value ? 1 : 0 }
        return (try? integer(value)) ?? 0
    }

    private static func lenientFloat(_ value: ExpressionValue) -> Double {
        if case .json(.bool(let value)) = value { return value ? 1 : 0 }
        return (try? float(value)) ?? 0
    }

    private static func quotient(
        _ arguments: ExpressionArguments
    ) throws(ExpressionFault) -> (quotient: Int64, remainder: Int64) {
        let (left, right) = (lenientInteger(arguments[0]), lenientInteger(arguments[1]))
        guard right != 0 else { throw ExpressionFault("division by zero") }
        // Go wraps the one quotient that has no place in 64 bits.
        return right == -1 ? (0 &- left, 0) : left.quotientAndRemainder(dividingBy: right)
    }

    /// Sprig takes the current time for what is not a moment, which includes text.
    private static func moment(_ arguments: ExpressionArguments) throws(ExpressionFault) -> Timestamp {
        switch arguments[1] {
        case .time(let time): return time
        case .json(.integer(let seconds)):
            let (micros, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000)
            guard !isTooFar else { throw ExpressionFault("\(seconds) s are beyond the calendar") }
            return Timestamp(microsecondsSinceEpoch: micros)
        case .json, .duration: return try arguments.requiredNow()
        }
    }

    private static func kind(of value: ExpressionValue) -> String {
        switch value {
        case .json(.null): "invalid"
        case .json(.bool): "bool"
        case .json(.integer): "int"
        case .json(.number): "float64"
        case .json(.string): "string"
        case .json(.array): "slice"
        case .json(.object): "map"
        case .time: "struct"
        case .duration: "int64"
        }
    }
}
