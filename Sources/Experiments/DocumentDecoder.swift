/// Decodes Swift values from a document, more strictly than Foundation's decoders: a `Duration` is a text such as
/// `250ms`, a key that nobody asked for is refused, and every error names file, line, column and what to write.
package struct DocumentDecoder: Sendable {
    package let file: String

    package init(file: String) { self.file = file }

    /// - Parameter path: Where the node stands in its document, for the words of errors.
    /// - Throws: ``ExperimentError`` for whatever does not fit.
    package func decode<Value: Decodable>(
        _ type: Value.Type, from node: DocumentNode, path: String = ""
    ) throws(ExperimentError) -> Value {
        do {
            return try NodeDecoder(node: node, codingPath: []).value(type)
        } catch let refusal as Refusal {
            throw error(refusal.message, at: refusal.position, path: path, codingPath: refusal.codingPath)
        } catch let failure as DecodingError {
            throw error(for: failure, root: node, path: path)
        } catch let failure as ExperimentError {
            throw failure
        } catch {
            throw ExperimentError(file: file, position: node.position, path: path, message: "\(error)")
        }
    }

    private func error(
        _ message: String, at position: DocumentNode.Position?, path: String, codingPath: [any CodingKey]
    ) -> ExperimentError {
        ExperimentError(
            file: file, position: position, path: Self.text(codingPath, after: path), message: message)
    }

    private func error(for failure: DecodingError, root: DocumentNode, path: String) -> ExperimentError {
        func error(_ message: String, _ context: DecodingError.Context) -> ExperimentError {
            let position = Self.position(of: context.codingPath, in: root)
            return self.error(message, at: position, path: path, codingPath: context.codingPath)
        }
        switch failure {
        case .keyNotFound(let key, let context): return error("\(key.stringValue) is missing", context)
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return error(context.debugDescription, context)
        @unknown default: return ExperimentError(file: file, position: root.position, path: path, message: "\(failure)")
        }
    }

    private static func text(_ codingPath: [any CodingKey], after prefix: String) -> String {
        codingPath.reduce(into: prefix) { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }

    /// The place of the deepest node on the way that is there.
    private static func position(of codingPath: [any CodingKey], in root: DocumentNode) -> DocumentNode.Position? {
        var node = root
        for key in codingPath {
            if let index = key.intValue, let elements = node.elements, elements.indices.contains(index) {
                node = elements[index]
            } else if let next = node[key.stringValue] {
                node = next
            } else {
                break
            }
        }
        return node.position
    }
}

/// A decoded value together with its place, for checks that come after decoding.
package struct Located<Value: Decodable & Hashable & Sendable>: Hashable, Sendable, Decodable {
    package var value: Value
    package var position: DocumentNode.Position?

    package init(from decoder: any Decoder) throws {
        position = (decoder as? NodeDecoder)?.node.position
        value = try decoder.singleValueContainer().decode(Value.self)
    }
}

/// The raw document where the type of a part is decided later.
extension DocumentNode: Decodable {
    package init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? NodeDecoder else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "only a DocumentDecoder knows nodes"))
        }
        decoder.tracker.isTakenWhole = true
        self = decoder.node
    }
}

/// An error that already knows its place.
struct Refusal: Error {
    var message: String
    var position: DocumentNode.Position?
    var codingPath: [any CodingKey]
}

struct PathKey: CodingKey {
    var stringValue: String
    var intValue: Int?

    init(stringValue: String) { self.stringValue = stringValue }

    init(intValue: Int) {
        self.intValue = intValue
        stringValue = "\(intValue)"
    }
}

/// A dictionary whose keys are the cases of an enum, so that a wrong one can be told from the right ones.
private protocol KnownKeys {
    static var knownKeys: [String] { get }
}

extension Dictionary: KnownKeys where Key: CaseIterable & RawRepresentable<String> {
    fileprivate static var knownKeys: [String] { Key.allCases.map(\.rawValue) }
}

/// Remembers what of a node a type's `init(from:)` asked for.
final class KeyTracker {
    var asked: Set<String> = []
    var isTakenWhole = false
}

struct NodeDecoder: Decoder {
    let node: DocumentNode
    let codingPath: [any CodingKey]
    let tracker = KeyTracker()
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = node.members else { throw mismatch("a mapping") }
        return KeyedDecodingContainer(NodeKeyedContainer(decoder: self, members: members))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = node.elements else {
            throw mismatch(node.scalarText.map { "a list such as [\($0)]" } ?? "a list")
        }
        tracker.isTakenWhole = true
        return NodeUnkeyedContainer(decoder: self, elements: elements)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        tracker.isTakenWhole = true
        return NodeSingleValueContainer(decoder: self)
    }

    func refusal(_ message: String, at position: DocumentNode.Position? = nil) -> Refusal {
        Refusal(message: message, position: position ?? node.position, codingPath: codingPath)
    }

    func mismatch(_ wanted: String) -> Refusal { refusal("\(wanted) is wanted here, and this is \(node.typeName)") }

    func unbox<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let known = type as? any KnownKeys.Type, let members = node.members {
            for member in members where !known.knownKeys.contains(member.key) {
                throw refusal(
                    "unknown key \(member.key)\(Spelling.mend(member.key, among: known.knownKeys))",
                    at: member.keyPosition)
            }
        }
        let decoder = NodeDecoder(node: node, codingPath: codingPath)
        do {
            let value = try Value(from: decoder)
            try decoder.refuseLeftovers()
            return value
        } catch DecodingError.dataCorrupted(let context) {
            guard context.codingPath.count == codingPath.count, let cases = Self.cases(of: type),
                let text = node.scalarText
            else { throw DecodingError.dataCorrupted(context) }
            throw refusal("unknown value \(text)\(Spelling.mend(text, among: cases))")
        }
    }

    /// The spellings of an enum of strings; nil for every other type.
    private static func cases(of type: any Any.Type) -> [String]? {
        func spellings<Cases: CaseIterable>(_ type: Cases.Type) -> [String]? {
            let texts = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
            return texts.isEmpty ? nil : texts
        }
        guard let type = type as? any CaseIterable.Type else { return nil }
        return spellings(type)
    }

    private func refuseLeftovers() throws {
        if tracker.isTakenWhole { return }
        switch node.content {
        case .null: return
        case .mapping(let members):
            for member in members where !tracker.asked.contains(member.key) {
                let mend =
                    tracker.asked.isEmpty ? "; nothing goes here" : Spelling.mend(member.key, among: tracker.asked)
                throw refusal("unknown key \(member.key)\(mend)", at: member.keyPosition)
            }
        default: throw mismatch("an empty mapping, {},")
        }
    }
}
