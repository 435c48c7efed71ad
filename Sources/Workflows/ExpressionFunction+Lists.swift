import Kubernetes

extension ExpressionFunction {
    static let lists: [String: ExpressionFunction] = [
        "concat": ExpressionFunction(1...) { arguments in
            var result: [JSONValue] = []
            for index in 0..<arguments.count { result += try arguments.list(index) }
            guard result.count <= lengthMax else { throw ExpressionFault("the list would be too long") }
            return .array(result)
        },
        "first": ExpressionFunction(1) { .json(try $0.list(0).first ?? .null) },
        "last": ExpressionFunction(1) { .json(try $0.list(0).last ?? .null) },
        "flatten": ExpressionFunction(1) { .array(flattened(try $0.list(0))) },
        "fromPairs": ExpressionFunction(1) { .object(try object(ofPairs: try $0.list(0))) },
        "get": ExpressionFunction(2) { try element(of: $0[0], at: $0[1]) },
        "join": ExpressionFunction(1...2) { arguments in
            let glue = arguments.count == 2 ? try arguments.text(1) : ""
            return .string(try texts(try arguments.list(0)).joined(separator: glue))
        },
        "keys": ExpressionFunction(1) { .json(JSONValue(try $0.object(0).keys)) },
        "values": ExpressionFunction(1) { .array(try $0.object(0).map(\.value)) },
        "toPairs": ExpressionFunction(1) { .array(try $0.object(0).map { .array([.string($0.key), $0.value]) }) },
        "len": ExpressionFunction(1) { .integer(try length(of: $0[0])) },
        "reverse": ExpressionFunction(1) { .array(try $0.list(0).reversed()) },
        "sort": ExpressionFunction(1...2) { arguments in
            let order = arguments.count == 2 ? try arguments.text(1) : "asc"
            let elements = try arguments.list(0)
            return .array(try sorted(elements, by: elements, order: order))
        },
        "take": ExpressionFunction(2) { arguments in
            let count = try arguments.int(1)
            guard count >= 0 else { throw ExpressionFault("cannot take \(count) elements") }
            return .array(Array(try arguments.list(0).prefix(count)))
        },
        "uniq": ExpressionFunction(1) { .array(unique(try $0.list(0))) },
    ]

    static func flattened(_ elements: [JSONValue]) -> [JSONValue] {
        elements.flatMap { element in element.array.map(flattened) ?? [element] }
    }

    static func unique(_ elements: [JSONValue]) -> [JSONValue] {
        var result: [JSONValue] = []
        for element in elements where !result.contains(where: { ExpressionValue.areEqual($0, element) }) {
            result.append(element)
        }
        return result
    }

    static func texts(_ elements: [JSONValue]) throws(ExpressionFault) -> [String] {
        var result: [String] = []
        for element in elements {
            guard case .string(let text) = element else {
                throw ExpressionFault(
                    "every element must be a string (one is \(ExpressionValue.json(element).typeName))")
            }
            result.append(text)
        }
        return result
    }

    private static func object(ofPairs pairs: [JSONValue]) throws(ExpressionFault) -> JSONObject {
        var result = JSONObject()
        for pair in pairs {
            guard case .array(let parts) = pair, parts.count == 2, case .string(let key) = parts[0] else {
                throw ExpressionFault("\(pair.text) is not a pair of a string and a value")
            }
            result[key] = parts[1]
        }
        return result
    }

    static func length(of value: ExpressionValue) throws(ExpressionFault) -> Int {
        switch value {
        case .json(.string(let text)): return text.unicodeScalars.count
        case .json(.array(let elements)): return elements.count
        case .json(.object(let members)): return members.count
        case .json, .time, .duration: throw ExpressionFault("a value of type \(value.typeName) has no length")
        }
    }

    /// Like a member access, but nil where there is none.
    static func element(of value: ExpressionValue, at key: ExpressionValue) throws(ExpressionFault) -> ExpressionValue {
        switch (value, key) {
        case (.json(.null), _): return .null
        case (.json(.object(let members)), .json(.string(let name))): return .json(members[name] ?? .null)
        case (.json(.object), _): return .null
        case (.json(.array(let elements)), .json(let key)):
            guard let index = key.integer else { throw ExpressionFault("a list has no element \(key.text)") }
            let position = Int(clamping: index < 0 ? Int64(elements.count) + index : index)
            return elements.indices.contains(position) ? .json(elements[position]) : .null
        default: throw ExpressionFault("a value of type \(value.typeName) has no elements")
        }
    }

    /// Sorts stably by keys, all of which are numbers or all strings.
    static func sorted(
        _ elements: [JSONValue], by keys: [JSONValue], order: String
    ) throws(ExpressionFault) -> [JSONValue] {
        guard order == "asc" || order == "desc" else {
            throw ExpressionFault("invalid order \"\(order)\" (expected asc or desc)")
        }
        let isDescending = order == "desc"
        let positions: [Int]
        if keys.allSatisfy({ $0.double != nil }) {
            let numbers = keys.compactMap(\.double)
            positions = numbers.indices.sorted { left, right in
                if numbers[left] == numbers[right] { return left < right }
                return isDescending ? numbers[left] > numbers[right] : numbers[left] < numbers[right]
            }
        } else if keys.allSatisfy({ $0.string != nil }) {
            let texts = keys.compactMap(\.string)
            positions = texts.indices.sorted { left, right in
                if texts[left] == texts[right] { return left < right }
                return isDescending
                    ? texts[right].precedesBytewise(texts[left]) : texts[left].precedesBytewise(texts[right])
            }
        } else {
            throw ExpressionFault("only numbers, or only strings, can be sorted")
        }
        return positions.map { elements[$0] }
    }
}

extension String {
    /// Go orders strings by their bytes.
    func precedesBytewise(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
