import Foundation
import NIOCore
import NIOSSL
package import Wire

/// The API server behind a proxy, and how to be let in there.
package struct Upstream: Sendable {
    /// `https://host:port`, with a path in front of the API's own where the server has one.
    package var server: String
    /// The roots, in PEM, by which the server's certificate is verified; nil is the system's.
    package var authorityPEM: String?
    /// The name that the certificate must be for, where it is not the address's.
    package var tlsServerName: String?
    /// Whether the server's certificate is looked at; no only where a kubeconfig says so.
    package var verifiesCertificate: Bool
    /// The proxy's own certificate as a client.
    package var identity: TLSIdentity?
    /// Gives the value of the header Authorization, asked for each request, because tokens expire. Nil sends none.
    package var authorization: @Sendable () -> String?

    package init(
        server: String, authorityPEM: String? = nil, tlsServerName: String? = nil, verifiesCertificate: Bool = true,
        identity: TLSIdentity? = nil, authorization: @escaping @Sendable () -> String? = { nil }
    ) {
        self.server = server
        self.authorityPEM = authorityPEM
        self.tlsServerName = tlsServerName
        self.verifiesCertificate = verifiesCertificate
        self.identity = identity
        self.authorization = authorization
    }
}

/// An ``Upstream`` made ready to be connected to.
struct UpstreamRoute: Sendable {
    let host: String
    let port: Int
    /// The header Host.
    let authority: String
    /// Stands before each request's path; empty, or begins with a slash and ends with none.
    let basePath: String
    let authorization: @Sendable () -> String?
    private let tls: NIOSSLContext?
    /// For SNI and verification; nil where the server is reached by its IP address.
    private let tlsServerName: String?

    /// - Throws: ``ProxyError`` where the address or a certificate cannot be read.
    init(_ upstream: Upstream) throws {
        guard let url = URLComponents(string: upstream.server), let host = url.host, !host.isEmpty,
            url.scheme == "https" || url.scheme == "http"
        else {
            throw ProxyError(
                code: .badAddress, message: "\"\(upstream.server)\" is no server's URL; write https://host:port")
        }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.host = bare
        port = url.port ?? (url.scheme == "https" ? 443 : 80)
        authority = (bare.contains(":") ? "[\(bare)]" : bare) + (url.port.map { ":\($0)" } ?? "")
        basePath = String(url.percentEncodedPath.reversed().drop { $0 == "/" }.reversed())
        authorization = upstream.authorization
        tls = url.scheme == "https" ? try Self.makeContext(upstream) : nil
        let name = upstream.tlsServerName ?? bare
        tlsServerName = (try? SocketAddress(ipAddress: name, port: 0)) == nil ? name : nil
    }

    private static func makeContext(_ upstream: Upstream) throws -> NIOSSLContext {
        do {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.applicationProtocols = ["http/1.1"]
            tls.shutdownTimeout = .seconds(1)
            if let roots = upstream.authorityPEM {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(roots.utf8)))
            }
            if !upstream.verifiesCertificate { tls.certificateVerification = .none }
            if let identity = upstream.identity {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8))
                    .map { .certificate($0) }
                tls.privateKey = .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(identity.privateKeyPEM.utf8), format: .pem))
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw ProxyError(
                code: .badIdentity, message: "cannot use the certificates for \(upstream.server): \(error)")
        }
    }

    /// A handler for a new connection; nil where the server speaks plain HTTP.
    func makeTLSHandler() throws -> NIOSSLClientHandler? {
        try tls.map { try NIOSSLClientHandler(context: $0, serverHostname: tlsServerName) }
    }
}
