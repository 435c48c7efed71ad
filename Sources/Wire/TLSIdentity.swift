/// A certificate and the key to it, as a kubeconfig or a TLS server takes them.
package struct TLSIdentity: Hashable, Sendable {
    /// The certificate, and after it those that lead to the root, in PEM.
    package var certificatePEM: String
    /// The private key, in PEM.
    package var privateKeyPEM: String

    package init(certificatePEM: String, privateKeyPEM: String) {
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }
}
