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

    /// Where the decoder is: with indices for unknown fields, without them for Go's errors.
    private struct Place {
        var path = ""
        var goPath = ""
        var structName = ""

        func member(_ name: String) -> Place {
            Place(
                path: path.isEmpty ? name : "\(path).\(name)", goPath: goPath.isEmpty ? name : "\(goPath).\(name)",
                structName: structName)
        }

        func element(_ index: Int) -> Place { Place(path: "\(path)[\(index)]", goPath: goPath, structName: structName) }

        func key(_ name: String) -> Place { Place(path: "\(path).\(name)", goPath: goPath, structName: structName) }
    }

    mutating func decode(_ object: JSONObject, as schema: ObjectSchema) throws(Failure) -> JSONObject {
        try decode(object, as: schema, at: Place())
    }

    /// The metadata alone, for objects whose type is not known.
    mutating func decode(metadataOf object: JSONObject) throws(Failure) -> JSONObject {
        guard let schema = ObjectSchema.builtIn["ObjectMeta"] else { return object }
        var result = object
        var place = Place()
        place = place.member("metadata")
        switch object["metadata"] {
        case .object(let metadata): result["metadata"] = .object(try decode(metadata, as: schema, at: place))
        case nil, .null: result["metadata"] = [:]
        case .some(let value): throw mismatch(value, "v1.ObjectMeta", place)
        }
        return result
    }

    private mutating func decode(
        _ object: JSONObject, as schema: ObjectSchema, at place: Place
    ) throws(Failure) -> JSONObject {
        var result = JSONObject()
        var place = place
        place.structName = schema.name.hasPrefix("EventsEvent") ? String(schema.name.dropFirst(6)) : schema.name
        // In the order of the object's keys, so that the same mistakes give the same words in every process.
        for (key, value) in object where !value.isNull || schema.fields[key] == nil {
            guard let field = schema.fields[key] else {
                unknownFields.append(place.member(key).path)
                continue
            }
            let decoded = try decode(value, as: field.type, at: place.member(key))
            if field.isAlwaysPresent || !Self.isOmitted(decoded, isPointer: field.isPointer) { result[key] = decoded }
        }
        for (name, field) in schema.fields where field.isAlwaysPresent && result[name] == nil {
            result[name] = Self.zero(of: field.type)
        }
        return result
    }

    private mutating func decode(
        _ value: JSONValue, as type: ObjectSchema.FieldType, at place: Place
    ) throws(Failure) -> JSONValue {
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
                throw mismatch(value, type.goName, place, as: "number \(number)")
            }
            return value
        case (.integer, .number(let number)):
            throw mismatch(value, type.goName, place, as: "number \(number)")
        case (.quantity, .string(let text)): return try quantity(text)
        case (.quantity, .integer), (.quantity, .number): return try quantity(value.text)
        case (.time, .string(let text)), (.microTime, .string(let text)): return try time(text, as: type)
        case (.object(let name), .object(let members)):
            guard let schema = ObjectSchema.builtIn[name] else { return value }
            return .object(try decode(members, as: schema, at: place))
        case (.list(let element), .array(let values)):
            var result: [JSONValue] = []
            for (index, value) in values.enumerated() {
                let place = place.element(index)
                result.append(value.isNull ? Self.zero(of: element) : try decode(value, as: element, at: place))
            }
            return .array(result)
        case (.map(let element), .object(let members)):
            var result = JSONObject()
            for (key, value) in members {
                let place = place.key(key)
                result[key] = value.isNull ? Self.zero(of: element) : try decode(value, as: element, at: place)
            }
            return .object(result)
        default: throw mismatch(value, type.goName, place)
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
        let layout = isMicro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
        // Leases take exactly six digits of a second.
        let digits = text.drop { $0 != "." }.dropFirst().prefix { $0.isNumber }.count
        guard let time = Timestamp(rfc3339: text), !isMicro || digits == 6 else {
            let rest = isMicro && Timestamp(rfc3339: text) != nil ? String(text.dropFirst(19)) : text
            let part = rest == text ? "2006" : ".000000"
            let quoted = JSONValue.string(text).text
            throw Failure(
                message: "parsing time \(quoted) as \"\(layout)\": cannot parse \(JSONValue.string(rest).text) as "
                    + "\"\(part)\"")
        }
        return .string(isMicro ? time.rfc3339Micro : time.rfc3339)
    }

    private func mismatch(_ value: JSONValue, _ goType: String, _ place: Place, as name: String? = nil) -> Failure {
        let target =
            place.structName.isEmpty ? "Go value" : "Go struct field \(place.structName).\(place.goPath)"
        return Failure(message: "json: cannot unmarshal \(name ?? value.typeName) into \(target) of type \(goType)")
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
                (ObjectSchema.builtIn[name]?.fields ?? [:]).reduce(into: JSONObject()) { object, field in
                    if field.value.isAlwaysPresent { object[field.key] = zero(of: field.value.type) }
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
