extension Classifier {
    /// What a careful client of Kubernetes tries again: lost connections, overload, server failures, and conflicts
    /// that another try can win. Used by every preset that is not Argo's, so that they differ in how they retry, not
    /// in what.
    package static let kubernetes = Classifier(
        rules: [
            // A wrong certificate stays wrong.
            Rule(transport: ["tls"], .permanent),
            // No answer came: each of these may be gone at the next try.
            Rule(status: [0], .transient),
            Rule(status: [429], .transient),
            // Of the server failures, these two say that the request will never be served.
            Rule(status: [501, 505], .permanent),
            Rule(status: [500, 502, 503, 504], .transient),
            // A create whose name is taken is no race that a retry can win, unless the holder is on its way out.
            Rule(status: [409], message: "object is being deleted", .transient),
            Rule(status: [409], reason: "AlreadyExists", .permanent),
            Rule(status: [409], .transient),
            // Quota admission: room comes back; a limit that was not given does not.
            Rule(status: [403], message: "exceeded quota", .transient),
            Rule(status: [403], message: "status unknown for quota", .transient),
            // Tokens rotate.
            Rule(status: [401], .transient),
        ], otherwise: .permanent)

    /// Argo's `IsTransientErr` (util/errors/errors.go) as of a release.
    ///
    /// Go's typed network errors are told by the kind of transport failure. A rule's `message` is looked for in every
    /// error whatever its status, as Argo does, and so are its false positives.
    package static func argo(_ release: ArgoRelease) -> Classifier {
        Classifier(
            rules: argoRules.filter { $0.since <= release }.flatMap(\.rules), otherwise: .permanent)
    }

    /// One line of Argo's list: what it is about, the first of ``ArgoRelease`` to have it, and the rules it amounts to.
    package struct ArgoRule: Hashable, Sendable {
        package var title: String
        package var since: ArgoRelease
        package var rules: [Rule]

        init(_ title: String, since: ArgoRelease = .v3_4_17, _ rules: [Rule]) {
            self.title = title
            self.since = since
            self.rules = rules
        }
    }

    /// Argo's list, line by line. apimachinery's predicates go by the reason, and by the code only where the reason is
    /// not known to it; so 502, which it gives the reason InternalError, is permanent.
    package static let argoRules: [ArgoRule] = [
        ArgoRule("exceeded quota", byReason("Forbidden", 403, message: "exceeded quota")),
        ArgoRule(
            "quota conflict",
            byReason("Conflict", 409, message: "Operation cannot be fulfilled on resourcequota")),
        ArgoRule(
            "quota evaluation timed out",
            byReason("InternalError", 500, message: "resource quota evaluation timed out")),
        ArgoRule(
            "too many requests", [Rule(reason: "TooManyRequests", .transient), Rule(status: [429], .transient)]),
        ArgoRule("server timeout", [Rule(reason: "ServerTimeout", .transient)]),
        ArgoRule("timeout", since: .v4_0_10, byReason("Timeout", 504)),
        ArgoRule("service unavailable", byReason("ServiceUnavailable", 503)),
        ArgoRule("etcd", texts("etcdserver: leader changed", "etcdserver: request timed out")),
        ArgoRule("etcd overloaded", since: .v3_7_18, texts("etcdserver: too many requests")),
        ArgoRule("GOAWAY", since: .v3_7_18, texts("http2: server sent GOAWAY and closed the connection", "GOAWAY")),
        ArgoRule(
            "network",
            [Rule(message: "GOAWAY", .permanent)]
                + [
                    Rule(
                        transport: [
                            "nameNotResolved", "connectionRefused", "connectionReset", "connectionClosed", "timeout",
                            "http2",
                        ], .transient)
                ]),
        ArgoRule(
            "network texts",
            texts(
                "Connection closed by foreign host", "net/http: TLS handshake timeout", "i/o timeout",
                "connection timed out", "connection reset by peer", "http2: client connection lost",
                "connect: connection refused")),
        ArgoRule("no such row", since: .v3_5_8, texts("upper: no more rows in")),
        ArgoRule("SQL connection", since: .v3_6_0, texts("invalid connection")),
        ArgoRule(
            "handler timeout", since: .v3_7_18, texts("request did not complete within requested timeout")),
        ArgoRule(
            "truncated", since: .v3_7_18,
            [Rule(transport: ["truncated"], .transient)]
                + texts(
                    "unexpected EOF", "unexpected error when reading response body",
                    "stream error when reading response body")),
        ArgoRule("client rate limiter", since: .v3_7_18, texts("client rate limiter Wait returned an error")),
    ]

    private static func texts(_ parts: String...) -> [Rule] { parts.map { Rule(message: $0, .transient) } }

    private static func byReason(_ reason: String, _ status: Int, message: String? = nil) -> [Rule] {
        [
            Rule(reason: reason, message: message, .transient),
            Rule(status: [status], reason: "", message: message, .transient),
        ]
    }
}
