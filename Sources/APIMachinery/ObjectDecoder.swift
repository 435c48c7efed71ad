import Kubernetes

/// Reads a body as the Go type of its kind does: drops what the type has not, refuses what does not fit, and writes the
/// rest in the form that the server keeps.
struct ObjectDecoder {
    /// The words of Go's decoder.
    struct Failure: Error {
        var message: String
    }

    /// Paths of members that the type has not, in the order of the keys.
    private(set) var unknownFields: [String] = []

    /// One step from the object to where the decoder is.
    private enum Step {
        case member(String)
        case element(Int)
        case key(String)
    }

    /// Where the decoder is; made into words only where something is wrong.
    private var place: [Step] = []
    /// The structs that it is in, the innermost last.
    private var structs: [String] = []

    /// - Parameter decoded: What an earlier decoding has given of some members; where they are still the same they are
    ///   not decoded anew.
    mutating func decode(
        _ object: JSONObject, as schema: ObjectSchema, decoded: JSONObject = JSONObject()
    ) throws(Failure) -> JSONObject {
        let known = decoded.filter { object[$0.key] == $0.value }
        guard !known.isEmpty else { return try decode(members: object, as: schema) }
        var rest = object
        for (key, _) in known { rest[key] = nil }
        var result = try decode(members: rest, as: schema)
        for (key, value) in known { result[key] = value }
        return result
    }

    /// The metadata alone, for objects whose type is not known.
    mutating func decode(metadataOf object: JSONObject) throws(Failure) -> JSONObject {
        guard let schema = ObjectSchema.builtIn["ObjectMeta"] else { return object }
        var result = object
        place.append(.member("metadata"))
        switch object["metadata"] {
        case .object(let metadata): result["metadata"] = .object(try decode(members: metadata, as: schema))
        case nil, .null: result["metadata"] = [:]
        case .some(let value): throw mismatch(value, "v1.ObjectMeta")
        }
        place.removeLast()
        return result
    }

    private mutating func decode(
        members object: JSONObject, as schema: ObjectSchema
    ) throws(Failure) -> JSONObject {
        var result = JSONObject(minimumCapacity: object.count + schema.alwaysPresent.count)
        structs.append(schema.name)
        // In the order of the object's keys, so that the same mistakes give the same words in every process.
        for (key, value) in object {
            guard let field = schema.fields[key] else {
                place.append(.member(key))
                unknownFields.append(path)
                place.removeLast()
                continue
            }
            guard !value.isNull else { continue }
            place.append(.member(key))
            let decoded = try decode(value, as: field.type)
            place.removeLast()
            if field.isAlwaysPresent || !Self.isOmitted(decoded, isPointer: field.isPointer) { result[key] = decoded }
        }
        for field in schema.alwaysPresent where result[field.name] == nil {
            result[field.name] = Self.zero(of: field.type)
        }
        structs.removeLast()
        return result
    }

    private mutating func decode(_ value: JSONValue, as type: ObjectSchema.FieldType) throws(Failure) -> JSONValue {
        switch (type, value) {
        case (.any, _), (.string, .string), (.bool, .bool): return value
        case (.bytes, .string(let text)):
            if let offset = Base64.firstError(in: text) {
                throw Failure(message: "illegal base64 data at input byte \(offset)")
            }
            return value
        case (.intOrString, .string), (.intOrString, .integer): return value
        case (.integer(let bits), .integer(let number)):
            guard bits == 64 || Int32(exactly: number) != nil else {
                throw mismatch(value, type.goName, as: "number \(number)")
            }
            return value
        case (.integer, .number(let number)):
            throw mismatch(value, type.goName, as: "number \(number)")
        case (.quantity, .string(let text)): return try quantity(text)
        case (.quantity, .integer), (.quantity, .number): return try quantity(value.text)
        case (.time, .string(let text)), (.microTime, .string(let text)): return try time(text, as: type)
        case (.object(let name), .object(let members)):
            guard let schema = ObjectSchema.builtIn[name] else { return value }
            return .object(try decode(members: members, as: schema))
        case (.list(let element), .array(let values)):
            var result: [JSONValue] = []
            for (index, value) in values.enumerated() {
                place.append(.element(index))
                result.append(value.isNull ? Self.zero(of: element) : try decode(value, as: element))
                place.removeLast()
            }
            return .array(result)
        case (.map(let element), .object(let members)):
            var result = JSONObject(minimumCapacity: members.count)
            for (key, value) in members {
                place.append(.key(key))
                result[key] = value.isNull ? Self.zero(of: element) : try decode(value, as: element)
                place.removeLast()
            }
            return .object(result)
        default: throw mismatch(value, type.goName)
        }
    }

