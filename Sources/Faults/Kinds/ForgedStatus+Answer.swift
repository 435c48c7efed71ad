package import Kubernetes

/// An HTTP answer as an API server would have given it, byte for byte.
package struct ForgedAnswer: Hashable, Sendable {
    /// The HTTP status code. 200 for an expired watch, whose failure is an event in the stream.
    package var code: Int
    package var headers: [Header]
    package var body: [UInt8]

    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    package init(code: Int, headers: [Header], body: [UInt8]) {
        self.code = code
        self.headers = headers
        self.body = body
    }

    /// With the headers of an API server.
    package static func json(_ code: Int, _ body: [UInt8]) -> ForgedAnswer {
        ForgedAnswer(
            code: code,
            headers: [
                Header(name: "Cache-Control", value: "no-cache, private"),
                Header(name: "Content-Type", value: "application/json"),
            ], body: body)
    }
}

extension Fault.ForgedStatus {
    /// The words of priority and fairness, and of max-inflight, which answer without a Status body.
    private static let tooManyRequests = "Too many requests, please try again later."

    /// Whether the answer to this request tells of the failure in an ERROR event of a stream that began well (200), as
    /// servers do for a watch whose resourceVersion is too old.
    package func isWatchEvent(for identity: RequestIdentity) -> Bool { code == 410 && identity.verb == .watch }

