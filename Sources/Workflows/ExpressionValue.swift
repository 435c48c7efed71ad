import Determinism
import Kubernetes

/// What an expression works with: JSON, and the two types of Go that Argo's variables and functions add to it.
enum ExpressionValue: Hashable, Sendable {
    case json(JSONValue)
    case time(Timestamp)
    case duration(Duration)

    static let null = ExpressionValue.json(.null)

    static func string(_ text: String) -> ExpressionValue { .json(.string(text)) }

    static func bool(_ value: Bool) -> ExpressionValue { .json(.bool(value)) }

    static func integer(_ value: Int64) -> ExpressionValue { .json(.integer(value)) }

    static func integer(_ value: Int) -> ExpressionValue { .json(.integer(Int64(value))) }

    static func number(_ value: Double) -> ExpressionValue { .json(.number(value)) }

    /// A span as long as Go's 64 bits of nanoseconds hold, some 292 years.
    static func span(_ duration: Duration) throws(ExpressionFault) -> ExpressionValue {
        guard duration.seconds.magnitude < 9.2e9 else { throw ExpressionFault("the span is too long") }
        return .duration(duration)
    }

    static func array(_ elements: [JSONValue]) -> ExpressionValue { .json(.array(elements)) }

    static func object(_ members: JSONObject) -> ExpressionValue { .json(.object(members)) }

    var isNull: Bool { self == .null }

    /// Go's name of the type, as expr's errors print it.
    var typeName: String {
        switch self {
        case .json(.null): "<nil>"
        case .json(.bool): "bool"
        case .json(.integer): "int"
        case .json(.number): "float64"
        case .json(.string): "string"
        case .json(.array): "[]interface {}"
        case .json(.object): "map[string]interface {}"
        case .time: "time.Time"
        case .duration: "time.Duration"
        }
    }

    /// The value as JSON: a moment as RFC 3339, a span as nanoseconds, as Go writes them.
    func json() throws(ExpressionFault) -> JSONValue {
        switch self {
        case .json(let value):
            guard value.isFinite else { throw ExpressionFault("a number that is not finite has no JSON") }
            return value
        case .time(let time): return .string(GoTime.rfc3339(time))
        case .duration(let duration): return .integer(duration.nanoseconds)
        }
    }

    /// Equal across the two number types; of different types, never.
    func equals(_ other: ExpressionValue) -> Bool {
        switch (self, other) {
        case (.json(let left), .json(let right)): Self.areEqual(left, right)
        default: self == other
        }
    }

    static func areEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.integer(let left), .number(let right)): return Double(left) == right
        case (.number(let left), .integer(let right)): return left == Double(right)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { areEqual($0, $1) }
        case (.object(let left), .object(let right)):
            return left.keys == right.keys
                && left.allSatisfy { key, value in right[key].map { areEqual(value, $0) } ?? false }
        default: return left == right
        }
    }
}

/// What went wrong in an operator or a function, before it is known where in the expression that is.
struct ExpressionFault: Error, Hashable, Sendable {
    var message: String

    init(_ message: String) { self.message = message }
}

extension JSONValue {
    fileprivate var isFinite: Bool {
        switch self {
        case .null, .bool, .integer, .string: true
        case .number(let value): value.isFinite
        case .array(let elements): elements.allSatisfy(\.isFinite)
        case .object(let members): members.allSatisfy(\.value.isFinite)
        }
    }

    /// The value as Go's decoder of untyped JSON gives it: every number a float.
    var withFloats: JSONValue {
        switch self {
        case .integer(let value): return .number(Double(value))
        case .array(let elements): return .array(elements.map(\.withFloats))
        case .object(let members):
            return .object(JSONObject(uniqueKeysWithValues: members.map { ($0.key, $0.value.withFloats) }))
        case .null, .bool, .number, .string: return self
        }
    }
}

extension Duration {
    /// Whole nanoseconds, rounded towards zero.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
