/// What an HTTP request line asks of an API server, by the rules of the server's own RequestInfo resolver.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
package struct RequestPath: Hashable, Sendable {
    package var verb: Verb
    package var group: String
    package var version: String
    package var resource: String
    package var subresource: String?
    package var namespace: String?
    package var name: String?
    /// What follows the subresource, for `proxy` paths.
    package var rest: [String]
    package var query: [String: [String]]

    /// Reads `GET /api/v1/namespaces/t/pods/p/log?follow=true`; nil for a path that names no resource, as `/version`.
    package init?(method: String, uri: String) {
        let (path, query) = Self.split(uri)
        self.query = query
        var parts = path.split(separator: "/", omittingEmptySubsequences: true)
            .map { Self.percentDecoded($0, plusIsSpace: false) }
        guard let root = parts.first, root == "api" || root == "apis", parts.count >= (root == "api" ? 3 : 4)
        else { return nil }
        group = root == "api" ? "" : parts[1]
        version = root == "api" ? parts[1] : parts[2]
        parts.removeFirst(root == "api" ? 2 : 3)
        // The old form /api/v1/watch/… watches whatever path follows.
        let isLegacyWatch = parts.first == "watch"
        if isLegacyWatch { parts.removeFirst() }
        guard !parts.isEmpty else { return nil }
        if parts[0] == "namespaces", parts.count >= 3, !["status", "finalize"].contains(parts[2]) {
            namespace = parts[1]
            parts.removeFirst(2)
        } else if parts[0] == "namespaces", parts.count >= 2 {
            namespace = parts[1]
        }
        resource = parts[0]
        name = parts.count > 1 ? parts[1] : nil
        subresource = parts.count > 2 ? parts[2] : nil
        rest = Array(parts.dropFirst(3))
        guard let verb = Self.verb(method, hasName: name != nil, subresource: subresource) else { return nil }
        self.verb = verb
        if isLegacyWatch || (isRead && Self.isTrue(query["watch"]?.last)) { self.verb = .watch }
    }

    private var isRead: Bool { verb == .get || verb == .list }

    private static func verb(_ method: String, hasName: Bool, subresource: String?) -> Verb? {
        if hasName, let subresource, ["exec", "attach", "portforward", "proxy"].contains(subresource) {
            return .connect
        }
        return switch method {
        case "GET", "HEAD": hasName ? .get : .list
        case "POST": .create
        case "PUT": .update
        case "PATCH": .patch
        case "DELETE": hasName ? .delete : .deleteCollection
        default: nil
        }
    }

    /// `watch=1` and `watch=true` watch, as does a bare `watch`; Go's strconv.ParseBool reads the same.
    private static func isTrue(_ value: String?) -> Bool {
        guard let value else { return false }
        return !["0", "f", "F", "false", "FALSE", "False"].contains(value)
    }

    /// The last value of a query parameter.
    package func parameter(_ name: String) -> String? { query[name]?.last }

    /// The request as fault rules see it.
    ///
    /// - Parameter body: The object of a create, which has its name nowhere else.
    package func identity(body: JSONObject? = nil) -> RequestIdentity {
        let bodyName = verb == .create && subresource == nil ? body?["metadata", "name"]?.string : nil
        return RequestIdentity(
            verb: verb, group: group, resource: resource, subresource: subresource ?? "",
            namespace: resource == "namespaces" ? "" : namespace ?? "", name: name ?? bodyName ?? "")
    }

    package static func split(_ uri: String) -> (path: String, query: [String: [String]]) {
        guard let mark = uri.firstIndex(of: "?") else { return (uri, [:]) }
        var query: [String: [String]] = [:]
        for pair in uri[uri.index(after: mark)...].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count > 1 ? percentDecoded(sides[1], plusIsSpace: true) : ""
            query[percentDecoded(sides[0], plusIsSpace: true), default: []].append(value)
        }
        return (String(uri[..<mark]), query)
    }

    private static func percentDecoded(_ text: Substring, plusIsSpace: Bool) -> String {
        guard text.contains("%") || text.contains("+") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") && plusIsSpace ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension APIRequest {
    package var method: String {
        switch verb {
        case .get, .list, .watch: "GET"
        case .create, .connect: "POST"
        case .update: "PUT"
        case .patch: "PATCH"
        case .delete, .deleteCollection: "DELETE"
        }
    }

    /// The path and query that ask for this request.
    package var uri: String {
        let path = resource.path(namespace: namespace, name: name, subresource: subresource)
        let items = (verb == .watch ? [("watch", "true")] : []) + options.queryItems
        let query = items.map { "\($0)=\(Self.percentEncoded($1))" }.joined(separator: "&")
        return query.isEmpty ? path : "\(path)?\(query)"
    }

    /// The text as it may stand in a query.
    package static func percentEncoded(_ text: String) -> String {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        var result = ""
        for byte in text.utf8 {
            if unreserved.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}

extension RequestOptions {
    /// The query parameters that say the same, by name and value, unescaped.
    package var queryItems: [(String, String)] {
        var items: [(String, String)] = []
        func add(_ name: String, _ value: (some CustomStringConvertible)?) {
            if let value { items.append((name, value.description)) }
        }
        add("labelSelector", labelSelector)
        add("fieldSelector", fieldSelector)
        add("resourceVersion", resourceVersion)
        add("resourceVersionMatch", resourceVersionMatch)
        add("limit", limit)
        add("continue", continueToken)
        add("timeoutSeconds", timeoutSeconds)
        if allowWatchBookmarks { add("allowWatchBookmarks", "true") }
        add("sendInitialEvents", sendInitialEvents)
        if isDryRun { add("dryRun", "All") }
        add("fieldManager", fieldManager)
        add("fieldValidation", fieldValidation)
        add("force", force)
        add("gracePeriodSeconds", gracePeriodSeconds)
        add("propagationPolicy", propagationPolicy)
        return items
    }
}
