/// Everything that a client must know to reach an API server and be let in.
package struct ClusterConnection: Hashable, Sendable {
    package var server: ServerAddress
    package var tls: TLSMaterial
    /// The name to ask for and to verify in the server's certificate, where it is not the server's host.
    package var tlsServerName: String?
    package var authentication: Authentication
    package var impersonation: Impersonation
    /// Nil takes what the environment says, as client-go does.
    package var proxyURL: String?
    package var disablesCompression: Bool
    /// Where objects belong whose namespace is not said.
    package var namespace: String

    package init(
        server: ServerAddress, tls: TLSMaterial = TLSMaterial(), tlsServerName: String? = nil,
        authentication: Authentication = .none, impersonation: Impersonation = Impersonation(),
        proxyURL: String? = nil, disablesCompression: Bool = false, namespace: String = "default"
    ) {
        self.server = server
        self.tls = tls
        self.tlsServerName = tlsServerName
        self.authentication = authentication
        self.impersonation = impersonation
        self.proxyURL = proxyURL
        self.disablesCompression = disablesCompression
        self.namespace = namespace
    }

    /// How a client proves who it is, beside the certificate in ``tls``.
    package enum Authentication: Hashable, Sendable {
        case none
        case token(String)
        /// A file that is read again once a minute, because its token is rotated; and what to use while it cannot be read.
        case tokenFile(String, fallback: String? = nil)
        case basic(username: String, password: String)
        case exec(ExecPlugin)
    }

    /// Whom a client acts as.
    /// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
    package struct Impersonation: Hashable, Sendable {
        package var user: String?
        package var uid: String?
        package var groups: [String] = []
        package var extra: [String: [String]] = [:]

        package init() {}

        /// The header lines that ask for it.
        var headers: [String] {
            var lines: [String] = []
            if let user { lines.append("Impersonate-User: \(user)") }
            if let uid { lines.append("Impersonate-Uid: \(uid)") }
            lines += groups.map { "Impersonate-Group: \($0)" }
            for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
                lines += values.map { "Impersonate-Extra-\(key): \($0)" }
            }
            return lines
        }
    }

    /// The settings of every transfer to this server.
    var transferSettings: TransferSettings {
        var settings = TransferSettings(tls: tls)
        settings.acceptsCompressedAnswers = !disablesCompression
        if let proxyURL {
            settings.proxy = .url(proxyURL)
        } else if server.isLoopback {
            settings.proxy = .direct
        }
        if let name = verifiedName {
            let place = "\(ServerAddress.bracketed(server.host)):\(server.port)"
            settings.connectTo = "\(ServerAddress.bracketed(name)):\(server.port):\(place)"
        }
        return settings
    }

    /// What URLs of this server begin with. libcurl verifies the name in the URL, so that a `tlsServerName` stands
    /// there in place of the host, which then goes into the header Host.
    var urlPrefix: String {
        guard let name = verifiedName else { return server.description }
        var address = server
        address.host = name
        return address.description
    }

    var hostHeader: String? { verifiedName == nil ? nil : "Host: \(server.authority)" }

    private var verifiedName: String? { server.isTLS && tlsServerName != server.host ? tlsServerName : nil }
}
