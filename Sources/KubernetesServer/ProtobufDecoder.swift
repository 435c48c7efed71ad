import Kubernetes

/// Turns an object that a client sent in Kubernetes' protobuf encoding into the JSON that the rest of the server reads.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
struct ProtobufDecoder {
    let schema: ProtobufSchema

    /// The envelope's first four bytes.
    static let prefix = Array("k8s\0".utf8)

    /// Schemas of custom resources nest; nothing real comes near this.
    private static let depthMax = 200

    init(schema: ProtobufSchema = .kubernetes) { self.schema = schema }

    /// The object, with the apiVersion and kind of its envelope.
    func object(_ bytes: [UInt8]) throws(ProtobufError) -> JSONObject {
        guard !bytes.isEmpty else { throw ProtobufError(message: "empty data") }
        guard bytes.starts(with: Self.prefix) else {
            let expected = Self.prefix.map(String.init).joined(separator: " ")
            throw ProtobufError(
                message: "provided data does not appear to be a protobuf message, expected prefix [\(expected)]")
        }
        let (apiVersion, kind, raw) = try envelope(bytes[Self.prefix.count...])
        guard let name = ProtobufSchema.messageName(apiVersion: apiVersion, kind: kind) else {
            let version = apiVersion.split(separator: "/").last ?? ""
            throw ProtobufError(message: "no kind \"\(kind)\" is registered for version \"\(version)\"")
        }
        var object = try message(name, raw, depth: 0)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return object
    }

    /// `runtime.Unknown`.
    private func envelope(
        _ bytes: ArraySlice<UInt8>
    ) throws(ProtobufError) -> (apiVersion: String, kind: String, raw: ArraySlice<UInt8>) {
        var reader = ProtobufReader(bytes)
        var type: ArraySlice<UInt8> = []
        var raw: ArraySlice<UInt8> = []
        while let (number, content) = try reader.next() {
            guard case .bytes(let bytes) = content else { continue }
            if number == 1 { type = bytes }
            if number == 2 { raw = bytes }
        }
        var texts: [Int: String] = [:]
        var typeReader = ProtobufReader(type)
        while let (number, content) = try typeReader.next() {
            if case .bytes(let bytes) = content { texts[number] = String(decoding: bytes, as: UTF8.self) }
        }
        return (texts[1] ?? "", texts[2] ?? "", raw)
    }

    private func message(
        _ name: String, _ bytes: ArraySlice<UInt8>, depth: Int
    ) throws(ProtobufError) -> JSONObject {
        guard depth < Self.depthMax else { throw .tooDeep }
        guard let fields = schema[name] else { preconditionFailure("no table describes \(name)") }
        var object = JSONObject()
        var lists: [String: [JSONValue]] = [:]
        var reader = ProtobufReader(bytes)
        while let (number, content) = try reader.next() {
            // Fields of newer clients are dropped, as a real server drops them.
            guard let field = fields[number] else { continue }
            switch field.kind {
            case .list(let element):
                lists[field.name, default: []] += try elements(element, content, depth: depth)
            case .map(let value):
                guard case .bytes(let entry) = content else { throw Self.wrongType(field.name) }
                let (key, value) = try self.entry(value, entry, depth: depth)
                var members = object[field.name]?.object ?? JSONObject()
                members[key] = value
                object[field.name] = .object(members)
            case .message(let inner) where field.isInline:
                guard case .bytes(let bytes) = content else { throw Self.wrongType(field.name) }
                for (key, value) in try message(inner, bytes, depth: depth + 1) { object[key] = value }
            default:
                let value = try value(field.kind, content, depth: depth)
                // Go's omitempty leaves no struct out, so that a port of 0 is written.
                let keepsZero = field.keepsZero || field.kind == .intOrString
                if let value, keepsZero || !Self.isZero(value) { object[field.name] = value }
            }
        }
        for (key, elements) in lists { object[key] = .array(elements) }
        return object
    }

    private func elements(
        _ kind: ProtobufSchema.Kind, _ content: ProtobufReader.Content, depth: Int
    ) throws(ProtobufError) -> [JSONValue] {
        guard kind == .integer, case .bytes(let packed) = content else {
            return [try value(kind, content, depth: depth) ?? .null]
        }
        var reader = ProtobufReader(packed)
        var result: [JSONValue] = []
        while !reader.isAtEnd { result.append(.integer(Int64(bitPattern: try reader.varint()))) }
        return result
    }

    private func entry(
        _ kind: ProtobufSchema.Kind, _ bytes: ArraySlice<UInt8>, depth: Int
    ) throws(ProtobufError) -> (String, JSONValue) {
        var key = ""
        var member: JSONValue?
        var reader = ProtobufReader(bytes)
        while let (number, content) = try reader.next() {
            if number == 1, case .bytes(let text) = content { key = String(decoding: text, as: UTF8.self) }
            if number == 2 { member = try value(kind, content, depth: depth) }
        }
        // An entry without a value has that of an empty one.
        if member == nil { member = try value(kind, .bytes([]), depth: depth) }
        return (key, member ?? .null)
    }

