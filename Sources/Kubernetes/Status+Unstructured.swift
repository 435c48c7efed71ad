extension Status {
    /// The Status that stands for an answer whose body holds none, worded as client-go words it
    /// (`k8s.io/apimachinery/pkg/api/errors`, NewGenericServerResponse).
    ///
    /// - Parameters:
    ///   - code: The HTTP status.
    ///   - method: The HTTP method.
    ///   - text: The body, where it was text; else nil.
    package init(
        unstructured code: Int, method: String, identity: RequestIdentity, text: String?, retryAfterSeconds: Int?
    ) {
        let serverMessage = text ?? "unknown"
        let (reason, words) = Self.generic(code, method, serverMessage)
        let type = identity.group.isEmpty ? identity.resource : "\(identity.resource).\(identity.group)"
        let target = [method.lowercased(), type, identity.name].filter { !$0.isEmpty }.joined(separator: " ")
        var details: JSONObject = [
            "causes": [["reason": "UnexpectedServerResponse", "message": .string(serverMessage)]],
            "kind": .string(identity.resource),
        ]
        if !identity.group.isEmpty { details["group"] = .string(identity.group) }
        if !identity.name.isEmpty { details["name"] = .string(identity.name) }
        if let retryAfterSeconds { details["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds)) }
        self.init(
            code: code, reason: reason, message: type.isEmpty ? words : "\(words) (\(target))", details: details)
    }

    private static func generic(_ code: Int, _ method: String, _ message: String) -> (reason: String, words: String) {
        switch code {
        case 400: (Reason.badRequest, "the server rejected our request for an unknown reason")
        case 401: (Reason.unauthorized, "the server has asked for the client to provide credentials")
        case 403: (Reason.forbidden, message)
        case 404: (Reason.notFound, "the server could not find the requested resource")
        case 405: (Reason.methodNotAllowed, "the server does not allow this method on the requested resource")
        case 406:
            (
                Reason.notAcceptable,
                message == "unknown"
                    ? "the server was unable to respond with a content type that the client supports" : message
            )
        case 409:
            (method == "POST" ? Reason.alreadyExists : Reason.conflict, "the server reported a conflict")
        case 415: (Reason.unsupportedMediaType, message)
        case 422: (Reason.invalid, "the server rejected our request due to an error in our request")
        case 429:
            (
                Reason.tooManyRequests,
                "the server has received too many requests and has asked us to try again later"
            )
        case 503: (Reason.serviceUnavailable, "the server is currently unable to handle the request")
        case 504:
            (
                Reason.timeout,
                "the server was unable to return a response in the time allotted, but may still be processing the "
                    + "request"
            )
        case 500...:
            (
                Reason.internalError,
                "an error on the server (\(JSONValue.string(message).text)) has prevented the request from succeeding"
            )
        default:
            ("", "the server responded with the status code \(code) but did not return more information")
        }
    }
}
