package import Kubernetes

/// What is wrong with one field of an object, in the words of k8s.io/apimachinery's `field.Error`.
struct FieldError: Hashable {
    enum Kind: String {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case typeInvalid = "FieldValueTypeInvalid"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case notFound = "FieldValueNotFound"
        case internalError = "InternalError"

        var text: String {
            switch self {
            case .required: "Required value"
            case .invalid, .typeInvalid: "Invalid value"
            case .notSupported: "Unsupported value"
            case .duplicate: "Duplicate value"
            case .forbidden: "Forbidden"
            case .tooLong: "Too long"
            case .tooMany: "Too many"
            case .notFound: "Not found"
            case .internalError: "Internal error"
            }
        }
    }

    var field: String
    var kind: Kind
    var value: JSONValue?
    var detail: String

    /// The error without its field.
    var body: String {
        var text = kind.text
        if let value { text += ": \(value.text)" }
        if !detail.isEmpty { text += ": \(detail)" }
        return text
    }

    var message: String { "\(field): \(body)" }

    static func required(_ field: String, _ detail: String = "") -> FieldError {
        FieldError(field: field, kind: .required, detail: detail)
    }

    static func invalid(_ field: String, _ value: JSONValue, _ detail: String) -> FieldError {
        FieldError(field: field, kind: .invalid, value: value, detail: detail)
    }

    static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(field: field, kind: .forbidden, detail: detail)
    }

    static func duplicate(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(field: field, kind: .duplicate, value: value, detail: "")
    }

    static func notFound(_ field: String, _ value: JSONValue) -> FieldError {
        FieldError(field: field, kind: .notFound, value: value, detail: "")
    }

    static func notSupported(_ field: String, _ value: JSONValue, _ supported: [String]) -> FieldError {
        let list = supported.map { JSONValue.string($0).text }.joined(separator: ", ")
        return FieldError(field: field, kind: .notSupported, value: value, detail: "supported values: \(list)")
    }

    static func tooLong(_ field: String, bytes: Int) -> FieldError {
        FieldError(field: field, kind: .tooLong, detail: "may not be more than \(bytes) bytes")
    }

    static func immutable(_ field: String, _ value: JSONValue) -> FieldError {
        .invalid(field, value, "field is immutable")
    }
}

/// A request that is answered with a failure.
struct Refusal: Error {
    var status: Status

    init(_ status: Status) { self.status = status }
}

extension Status {
    /// 422, with every error as a cause; the message has equal ones once.
    static func invalid(group: String, kind: String, name: String, _ errors: [FieldError]) -> Status {
        var details = JSONObject()
        if !kind.isEmpty { details["kind"] = .string(kind) }
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        if !errors.isEmpty {
            details["causes"] = .array(
                errors.map {
                    ["reason": .string($0.kind.rawValue), "message": .string($0.body), "field": .string($0.field)]
                })
        }
        var messages: [String] = []
        for error in errors where !messages.contains(error.message) { messages.append(error.message) }
        let list = messages.count == 1 ? messages[0] : "[\(messages.joined(separator: ", "))]"
        let qualified = group.isEmpty ? kind : "\(kind).\(group)"
        let suffix = errors.isEmpty ? "" : ": \(list)"
        return Status(
            code: 422, reason: Reason.invalid,
            message: "\(qualified) \(JSONValue.string(name).text) is invalid\(suffix)",
            details: details)
    }

    /// 422 about a request's options: `CreateOptions`, say.
    static func invalidOptions(_ kind: String, _ errors: [FieldError]) -> Status {
        invalid(group: "meta.k8s.io", kind: kind, name: "", errors)
    }

    static let methodNotAllowed = Status(
        code: 405, reason: Reason.methodNotAllowed,
        message: "the server does not allow this method on the requested resource", details: [:])

    /// 422 of a JSON patch that does not fit.
    static let inapplicablePatch = Status(
        code: 422, reason: Reason.invalid,
        message: "the server rejected our request due to an error in our request", details: [:])

    /// 504 of a read that asks for a state which is not yet.
    static func futureVersion(_ version: UInt64, current: UInt64) -> Status {
        Status(
            code: 504, reason: Reason.timeout,
            message: "Timeout: Too large resource version: \(version), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
    }

    /// A raw error of the storage: no reason, no details.
    static func bare(_ message: String) -> Status { Status(code: 500, reason: "", message: message) }

    /// Success without an object.
    static func success(code: Int? = nil, details: JSONObject? = nil) -> JSONObject {
        var json: JSONObject = ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success"]
        if let details { json["details"] = .object(details) }
        if let code { json["code"] = .integer(Int64(code)) }
        return json
    }
}

extension Status {
    /// 400 of a body that is no JSON, in a kube-apiserver's words.
    ///
    /// - Parameter kind: What the path asks for: `ConfigMap`.
    package static func unparsable(_ error: JSONParseError, body: [UInt8], kind: String) -> Status {
        unrecognized("couldn't get version/kind; json parse error: \(error.message)", body: body, kind: kind)
    }

    static func unrecognized(_ why: String, body: [UInt8], kind: String) -> Status {
        badRequest("the object provided is unrecognized (must be of type \(kind)): \(why) (\(summary(of: body)))")
    }

    /// The first bytes of a body: as text where it begins as an object does, else in hexadecimal digits.
    private static func summary(of body: [UInt8]) -> String {
        guard let first = body.first else { return "<empty>" }
        let start = body.prefix(30)
        let text = first == UInt8(ascii: "{") ? String(decoding: start, as: UTF8.self) : hexadecimal(start)
        return body.count > 30 ? "\(text) ..." : text
    }

    private static func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}