    /// A field's JSON; nil for a time that is not set.
    private func value(
        _ kind: ProtobufSchema.Kind, _ content: ProtobufReader.Content, depth: Int
    ) throws(ProtobufError) -> JSONValue? {
        switch (kind, content) {
        case (.bool, .varint(let bits)): return .bool(bits != 0)
        case (.integer, .varint(let bits)): return .integer(Int64(bitPattern: bits))
        case (.double, .fixed64(let bits)):
            let number = Double(bitPattern: bits)
            guard number.isFinite else { throw ProtobufError(message: "unsupported value: \(number)") }
            return .number(number)
        case (.string, .bytes(let bytes)): return .string(String(decoding: bytes, as: UTF8.self))
        case (.bytes, .bytes(let bytes)): return .string(Base64.encode(bytes))
        case (.time, .bytes(let bytes)): return try time(bytes).map { .string($0.rfc3339) }
        case (.microTime, .bytes(let bytes)): return try time(bytes).map { .string($0.rfc3339Micro) }
        case (.message(let name), .bytes(let bytes)):
            return .object(try message(name, bytes, depth: depth + 1))
        case (_, .bytes(let bytes)): return try composite(kind, bytes, depth: depth)
        default: throw Self.wrongType("\(kind)")
        }
    }

    /// The kinds that are messages on the wire and something else in JSON.
    private func composite(
        _ kind: ProtobufSchema.Kind, _ bytes: ArraySlice<UInt8>, depth: Int
    ) throws(ProtobufError) -> JSONValue {
        var integers: [Int: Int64] = [:]
        var contents: [Int: [ArraySlice<UInt8>]] = [:]
        var reader = ProtobufReader(bytes)
        while let (number, content) = try reader.next() {
            switch content {
            case .varint(let bits): integers[number] = Int64(bitPattern: bits)
            case .bytes(let bytes): contents[number, default: []].append(bytes)
            case .fixed32, .fixed64: throw Self.wrongType("\(kind)")
            }
        }
        let first = contents[1]?.last
        // Go's names for the members of these three differ, and so do their places.
        let schema = kind == .schemaOrBool ? contents[2]?.last : first
        switch kind {
        case .quantity: return .string(String(decoding: first ?? [], as: UTF8.self))
        case .intOrString where integers[1] ?? 0 == 0: return .integer(integers[2] ?? 0)
        case .intOrString: return .string(String(decoding: contents[3]?.last ?? [], as: UTF8.self))
        case .json: return try json(first ?? [])
        case .schemaOrBool, .schemaOrArray, .schemaOrStrings:
            if let schema { return .object(try message("JSONSchemaProps", schema, depth: depth + 1)) }
            if kind == .schemaOrBool { return .bool(integers[1] ?? 0 != 0) }
            if kind == .schemaOrStrings {
                return .array((contents[2] ?? []).map { .string(String(decoding: $0, as: UTF8.self)) })
            }
            var schemas: [JSONValue] = []
            for bytes in contents[2] ?? [] {
                schemas.append(.object(try message("JSONSchemaProps", bytes, depth: depth + 1)))
            }
            return .array(schemas)
        default: throw Self.wrongType("\(kind)")
        }
    }

    private func json(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> JSONValue {
        guard !bytes.isEmpty else { return .null }
        do throws(JSONParseError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw ProtobufError(message: error.message)
        }
    }

    private func time(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> Timestamp? {
        guard !bytes.isEmpty else { return nil }
        var integers: [Int: Int64] = [:]
        var reader = ProtobufReader(bytes)
        while let (number, content) = try reader.next() {
            if case .varint(let bits) = content { integers[number] = Int64(bitPattern: bits) }
        }
        let seconds = integers[1] ?? 0
        // From year 0 to year 9999, all that RFC 3339 can write.
        guard (-62_167_219_200...253_402_300_799).contains(seconds) else {
            throw ProtobufError(message: "Time.MarshalJSON: year outside of range [0,9999]")
        }
        let nanoseconds = min(max(integers[2] ?? 0, 0), 999_999_999)
        return Timestamp(microsecondsSinceEpoch: seconds * 1_000_000 + nanoseconds / 1_000)
    }

    /// What Go's `omitempty` leaves out; an empty message stands for a struct that a client always writes.
    private static func isZero(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), .integer(0), .string(""): true
        case .number(let number): number == 0
        case .object(let members): members.isEmpty
        case .bool, .integer, .string, .array: false
        }
    }

    private static func wrongType(_ field: String) -> ProtobufError {
        ProtobufError(message: "proto: wrong wireType for field \(field)")
    }
}
