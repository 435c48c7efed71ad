package import Kubernetes

/// A YAML or JSON document, or a part of one, that remembers where each part stands in its file.
package struct DocumentNode: Hashable, Sendable {
    /// Line and column from 1.
    package struct Position: Hashable, Sendable {
        package var line: Int
        package var column: Int

        package init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    package enum Content: Hashable, Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case sequence([DocumentNode])
        /// In the order of the file, each key once.
        case mapping([Member])
    }

    package struct Member: Hashable, Sendable {
        package var key: String
        package var keyPosition: Position?
        package var value: DocumentNode

        package init(key: String, keyPosition: Position? = nil, value: DocumentNode) {
            self.key = key
            self.keyPosition = keyPosition
            self.value = value
        }
    }

    package var content: Content
    /// Nil for what stands in no file.
    package var position: Position?

    package init(_ content: Content, at position: Position? = nil) {
        self.content = content
        self.position = position
    }

    /// A JSON value as a node, all of it said to stand at one place.
    package init(json: JSONValue, at position: Position? = nil) {
        self.position = position
        content =
            switch json {
            case .null: .null
            case .bool(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .number(let value): .number(value)
            case .string(let value): .string(value)
            case .array(let elements): .sequence(elements.map { DocumentNode(json: $0, at: position) })
            case .object(let members):
                .mapping(
                    members.map {
                        Member(key: $0.key, keyPosition: position, value: DocumentNode(json: $0.value, at: position))
                    })
            }
    }
}

extension DocumentNode {
    /// The value without its places.
    package var json: JSONValue {
        switch content {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .string(let value): .string(value)
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let members):
            .object(JSONObject(uniqueKeysWithValues: members.map { ($0.key, $0.value.json) }))
        }
    }

    package var members: [Member]? { if case .mapping(let members) = content { members } else { nil } }

    package var elements: [DocumentNode]? { if case .sequence(let elements) = content { elements } else { nil } }

    package var string: String? { if case .string(let value) = content { value } else { nil } }

    package subscript(key: String) -> DocumentNode? { members?.first { $0.key == key }?.value }

    /// A scalar as a reader would write it; nil for a sequence or a mapping.
    package var scalarText: String? {
        switch content {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value
        case .sequence, .mapping: nil
        }
    }

    /// The content's type, in the words of error messages.
    package var typeName: String {
        switch content {
        case .null: "nothing"
        case .bool(let value): "the truth value \(value)"
        case .integer, .number: "the number \(scalarText ?? "")"
        case .string(let value): "the text \"\(value)\""
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension DocumentNode {
    /// The node with another laid over it: mappings are joined member by member, everything else is replaced, and a
    /// null takes the member away.
    package func overlaid(by other: DocumentNode) -> DocumentNode {
        guard case .mapping(var members) = content, case .mapping(let changes) = other.content else { return other }
        for change in changes {
            let index = members.firstIndex { $0.key == change.key }
            if case .null = change.value.content {
                if let index { members.remove(at: index) }
            } else if let index {
                members[index].value = members[index].value.overlaid(by: change.value)
                members[index].keyPosition = change.keyPosition
            } else {
                members.append(change)
            }
        }
        return DocumentNode(.mapping(members), at: other.position ?? position)
    }

    /// The node without the named members of its mapping.
    package func without(_ keys: String...) -> DocumentNode {
        guard case .mapping(let members) = content else { return self }
        return DocumentNode(.mapping(members.filter { !keys.contains($0.key) }), at: position)
    }
}
