import Kubernetes

/// JSON as an API server writes it: members in an order of its own for a Status, indented for people, and a newline at
/// the end.
enum JSONText {
    /// The order in which Go declares the members of `metav1.Status`, of lists and of objects.
    private static let order = ["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"]

    static func document(_ object: JSONObject, isPretty: Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(1_024)
        if isPretty {
            writeIndented(.object(object), depth: 0, to: &output)
        } else {
            writeCompact(object, to: &output)
        }
        output.append(UInt8(ascii: "\n"))
        return output
    }

    private static func writeCompact(_ object: JSONObject, to output: inout [UInt8]) {
        guard object["kind"] == "Status" else {
            output += JSONValue.object(object).bytes
            return
        }
        output.append(UInt8(ascii: "{"))
        for (index, key) in orderedKeys(object).enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output += JSONValue.string(key).bytes
            output.append(UInt8(ascii: ":"))
            output += (object[key] ?? .null).bytes
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func writeIndented(_ value: JSONValue, depth: Int, to output: inout [UInt8]) {
        switch value {
        case .object(let members) where !members.isEmpty:
            let keys = depth == 0 ? orderedKeys(members) : members.keys
            writeLines(keys.count, "{", "}", depth: depth, to: &output) { index, output in
                output += JSONValue.string(keys[index]).bytes
                output += ": ".utf8
                writeIndented(members[keys[index]] ?? .null, depth: depth + 1, to: &output)
            }
        case .array(let elements) where !elements.isEmpty:
            writeLines(elements.count, "[", "]", depth: depth, to: &output) { index, output in
                writeIndented(elements[index], depth: depth + 1, to: &output)
            }
        default: output += value.bytes
        }
    }

    private static func writeLines(
        _ count: Int, _ open: String, _ close: String, depth: Int, to output: inout [UInt8],
        _ writeElement: (Int, inout [UInt8]) -> Void
    ) {
        output += open.utf8
        for index in 0..<count {
            output += (index > 0 ? ",\n" : "\n").utf8
            output += repeatElement(UInt8(ascii: " "), count: 2 * (depth + 1))
            writeElement(index, &output)
        }
        output.append(UInt8(ascii: "\n"))
        output += repeatElement(UInt8(ascii: " "), count: 2 * depth)
        output += close.utf8
    }

    private static func orderedKeys(_ object: JSONObject) -> [String] {
        let known = order.filter { object[$0] != nil }
        return known + object.keys.filter { !order.contains($0) }
    }
}
