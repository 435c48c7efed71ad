import Foundation

extension ReverseProxy {
    /// A kubeconfig by which any client reaches the server through this proxy: the proxy's address, its root and its
    /// token, under one name.
    /// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
    package func kubeconfig(context: String = "boreas", namespace: String? = nil) -> String {
        let name = Self.quoted(context)
        let root = Data(authorityPEM.utf8).base64EncodedString()
        let namespaceLine = namespace.map { "    namespace: \(Self.quoted($0))\n" } ?? ""
        return """
            apiVersion: v1
            kind: Config
            current-context: \(name)
            clusters:
            - name: \(name)
              cluster:
                server: \(server)
                certificate-authority-data: \(root)
            users:
            - name: \(name)
              user:
                token: \(Self.quoted(token))
            contexts:
            - name: \(name)
              context:
                cluster: \(name)
                user: \(name)
            \(namespaceLine)preferences: {}

            """
    }

    /// A YAML scalar that is a string whatever it holds.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }
}
