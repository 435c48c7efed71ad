import APIMachinery
import Kubernetes

/// The body of a request, decoded.
struct RequestBody: Hashable {
    var value: JSONValue?
    /// Paths of members that stood there more than once.
    var duplicateKeys: [String] = []
    /// Of a patch; nil for a media type that is no patch.
    var patchType: PatchType?
}

extension RequestBody {
    /// Decodes a body.
    ///
    /// - Parameters:
    ///   - kind: The kind that the path asks for, which errors name.
    ///   - isCustom: Custom resources have no protobuf form.
    /// - Throws: The Status that refuses the body.
    static func decode(
        _ bytes: [UInt8], contentType: String?, verb: Verb, kind: String, isCustom: Bool
    ) throws(Refusal) -> RequestBody {
        let type = mediaType(contentType)
        if verb == .patch {
            guard let patchType = PatchType(rawValue: type) else { return RequestBody() }
            return try patch(bytes, patchType)
        }
        // Only creates and updates must have a body; other verbs may have options in one.
        if bytes.isEmpty, verb != .create, verb != .update { return RequestBody() }
        if bytes.isEmpty, verb == .create, kind.isEmpty { return RequestBody() }
        switch type {
        case "", "application/json", "application/yaml", "*/*": return try object(bytes, type, kind: kind)
        case "application/vnd.kubernetes.protobuf" where !isCustom:
            do throws(ProtobufError) {
                return RequestBody(value: .object(try ProtobufDecoder().object(bytes)))
            } catch {
                throw unrecognized(bytes, kind: kind, why: error.message)
            }
        default: throw unsupportedMediaType(isCustom: isCustom)
        }
    }

    /// Carries the Status of a refused body.
    struct Refusal: Error, Hashable {
        var status: Status
    }

    private static func object(
        _ bytes: [UInt8], _ type: String, kind: String
    ) throws(Refusal) -> RequestBody {
        var duplicates: [String] = []
        let problem: String
        do throws(JSONParseError) {
            let value = try JSONValue(parsing: bytes, duplicateKeys: &duplicates)
            if value.object != nil { return RequestBody(value: value, duplicateKeys: duplicates) }
            problem = "json: cannot unmarshal \(value.typeName) into an object"
        } catch {
            // No client of this server's sends YAML that is not JSON: kubectl converts what it reads from files.
            if type == "application/yaml" { throw unsupportedMediaType(isCustom: false) }
            problem = error.message
        }
        throw unrecognized(bytes, kind: kind, why: "couldn't get version/kind; json parse error: \(problem)")
    }

    private static func patch(_ bytes: [UInt8], _ type: PatchType) throws(Refusal) -> RequestBody {
        var duplicates: [String] = []
        do throws(JSONParseError) {
            let value = try JSONValue(parsing: bytes, duplicateKeys: &duplicates)
            return RequestBody(value: value, duplicateKeys: duplicates, patchType: type)
        } catch {
            let message =
                switch type {
                case .json, .merge: "error decoding patch: \(error.message)"
                case .apply: "error decoding YAML: \(error.message) (this server reads apply patches as JSON)"
                case .strategicMerge: error.message
                }
            throw Refusal(status: .badRequest(message))
        }
    }

    private static func mediaType(_ contentType: String?) -> String {
        let type = (contentType ?? "").split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return type.filter { !$0.isWhitespace }.lowercased()
    }

    private static func unrecognized(_ bytes: [UInt8], kind: String, why: String) -> Refusal {
        Refusal(
            status: .badRequest(
                "the object provided is unrecognized (must be of type \(kind)): \(why) (\(summary(bytes)))"))
    }

    /// The first bytes, as text where they begin an object, else in hexadecimal.
    private static func summary(_ bytes: [UInt8]) -> String {
        guard let first = bytes.first else { return "<empty>" }
        let start = bytes.prefix(30)
        let text =
            first == UInt8(ascii: "{")
            ? String(decoding: start, as: UTF8.self)
            : start.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return bytes.count > 30 ? text + " ..." : text
    }

    private static func unsupportedMediaType(isCustom: Bool) -> Refusal {
        let types = ["application/json"] + (isCustom ? [] : ["application/vnd.kubernetes.protobuf"])
        return Refusal(
            status: Status(
                code: 415, reason: Status.Reason.unsupportedMediaType,
                message: "the body of the request was in an unknown format - accepted media types include: "
                    + types.joined(separator: ", ")))
    }

    /// A body above the limit.
    static func tooLarge(limit: Int) -> Status {
        Status(
            code: 413, reason: Status.Reason.requestEntityTooLarge,
            message: "Request entity too large: limit is \(limit)")
    }
}
