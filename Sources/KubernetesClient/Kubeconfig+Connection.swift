import FoundationEssentials
import Kubernetes

extension Kubeconfig {
    /// Gives the bytes of a file; nil where there is none.
    package typealias FileReader = (String) throws(KubeconfigError) -> [UInt8]?

    /// The connection that a context describes, with the files that it names read.
    ///
    /// - Parameter name: The context; nil takes the current one.
    package func connection(
        context name: String? = nil, readFile: FileReader
    ) throws(KubeconfigError) -> ClusterConnection {
        let (name, context) = try self.context(name)
        guard let cluster = clusters[context.cluster] else {
            throw KubeconfigError(
                place: context.file,
                message: "context \"\(name)\" names the cluster \"\(context.cluster)\", which does not exist",
                mend: Self.choices(clusters.keys, "the clusters are"))
        }
        let server = try cluster.address(context.cluster)
        var connection = ClusterConnection(server: server)
        connection.tls = try cluster.tls(context.cluster, readFile)
        connection.tlsServerName = cluster.tlsServerName
        connection.proxyURL = cluster.proxyURL
        connection.disablesCompression = cluster.disablesCompression
        if !context.namespace.isEmpty { connection.namespace = context.namespace }
        guard !context.user.isEmpty else { return connection }
        guard let user = users[context.user] else {
            throw KubeconfigError(
                place: context.file,
                message: "context \"\(name)\" names the user \"\(context.user)\", who does not exist",
                mend: Self.choices(users.keys, "the users are"))
        }
        connection.impersonation = user.impersonation
        // Credentials never go over an unprotected connection.
        guard server.isTLS else { return connection }
        try user.addIdentity(to: &connection, context.user, cluster, readFile)
        return connection
    }

    private func context(_ wanted: String?) throws(KubeconfigError) -> (String, Context) {
        let place = files.joined(separator: ":")
        let name = wanted ?? currentContext
        guard !name.isEmpty else {
            throw KubeconfigError(
                place: place, message: "no context is chosen, and there is no current-context",
                mend: "name one with --context; " + Self.choices(contexts.keys, "the contexts are"))
        }
        guard let context = contexts[name] else {
            throw KubeconfigError(
                place: place, message: "context \"\(name)\" does not exist",
                mend: Self.choices(contexts.keys, "the contexts are"))
        }
        return (name, context)
    }

    private static func choices(_ names: some Collection<String>, _ words: String) -> String {
        names.isEmpty ? "there are none" : "\(words) \(names.sorted().joined(separator: ", "))"
    }
}

extension Kubeconfig.Material {
    fileprivate func bytes(
        _ what: String, _ kubeconfig: String, _ readFile: Kubeconfig.FileReader
    ) throws(KubeconfigError) -> [UInt8] {
        switch self {
        case .inline(let bytes): return bytes
        case .file(let path):
            guard let bytes = try readFile(path) else {
                throw KubeconfigError(
                    place: kubeconfig, message: "\(what) names the file \(path), which does not exist",
                    mend: "correct the path, or put the content into the kubeconfig (kubectl config view --flatten)")
            }
            return bytes
        }
    }
}

extension Kubeconfig.Cluster {
    fileprivate func address(_ name: String) throws(KubeconfigError) -> ServerAddress {
        guard !server.isEmpty else {
            throw KubeconfigError(
                place: file, message: "cluster \"\(name)\" has no server",
                mend: "set it: kubectl config set-cluster \(name) --server=https://…")
        }
        // Without a scheme, an address is one of https where anything is said about TLS (client-go, DefaultServerURL).
        let isTLSByDefault = certificateAuthority != nil || skipsVerification
        guard let address = ServerAddress(server, isTLSByDefault: isTLSByDefault) else {
            throw KubeconfigError(
                place: file, message: "cluster \"\(name)\" has the server \"\(server)\", which is no http or https URL",
                mend: "write it as https://host:port")
        }
        return address
    }

    fileprivate func tls(
        _ name: String, _ readFile: Kubeconfig.FileReader
    ) throws(KubeconfigError) -> TLSMaterial {
        guard !skipsVerification || certificateAuthority == nil else {
            throw KubeconfigError(
                place: file,
                message: "cluster \"\(name)\" has a certificate-authority and insecure-skip-tls-verify",
                mend: "remove one of them")
        }
        let authority = try certificateAuthority?.bytes("certificate-authority of cluster \"\(name)\"", file, readFile)
        return TLSMaterial(certificateAuthority: authority, skipsVerification: skipsVerification)
    }

    /// What a plugin is told, as `client.authentication.k8s.io/v1` Cluster.
    fileprivate func execInfo(_ tls: TLSMaterial) -> JSONObject {
        var info: JSONObject = ["server": .string(server)]
        if let tlsServerName { info["tls-server-name"] = .string(tlsServerName) }
        if skipsVerification { info["insecure-skip-tls-verify"] = true }
        if let authority = tls.certificateAuthority {
            info["certificate-authority-data"] = .string(Data(authority).base64EncodedString())
        }
        if let proxyURL { info["proxy-url"] = .string(proxyURL) }
        if disablesCompression { info["disable-compression"] = true }
        if let execConfiguration { info["config"] = execConfiguration }
        return info
    }
}

extension Kubeconfig.User {
    fileprivate func addIdentity(
        to connection: inout ClusterConnection, _ name: String, _ cluster: Kubeconfig.Cluster,
        _ readFile: Kubeconfig.FileReader
    ) throws(KubeconfigError) {
        guard (clientCertificate == nil) == (clientKey == nil) else {
            throw failure(
                "user \"\(name)\" has a client certificate or a client key, but not both", mend: "add the other")
        }
        connection.tls.clientCertificate = try clientCertificate?.bytes(
            "client-certificate of user \"\(name)\"", file, readFile)
        connection.tls.clientKey = try clientKey?.bytes("client-key of user \"\(name)\"", file, readFile)
        connection.authentication = try authentication(name, cluster, connection.tls)
    }

    private func authentication(
        _ name: String, _ cluster: Kubeconfig.Cluster, _ tls: TLSMaterial
    ) throws(KubeconfigError) -> ClusterConnection.Authentication {
        let hasToken = token != nil || tokenFile != nil
        guard !hasToken || username == nil else {
            throw failure("user \"\(name)\" has a token and a username", mend: "remove one of them")
        }
        if let tokenFile { return .tokenFile(tokenFile, fallback: token) }
        if let token { return .token(token) }
        if let username { return .basic(username: username, password: password ?? "") }
        if let exec {
            guard !exec.needsTerminal else {
                throw failure(
                    "user \"\(name)\" has the credential plugin \(exec.plugin.command), which has to ask a person",
                    mend: "set its interactiveMode to IfAvailable, or use a token")
            }
            var plugin = exec.plugin
            if exec.wantsClusterInfo { plugin.cluster = cluster.execInfo(tls) }
            return .exec(plugin)
        }
        if let authProvider {
            throw failure(
                "user \"\(name)\" has the auth-provider \"\(authProvider)\", which Kubernetes has removed",
                mend: "use the provider's exec plugin, or a token")
        }
        return .none
    }

    private func failure(_ message: String, mend: String) -> KubeconfigError {
        KubeconfigError(place: file, message: message, mend: mend)
    }
}
