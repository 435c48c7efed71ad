/// The members of a JSON object, iterated in the order of their keys.
///
/// A plain dictionary iterates in an order that differs from process to process; sorted iteration keeps
/// serialized bodies, reconciles and simulated histories the same everywhere. The members stand in an array that is
/// kept sorted: Kubernetes objects have few members each, of which an array is searched, compared and copied faster
/// than a hash table, and iterated without sorting.
package struct JSONObject: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue
    }

    /// In the order of their keys, of which no two are equal.
    private var members: [Member]

    package init() { members = [] }

    /// An empty object with room for so many members.
    package init(minimumCapacity: Int) {
        members = []
        members.reserveCapacity(minimumCapacity)
    }

    package init(uniqueKeysWithValues pairs: some Sequence<(String, JSONValue)>) {
        members = []
        members.reserveCapacity(pairs.underestimatedCount)
        for (key, value) in pairs { self[key] = value }
    }

    /// The object of string members that `labels`, `annotations` and `data` are.
    package init(_ strings: [String: String]) {
        members = strings.map { Member(key: $0.key, value: .string($0.value)) }
        members.sort { $0.key < $1.key }
    }

    package var isEmpty: Bool { members.isEmpty }

    package var count: Int { members.count }

    package var keys: [String] { members.map(\.key) }

    package subscript(key: String) -> JSONValue? {
        get {
            let index = lowerBound(of: key)
            return index < members.count && members[index].key == key ? members[index].value : nil
        }
        set {
            let (index, isThere) = place(of: key)
            switch (newValue, isThere) {
            case (let value?, true): members[index].value = value
            case (let value?, false): insert(Member(key: key, value: value), at: index)
            case (nil, true): members.remove(at: index)
            case (nil, false): break
            }
        }
        _modify {
            let (index, isThere) = place(of: key)
            // Moves the value out, so that it is changed in place and not copied.
            var value: JSONValue? = isThere ? members[index].takeValue() : nil
            defer {
                switch (value, isThere) {
                case (let value?, true): members[index].value = value
                case (let value?, false): insert(Member(key: key, value: value), at: index)
                case (nil, true): members.remove(at: index)
                case (nil, false): break
                }
            }
            yield &value
        }
    }

    /// The value at a path of member names. Setting creates the objects on the way (replacing what is not an
    /// object); setting nil removes the last member and leaves the objects on the way in place.
    package subscript(first: String, second: String) -> JSONValue? {
        get { self[first]?.object?[second] }
        set { set(newValue, in: first) { $0[second] = $1 } }
    }

    package subscript(first: String, second: String, third: String) -> JSONValue? {
        get { self[first]?.object?[second]?.object?[third] }
        set { set(newValue, in: first) { $0[second, third] = $1 } }
    }

    package subscript(first: String, second: String, third: String, fourth: String, rest: String...) -> JSONValue? {
        get { value(at: [first, second, third, fourth] + rest) }
        set { set(newValue, at: [first, second, third, fourth] + rest) }
    }

    package func value(at path: some Collection<String>) -> JSONValue? {
        guard let key = path.first else { return .object(self) }
        guard path.count > 1 else { return self[key] }
        return self[key]?.object?.value(at: path.dropFirst())
    }

    package mutating func set(_ value: JSONValue?, at path: some Collection<String>) {
        guard let key = path.first else { return }
        guard path.count > 1 else {
            self[key] = value
            return
        }
        set(value, in: key) { $0.set($1, at: path.dropFirst()) }
    }

    /// Sets something within the object that is the member `key`.
    private mutating func set(_ value: JSONValue?, in key: String, _ change: (inout JSONObject, JSONValue?) -> Void) {
        let (index, isThere) = place(of: key)
        if isThere, case .object(var child) = members[index].value {
            // Gives up its own hold on the child, so that it is changed in place and not copied.
            members[index].value = .null
            change(&child, value)
            members[index].value = .object(child)
        } else if value != nil {
            var child = JSONObject()
            change(&child, value)
            if isThere {
                members[index].value = .object(child)
            } else {
                insert(Member(key: key, value: .object(child)), at: index)
            }
        }
    }

    /// The members whose values are strings.
    package var stringMembers: [String: String] {
        var result: [String: String] = [:]
        result.reserveCapacity(members.count)
        for member in members { if case .string(let text) = member.value { result[member.key] = text } }
        return result
    }

    /// Where a key is, or would be.
    private func place(of key: String) -> (index: Int, isThere: Bool) {
        // Who builds an object in the order of its keys appends.
        guard let last = members.last, key <= last.key else { return (members.count, false) }
        let index = lowerBound(of: key)
        return (index, members[index].key == key)
    }

    private mutating func insert(_ member: Member, at index: Int) {
        // Appending is what an array does fastest.
        if index == members.count { members.append(member) } else { members.insert(member, at: index) }
    }

    /// The first index whose key is not before `key`.
    private func lowerBound(of key: String) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension JSONObject.Member {
    fileprivate mutating func takeValue() -> JSONValue {
        let taken = value
        value = .null
        return taken
    }
}

extension JSONObject: Sequence {
    package struct Iterator: IteratorProtocol {
        fileprivate var members: IndexingIterator<[Member]>

        package mutating func next() -> (key: String, value: JSONValue)? { members.next().map { ($0.key, $0.value) } }
    }

    package func makeIterator() -> Iterator { Iterator(members: members.makeIterator()) }

    package var underestimatedCount: Int { members.count }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(uniqueKeysWithValues: elements)
    }
}
