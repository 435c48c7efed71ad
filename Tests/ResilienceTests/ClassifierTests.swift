import Resilience
import Testing

/// A failure as a server or a transport words it, and the releases of Argo that call it transient.
struct ArgoRow: Sendable, CustomTestStringConvertible {
    var name: String
    var failure: CallFailure
    /// The first release that does; nil where none does.
    var since: ArgoRelease?

    var testDescription: String { name }

    init(
        _ name: String, _ status: Int, _ reason: String = "", _ message: String = "", transport: String = "",
        since: ArgoRelease?
    ) {
        self.name = name
        failure = CallFailure(httpStatus: status, reason: reason, message: message, transport: transport)
        self.since = since
    }
}

struct ClassifierTests {
    private static let quota =
        "pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3"
    private static let modified = "the object has been modified; please apply your changes to the latest version"

    private static let rows: [ArgoRow] = [
        ArgoRow("exceeded quota", 403, "Forbidden", quota, since: .v3_4_17),
        ArgoRow("unspecified limits", 403, "Forbidden", "failed quota: q: must specify limits.cpu for: c", since: nil),
        ArgoRow("not allowed", 403, "Forbidden", "User \"u\" cannot create resource \"pods\"", since: nil),
        ArgoRow(
            "quota conflict", 409, "Conflict", "Operation cannot be fulfilled on resourcequotas \"q\": \(modified)",
            since: .v3_4_17),
        ArgoRow(
            "conflict of a pod", 409, "Conflict", "Operation cannot be fulfilled on pods \"p\": \(modified)",
            since: nil),
        ArgoRow(
            "conflict of a cluster-wide quota", 409, "Conflict",
            "Operation cannot be fulfilled on clusterresourcequotas.quota.openshift.io \"q\": \(modified)", since: nil),
        ArgoRow("already exists", 409, "AlreadyExists", "pods \"p\" already exists", since: nil),
        ArgoRow(
            "quota evaluation timed out", 500, "InternalError",
            "Internal error occurred: resource quota evaluation timed out", since: .v3_4_17),
        ArgoRow(
            "quota evaluation timed out, as older servers put it", 500, "InternalError",
            "Internal error occurred: resource quota evaluates timeout", since: nil),
        ArgoRow("internal error", 500, "InternalError", "Internal error occurred: failed calling webhook", since: nil),
        ArgoRow("bad gateway, as apimachinery reads it", 502, "InternalError", "an error on the server", since: nil),
        ArgoRow("bad gateway without a Status", 502, since: nil),
        ArgoRow("unauthorized", 401, "Unauthorized", "Unauthorized", since: nil),
        ArgoRow("invalid", 422, "Invalid", "Pod \"p\" is invalid", since: nil),
        ArgoRow("too many requests by reason", 429, "TooManyRequests", since: .v3_4_17),
        ArgoRow("too many requests by code", 429, since: .v3_4_17),
        ArgoRow(
            "server timeout", 500, "ServerTimeout", "The create operation against pods could not be completed",
            since: .v3_4_17),
        ArgoRow("gateway timeout", 504, "Timeout", "Timeout: took too long", since: .v4_0_10),
        ArgoRow("gateway timeout without a Status", 504, since: .v4_0_10),
        ArgoRow(
            "handler timeout", 504, "Timeout",
            "Timeout: request did not complete within requested timeout - context deadline exceeded", since: .v3_7_18),
        ArgoRow("service unavailable", 503, "ServiceUnavailable", since: .v3_4_17),
        ArgoRow("service unavailable without a Status", 503, since: .v3_4_17),
        ArgoRow("etcd leader changed", 500, "", "etcdserver: leader changed", since: .v3_4_17),
        ArgoRow("etcd timed out", 500, "", "etcdserver: request timed out", since: .v3_4_17),
        ArgoRow("etcd overloaded", 500, "", "etcdserver: too many requests", since: .v3_7_18),
        ArgoRow("etcd unavailable", 500, "", "rpc error: code = Unavailable desc = keepalive ping failed", since: nil),
        ArgoRow("name not resolved", 0, transport: "nameNotResolved", since: .v3_4_17),
        ArgoRow("refused", 0, transport: "connectionRefused", since: .v3_4_17),
        ArgoRow("reset", 0, transport: "connectionReset", since: .v3_4_17),
        ArgoRow("closed before the answer", 0, transport: "connectionClosed", since: .v3_4_17),
        ArgoRow("connect timed out", 0, transport: "timeout", since: .v3_4_17),
        ArgoRow("HTTP/2 connection lost", 0, "", "http2: client connection lost", transport: "http2", since: .v3_4_17),
        ArgoRow(
            "GOAWAY", 0, "", "http2: server sent GOAWAY and closed the connection", transport: "http2",
            since: .v3_7_18),
        ArgoRow("truncated", 0, "", "unexpected EOF", transport: "truncated", since: .v3_7_18),
        ArgoRow("wrong certificate", 0, "", "certificate is not valid", transport: "tls", since: nil),
        ArgoRow(
            "a webhook that quotes a network error", 403, "Forbidden",
            "admission webhook denied the request: dial tcp 10.0.0.1: i/o timeout", since: .v3_4_17),
        ArgoRow("no such row", 500, "", "upper: no more rows in this result set", since: .v3_5_8),
        ArgoRow("SQL connection", 500, "", "invalid connection", since: .v3_6_0),
        ArgoRow(
            "client rate limiter", 0, "", "client rate limiter Wait returned an error: context deadline exceeded",
            transport: "other", since: .v3_7_18),
        ArgoRow("message in another case", 500, "", "ETCDSERVER: LEADER CHANGED", since: nil),
    ]

