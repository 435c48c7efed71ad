/// Why a patch cannot be applied.
package struct PatchError: Error, Hashable {
    package enum Code: Hashable, Sendable {
        /// The patch is no patch.
        case malformed
        /// The patch does not fit the document: a test failed, or a path is not there.
        case inapplicable
    }

    package var code: Code
    package var message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}

extension JSONValue {
    /// The document after a JSON merge patch (RFC 7386).
    package func merging(_ patch: JSONValue) -> JSONValue {
        guard let changes = patch.object else { return patch }
        var result = object ?? JSONObject()
        result.merge(changes)
        return .object(result)
    }
}

extension JSONObject {
    /// Applies a JSON merge patch (RFC 7386): null removes, objects merge, everything else replaces.
    package mutating func merge(_ patch: JSONObject) {
        for (key, change) in patch {
            if change.isNull {
                self[key] = nil
            } else if change.object != nil {
                // Moves the member out first, so that it is changed in place and not copied.
                let member = self[key] ?? .object(JSONObject())
                self[key] = .null
                self[key] = member.merging(change)
            } else {
                self[key] = change
            }
        }
    }
}

extension JSONValue {
    /// The document after a JSON patch (RFC 6902).
    package func applying(jsonPatch patch: JSONValue) throws(PatchError) -> JSONValue {
        guard let operations = patch.array else {
            throw PatchError(
                code: .malformed,
                message: "json: cannot unmarshal \(patch.typeName) into Go value of type []handlers.jsonPatchOp")
        }
        var document = self
        for operation in operations {
            guard let members = operation.object else {
                throw PatchError(
                    code: .malformed,
                    message: "json: cannot unmarshal \(operation.typeName) into Go value of type handlers.jsonPatchOp")
            }
            try document.apply(members)
        }
        return document
    }

    private mutating func apply(_ operation: JSONObject) throws(PatchError) {
        guard let name = operation["op"]?.string, let path = operation["path"]?.string else {
            throw PatchError(code: .inapplicable, message: "operation without op or path")
        }
        let pointer = try JSONPointer(path)
        switch name {
        case "add": try set(try Self.operand(operation), at: pointer.tokens[...], mode: .add)
        case "replace": try set(try Self.operand(operation), at: pointer.tokens[...], mode: .replace)
        case "remove": try set(nil, at: pointer.tokens[...], mode: .remove)
        case "test":
            let value = operation["value"] ?? .null
            guard (self.value(at: pointer) ?? .null) == value else {
                throw PatchError(code: .inapplicable, message: "testing value \(path) failed")
            }
        case "copy", "move":
            guard let from = operation["from"]?.string, let value = self.value(at: try JSONPointer(from)) else {
                throw PatchError(code: .inapplicable, message: "\(name) of a missing value")
            }
            if name == "move" { try set(nil, at: try JSONPointer(from).tokens[...], mode: .remove) }
            try set(value, at: pointer.tokens[...], mode: .add)
        default: throw PatchError(code: .inapplicable, message: "Unexpected kind: \(name)")
        }
    }

    private static func operand(_ operation: JSONObject) throws(PatchError) -> JSONValue {
        guard let value = operation["value"] else {
            throw PatchError(code: .inapplicable, message: "operation without value")
        }
        return value
    }

    private func value(at pointer: JSONPointer) -> JSONValue? {
        var result = self
        for token in pointer.tokens {
            switch result {
            case .object(let members):
                guard let member = members[token] else { return nil }
                result = member
            case .array(let elements):
                guard let index = JSONPointer.index(token, count: elements.count, allowsEnd: false) else { return nil }
                result = elements[index]
            default: return nil
            }
        }
        return result
    }

    private enum Mode { case add, replace, remove }

    private mutating func set(_ value: JSONValue?, at path: ArraySlice<String>, mode: Mode) throws(PatchError) {
        guard let token = path.first else {
            self = value ?? .null
            return
        }
        let missing = PatchError(
            code: .inapplicable, message: "\(mode) operation does not apply: missing path \(token)")
        switch self {
        case .object(var members):
            if path.count == 1 {
                guard mode == .add || members[token] != nil else { throw missing }
                members[token] = value
            } else {
                guard var member = members[token] else { throw missing }
                members[token] = .null
                try member.set(value, at: path.dropFirst(), mode: mode)
                members[token] = member
            }
            self = .object(members)
        case .array(var elements):
            let isInsertion = path.count == 1 && mode == .add
            guard let index = JSONPointer.index(token, count: elements.count, allowsEnd: isInsertion) else {
                throw missing
            }
            if path.count > 1 {
                try elements[index].set(value, at: path.dropFirst(), mode: mode)
            } else if mode == .remove {
                elements.remove(at: index)
            } else if let value {
                if isInsertion { elements.insert(value, at: index) } else { elements[index] = value }
            }
            self = .array(elements)
        default: throw missing
        }
    }
}

/// A path into a document (RFC 6901).
private struct JSONPointer {
    var tokens: [String]

    init(_ text: String) throws(PatchError) {
        guard text.isEmpty || text.hasPrefix("/") else {
            throw PatchError(code: .inapplicable, message: "path \(text) does not start with /")
        }
        tokens = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(Self.unescaped)
    }

    private static func unescaped(_ token: Substring) -> String {
        guard token.contains("~") else { return String(token) }
        var result = ""
        var isEscaped = false
        for character in token {
            if isEscaped {
                result += character == "1" ? "/" : character == "0" ? "~" : "~\(character)"
                isEscaped = false
            } else if character == "~" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return isEscaped ? result + "~" : result
    }

    /// Negative indices count from the end, as the library of API servers has it.
    static func index(_ token: String, count: Int, allowsEnd: Bool) -> Int? {
        if token == "-" { return allowsEnd ? count : nil }
        guard let number = Int(token) else { return nil }
        let index = number < 0 ? number + count + (allowsEnd ? 1 : 0) : number
        return (0..<(allowsEnd ? count + 1 : count)).contains(index) ? index : nil
    }
}
