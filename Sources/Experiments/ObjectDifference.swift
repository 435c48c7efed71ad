import Kubernetes

/// A place at which two objects differ.
struct ObjectDifference: Hashable {
    /// `status.conditions[Ready].status`.
    var path: String
    /// Nil where there is nothing.
    var expected: JSONValue?
    var found: JSONValue?

    /// All places at which two values differ, but for those at masked paths and below them.
    ///
    /// Lists whose elements have names of their own are compared name by name; of others that differ in length only that
    /// is said. A member that only one of the two has goes by its pattern, so that one mask stands for all random names.
    static func between(
        _ expected: JSONValue?, _ found: JSONValue?, at path: String = "", except masks: Set<String> = []
    ) -> [ObjectDifference] {
        if masks.contains(path) { return [] }
        switch (expected, found) {
        case (.object(let expected)?, .object(let found)?):
            return members(expected, found, masks) { path.isEmpty ? $0 : "\(path).\($0)" }
        case (.array(let expected)?, .array(let found)?):
            if let expected = named(expected), let found = named(found) {
                return members(expected, found, masks) { "\(path)[\($0)]" }
            }
            guard expected.count == found.count else { break }
            return zip(expected, found).enumerated().flatMap { index, pair in
                between(pair.0, pair.1, at: "\(path)[\(index)]", except: masks)
            }
        default: break
        }
        if (expected ?? .null) == (found ?? .null) { return [] }
        return [ObjectDifference(path: path, expected: expected, found: found)]
    }

    private static func members(
        _ expected: JSONObject, _ found: JSONObject, _ masks: Set<String>, _ path: (String) -> String
    ) -> [ObjectDifference] {
        Set(expected.keys).union(found.keys).sorted().flatMap { key in
            let (left, right) = (expected[key], found[key])
            if left == nil || right == nil, masks.contains(path(ObjectNaming.pattern(of: key))) { return [Self]() }
            let isShared = left != nil && right != nil
            return between(left, right, at: path(isShared ? key : ObjectNaming.pattern(of: key)), except: masks)
        }
    }

    /// The elements by what names them; nil where nothing does.
    private static func named(_ elements: [JSONValue]) -> JSONObject? {
        if elements.isEmpty { return nil }
        for member in ["type", "name"] {
            let names = elements.compactMap { $0.object?[member]?.string }
            guard names.count == elements.count, Set(names).count == names.count else { continue }
            return JSONObject(uniqueKeysWithValues: zip(names, elements))
        }
        return nil
    }

    /// `status.ready is false, and in calm it is true`.
    var text: String {
        let place = path.isEmpty ? "it" : path
        switch (expected, found) {
        case (let expected?, let found?):
            if let left = expected.array?.count, let right = found.array?.count, left != right {
                return
                    "\(place) has \(right) elements (\(Self.short(found))), and in calm \(left) (\(Self.short(expected)))"
            }
            return "\(place) is \(Self.short(found)), and in calm \(Self.short(expected))"
        case (let expected?, nil): return "\(place) is not there, and in calm it is \(Self.short(expected))"
        case (nil, let found): return "\(place) is \(Self.short(found ?? .null)), and in calm it is not there"
        }
    }

    private static func short(_ value: JSONValue) -> String {
        let text = value.text
        return text.count <= 100 ? text : "\(text.prefix(99))…"
    }
}
