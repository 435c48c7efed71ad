import Kubernetes

/// What a Python script computes with.
enum PythonValue: Hashable, Sendable {
    struct Pair: Hashable, Sendable {
        var key: PythonValue
        var value: PythonValue
    }

    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    /// A list or a tuple.
    case list([PythonValue])
    /// In the order of the keys' coming.
    case dictionary([Pair])
    case stream(ContainerPlan.Output.Stream)
    case file(String)

    var isTrue: Bool {
        switch self {
        case .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let elements): !elements.isEmpty
        case .dictionary(let pairs): !pairs.isEmpty
        case .stream, .file: true
        }
    }

    /// The value as a whole number, where its type is one.
    var integer: Int? {
        switch self {
        case .bool(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    var double: Double? {
        if case .number(let value) = self { return value }
        return integer.map(Double.init)
    }

    /// `str(value)`
    var text: String { if case .string(let text) = self { text } else { described } }

    /// `repr(value)`
    private var described: String {
        switch self {
        case .none: "None"
        case .bool(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .number(let value): "\(value)"
        case .string(let text):
            "'" + text.map { ["\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t"][$0] ?? String($0) }.joined() + "'"
        case .list(let elements): "[" + elements.map(\.described).joined(separator: ", ") + "]"
        case .dictionary(let pairs):
            "{" + pairs.map { "\($0.key.described): \($0.value.described)" }.joined(separator: ", ") + "}"
        case .stream, .file: "<_io.TextIOWrapper>"
        }
    }

    /// As JavaScript prints it: whole numbers without a fraction.
    var scriptText: String {
        switch self {
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let value): return Int(exactly: value).map(String.init) ?? "\(value)"
        default: return text
        }
    }

    /// `json.dumps(value)`; nil for what JSON has no word for.
    ///
    /// - Parameter isCompact: Without blanks, as JavaScript writes it.
    func json(isCompact: Bool) -> String? {
        let comma = isCompact ? "," : ", "
        switch self {
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number: return isCompact ? scriptText : text
        case .string(let text): return JSONValue.string(text).text
        case .list(let elements):
            let parts = elements.map { $0.json(isCompact: isCompact) }
            guard parts.allSatisfy({ $0 != nil }) else { return nil }
            return "[" + parts.compactMap(\.self).joined(separator: comma) + "]"
        case .dictionary(let pairs):
            var parts: [String] = []
            for pair in pairs {
                guard let value = pair.value.json(isCompact: isCompact) else { return nil }
                parts.append(JSONValue.string(pair.key.text).text + (isCompact ? ":" : ": ") + value)
            }
            return "{" + parts.joined(separator: comma) + "}"
        case .stream, .file: return nil
        }
    }

    /// `json.loads(text)`
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .none
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(Int(value))
        case .number(let value): self = .number(value)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .list(elements.map { PythonValue($0) })
        case .object(let members):
            self = .dictionary(members.map { Pair(key: .string($0.key), value: PythonValue($0.value)) })
        }
    }

    /// What a `for` goes through; nil for what has no elements.
    var elements: [PythonValue]? {
        switch self {
        case .list(let elements): elements
        case .string(let text): text.map { .string(String($0)) }
        case .dictionary(let pairs): pairs.map(\.key)
        default: nil
        }
    }

    /// `==`, for which 1 and 1.0 are the same.
    func equals(_ other: PythonValue) -> Bool {
        if let left = double, let right = other.double { return left == right }
        return self == other
    }
}

extension PythonValue {
    /// The value as a format such as `05d`, `>8` or `.2f` says; nil for a format that is not known.
    func formatted(_ format: String) -> String? {
        guard !format.isEmpty else { return text }
        var rest = format[...]
        var align: Character?
        if let first = rest.first, "<>^".contains(first) { align = rest.removeFirst() }
        let fill: Character = rest.first == "0" ? "0" : " "
        let width = Int(rest.prefix { $0.isNumber }) ?? 0
        rest = rest.drop { $0.isNumber }
        var precision: Int?
        if rest.first == "." {
            rest.removeFirst()
            precision = Int(rest.prefix { $0.isNumber })
            rest = rest.drop { $0.isNumber }
        }
        guard width <= 1_000, precision.map({ $0 <= 15 }) ?? true, rest.count <= 1 else { return nil }
        let body: String
        switch (rest.first, double) {
        case ("d"?, _): body = integer.map(String.init) ?? ""
        case ("x"?, _): body = integer.map { String($0, radix: 16) } ?? ""
        case ("f"?, let value?): body = Self.fixed(value, digits: precision ?? 6)
        case ("s"?, _), (nil, _): body = text
        default: return nil
        }
        guard !body.isEmpty || rest.first != "d" && rest.first != "x" else { return nil }
        let isLeft = align.map { $0 == "<" } ?? (double == nil)
        let padding = String(repeating: fill, count: max(0, width - body.count))
        guard align != "^" else { return nil }
        return isLeft ? body + padding : padding + body
    }

    /// With so many digits after the point.
    private static func fixed(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded(.toNearestOrEven)
        guard scaled < 1e18 else { return "\(value)" }
        let text = String(Int(scaled))
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return sign + padded.dropLast(digits) + (digits > 0 ? "." + padded.suffix(digits) : "")
    }
}
