/// What a Go struct of the Kubernetes API says of its JSON: the fields, their types, and how lists of them merge.
///
/// An API server drops and warns of fields that are not there, words its decoding errors by the Go types, and merges
/// strategic patches by the keys.
package struct ObjectSchema: Hashable, Sendable {
    /// The struct's name: `PodSpec`.
    package var name: String
    package var fields: [String: Field]
    /// The fields that are written out even where they are empty, in the order of their names.
    package var alwaysPresent: [RequiredField] = []

    package struct RequiredField: Hashable, Sendable {
        package var name: String
        package var type: FieldType
    }

    package struct Field: Hashable, Sendable {
        package var type: FieldType
        /// A Go pointer: a zero is kept, because it is not the same as nothing.
        package var isPointer: Bool
        /// Written out even where it is empty.
        package var isAlwaysPresent: Bool
        /// Whether a strategic patch merges the list, and does not replace it.
        package var merges: Bool
        /// The member that makes elements of a merged list the same; nil for a list of plain values.
        package var mergeKey: String?
        /// The members that make elements the same for server-side apply; nil for a list that is replaced whole,
        /// empty for a set.
        package var listKeys: [String]?
    }

    package indirect enum FieldType: Hashable, Sendable {
        /// With the Go name of the type.
        case string(String)
        case integer(bits: Int)
        case bool
        case bytes
        case quantity
        case time
        case microTime
        case intOrString
        case any
        case object(String)
        case list(FieldType)
        case map(FieldType)

        /// The schema of an object, or of the objects in a list or map.
        package var element: ObjectSchema? {
            switch self {
            case .object(let name): ObjectSchema.builtIn[name]
            case .list(let type), .map(let type): type.element
            default: nil
            }
        }

        /// As Go prints the type.
        package var goName: String {
            switch self {
            case .string(let name): name
            case .integer(let bits): "int\(bits)"
            case .bool: "bool"
            case .bytes: "[]uint8"
            case .quantity: "resource.Quantity"
            case .time: "v1.Time"
            case .microTime: "v1.MicroTime"
            case .intOrString: "intstr.IntOrString"
            case .any: "interface {}"
            case .object(let name): "v1.\(name)"
            case .list(let type): "[]\(type.goName)"
            case .map(let type): "map[string]\(type.goName)"
            }
        }
    }

    /// Every type that a built-in resource is made of, by name. `EventsEvent` is the Event of `events.k8s.io`.
    package static let builtIn: [String: ObjectSchema] = {
        var result: [String: ObjectSchema] = [:]
        for line in builtInTypes.split(separator: "\n") {
            let schema = ObjectSchema(line: line)
            result[schema.name] = schema
        }
        return result
    }()

    /// Reads `Name: field type flags; …`: `[` is a list of, `{` a map of, `@` an object, `~` a named string; `+` always
    /// present, `?` pointer, `!` merged (by a key), `#` associative (by keys).
    private init(line: Substring) {
        let sides = line.split(separator: ":", maxSplits: 1)
        name = String(sides[0])
        fields = [:]
        for text in sides.count > 1 ? sides[1].split(separator: ";") : [] {
            let parts = text.split(separator: " ")
            let flags = parts.count > 2 ? parts[2] : ""
            fields[String(parts[0])] = Field(
                type: FieldType(parts[1]), isPointer: flags.contains("?"), isAlwaysPresent: flags.contains("+"),
                merges: flags.contains("!"), mergeKey: Self.names(in: flags, after: "!")?.first,
                listKeys: Self.names(in: flags, after: "#"))
        }
        alwaysPresent = fields.filter(\.value.isAlwaysPresent).sorted { $0.key < $1.key }
            .map { RequiredField(name: $0.key, type: $0.value.type) }
    }

    private static func names(in flags: Substring, after mark: Character) -> [String]? {
        guard let start = flags.firstIndex(of: mark) else { return nil }
        let names = flags[flags.index(after: start)...].prefix { $0 != "#" && $0 != "!" }
        return names.split(separator: ",").map(String.init)
    }
}

extension ObjectSchema.FieldType {
    fileprivate init(_ text: Substring) {
        self =
            switch text.first {
            case "[": .list(Self(text.dropFirst()))
            case "{": .map(Self(text.dropFirst()))
            case "@": .object(String(text.dropFirst()))
            case "~": .string(String(text.dropFirst()))
            default: Self.plain[String(text)] ?? .any
            }
    }

    private static let plain: [String: Self] = [
        "string": .string("string"), "int32": .integer(bits: 32), "int64": .integer(bits: 64),
        "int": .integer(bits: 64), "bool": .bool, "bytes": .bytes, "Quantity": .quantity, "Time": .time,
        "MicroTime": .microTime, "IntOrString": .intOrString, "FieldsV1": .any, "any": .any,
    ]
}
