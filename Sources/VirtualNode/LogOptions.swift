import Determinism
import Kubernetes

/// What a request for a container's log asks for, in the words of a kubelet.
/// https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
struct LogOptions: Hashable, Sendable {
    enum Since: Hashable, Sendable {
        case moment(Timestamp)
        /// Before the request.
        case span(Duration)
    }

    /// Whether the answer goes on until the container ends.
    var isFollowing = false
    /// Of the run before the present one.
    var isOfPrevious = false
    var hasTimestamps = false
    var tailLines: Int?
    var bytesMax: Int?
    var since: Since?

    /// A parameter that says nothing, and is not to be passed over.
    struct Malformed: Error, Hashable {
        var message: String
    }

    init() {}

    init(_ query: [String: [String]]) throws(Malformed) {
        isFollowing = try Self.flag("follow", query)
        isOfPrevious = try Self.flag("previous", query)
        hasTimestamps = try Self.flag("timestamps", query)
        tailLines = try Self.number("tailLines", query, from: 0)
        bytesMax = try Self.number("limitBytes", query, from: 1)
        since = try Self.number("sinceSeconds", query, from: 1).map { .span(.seconds($0)) }
        guard let text = query["sinceTime"]?.last else { return }
        guard since == nil else {
            throw Malformed(message: "at most one of `sinceTime` or `sinceSeconds` may be specified")
        }
        guard let moment = Timestamp(rfc3339: text) else {
            throw Malformed(message: "sinceTime: \"\(text)\" is not a time such as 2026-01-02T15:04:05Z")
        }
        since = .moment(moment)
    }

    private static func flag(_ name: String, _ query: [String: [String]]) throws(Malformed) -> Bool {
        switch query[name]?.last {
        case "true", "1": return true
        case nil, "", "false", "0": return false
        case let other?: throw Malformed(message: "\(name): \"\(other)\" is not true or false")
        }
    }

    private static func number(
        _ name: String, _ query: [String: [String]], from least: Int
    ) throws(Malformed) -> Int? {
        guard let text = query[name]?.last else { return nil }
        guard let value = Int(text), value >= least else {
            throw Malformed(message: "\(name): \"\(text)\" is not a number of \(least) or more")
        }
        return value
    }
}
