package import FaultProxy
import Kubernetes
package import KubernetesClient
import Synchronization
import Wire

/// Lets a fault proxy into the server that a client reaches, with the client's own credentials, renewed as they age.
package final class UpstreamAccess: Sendable {
    private let connection: ClusterConnection
    private let client: ClusterClient
    private let credentials: Mutex<Credentials>

    /// How often the credentials are looked at again: half of a token file's period in client-go.
    private static let period = Duration.seconds(30)

    /// - Throws: `APIError` where the credentials are not to be had.
    package init(_ connection: ClusterConnection, _ client: ClusterClient) async throws {
        self.connection = connection
        self.client = client
        credentials = Mutex(try await client.credentials())
    }

    package var upstream: Upstream {
        let first = credentials.withLock { $0 }
        let certificate = first.clientCertificate ?? connection.tls.clientCertificate
        let key = first.clientKey ?? connection.tls.clientKey
        var identity: TLSIdentity?
        if let certificate, let key {
            identity = TLSIdentity(
                certificatePEM: String(decoding: certificate, as: UTF8.self),
                privateKeyPEM: String(decoding: key, as: UTF8.self))
        }
        return Upstream(
            server: "\(connection.server)",
            authorityPEM: connection.tls.certificateAuthority.map { String(decoding: $0, as: UTF8.self) },
            tlsServerName: connection.tlsServerName, verifiesCertificate: !connection.tls.skipsVerification,
            identity: identity, authorization: { [self] in credentials.withLock { $0.authorization } })
    }

    /// Renews the credentials while `body` runs; those that cannot be renewed stay as they are.
    package func keepingFresh<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.period)
                    guard let fresh = try? await self.client.credentials() else { continue }
                    self.credentials.withLock { $0 = fresh }
                }
            }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}
