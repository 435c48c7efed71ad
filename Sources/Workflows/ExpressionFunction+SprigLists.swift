import Kubernetes

extension ExpressionFunction {
    static let sprigLists: [String: ExpressionFunction] = [
        "list": ExpressionFunction(0...) { .array(try all($0)) },
        "tuple": ExpressionFunction(0...) { .array(try all($0)) },
        "first": ExpressionFunction(1) { .json(try $0.list(0).first ?? .null) },
        "last": ExpressionFunction(1) { .json(try $0.list(0).last ?? .null) },
        "rest": ExpressionFunction(1) { .array(Array(try $0.list(0).dropFirst())) },
        "initial": ExpressionFunction(1) { .array(Array(try $0.list(0).dropLast())) },
        "append": ExpressionFunction(2) { .array(try $0.list(0) + [try $0.json(1)]) },
        "push": ExpressionFunction(2) { .array(try $0.list(0) + [try $0.json(1)]) },
        "prepend": ExpressionFunction(2) { .array([try $0.json(1)] + (try $0.list(0))) },
        "concat": ExpressionFunction(1...) { arguments in
            var result: [JSONValue] = []
            for index in 0..<arguments.count { result += try arguments.list(index) }
            guard result.count <= lengthMax else { throw ExpressionFault("the list would be too long") }
            return .array(result)
        },
        "reverse": ExpressionFunction(1) { .array(try $0.list(0).reversed()) },
        "uniq": ExpressionFunction(1) { .array(unique(try $0.list(0))) },
        "without": ExpressionFunction(1...) { arguments in
            let unwanted = try all(arguments).dropFirst()
            return .array(
                try arguments.list(0).filter { element in
                    !unwanted.contains { ExpressionValue.areEqual($0, element) }
                })
        },
        "has": ExpressionFunction(2) { arguments in
            let wanted = try arguments.json(0)
            return .bool(try arguments.list(1).contains { ExpressionValue.areEqual($0, wanted) })
        },
        "compact": ExpressionFunction(1) { .array(try $0.list(0).filter { !isEmpty(.json($0)) }) },
        "sortAlpha": ExpressionFunction(1) { arguments in
            .json(JSONValue(try arguments.list(0).map(GoText.plain).sorted { $0.precedesBytewise($1) }))
        },
        "join": ExpressionFunction(2) { arguments in
            let glue = try arguments.text(0)
            guard case .json(.array(let elements)) = arguments[1] else { return .string(GoText.plain(arguments[1])) }
            return .string(elements.filter { !$0.isNull }.map(GoText.plain).joined(separator: glue))
        },
        "splitList": ExpressionFunction(2) {
            .json(JSONValue(GoStrings.split(try $0.text(1), at: try $0.text(0))))
        },
        "split": ExpressionFunction(2) { arguments in
            let all = GoStrings.split(try arguments.text(1), at: try arguments.text(0))
            return .object(
                JSONObject(uniqueKeysWithValues: all.enumerated().map { ("_\($0)", .string($1)) }))
        },
        "toStrings": ExpressionFunction(1) { .json(JSONValue(try $0.list(0).map(GoText.plain))) },
        "until": ExpressionFunction(1) { arguments in
            let end = try arguments.integer(0)
            return .array(try progression(from: 0, to: end, by: end < 0 ? -1 : 1))
        },
        "untilStep": ExpressionFunction(3) {
            .array(try progression(from: try $0.integer(0), to: try $0.integer(1), by: try $0.integer(2)))
        },
        "slice": ExpressionFunction(1...3) { arguments in
            let elements = try arguments.list(0)
            let start = arguments.count > 1 ? try arguments.int(1) : 0
            let end = arguments.count > 2 ? try arguments.int(2) : elements.count
            guard 0 <= start, start <= end, end <= elements.count else {
                throw ExpressionFault("the list has no part from \(start) to \(end)")
            }
            return .array(Array(elements[start..<end]))
        },
    ]

