import NIOHTTP1

extension HTTPHeaders {
    /// Fields that concern one connection and not the message (RFC 9110, 7.6.1). Transfer-Encoding is left in: it frames
    /// the body, and NIO's encoders read it.
    private static let hopByHop = ["keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te"]

    /// Removes what was meant for the proxy's end of the connection alone.
    mutating func removeHopByHop() {
        if contains(name: "connection") {
            for option in self[canonicalForm: "connection"] where option.lowercased() != "transfer-encoding" {
                remove(name: String(option))
            }
            remove(name: "connection")
        }
        for name in Self.hopByHop where contains(name: name) { remove(name: name) }
    }

    /// The protocol that a request asks to switch to, or an answer agrees to.
    var upgradeProtocol: String? {
        guard self[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }) else { return nil }
        return first(name: "upgrade")
    }
}
