import Kubernetes
import NIOHTTP1

/// Who a request comes from, and whether that sender may ask at all.
///
/// Every user with a token or a certificate may do everything; nobody else may do anything but read the public paths.
struct Authentication: Sendable {
    /// Users by bearer token.
    let users: [String: String]

    static let anonymous = "system:anonymous"

    /// The user of a request, or nil for credentials that are none.
    func user(_ headers: HTTPHeaders) -> String? {
        guard let header = headers.first(name: "Authorization") else { return Self.anonymous }
        let parts = header.split(separator: " ", maxSplits: 1)
        // Other schemes are no credentials to an API server that knows tokens only.
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return Self.anonymous }
        return users[parts[1].filter { $0 != " " }]
    }

    /// Whether a path can be read without credentials, as the role `system:public-info-viewer` allows.
    static func isPublic(_ path: String) -> Bool {
        path == "/version" || path == "/version/"
            || ["/healthz", "/livez", "/readyz"].contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    /// The 403 of a sender without rights.
    static func forbidden(user: String, method: String, path: String, request: RequestPath?) -> Status {
        guard let request else {
            let verb = method == "GET" ? "get" : method.lowercased()
            return Status(
                code: 403, reason: Status.Reason.forbidden,
                message: "forbidden: User \"\(user)\" cannot \(verb) path \"\(path)\"", details: [:])
        }
        let resource = APIResource(
            group: request.group, version: request.version, name: request.resource, kind: "")
        let name = [request.resource, request.subresource ?? ""].filter { !$0.isEmpty }.joined(separator: "/")
        let namespace = request.namespace.map { "in the namespace \"\($0)\"" } ?? "at the cluster scope"
        return .forbidden(
            resource, name: request.name ?? "",
            why: "User \"\(user)\" cannot \(request.accessVerb) resource \"\(name)\""
                + " in API group \"\(request.group)\" \(namespace)")
    }
}

extension RequestPath {
    /// The verb that authorization asks about: connecting is `create` or `get`, by the method used.
    fileprivate var accessVerb: String { verb == .connect ? "create" : verb.rawValue }
}
