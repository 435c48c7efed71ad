package import Kubernetes

/// A command that prints credentials, as cloud providers ship them.
/// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
package struct ExecPlugin: Hashable, Sendable {
    /// A name to look up in `PATH`, or an absolute path.
    package var command: String
    package var arguments: [String]
    /// Added to the environment that this process has.
    package var environment: [String: String]
    /// `client.authentication.k8s.io/v1`, or `…/v1beta1`.
    package var apiVersion: String
    /// What the plugin is told of the cluster, where it asked for it.
    package var cluster: JSONObject?
    /// Printed where the command cannot be run.
    package var installHint: String

    package init(
        command: String, arguments: [String] = [], environment: [String: String] = [:],
        apiVersion: String = "client.authentication.k8s.io/v1", cluster: JSONObject? = nil, installHint: String = ""
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.apiVersion = apiVersion
        self.cluster = cluster
        self.installHint = installHint
    }

    /// The value of `KUBERNETES_EXEC_INFO`. No plugin may ask a person: a trial has nobody to ask.
    package var input: JSONObject {
        var spec: JSONObject = ["interactive": false]
        if let cluster { spec["cluster"] = .object(cluster) }
        return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": .object(spec)]
    }
}

/// What a plugin printed.
package struct ExecCredential: Hashable, Sendable {
    package var token: String?
    package var clientCertificate: [UInt8]?
    package var clientKey: [UInt8]?
    /// Nil where it lasts as long as the process.
    package var expires: Timestamp?

    /// Reads an `ExecCredential` object.
    package init(parsing output: some Collection<UInt8>, apiVersion: String) throws(CredentialError) {
        guard let json = (try? JSONValue(parsing: output))?.object else {
            throw CredentialError("the plugin's output is not a JSON object")
        }
        guard json["kind"]?.string == "ExecCredential", json["apiVersion"]?.string == apiVersion else {
            let found = "\(json["apiVersion"]?.string ?? "none") \(json["kind"]?.string ?? "none")"
            throw CredentialError("the plugin printed \(found), not \(apiVersion) ExecCredential")
        }
        guard let status = json["status"]?.object else { throw CredentialError("the plugin's output has no status") }
        token = status["token"]?.string
        clientCertificate = status["clientCertificateData"]?.string.map { Array($0.utf8) }
        clientKey = status["clientKeyData"]?.string.map { Array($0.utf8) }
        guard token != nil || clientCertificate != nil else {
            throw CredentialError("the plugin printed neither a token nor a client certificate")
        }
        guard (clientCertificate == nil) == (clientKey == nil) else {
            throw CredentialError("the plugin printed a client certificate without its key, or a key without it")
        }
        if let text = status["expirationTimestamp"]?.string {
            guard let time = Timestamp(rfc3339: text) else {
                throw CredentialError("the plugin's expirationTimestamp \"\(text)\" is no RFC 3339 time")
            }
            expires = time
        }
    }

    package func isFresh(at now: Timestamp) -> Bool { expires.map { now < $0 } ?? true }
}

/// Why there are no credentials to send with a request.
package struct CredentialError: Error, Hashable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
}