    @Test("each release of Argo judges as its source says", arguments: ArgoRelease.allCases, rows)
    func argo(release: ArgoRelease, row: ArgoRow) {
        let expected: Retryability = row.since.map { $0 <= release } == true ? .transient : .permanent
        #expect(Classifier.argo(release).classify(row.failure) == expected)
    }

    private static let careful: [(CallFailure, Retryability)] =
        [
            (CallFailure(httpStatus: 0, transport: "truncated"), .transient),
            (CallFailure(httpStatus: 0, transport: "tls"), .permanent),
            (CallFailure(httpStatus: 401, reason: "Unauthorized"), .transient),
            (CallFailure(httpStatus: 403, reason: "Forbidden", message: quota), .transient),
            (
                CallFailure(httpStatus: 403, reason: "Forbidden", message: "failed quota: q: must specify limits.cpu"),
                .permanent
            ),
            (
                CallFailure(
                    httpStatus: 403, reason: "Forbidden", message: "status unknown for quota: q, resources: pods"),
                .transient
            ),
            (CallFailure(httpStatus: 404, reason: "NotFound"), .permanent),
            (CallFailure(httpStatus: 409, reason: "Conflict"), .transient),
            (
                CallFailure(httpStatus: 409, reason: "AlreadyExists", message: "pods \"p\" already exists"),
                .permanent
            ),
            (
                CallFailure(
                    httpStatus: 409, reason: "AlreadyExists",
                    message: "object is being deleted: pods \"p\" already exists"), .transient
            ),
            (CallFailure(httpStatus: 422, reason: "Invalid"), .permanent),
            (CallFailure(httpStatus: 501), .permanent),
        ] + [429, 500, 502, 503, 504].map { (CallFailure(httpStatus: $0), .transient) }

    @Test("a careful client tries again what may pass, and nothing else", arguments: careful)
    func kubernetes(failure: CallFailure, verdict: Retryability) {
        #expect(Classifier.kubernetes.classify(failure) == verdict)
    }

    @Test("the first rule that matches decides")
    func firstMatch() {
        let classifier = Classifier(
            rules: [.init(status: [500], message: "no", .permanent), .init(status: [500], .transient)],
            otherwise: .permanent)
        #expect(classifier.classify(CallFailure(httpStatus: 500, message: "oh no")) == .permanent)
        #expect(classifier.classify(CallFailure(httpStatus: 500, message: "oh")) == .transient)
        #expect(classifier.classify(CallFailure(httpStatus: 404)) == .permanent)
    }
}
