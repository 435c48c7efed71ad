package import Kubernetes

/// Clusters, users, and the contexts that pair them, from one kubeconfig file or several merged.
/// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
package struct Kubeconfig: Hashable, Sendable {
    package var clusters: [String: Cluster] = [:]
    package var users: [String: User] = [:]
    package var contexts: [String: Context] = [:]
    /// Empty where none is chosen.
    package var currentContext = ""
    /// The files that it was read from.
    package var files: [String] = []

    package init() {}

    package struct Cluster: Hashable, Sendable {
        package var file: String
        package var server = ""
        package var certificateAuthority: Material?
        package var skipsVerification = false
        package var tlsServerName: String?
        package var proxyURL: String?
        package var disablesCompression = false
        /// The extension `client.authentication.k8s.io/exec`, which credential plugins get.
        package var execConfiguration: JSONValue?

        package init(file: String) { self.file = file }
    }

    package struct User: Hashable, Sendable {
        package var file: String
        package var clientCertificate: Material?
        package var clientKey: Material?
        package var token: String?
        package var tokenFile: String?
        package var username: String?
        package var password: String?
        package var exec: Exec?
        /// The name of an `auth-provider`, which no current client supports.
        package var authProvider: String?
        package var impersonation = ClusterConnection.Impersonation()

        package init(file: String) { self.file = file }
    }

    /// A credential plugin as a kubeconfig describes it.
    package struct Exec: Hashable, Sendable {
        package var plugin: ExecPlugin
        package var wantsClusterInfo = false
        /// `interactiveMode: Always`: it cannot do without a person.
        package var needsTerminal = false
    }

    package struct Context: Hashable, Sendable {
        package var file: String
        package var cluster = ""
        package var user = ""
        package var namespace = ""

        package init(file: String) { self.file = file }
    }

    /// A certificate or key: in the file itself, or in another.
    package enum Material: Hashable, Sendable {
        case inline([UInt8])
        /// An absolute path, if the kubeconfig's own was.
        case file(String)
    }

    /// The files as one, in the order of `KUBECONFIG`: the first to define a name defines all of it, and the first
    /// that chooses a context chooses it.
    package static func merging(_ configurations: [Kubeconfig]) -> Kubeconfig {
        var merged = Kubeconfig()
        for configuration in configurations {
            merged.clusters.merge(configuration.clusters) { first, _ in first }
            merged.users.merge(configuration.users) { first, _ in first }
            merged.contexts.merge(configuration.contexts) { first, _ in first }
            if merged.currentContext.isEmpty { merged.currentContext = configuration.currentContext }
            merged.files += configuration.files
        }
        return merged
    }

    /// Whether it says nothing, so that a pod may use its service account.
    package var isEmpty: Bool { clusters.isEmpty && users.isEmpty && contexts.isEmpty && currentContext.isEmpty }
}
