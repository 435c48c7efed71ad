/// An API server's answer where there is no object to answer with: a failure, or a deletion done.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
package struct Status: Hashable, Sendable {
    package var json: JSONObject

    package init(json: JSONObject) { self.json = json }

    /// The reasons of `metav1.StatusReason` that are used here.
    package enum Reason {
        package static let badRequest = "BadRequest"
        package static let unauthorized = "Unauthorized"
        package static let forbidden = "Forbidden"
        package static let notFound = "NotFound"
        package static let methodNotAllowed = "MethodNotAllowed"
        package static let notAcceptable = "NotAcceptable"
        package static let alreadyExists = "AlreadyExists"
        package static let conflict = "Conflict"
        package static let expired = "Expired"
        package static let requestEntityTooLarge = "RequestEntityTooLarge"
        package static let unsupportedMediaType = "UnsupportedMediaType"
        package static let invalid = "Invalid"
        package static let tooManyRequests = "TooManyRequests"
        package static let internalError = "InternalError"
        package static let serverTimeout = "ServerTimeout"
        package static let serviceUnavailable = "ServiceUnavailable"
        package static let timeout = "Timeout"
    }

    /// A failure as a server words it. An empty `reason` leaves the member out, as raw etcd errors do.
    package init(code: Int, reason: String, message: String, details: JSONObject? = nil) {
        json = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(message), "code": .integer(Int64(code)),
        ]
        if !reason.isEmpty { json["reason"] = .string(reason) }
        if let details { json["details"] = .object(details) }
    }

    package var code: Int { json["code"]?.integer.map(Int.init(truncatingIfNeeded:)) ?? 0 }

    package var reason: String { json["reason"]?.string ?? "" }

    package var message: String { json["message"]?.string ?? "" }

    package var details: JSONObject { json["details"]?.object ?? JSONObject() }

    /// Seconds that the server asks a client to wait; the HTTP header Retry-After goes with it.
    package var retryAfterSeconds: Int? {
        get { details["retryAfterSeconds"]?.integer.map(Int.init(truncatingIfNeeded:)) }
        set { json["details", "retryAfterSeconds"] = newValue.map { .integer(Int64($0)) } }
    }
}

extension Status {
    private static func details(_ resource: APIResource, _ name: String) -> JSONObject {
        var details: JSONObject = ["kind": .string(resource.name)]
        if !name.isEmpty { details["name"] = .string(name) }
        if !resource.group.isEmpty { details["group"] = .string(resource.group) }
        return details
    }

    package static func notFound(_ resource: APIResource, name: String) -> Status {
        Status(
            code: 404, reason: Reason.notFound, message: "\(resource.qualifiedName) \"\(name)\" not found",
            details: details(resource, name))
    }

    package static func alreadyExists(_ resource: APIResource, name: String) -> Status {
        Status(
            code: 409, reason: Reason.alreadyExists, message: "\(resource.qualifiedName) \"\(name)\" already exists",
            details: details(resource, name))
    }

    /// A stale resourceVersion. Argo and others recognise it by these very words.
    package static func conflict(_ resource: APIResource, name: String) -> Status {
        conflict(
            resource, name: name,
            why: "the object has been modified; please apply your changes to the latest version and try again")
    }

    package static func conflict(_ resource: APIResource, name: String, why: String) -> Status {
        Status(
            code: 409, reason: Reason.conflict,
            message: "Operation cannot be fulfilled on \(resource.qualifiedName) \"\(name)\": \(why)",
            details: details(resource, name))
    }

    package static func forbidden(_ resource: APIResource, name: String, why: String) -> Status {
        let subject = name.isEmpty ? resource.qualifiedName : "\(resource.qualifiedName) \"\(name)\""
        return Status(
            code: 403, reason: Reason.forbidden, message: "\(subject) is forbidden: \(why)",
            details: details(resource, name))
    }

    package static func badRequest(_ message: String) -> Status {
        Status(code: 400, reason: Reason.badRequest, message: message)
    }

    package static func internalError(_ why: String) -> Status {
        Status(
            code: 500, reason: Reason.internalError, message: "Internal error occurred: \(why)",
            details: ["causes": [["message": .string(why)]]])
    }

    package static func expired(_ message: String) -> Status {
        Status(code: 410, reason: Reason.expired, message: message)
    }

    package static let unauthorized = Status(code: 401, reason: Reason.unauthorized, message: "Unauthorized")

    /// A known group and version, an unknown resource.
    package static let unknownResource = Status(
        code: 404, reason: Reason.notFound, message: "the server could not find the requested resource", details: [:])
}
