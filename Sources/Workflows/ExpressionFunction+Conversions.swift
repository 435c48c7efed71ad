import Determinism
import Kubernetes

extension ExpressionFunction {
    static let conversions: [String: ExpressionFunction] = [
        "asFloat": ExpressionFunction(1) { .number(try float($0[0])) },
        "asInt": ExpressionFunction(1) { .integer(try integer($0[0])) },
        "float": ExpressionFunction(1) { .number(try float($0[0])) },
        "int": ExpressionFunction(1) { .integer(try integer($0[0])) },
        "string": ExpressionFunction(1) { .string(GoText.plain($0[0])) },
        "type": ExpressionFunction(1) { .string(type(of: $0[0])) },
        "toJSON": ExpressionFunction(1) { .string(GoText.indentedJSON(try $0.json(0))) },
        "toJson": ExpressionFunction(1) { .string(GoText.json(try $0.json(0))) },
        "fromJSON": ExpressionFunction(1) { .json(try parsed(try $0.text(0)).withFloats) },
        "toBase64": ExpressionFunction(1) { .string(Base64.encode(Array(try $0.text(0).utf8))) },
        "fromBase64": ExpressionFunction(1) { .string(try base64Decoded(try $0.text(0))) },
        "jsonpath": ExpressionFunction(2) { arguments in
            let document = try parsed(try arguments.text(0)).withFloats
            return .json(try JSONPath.query(try arguments.text(1), document))
        },
    ]

    static let times: [String: ExpressionFunction] = [
        "now": ExpressionFunction(0) { .time(try $0.requiredNow()) },
        "duration": ExpressionFunction(1) { arguments in
            let text = try arguments.text(0)
            guard let duration = Duration(text: text) else { throw ExpressionFault("invalid duration \"\(text)\"") }
            return .duration(duration)
        },
        "date": ExpressionFunction(1...2) { arguments in
            let text = try arguments.text(0)
            let layouts = arguments.count == 2 ? [try arguments.text(1)] : dateLayouts
            guard let time = layouts.lazy.compactMap({ GoTime.parse(text, layout: $0) }).first else {
                throw ExpressionFault("invalid date \"\(text)\"")
            }
            return .time(time)
        },
    ]

    private static let dateLayouts = [
        "2006-01-02", "15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "02 Jan 06 15:04 MST",
        "Monday, 02-Jan-06 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 MST",
    ]

    static func parsed(_ text: String) throws(ExpressionFault) -> JSONValue {
        do {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw ExpressionFault("the text is not JSON: \(error)")
        }
    }

    static func base64Decoded(_ text: String) throws(ExpressionFault) -> String {
        guard let bytes = Base64.decode(text) else { throw ExpressionFault("the text is not base64") }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func integer(_ value: ExpressionValue) throws(ExpressionFault) -> Int64 {
        switch value {
        case .json(.integer(let value)): return value
        case .json(.number(let value)):
            guard let integer = Int64(exactly: value.rounded(.towardZero)) else {
                throw ExpressionFault("\(GoText.number(value)) is beyond the whole numbers of 64 bits")
            }
            return integer
        case .json(.string(let text)):
            guard let integer = Int64(text) else { throw ExpressionFault("\"\(text)\" is not a whole number") }
            return integer
        case .duration(let duration): return duration.nanoseconds
        case .json, .time: throw ExpressionFault("a value of type \(value.typeName) is not a number")
        }
    }

    static func float(_ value: ExpressionValue) throws(ExpressionFault) -> Double {
        switch value {
        case .json(.integer(let value)): return Double(value)
        case .json(.number(let value)): return value
        case .json(.string(let text)):
            guard let double = Double(text), double.isFinite else {
                throw ExpressionFault("\"\(text)\" is not a number")
            }
            return double
        case .json, .time, .duration: throw ExpressionFault("a value of type \(value.typeName) is not a number")
        }
    }

    private static func type(of value: ExpressionValue) -> String {
        switch value {
        case .json(.null): "nil"
        case .json(.bool): "bool"
        case .json(.integer): "int"
        case .json(.number): "float"
        case .json(.string): "string"
        case .json(.array): "array"
        case .json(.object): "map"
        case .time, .duration: value.typeName
        }
    }
}
