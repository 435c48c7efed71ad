import Kubernetes

/// Fields of an object that one manager has set (`structured-merge-diff`, FieldsV1).
/// https://kubernetes.io/docs/reference/using-api/server-side-apply/
struct FieldSet: Hashable {
    /// One step of a path.
    enum Step: Hashable {
        case field(String)
        /// The element of a list that has these members.
        case element(JSONObject)
        /// The element of a set that equals this.
        case value(JSONValue)

        /// As FieldsV1 writes it.
        var key: String {
            switch self {
            case .field(let name): "f:\(name)"
            case .element(let members): "k:\(JSONValue.object(members).text)"
            case .value(let value): "v:\(value.text)"
            }
        }

        /// As messages print it.
        var text: String {
            switch self {
            case .field(let name): return ".\(name)"
            case .element(let members):
                return "[\(members.map { "\($0.key)=\($0.value.text)" }.joined(separator: ","))]"
            case .value(let value): return "[=\(value.text)]"
            }
        }

        init?(key: String) {
            let rest = String(key.dropFirst(2))
            switch key.prefix(2) {
            case "f:": self = .field(rest)
            case "k:":
                guard let members = (try? JSONValue(parsing: rest.utf8))?.object else { return nil }
                self = .element(members)
            case "v:":
                guard let value = try? JSONValue(parsing: rest.utf8) else { return nil }
                self = .value(value)
            default: return nil
            }
        }
    }

    var paths: Set<[Step]> = []

    /// Every field that a configuration sets, but for what names the object.
    init(of object: JSONObject, schema: ObjectSchema?) {
        var object = object
        for member in ["apiVersion", "kind"] { object[member] = nil }
        for member in ["name", "namespace", "managedFields", "creationTimestamp", "resourceVersion", "uid"] {
            object["metadata", member] = nil
        }
        if object["metadata"]?.object?.isEmpty ?? false { object["metadata"] = nil }
        collect(object, schema, [])
    }

    private mutating func collect(_ object: JSONObject, _ schema: ObjectSchema?, _ path: [Step]) {
        for (name, value) in object {
            let field = path.isEmpty && name == "metadata" ? Self.metadata : schema?.fields[name]
            let path = path + [.field(name)]
            switch value {
            case .object(let members) where !members.isEmpty: collect(members, field?.type.element, path)
            case .array(let elements):
                guard let keys = field?.listKeys, !elements.isEmpty else {
                    paths.insert(path)
                    continue
                }
                for element in elements {
                    let step = Self.step(element, keys: keys)
                    paths.insert(path + [step])
                    if let members = element.object { collect(members, field?.type.element, path + [step]) }
                }
            default: paths.insert(path)
            }
        }
    }

    /// The metadata of every type are alike.
    static let metadata = ObjectSchema.builtIn["Pod"]?.fields["metadata"]

    /// What makes an element of a list the same as another.
    static func step(_ element: JSONValue, keys: [String]) -> Step {
        guard !keys.isEmpty, let members = element.object else { return .value(element) }
        var identity = JSONObject()
        for key in keys { identity[key] = members[key] ?? (key == "protocol" ? "TCP" : nil) }
        return .element(identity)
    }

    init(fieldsV1 tree: JSONObject) { read(tree, []) }

    private mutating func read(_ tree: JSONObject, _ path: [Step]) {
        for (key, value) in tree {
            guard key != "." else {
                paths.insert(path)
                continue
            }
            guard let step = Step(key: key), let members = value.object else { continue }
            if members.isEmpty { paths.insert(path + [step]) } else { read(members, path + [step]) }
        }
    }

    var fieldsV1: JSONObject {
        var tree = JSONObject()
        for path in paths {
            let keys = path.map(\.key)
            let hasMore = tree.value(at: keys)?.object.map { !$0.isEmpty } ?? false
            if hasMore { tree.set([:], at: keys + ["."]) } else { Self.insert(keys, into: &tree) }
        }
        return tree
    }

    /// Marks a leaf on the way as set itself when something is put below it.
    private static func insert(_ keys: [String], into tree: inout JSONObject) {
        for length in 1..<max(keys.count, 1) {
            let prefix = Array(keys.prefix(length))
            if let node = tree.value(at: prefix)?.object, node.isEmpty { tree.set([:], at: prefix + ["."]) }
        }
        tree.set([:], at: keys)
    }

    static func value(at path: some Collection<Step>, in value: JSONValue) -> JSONValue? {
        guard let step = path.first else { return value }
        let next: JSONValue? =
            switch step {
            case .field(let name): value.object?[name]
            case .element, .value: index(of: step, in: value.array ?? []).flatMap { value.array?[$0] }
            }
        return next.flatMap { self.value(at: path.dropFirst(), in: $0) }
    }

    private static func index(of step: Step, in elements: [JSONValue]) -> Int? {
        elements.firstIndex { element in
            switch step {
            case .field: false
            case .value(let value): element == value
            case .element(let members): Self.step(element, keys: members.keys) == step
            }
        }
    }

    static func remove(_ path: ArraySlice<Step>, from value: inout JSONValue) {
        guard let step = path.first else { return }
        let isLast = path.count == 1
        switch (step, value) {
        case (.field(let name), .object(var members)):
            guard var member = members[name] else { return }
            remove(path.dropFirst(), from: &member)
            let isEmptied = member == .object(JSONObject()) || member == .array([])
            members[name] = isLast || isEmptied ? nil : member
            value = .object(members)
        case (_, .array(var elements)):
            guard let index = index(of: step, in: elements) else { return }
            if isLast { elements.remove(at: index) } else { remove(path.dropFirst(), from: &elements[index]) }
            value = .array(elements)
        default: break
        }
    }
}
