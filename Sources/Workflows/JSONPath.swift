package import Kubernetes

/// A path into a JSON document: kubectl's `{.metadata.name}`, with or without braces, and Argo's `$.metadata.name`.
///
/// There are names, positions, ranges, unions, wildcards, descendants and filters; text around the braces is kept.
/// kubectl's `{range}` is not supported.
package struct JSONPath: Hashable, Sendable {
    indirect enum Step: Hashable, Sendable {
        case name(String)
        case index(Int64)
        case all
        case range(from: Int64?, to: Int64?, by: Int64)
        case union([Step])
        /// What the next step finds in the value itself and in everything below it.
        case descendants
        /// Over `$` and, as ``JSONPath/current``, the element.
        case filter(Expression)

        /// Whether it leads to one place at most.
        var isSingle: Bool {
            switch self {
            case .name, .index: true
            case .all, .range, .union, .descendants, .filter: false
            }
        }
    }

    enum Piece: Hashable, Sendable {
        case text(String)
        case path([Step])
    }

    /// What `@` is called in the expression of a filter.
    static let current = "$current"

    private let pieces: [Piece]

    package init(_ text: String) throws(ExpressionError) { pieces = try JSONPathParser.pieces(of: text) }

    /// What the paths lead to, in the order of the document; empty where they lead nowhere.
    package func evaluate(_ value: JSONValue) -> [JSONValue] {
        pieces.flatMap { piece -> [JSONValue] in
            switch piece {
            case .text: []
            case .path(let steps): Self.follow(steps, from: value)
            }
        }
    }

    /// What `kubectl get -o jsonpath=` prints: of each path, the values with spaces between them.
    package func render(_ value: JSONValue) -> String {
        pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .path(let steps): Self.follow(steps, from: value).map(Self.text).joined(separator: " ")
            }
        }.joined()
    }

    /// Argo's `jsonpath(json, path)`: the value where the path leads to one place, otherwise a list of values.
    static func query(_ text: String, _ value: JSONValue) throws(ExpressionFault) -> JSONValue {
        let pieces: [Piece]
        do throws(ExpressionError) {
            pieces = try JSONPathParser.pieces(of: text)
        } catch {
            throw ExpressionFault(error.description)
        }
        guard case .path(let steps) = pieces.first, pieces.count == 1 else {
            throw ExpressionFault("\"\(text)\" is not one path")
        }
        let found = follow(steps, from: value)
        guard steps.allSatisfy(\.isSingle) else { return .array(found) }
        guard let result = found.first else { throw ExpressionFault("there is nothing at \(text)") }
        return result
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .array, .object: value.text
        case .null, .bool, .integer, .number, .string: GoText.plain(value)
        }
    }

    private static func follow(_ steps: [Step], from root: JSONValue) -> [JSONValue] {
        var values = [root]
        for step in steps { values = values.flatMap { take(step, from: $0, root) } }
        return values
    }

    private static func take(_ step: Step, from value: JSONValue, _ root: JSONValue) -> [JSONValue] {
        switch step {
        case .name(let name):
            if let member = value.object?[name] { return [member] }
            guard name == "length" else { return [] }
            if let elements = value.array { return [.integer(Int64(elements.count))] }
            return value.string.map { [.integer(Int64($0.unicodeScalars.count))] } ?? []
        case .index(let index):
            let elements = value.array ?? []
            let position = Int(clamping: index < 0 ? Int64(elements.count) + index : index)
            return elements.indices.contains(position) ? [elements[position]] : []
        case .all: return children(of: value)
        case .range(let from, let to, let by):
            return value.array.map { range($0, from, to, by) } ?? []
        case .union(let steps): return steps.flatMap { take($0, from: value, root) }
        case .descendants: return [value] + children(of: value).flatMap { take(.descendants, from: $0, root) }
        case .filter(let condition): return children(of: value).filter { holds(condition, $0, root) }
        }
    }

    private static func children(of value: JSONValue) -> [JSONValue] {
        value.array ?? value.object?.map(\.value) ?? []
    }

    private static func range(_ elements: [JSONValue], _ from: Int64?, _ to: Int64?, _ by: Int64) -> [JSONValue] {
        func bound(_ value: Int64?, _ missing: Int) -> Int {
            guard let value else { return missing }
            return min(max(0, Int(clamping: value < 0 ? Int64(elements.count) + value : value)), elements.count)
        }
        let (start, end) = (bound(from, 0), bound(to, elements.count))
        guard start < end else { return [] }
        let part = by < 0 ? elements[start..<end].reversed() : Array(elements[start..<end])
        return stride(from: 0, to: part.count, by: Int(clamping: by.magnitude)).map { part[$0] }
    }

    /// An element on which the condition cannot be evaluated, because it lacks a member, does not match.
    private static func holds(_ condition: Expression, _ element: JSONValue, _ root: JSONValue) -> Bool {
        switch try? condition.evaluate(["$": root, current: element]) {
        case nil, .null: false
        case .bool(let value): value
        case .string(let text): !text.isEmpty
        case .integer, .number, .array, .object: true
        }
    }
}
