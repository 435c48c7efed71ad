import Foundation
import Kubernetes

/// What somebody asks of a proxy's control.
struct ControlRequest: Sendable {
    var method: String
    /// Decoded, without empty ones: `v1`, `rules`, `my rule`.
    var path: [String]
    var query: [String: [String]]
    var body: [UInt8]

    init(method: String, uri: String, body: [UInt8] = []) {
        self.method = method
        let (path, query) = RequestPath.split(uri)
        self.path = path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        self.query = query
        self.body = body
    }
}

/// What the control says to a request.
enum ControlAnswer: Sendable {
    case json(Int, JSONValue)
    case text(type: String, String)
    case page
    /// What happens from now on, as server-sent events.
    case events

    /// A refusal; `allow` is what could be asked instead, where the method is wrong.
    static func refusal(_ code: Int, _ message: String) -> ControlAnswer {
        .json(code, ["code": .integer(Int64(code)), "message": .string(message)])
    }
}

/// Whom the control lets in: holders of the token who mean this very address, and no page of another site.
///
/// The token alone would do against forged requests; that the Host must be the loopback's keeps a site whose name was
/// bound to this address (DNS rebinding) from even reading the page. There are no cookies, and nothing is shared across
/// origins.
struct ControlGuard: Sendable {
    let token: String

    /// - Parameter header: Gives a field of the request's head.
    /// - Returns: Why the request is refused; nil lets it in.
    func refusal(
        of request: ControlRequest, header: (String) -> String?
    ) -> ControlAnswer? {
        guard let host = header("host"), Self.isLoopback(host) else {
            return .refusal(403, "the Host must be localhost or a loopback address, as in the URL that was printed")
        }
        if let origin = header("origin"), origin != "http://\(host)" {
            return .refusal(403, "the control answers no page of another site")
        }
        if let site = header("sec-fetch-site"), site != "same-origin", site != "none" {
            // Following a link to the page itself is all that another site may make a browser do.
            guard request.path.isEmpty, header("sec-fetch-mode") == "navigate" else {
                return .refusal(403, "the control answers no page of another site")
            }
        }
        if request.method == "OPTIONS" {
            return .refusal(405, "OPTIONS is not served: nothing is shared across origins")
        }
        // The page holds nothing that is secret, and gets the token from the address bar or from whoever reads it.
        guard !request.path.isEmpty else { return nil }
        if let authorization = header("authorization") {
            if isToken(authorization, after: "Bearer ") { return nil }
        } else if request.method == "GET" || request.method == "HEAD", let token = request.query["token"]?.last {
            if isToken(token, after: "") { return nil }
        }
        return .refusal(
            401, "the token is missing or wrong; send the one that was printed: Authorization: Bearer TOKEN")
    }

    private func isToken(_ text: String, after prefix: String) -> Bool {
        let (given, wanted) = (Array(text.utf8), Array((prefix + token).utf8))
        guard given.count == wanted.count else { return false }
        // As long for a wrong first character as for a wrong last one.
        return zip(given, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func isLoopback(_ host: String) -> Bool {
        let name: Substring
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            name = host[...end]
        } else {
            name = host.prefix { $0 != ":" }
        }
        let rest = host[name.endIndex...]
        guard rest.isEmpty || (rest.first == ":" && rest.dropFirst().allSatisfy(\.isNumber)) else { return false }
        return ["localhost", "127.0.0.1", "[::1]"].contains(name.lowercased())
    }
}
