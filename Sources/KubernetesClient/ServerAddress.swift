/// Where an API server is: scheme, host, port and, behind some gateways, a path prefix.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    package var isTLS: Bool
    /// Without the brackets of an IPv6 address.
    package var host: String
    package var port: Int
    /// Empty, or `/prefix` without a slash at its end.
    package var pathPrefix: String

    package init(isTLS: Bool, host: String, port: Int, pathPrefix: String = "") {
        self.isTLS = isTLS
        self.host = host
        self.port = port
        self.pathPrefix = pathPrefix
    }

    /// Reads `https://10.0.0.1:6443/prefix`; nil for what is no http or https URL.
    ///
    /// - Parameter isTLSByDefault: What an address without a scheme means, as `10.0.0.1:6443`.
    package init?(_ url: String, isTLSByDefault: Bool = true) {
        var rest = url[...]
        isTLS = isTLSByDefault
        if let mark = rest.firstRange(of: "://") {
            switch rest[..<mark.lowerBound].lowercased() {
            case "https": isTLS = true
            case "http": isTLS = false
            default: return nil
            }
            rest = rest[mark.upperBound...]
        }
        let authority = rest.prefix { $0 != "/" }
        rest = rest.dropFirst(authority.count)
        guard !url.contains(where: { "?#@ ".contains($0) }) else { return nil }
        pathPrefix = String(rest)
        while pathPrefix.hasSuffix("/") { pathPrefix.removeLast() }
        guard let (host, port) = Self.split(authority) else { return nil }
        self.host = host
        self.port = port ?? (isTLS ? 443 : 80)
    }

    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "[" || $0 == "]" }) else { return nil }
        guard let portText else { return (String(host), nil) }
        guard let port = Int(portText), (1...65_535).contains(port) else { return nil }
        return (String(host), port)
    }

    /// `host:port`, with brackets around an IPv6 address.
    package var authority: String { "\(Self.bracketed(host)):\(port)" }

    package var description: String { "\(isTLS ? "https" : "http")://\(authority)\(pathPrefix)" }

    /// Whether the server is on this machine; such traffic never goes through a proxy of the environment's.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}