    static let sprigObjects: [String: ExpressionFunction] = [
        "dict": ExpressionFunction(0...) { arguments in
            var result = JSONObject()
            for index in stride(from: 0, to: arguments.count, by: 2) {
                result[GoText.plain(arguments[index])] =
                    index + 1 < arguments.count ? try arguments.json(index + 1) : ""
            }
            return .object(result)
        },
        "get": ExpressionFunction(2) { .json(try $0.object(0)[try $0.text(1)] ?? "") },
        "set": ExpressionFunction(3) { arguments in
            var result = try arguments.object(0)
            result[try arguments.text(1)] = try arguments.json(2)
            return .object(result)
        },
        "unset": ExpressionFunction(2) { arguments in
            var result = try arguments.object(0)
            result[try arguments.text(1)] = nil
            return .object(result)
        },
        "hasKey": ExpressionFunction(2) { .bool(try $0.object(0)[try $0.text(1)] != nil) },
        "keys": ExpressionFunction(1...) { arguments in
            var result: [String] = []
            for index in 0..<arguments.count { result += try arguments.object(index).keys }
            return .json(JSONValue(result))
        },
        "values": ExpressionFunction(1) { .array(try $0.object(0).map(\.value)) },
        "pluck": ExpressionFunction(1...) { arguments in
            let key = try arguments.text(0)
            var result: [JSONValue] = []
            for index in 1..<max(1, arguments.count) {
                if let value = try arguments.object(index)[key] { result.append(value) }
            }
            return .array(result)
        },
        "pick": ExpressionFunction(1...) { arguments in
            let names = try texts(Array(try all(arguments).dropFirst()))
            return .object(selected(try arguments.object(0)) { names.contains($0) })
        },
        "omit": ExpressionFunction(1...) { arguments in
            let names = try texts(Array(try all(arguments).dropFirst()))
            return .object(selected(try arguments.object(0)) { !names.contains($0) })
        },
        "merge": ExpressionFunction(1...) { arguments in
            var result = JSONObject()
            for index in 0..<arguments.count {
                for (key, value) in try arguments.object(index) where result[key] == nil { result[key] = value }
            }
            return .object(result)
        },
        "dig": ExpressionFunction(3...) { arguments in
            var value = JSONValue.object(try arguments.object(arguments.count - 1))
            for index in 0..<arguments.count - 2 {
                guard let next = value.object?[try arguments.text(index)] else { return arguments[arguments.count - 2] }
                value = next
            }
            return .json(value)
        },
    ]

    private static func all(_ arguments: ExpressionArguments) throws(ExpressionFault) -> [JSONValue] {
        var result: [JSONValue] = []
        for index in 0..<arguments.count { result.append(try arguments.json(index)) }
        return result
    }

    private static func selected(_ members: JSONObject, where isWanted: (String) -> Bool) -> JSONObject {
        JSONObject(uniqueKeysWithValues: members.filter { isWanted($0.key) }.map { ($0.key, $0.value) })
    }

    static func progression(
        from start: Int64, to end: Int64, by step: Int64
    ) throws(ExpressionFault) -> [JSONValue] {
        let (distance, isTooFar) = end.subtractingReportingOverflow(start)
        guard !isTooFar else { throw ExpressionFault("the list would be too long") }
        guard step != 0, distance != 0, (distance < 0) == (step < 0) else { return [] }
        let count = (distance.magnitude - 1) / step.magnitude + 1
        guard count <= lengthMax else { throw ExpressionFault("the list would be too long") }
        return (0..<Int64(count)).map { .integer(start + $0 * step) }
    }

    /// Sprig's notion: zero, false, nil, "" and what has no elements.
    static func isEmpty(_ value: ExpressionValue) -> Bool {
        switch value {
        case .json(.null): true
        case .json(.bool(let value)): !value
        case .json(.integer(let value)): value == 0
        case .json(.number(let value)): value == 0
        case .json(.string(let text)): text.isEmpty
        case .json(.array(let elements)): elements.isEmpty
        case .json(.object(let members)): members.isEmpty
        case .duration(let duration): duration == .zero
        case .time: false
        }
    }
}
