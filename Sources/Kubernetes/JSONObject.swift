/// The members of a JSON object, iterated in the order of their keys.
///
/// A plain dictionary iterates in an order that differs from process to process; sorted iteration keeps
/// serialized bodies, reconciles and simulated histories the same everywhere.
package struct JSONObject: Hashable, Sendable {
    private var members: [String: JSONValue]

    package init() { members = [:] }

    package init(uniqueKeysWithValues pairs: some Sequence<(String, JSONValue)>) {
        members = Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    /// The object of string members that `labels`, `annotations` and `data` are.
    package init(_ strings: [String: String]) { members = strings.mapValues(JSONValue.string) }

    package var isEmpty: Bool { members.isEmpty }

    package var count: Int { members.count }

    package var keys: [String] { members.keys.sorted() }

    package subscript(key: String) -> JSONValue? {
        get { members[key] }
        set { members[key] = newValue }
        _modify { yield &members[key] }
    }

    /// The value at a path of member names. Setting creates the objects on the way (replacing what is not an
    /// object); setting nil removes the last member and leaves the objects on the way in place.
    package subscript(first: String, second: String, rest: String...) -> JSONValue? {
        get { value(at: [first, second] + rest) }
        set { set(newValue, at: [first, second] + rest) }
    }

    package func value(at path: some Collection<String>) -> JSONValue? {
        guard let key = path.first else { return .object(self) }
        guard path.count > 1 else { return members[key] }
        return members[key]?.object?.value(at: path.dropFirst())
    }

    package mutating func set(_ value: JSONValue?, at path: some Collection<String>) {
        guard let key = path.first else { return }
        guard path.count > 1 else {
            members[key] = value
            return
        }
        if value == nil, members[key]?.object == nil { return }
        var child = members[key]?.object ?? JSONObject()
        // Moves the child out first, so that it is changed in place and not copied.
        members[key] = .null
        child.set(value, at: path.dropFirst())
        members[key] = .object(child)
    }

    /// The members whose values are strings.
    package var stringMembers: [String: String] { members.compactMapValues(\.string) }
}

extension JSONObject: Sequence {
    package func makeIterator() -> some IteratorProtocol<(key: String, value: JSONValue)> {
        members.sorted { $0.key < $1.key }.makeIterator()
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(uniqueKeysWithValues: elements)
    }
}
