package import Kubernetes

/// The items over which a step or a task is expanded.
package struct LoopItems: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package var index: Int
        package var value: JSONValue
        /// `item`, and `item.key` for each key of a map.
        package var variables: [String: String]
        /// What the node's name says of the value: the `value` of `name(0:value)`.
        package var label: String

        /// `name(0:value)`.
        package func name(of step: String) -> String { "\(step)(\(index):\(label))" }

        init(_ value: JSONValue, index: Int) {
            self.index = index
            self.value = value
            switch value {
            case .string(let text):
                variables = ["item": text]
                label = LoopItems.text(value)
            case .object(let members):
                variables = ["item": GoText.json(value)]
                for (key, member) in members { variables["item.\(key)"] = LoopItems.text(member) }
                let parts = members.map { "\($0.key):\(LoopItems.text($0.value))" }
                label = parts.sorted { $0.precedesBytewise($1) }.joined(separator: ",")
            case .array(let elements):
                variables = ["item": GoText.json(value)]
                label = "[\(elements.map(LoopItems.text).joined(separator: " "))]"
            case .null:
                // Argo reads null as a list that is not there.
                variables = ["item": "null"]
                label = "[]"
            case .bool, .integer, .number:
                variables = ["item": LoopItems.text(value)]
                label = LoopItems.text(value)
            }
            // Parentheses would hide the index, which is read back out of the name.
            label = label.filter { $0 != "(" && $0 != ")" }
        }
    }

    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var field: String
        package var why: String

        package var description: String { "\(field): \(why)" }
    }

    /// More than any workflow can hold: each item is a node in the workflow's status.
    package static let countMax = 100_000

    package var items: [Item]

    /// - Parameter step: A step or a task, its variables filled in; nil where it has no loop.
    package init?(of step: JSONObject, field: String) throws(Failure) {
        let kinds = ["withItems", "withParam", "withSequence"].filter { key in
            switch step[key] {
            case nil, .null, .array([]), .string(""): false
            default: true
            }
        }
        guard kinds.count < 2 else {
            throw Failure(field: field, why: "has more than one of \(kinds.joined(separator: ", "))")
        }
        switch kinds.first {
        case "withItems": try self.init(withItems: step["withItems"] ?? .null, field: "\(field).withItems")
        case "withParam":
            guard let text = step["withParam"]?.parameterText else { return nil }
            try self.init(withParam: text, field: "\(field).withParam")
        case "withSequence":
            guard let sequence = step["withSequence"]?.object else {
                throw Failure(field: "\(field).withSequence", why: "is not a map")
            }
            try self.init(withSequence: sequence, field: "\(field).withSequence")
        default: return nil
        }
    }

    /// - Parameter list: The value of `withItems`.
    package init(withItems list: JSONValue, field: String) throws(Failure) {
        guard let values = list.array else { throw Failure(field: field, why: "is not a list") }
        try self.init(values, field)
    }

    /// - Parameter text: The value of `withParam`: a JSON list.
    package init(withParam text: String, field: String) throws(Failure) {
        let shown = GoStrings.trim(text)
        let value: JSONValue
        do throws(JSONParseError) {
            value = try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw Failure(
                field: field, why: "withParam value could not be parsed as a JSON list: \(shown): \(error)")
        }
        if value.isNull {
            // Go decodes null into a list without elements.
            try self.init([], field)
            return
        }
        guard let values = value.array else {
            throw Failure(
                field: field,
                why: "withParam value could not be parsed as a JSON list: \(shown): it is a \(value.typeName)")
        }
        try self.init(values, field)
    }

    /// - Parameter sequence: The value of `withSequence`: `count` or `end`, `start` and `format`.
    package init(withSequence sequence: JSONObject, field: String) throws(Failure) {
        for key in sequence.keys where !["count", "end", "format", "start"].contains(key) {
            throw Failure(field: "\(field).\(key)", why: "is not supported")
        }
        let start = try Self.whole(sequence["start"], "\(field).start") ?? 0
        let last: Int64
        switch (try Self.whole(sequence["end"], "\(field).end"), try Self.whole(sequence["count"], "\(field).count")) {
        case (let end?, nil): last = end
        case (nil, 0?):
            try self.init([], field)
            return
        case (nil, let count?): last = start + count - 1
        case (nil, nil): throw Failure(field: field, why: "must have one of count and end")
        case (_?, _?): throw Failure(field: field, why: "must not have both count and end")
        }
        guard (last - start).magnitude < UInt64(Self.countMax) else {
            throw Failure(field: field, why: "has more than \(Self.countMax) items")
        }
        let format = sequence["format"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "%d"
        var values: [JSONValue] = []
        for number in stride(from: start, through: last, by: start <= last ? 1 : -1) {
            let text = GoText.printf(format, number)
            // Argo puts the text between quotes and reads it as JSON.
            guard let value = try? JSONValue(parsing: Array("\"\(text)\"".utf8)), value.string != nil else {
                throw Failure(field: "\(field).format", why: "gives \(text), which is not the inside of a JSON string")
            }
            values.append(value)
        }
        try self.init(values, field)
    }

    private init(_ values: [JSONValue], _ field: String) throws(Failure) {
        guard values.count <= Self.countMax else {
            throw Failure(field: field, why: "has more than \(Self.countMax) items")
        }
        items = values.enumerated().map { Item($1, index: $0) }
    }

    /// A number, or text that is one.
    private static func whole(_ value: JSONValue?, _ field: String) throws(Failure) -> Int64? {
        guard let value, !value.isNull else { return nil }
        let number = value.integer ?? value.string.flatMap { Int64($0) }
        // So far from the ends of 64 bits, sums cannot overflow.
        guard let number, number.magnitude < 1 << 53 else {
            throw Failure(field: field, why: "\(value.text) is not a whole number")
        }
        return number
    }

    /// Go's `%v` of an item: its JSON, without the quotes of a string (and so with the escapes that it has there).
    private static func text(_ value: JSONValue) -> String {
        let json = GoText.json(value, escapesHTML: false)
        return value.string == nil ? json : String(json.dropFirst().dropLast())
    }
}
