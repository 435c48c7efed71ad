package import Kubernetes

/// Names one request until its answer, or one watch until its end.
package struct RequestTicket: Hashable, Comparable, Sendable {
    package var number: UInt64

    package init(number: UInt64) { self.number = number }

    package static func < (left: RequestTicket, right: RequestTicket) -> Bool { left.number < right.number }
}

/// One request to the embedded API server, after its bytes were read and its sender was recognised.
package struct ServerRequest: Hashable, Sendable {
    package var verb: Verb
    package var group: String
    package var version: String
    /// The plural name that stands in the path; it need not be served.
    package var resource: String
    package var subresource: String?
    package var namespace: String?
    package var name: String?
    /// As they came: the store words the errors of those that cannot be read.
    package var query: [String: [String]]
    /// The decoded body: of a delete, its DeleteOptions.
    package var body: JSONValue?
    /// Paths of members that the body had more than once, which strict field validation refuses.
    package var duplicateKeys: [String]
    /// Nil for a patch of a media type that no API server knows, which is answered with 415.
    package var patchType: PatchType?
    package var user: String
    /// The User-Agent header; its part before the first `/` is the default field manager.
    package var userAgent: String

    package init(
        path: RequestPath, body: JSONValue? = nil, duplicateKeys: [String] = [], patchType: PatchType? = nil,
        user: String = ServerRequest.administrator, userAgent: String = ""
    ) {
        verb = path.verb
        group = path.group
        version = path.version
        resource = path.resource
        subresource = path.subresource
        namespace = path.namespace
        name = path.name
        query = path.query
        self.body = body
        self.duplicateKeys = duplicateKeys
        self.patchType = patchType
        self.user = user
        self.userAgent = userAgent
    }

    /// The user of requests that come by no wire.
    package static let administrator = "kubernetes-admin"

    /// The last value of a query parameter; an empty one counts as absent, as in Go's conversion of options.
    func parameter(_ name: String) -> String? {
        guard let value = query[name]?.last, !value.isEmpty else { return nil }
        return value
    }
}

extension ServerRequest {
    /// The same request as it would have come by the wire.
    package init(
        _ request: APIRequest, user: String = ServerRequest.administrator, userAgent: String = ""
    ) {
        verb = request.verb
        group = request.resource.group
        version = request.resource.version
        resource = request.resource.name
        subresource = request.subresource
        namespace = request.namespace.flatMap { $0.isEmpty ? nil : $0 }
        name = request.name
        query = Dictionary(request.options.queryItems.map { ($0, [$1]) }, uniquingKeysWith: { first, _ in first })
        body = request.body
        if let uid = request.options.preconditionUID {
            var options = body?.object ?? JSONObject()
            options["preconditions", "uid"] = .string(uid)
            body = .object(options)
        }
        duplicateKeys = []
        patchType = request.patchType
        self.user = user
        self.userAgent = userAgent
    }
}

/// The answer to one request.
package struct ServerResponse: Hashable, Sendable {
    /// The HTTP status.
    package var code: Int
    /// An object, a list or a Status. A Status with `retryAfterSeconds` goes with the header Retry-After.
    package var body: JSONObject
    /// Texts for `Warning: 299 - "…"` headers, without their quotes.
    package var warnings: [String]

    package init(code: Int, body: JSONObject, warnings: [String] = []) {
        self.code = code
        self.body = body
        self.warnings = warnings
    }

    package init(_ status: Status) { self.init(code: status.code, body: status.json) }

    /// The Status that a failure is.
    package var failure: Status? { code >= 400 ? Status(json: body) : nil }
}
