/// The protobuf messages of Kubernetes, as data: field numbers, the names that the fields have in JSON, and kinds.
///
/// The tables are text, one message a line: `Name: 1 field, 2 other kind, …`. A field without a kind is a string.
/// `[kind]` repeats, `{kind}` maps from strings, `~` puts the members of a message into the one around it, and `!`
/// keeps a zero that Go's JSON would write too: that of a pointer, or of a field without `omitempty`.
/// The facts are those of the `generated.proto` and `types.go` files of Kubernetes 1.36.
struct ProtobufSchema: Sendable {
    /// What a field's bytes mean.
    indirect enum Kind: Hashable, Sendable {
        case string, bool, integer, double
        /// Base64 in JSON.
        case bytes
        /// `metav1.Time`: seconds and nanoseconds; a text in JSON.
        case time
        case microTime
        /// `resource.Quantity`: its text.
        case quantity
        case intOrString
        /// A JSON document in bytes: `runtime.RawExtension`, `metav1.FieldsV1`, `apiextensions.JSON`.
        case json
        case schemaOrBool, schemaOrArray, schemaOrStrings
        case message(String)
        case list(Kind)
        case map(Kind)
    }

    struct Field: Hashable, Sendable {
        var name: String
        var kind: Kind
        var keepsZero: Bool
        /// The members of the field's message belong to the message around it.
        var isInline: Bool
    }

    typealias Message = [Int: Field]

    private let messages: [String: Message]

    /// The messages that this server reads.
    static let kubernetes = ProtobufSchema(parsing: [groups, core, pods, volumes, definitions])

    /// - Parameter tables: Text in the form that ``ProtobufSchema`` tells of.
    init(parsing tables: [String]) {
        var messages: [String: Message] = [:]
        for line in tables.flatMap({ $0.split(separator: "\n") }) {
            let sides = line.split(separator: ":", maxSplits: 1)
            precondition(sides.count == 2 || line.hasSuffix(":"), "a message has a name and fields (is \(line))")
            messages[String(sides[0])] = sides.count == 2 ? Self.message(sides[1]) : [:]
        }
        self.messages = messages
    }

    subscript(name: String) -> Message? { messages[name] }

    /// The names of messages that fields refer to and that no line describes; empty unless a table is wrong.
    var undescribedNames: [String] {
        let referred = messages.values.flatMap(\.values).compactMap { Self.messageName($0.kind) }
        return Set(referred).subtracting(messages.keys).sorted()
    }

    /// The message that an object of a kind is encoded as; nil for a kind that this server does not read.
    static func messageName(apiVersion: String, kind: String) -> String? {
        switch (apiVersion, kind) {
        case (_, "DeleteOptions"): "DeleteOptions"
        case ("events.k8s.io/v1", "Event"): "EventsEvent"
        case ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Pod"), ("v1", "ResourceQuota"),
            ("v1", "Event"), ("v1", "ServiceAccount"), ("v1", "Node"), ("v1", "Binding"), ("batch/v1", "Job"),
            ("coordination.k8s.io/v1", "Lease"), ("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
            ("policy/v1", "Eviction"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"):
            kind
        default: nil
        }
    }

    private static func message(_ text: Substring) -> Message {
        var fields: Message = [:]
        for item in text.split(separator: ",") {
            var words = item.split(separator: " ")
            guard let number = words.first.flatMap({ Int($0) }), words.count >= 2 else {
                preconditionFailure("a field has a number and a name (is \(item))")
            }
            let keepsZero = words[words.count - 1].hasSuffix("!")
            if keepsZero { words[words.count - 1].removeLast() }
            fields[number] = Field(
                name: String(words[1]), kind: words.count > 2 ? kind(words[2]) : .string, keepsZero: keepsZero,
                isInline: words[1] == "~")
        }
        return fields
    }

    private static func kind(_ word: Substring) -> Kind {
        switch word {
        case "string": .string
        case "bool": .bool
        case "int": .integer
        case "double": .double
        case "bytes": .bytes
        case "time": .time
        case "microTime": .microTime
        case "quantity": .quantity
        case "intOrString": .intOrString
        case "raw": .json
        case "schemaOrBool": .schemaOrBool
        case "schemaOrArray": .schemaOrArray
        case "schemaOrStrings": .schemaOrStrings
        default:
            if word.hasPrefix("[") {
                .list(kind(word.dropFirst().dropLast()))
            } else if word.hasPrefix("{") {
                .map(kind(word.dropFirst().dropLast()))
            } else {
                .message(String(word))
            }
        }
    }

    private static func messageName(_ kind: Kind) -> String? {
        switch kind {
        case .message(let name): name
        case .list(let element), .map(let element): messageName(element)
        case .string, .bool, .integer, .double, .bytes, .time, .microTime, .quantity, .intOrString, .json,
            .schemaOrBool, .schemaOrArray, .schemaOrStrings:
            nil
        }
    }
}
