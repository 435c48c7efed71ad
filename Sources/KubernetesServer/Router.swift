import APIMachinery
import Determinism
import Kubernetes
import NIOHTTP1

/// Decides what each request is: answered at once, a question to the store, or refused.
struct Router: Sendable {
    let authentication: Authentication
    let limits: ServerConfiguration.Limits

    enum Route {
        case answer(HTTPAnswer)
        case store(StoreRequest)
    }

    /// A request for the store, and what to make of its answer.
    struct StoreRequest {
        var request: ServerRequest
        var presentation: Presentation
        /// Nil for a resource that is not served, whose 404 the store words.
        var resource: ServedResource?
        var table: Table?
        var isPretty: Bool
        /// How long the answer may take; nil for what has no such bound.
        var timeout: Duration?

        var isWatch: Bool { request.verb == .watch }

        var isLog: Bool { request.verb == .get && request.resource == "pods" && request.subresource == "log" }

        /// Whether the request counts among those in flight, which watches and their like do not.
        var isLongRunning: Bool { isWatch || isLog || request.verb == .connect }
    }

    /// Whether an answer is to be indented, for people who read it.
    static func isPretty(_ head: HTTPRequestHead, _ query: [String: [String]]) -> Bool {
        if let pretty = query["pretty"]?.last { return !["0", "false"].contains(pretty) }
        let agent = head.headers.first(name: "User-Agent") ?? ""
        return ["curl", "Wget", "Mozilla/5.0"].contains { agent.hasPrefix($0) }
    }

    /// What to do with a request whose body has arrived whole.
    ///
    /// - Parameters:
    ///   - body: Nil where it was larger than the limit.
    ///   - client: Who the client's certificate says it is.
    ///   - isReady: Whether the server has all its caches.
    func route(
        _ head: HTTPRequestHead, body: [UInt8]?, client: String? = nil, resources: [ServedResource],
        isReady: Bool = true
    ) -> Route {
        let (path, query) = RequestPath.split(head.uri)
        let isPretty = Self.isPretty(head, query)
        guard let user = client ?? authentication.user(head.headers) else {
            return .answer(.failure(.unauthorized, isPretty: isPretty))
        }
        let request = RequestPath(method: head.method.rawValue, uri: head.uri)
        if user == Authentication.anonymous, !Authentication.isPublic(path) {
            let failure = Authentication.forbidden(
                user: user, method: head.method.rawValue, path: path, request: request)
            var answer = HTTPAnswer.failure(failure, isPretty: isPretty)
            answer.headers.append(.init(name: "X-Content-Type-Options", value: "nosniff"))
            return .answer(answer)
        }
        guard let body else {
            return .answer(.failure(RequestBody.tooLarge(limit: limits.bodyMax), isPretty: isPretty))
        }
        let discovery = Discovery(resources: resources)
        // The path decides whether there is a resource, whatever the method.
        guard let place = request ?? RequestPath(method: "GET", uri: head.uri),
            discovery.serves(group: place.group, version: place.version)
        else {
            return .answer(meta(head, path: path, query: query, discovery, isPretty: isPretty, isReady: isReady))
        }
        guard let request, request.isMethodAllowed else {
            return .answer(.failure(Self.methodNotAllowed, isPretty: isPretty))
        }
        do throws(RequestBody.Refusal) {
            return .store(
                try storeRequest(head, request, body: body, user: user, discovery, isPretty: isPretty))
        } catch {
            return .answer(.failure(error.status, isPretty: isPretty))
        }
    }

    private static let methodNotAllowed = Status(
        code: 405, reason: Status.Reason.methodNotAllowed,
        message: "the server does not allow this method on the requested resource", details: [:])

    private func storeRequest(
        _ head: HTTPRequestHead, _ path: RequestPath, body bytes: [UInt8], user: String, _ discovery: Discovery,
        isPretty: Bool
    ) throws(RequestBody.Refusal) -> StoreRequest {
        let resource = discovery.resource(group: path.group, version: path.version, name: path.resource)
        let offersYAML = path.verb != .watch && path.verb != .patch
        let accept = head.headers[canonicalForm: "Accept"].joined(separator: ",")
        guard let presentation = Presentation(accept: accept, offersYAML: offersYAML) else {
            throw RequestBody.Refusal(status: Presentation.notAcceptable(offersYAML: offersYAML))
        }
        let timeout = try timeout(path)
        // A body for what is not served is not even read.
        let isServed = resource.map { resource in
            path.subresource == nil || resource.subresources.contains { $0.name == path.subresource }
        }
        var body = RequestBody()
        if isServed ?? false {
            body = try RequestBody.decode(
                bytes, contentType: head.headers.first(name: "Content-Type"), verb: path.verb,
                kind: kind(path, resource), isCustom: resource?.isCustom ?? false)
        }
        return StoreRequest(
            request: ServerRequest(
                path: path, body: body.value, duplicateKeys: body.duplicateKeys, patchType: body.patchType,
                user: user, userAgent: head.headers.first(name: "User-Agent") ?? ""),
            presentation: presentation, resource: resource,
            table: presentation.shape == .table ? try Table(resource: resource, query: path.query) : nil,
            isPretty: isPretty, timeout: timeout)
    }

    /// The kind that a body must be of.
    private func kind(_ path: RequestPath, _ resource: ServedResource?) -> String {
        switch path.verb {
        case .delete, .deleteCollection: return "DeleteOptions"
        default:
            let subresource = resource?.subresources.first { $0.name == path.subresource }
            return subresource?.kind ?? resource?.resource.kind ?? ""
        }
    }

    /// How long a request may take; `?timeout=` can only shorten it.
    private func timeout(_ path: RequestPath) throws(RequestBody.Refusal) -> Duration? {
        guard path.verb != .watch, path.verb != .connect, path.subresource != "log" else { return nil }
        let limit = path.verb.isWrite ? limits.writeTimeout : limits.requestTimeout
        guard let text = path.parameter("timeout"), !text.isEmpty else { return limit }
        guard let asked = Duration(text: text) else {
            throw RequestBody.Refusal(
                status: .badRequest(
                    "invalid timeout specified in the request URL - time: invalid duration \"\(text)\""))
        }
        return asked > .zero ? min(asked, limit) : limit
    }
}

extension RequestPath {
    /// Whether the method fits what the path names: objects are created in collections, and changed by name.
    fileprivate var isMethodAllowed: Bool {
        switch verb {
        case .create: name == nil || subresource != nil
        case .update, .patch: name != nil
        case .get, .list, .watch, .delete, .deleteCollection, .connect: true
        }
    }
}