    private func quantity(_ text: String) throws(Failure) -> JSONValue {
        do throws(Quantity.ParseError) {
            return .string(try Quantity(parsing: text).description)
        } catch {
            throw Failure(message: error.rawValue)
        }
    }

    private func time(_ text: String, as type: ObjectSchema.FieldType) throws(Failure) -> JSONValue {
        let isMicro = type == .microTime
        guard let time = Timestamp(rfc3339: text), !isMicro || Self.hasMicroseconds(text) else {
            let layout = isMicro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
            let rest = isMicro && Timestamp(rfc3339: text) != nil ? String(text.dropFirst(19)) : text
            let part = rest == text ? "2006" : ".000000"
            let quoted = JSONValue.string(text).text
            throw Failure(
                message: "parsing time \(quoted) as \"\(layout)\": cannot parse \(JSONValue.string(rest).text) as "
                    + "\"\(part)\"")
        }
        return .string(isMicro ? time.rfc3339Micro : time.rfc3339)
    }

    /// Leases take exactly six digits of a second.
    private static func hasMicroseconds(_ text: String) -> Bool {
        text.drop { $0 != "." }.dropFirst().prefix { $0.isNumber }.count == 6
    }

    private func mismatch(_ value: JSONValue, _ goType: String, as name: String? = nil) -> Failure {
        let target = structs.last.map { "Go struct field \(Self.goName(ofStruct: $0)).\(goPath)" } ?? "Go value"
        return Failure(message: "json: cannot unmarshal \(name ?? value.typeName) into \(target) of type \(goType)")
    }

    private static func goName(ofStruct name: String) -> String {
        name.hasPrefix("EventsEvent") ? String(name.dropFirst(6)) : name
    }

    /// With indices, for unknown fields.
    private var path: String {
        place.reduce(into: "") { path, step in
            switch step {
            case .member(let name): path += path.isEmpty ? name : ".\(name)"
            case .element(let index): path += "[\(index)]"
            case .key(let name): path += ".\(name)"
            }
        }
    }

    /// Without indices and keys, for Go's errors.
    private var goPath: String {
        place.compactMap { if case .member(let name) = $0 { name } else { nil } }.joined(separator: ".")
    }

    /// What Go writes for a field that was never set, and is not left out.
    private static func zero(of type: ObjectSchema.FieldType) -> JSONValue {
        switch type {
        case .string, .bytes: ""
        case .integer, .intOrString: 0
        case .bool: false
        case .quantity: "0"
        case .time, .microTime, .any, .list, .map: .null
        case .object(let name):
            .object(
                (ObjectSchema.builtIn[name]?.alwaysPresent ?? []).reduce(into: JSONObject()) { object, field in
                    object[field.name] = zero(of: field.type)
                })
        }
    }

    /// Go's `omitempty`: pointers are left out only where they are nil, slices and maps also where they are empty.
    private static func isOmitted(_ value: JSONValue, isPointer: Bool) -> Bool {
        switch value {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty && !isPointer
        case .string(let text): text.isEmpty && !isPointer
        case .integer(let number): number == 0 && !isPointer
        case .bool(let flag): !flag && !isPointer
        case .number: false
        }
    }
}