    /// The answer as bytes and headers.
    package func answer(for identity: RequestIdentity) -> ForgedAnswer {
        let status = status(for: identity)
        var headers = [ForgedAnswer.Header(name: "Cache-Control", value: "no-cache, private")]
        func add(_ name: String, _ value: String) { headers.append(ForgedAnswer.Header(name: name, value: value)) }
        if let seconds = waitSeconds(status) { add("Retry-After", String(seconds)) }
        guard !isWatchEvent(for: identity) else {
            add("Content-Type", "application/json")
            let event = Array(#"{"type":"ERROR","object":"#.utf8) + status.servedJSON + Array("}\n".utf8)
            return ForgedAnswer(code: 200, headers: headers, body: event)
        }
        if let plain = plainBody {
            add("Content-Type", plain.type)
            add("X-Content-Type-Options", "nosniff")
            return ForgedAnswer(code: code, headers: headers, body: Array(plain.text.utf8))
        }
        add("Content-Type", "application/json")
        if code == 403 { add("X-Content-Type-Options", "nosniff") }
        return ForgedAnswer(code: code, headers: headers, body: status.servedJSON + [UInt8(ascii: "\n")])
    }

    private var retryAfterSeconds: Int? { retryAfter.map { Int($0.components.seconds) } }

    /// What the header says: the same as the body, which some failures have a wait of their own in.
    private func waitSeconds(_ status: Status) -> Int? {
        retryAfterSeconds ?? (cause == nil ? nil : status.retryAfterSeconds)
    }

    /// The body of an answer that is no Status: overload is told in plain text, and 502 comes from a load balancer.
    private var plainBody: (type: String, text: String)? {
        guard message == nil, reason == nil, cause == nil else { return nil }
        switch code {
        case 429: return ("text/plain; charset=utf-8", Self.tooManyRequests + "\n")
        case 502:
            let page = [
                "<html>", "<head><title>502 Bad Gateway</title></head>", "<body>",
                "<center><h1>502 Bad Gateway</h1></center>", "<hr><center>nginx</center>", "</body>", "</html>", "",
            ]
            return ("text/html", page.joined(separator: "\r\n"))
        default: return nil
        }
    }

    /// The Status that tells of the failure, worded as a server words it for this request; where the real answer is
    /// plain text, the Status that stands for it.
    package func status(for identity: RequestIdentity) -> Status {
        var status = cause.map { known($0, identity) } ?? message.map { reworded($0, identity) } ?? usual(identity)
        if let reason {
            if reason.isEmpty { status.json["reason"] = nil } else { status.json["reason"] = .string(reason) }
        }
        if let seconds = retryAfterSeconds { status.retryAfterSeconds = seconds }
        return status
    }

    /// The words of failures that are known by them (kube-apiserver 1.36, etcd 3.5).
    private func known(_ cause: Cause, _ identity: RequestIdentity) -> Status {
        let object = object ?? ""
        switch cause {
        case .etcdLeaderChanged: return .raw("etcdserver: leader changed")
        case .etcdTimeout: return .raw("etcdserver: request timed out")
        case .etcdTooManyRequests: return .raw("etcdserver: too many requests")
        case .etcdUnavailable:
            return .raw("rpc error: code = Unavailable desc = keepalive ping failed to receive ACK within timeout")
        case .quotaConflict:
            return .conflict(.resourceQuotas, name: object)
        case .quotaExceeded:
            return .forbidden(
                identity.type, name: identity.name,
                why: "exceeded quota: \(object), requested: \(countName(identity))=1, used: \(countName(identity))=10, "
                    + "limited: \(countName(identity))=10")
        case .quotaTimeout: return .internalError("resource quota evaluation timed out")
        case .serverTimeout:
            var status = Status(
                code: 500, reason: "ServerTimeout",
                message: "The \(identity.verb.rawValue) operation against \(identity.type.qualifiedName) could not be "
                    + "completed at this time, please try again.",
                details: ["name": .string(identity.verb.rawValue), "kind": .string(identity.resource)])
            if !identity.group.isEmpty { status.json["details", "group"] = .string(identity.group) }
            status.retryAfterSeconds = retryAfterSeconds ?? 2
            return status
        case .tooLargeResourceVersion:
            var status = Status(
                code: 504, reason: Status.Reason.timeout,
                message: "Timeout: Too large resource version: 38203, current: 37203",
                details: [
                    "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]]
                ])
            status.retryAfterSeconds = retryAfterSeconds ?? 1
            return status
        case .storageInitializing:
            var status = Status(
                code: 429, reason: Status.Reason.tooManyRequests, message: "storage is (re)initializing", details: [:])
            status.retryAfterSeconds = retryAfterSeconds ?? 1
            return status
        case .terminatingNamespace: return terminating(identity)
        case .webhookFailure:
            return .internalError(
                "failed calling webhook \"policy.example.com\": failed to call webhook: Post "
                    + "\"https://policy.example.svc:443/validate?timeout=10s\": context deadline exceeded")
        }
    }

    /// As the evaluator of the resource names what it counts.
    private func countName(_ identity: RequestIdentity) -> String {
        if identity.group.isEmpty, identity.resource == "pods" { return "pods" }
        return "count/\(identity.type.qualifiedName)"
    }

    private func terminating(_ identity: RequestIdentity) -> Status {
        let namespace = identity.namespace
        var status = Status.forbidden(
            identity.type, name: identity.name,
            why: "unable to create new content in namespace \(namespace) because it is being terminated")
        var details = status.json["details"]?.object ?? JSONObject()
        details["causes"] = [
            [
                "reason": "NamespaceTerminating", "message": .string("namespace \(namespace) is being terminated"),
                "field": "metadata.namespace",
            ]
        ]
        status.json["details"] = .object(details)
        return status
    }

    private func usual(_ identity: RequestIdentity) -> Status {
        let resource = identity.type
        switch code {
        case 400: return .badRequest("the server rejected our request for an unknown reason")
        case 401: return .unauthorized
        case 403: return forbidden(identity)
        case 404: return .notFound(resource, name: identity.name)
        case 409: return identity.verb == .create ? collision(identity) : .conflict(resource, name: identity.name)
        case 410:
            return .expired(
                identity.verb == .watch
                    ? "too old resource version: 1 (2)" : "The resourceVersion for the provided list is too old.")
        case 429: return Status(code: 429, reason: Status.Reason.tooManyRequests, message: Self.tooManyRequests)
        case 500: return .internalError("context deadline exceeded")
        case 503:
            return Status(
                code: 503, reason: Status.Reason.serviceUnavailable,
                message: "the server is currently unable to handle the request")
        case 504:
            return Status(
                code: 504, reason: Status.Reason.timeout,
                message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
                details: [:])
        default:
            return Status(code: code, reason: Self.usualReason(code), message: Self.usualMessage(code), details: [:])
        }
    }

    /// What role-based access control says. It does not know the name of an object that is yet to be created.
    private func forbidden(_ identity: RequestIdentity) -> Status {
        let type = [identity.resource, identity.subresource].filter { !$0.isEmpty }.joined(separator: "/")
        let verb = identity.verb == .connect ? Verb.create : identity.verb
        let place = identity.namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(identity.namespace)\""
        var status = Status.forbidden(
            identity.type, name: identity.verb == .create ? "" : identity.name,
            why:
                "User \"boreas\" cannot \(verb.rawValue) resource \"\(type)\" in API group \"\(identity.group)\" \(place)"
        )
        if !identity.subresource.isEmpty {
            // The message names the subresource, the details do not.
            let bare = identity.type.qualifiedName
            let qualified = identity.group.isEmpty ? type : "\(type).\(identity.group)"
            status.json["message"] = .string(qualified + status.message.dropFirst(bare.count))
        }
        return status
    }

    private func collision(_ identity: RequestIdentity) -> Status {
        var status = Status.alreadyExists(identity.type, name: identity.name)
        if identity.name.isEmpty {
            let why = ", the server was not able to generate a unique name for the object"
            status.json["message"] = .string(status.message + why)
            status.retryAfterSeconds = 1
        }
        return status
    }

    /// The rule's own words, with the reason and details that servers send with such words.
    private func reworded(_ message: String, _ identity: RequestIdentity) -> Status {
        var status = usual(identity)
        status.json["message"] = .string(message)
        switch code {
        case 409:
            if let conflict = Self.conflict(message) { return conflict }
            if !message.contains("already exists") { status.json["reason"] = .string(Status.Reason.conflict) }
        case 500:
            status.json["details"] = nil
            if let cause = message.removing(prefix: "Internal error occurred: ") { return .internalError(cause) }
            // Errors of etcd and gRPC come through raw: the message, and no reason.
            if message.hasPrefix("etcdserver: ") || message.hasPrefix("rpc error: ") { status.json["reason"] = nil }
        default: break
        }
        return status
    }

    /// `Operation cannot be fulfilled on resourcequotas "compute": why` names the object of the conflict, which need not
    /// be the request's own: a pod's creation that loses the race for its quota says so.
    private static func conflict(_ message: String) -> Status? {
        guard let rest = message.removing(prefix: "Operation cannot be fulfilled on "),
            let quote = rest.firstIndex(of: "\""),
            let end = rest[rest.index(after: quote)...].firstIndex(of: "\"")
        else { return nil }
        let type = rest[..<quote].trimmingSuffix(" ").split(separator: ".", maxSplits: 1)
        let name = rest[rest.index(after: quote)..<end]
        guard let plural = type.first, let why = String(rest[rest.index(after: end)...]).removing(prefix: ": ") else {
            return nil
        }
        let resource = APIResource(
            group: type.count > 1 ? String(type[1]) : "", name: String(plural), kind: String(plural))
        return .conflict(resource, name: String(name), why: why)
    }

    private static func usualReason(_ code: Int) -> String {
        switch code {
        case 405: Status.Reason.methodNotAllowed
        case 406: Status.Reason.notAcceptable
        case 413: Status.Reason.requestEntityTooLarge
        case 415: Status.Reason.unsupportedMediaType
        case 422: Status.Reason.invalid
        default: ""
        }
    }

    private static func usualMessage(_ code: Int) -> String {
        switch code {
        case 405: "the server does not allow this method on the requested resource"
        case 406: "only the following media types are accepted: application/json"
        case 413: "Request entity too large: limit is 3145728"
        case 415: "the body of the request was in an unknown format"
        case 422: "the server rejected our request due to an error in our request"
        case 502: "Bad Gateway"
        default: "the server responded with the status code \(code) but did not return more information"
        }
    }
}

extension RequestIdentity {
    /// The resource as Status messages name it; its version and kind are not known here, and stand in none of them.
    fileprivate var type: APIResource { APIResource(group: group, name: resource, kind: resource) }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ character: Character) -> Substring {
        var rest = self
        while rest.last == character { rest.removeLast() }
        return rest
    }
}

extension Status {
    /// An error of etcd or gRPC, which comes through as it is: the message, and neither reason nor details.
    fileprivate static func raw(_ message: String) -> Status {
        var status = Status(code: 500, reason: "", message: message)
        status.json["reason"] = nil
        return status
    }
}
