import Crypto
import Foundation
import SwiftASN1
import X509

/// A root made at run time, which vouches for the servers and clients of one process (P-256, valid for a year).
///
/// Its key never leaves memory: whoever trusts the root trusts this process alone.
package struct CertificateAuthority: Sendable {
    /// The root certificate, for clients to verify by.
    package let certificatePEM: String

    private let key: Certificate.PrivateKey
    private let name: DistinguishedName
    private let validity: Range<Date>
    /// Tells roots of the same name apart: without it, one that is out of date is "a bad signature", and not unknown.
    private let keyIdentifier: AuthorityKeyIdentifier

    /// - Parameter name: The root's common name, as tools print it.
    package init(name: String = "boreas") throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        self.key = key
        self.name = try DistinguishedName { CommonName(name) }
        // An hour back: a client whose clock is a little behind must not find the certificate in its future.
        let now = Date()
        validity = now.addingTimeInterval(-3600)..<now.addingTimeInterval(365 * 86400)
        keyIdentifier = AuthorityKeyIdentifier(
            keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier)
        let root = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound, issuer: self.name,
            subject: self.name,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
        certificatePEM = try root.serializeAsPEM().pemString + "\n"
    }

    /// A certificate for a server that is reached under the given DNS names and IP addresses.
    package func issueServerIdentity(
        names: [String] = ["localhost", "127.0.0.1", "::1"]
    ) throws -> TLSIdentity {
        let alternatives = try names.map { name throws -> GeneralName in
            guard let address = Self.addressBytes(name) else { return .dnsName(name) }
            return .ipAddress(ASN1OctetString(contentBytes: address[...]))
        }
        return try issue(
            to: DistinguishedName { CommonName(names.first ?? "localhost") },
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                keyIdentifier
                SubjectAlternativeNames(alternatives)
            })
    }

    /// A certificate for a client, which a Kubernetes server takes to be `user` in `groups`.
    /// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
    package func issueClientIdentity(user: String, groups: [String] = []) throws -> TLSIdentity {
        try issue(
            to: DistinguishedName {
                for group in groups { OrganizationName(group) }
                CommonName(user)
            },
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.clientAuth])
                keyIdentifier
            })
    }

    private func issue(to subject: DistinguishedName, extensions: Certificate.Extensions) throws -> TLSIdentity {
        let leafKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: leafKey.publicKey,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound, issuer: name,
            subject: subject, extensions: extensions, issuerPrivateKey: key)
        return TLSIdentity(
            certificatePEM: try leaf.serializeAsPEM().pemString + "\n",
            privateKeyPEM: try leafKey.serializeAsPEM().pemString + "\n")
    }

    /// The bytes of an IPv4 or IPv6 address in text, nil for anything else.
    private static func addressBytes(_ text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: &v4) { Array($0) } }
        var v6 = in6_addr()
        if inet_pton(AF_INET6, text, &v6) == 1 { return withUnsafeBytes(of: &v6) { Array($0) } }
        return nil
    }
}
