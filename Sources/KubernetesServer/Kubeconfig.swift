/// The text of a kubeconfig with one cluster, one user and one context.
/// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
struct Kubeconfig {
    var server: String
    var certificateAuthorityPEM: String
    var token: String
    var namespace: String

    var yaml: String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: boreas
          cluster:
            server: \(Self.quoted(server))
            certificate-authority-data: \(Base64.encode(certificateAuthorityPEM.utf8))
        users:
        - name: boreas
          user:
            token: \(Self.quoted(token))
        contexts:
        - name: boreas
          context:
            cluster: boreas
            user: boreas
            namespace: \(Self.quoted(namespace))
        current-context: boreas

        """
    }

    /// A double-quoted YAML scalar (YAML 1.2 §7.3.1).
    private static func quoted(_ text: String) -> String {
        "\"" + text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }
}
