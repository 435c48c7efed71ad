import FoundationEssentials

/// Finds and reads the kubeconfig that kubectl would use.
package struct KubeconfigLoader {
    /// The flag `--kubeconfig`; it stands alone.
    package var explicitPath: String?
    package var environment: [String: String]
    package var readFile: Kubeconfig.FileReader

    package init(
        explicitPath: String? = nil, environment: [String: String],
        readFile: @escaping Kubeconfig.FileReader = KubeconfigLoader.readFromDisk
    ) {
        self.explicitPath = explicitPath
        self.environment = environment
        self.readFile = readFile
    }

    /// Where a kubeconfig is looked for: the path that was named, else `KUBECONFIG`'s list, else the home directory.
    package var paths: [String] {
        if let explicitPath { return [explicitPath] }
        let list = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        guard list.isEmpty else {
            var seen: Set<String> = []
            return list.filter { seen.insert($0).inserted }
        }
        return environment["HOME"].map { ["\($0)/.kube/config"] } ?? []
    }

    /// Reads and merges the files. One that is missing is passed over, unless it was named explicitly.
    package func load() throws(KubeconfigError) -> Kubeconfig {
        var found: [Kubeconfig] = []
        for path in paths {
            guard let bytes = try readFile(path) else {
                guard explicitPath == nil else {
                    throw KubeconfigError(
                        place: path, message: "the kubeconfig does not exist", mend: "correct --kubeconfig")
                }
                continue
            }
            found.append(try Kubeconfig(yaml: String(decoding: bytes, as: UTF8.self), file: path))
        }
        return .merging(found)
    }

    /// The connection of a context, or, where there is no kubeconfig and none was asked for, that of the pod that this
    /// process runs in.
    package func connection(context: String? = nil) throws(KubeconfigError) -> ClusterConnection {
        let kubeconfig = try load()
        guard kubeconfig.isEmpty else { return try kubeconfig.connection(context: context, readFile: readFile) }
        let isInCluster = environment["KUBERNETES_SERVICE_HOST"] != nil
        guard explicitPath == nil, context == nil, isInCluster else {
            throw KubeconfigError(
                place: paths.joined(separator: ":"), message: "there is no kubeconfig, or an empty one",
                mend: "name one with --kubeconfig, or set KUBECONFIG")
        }
        return try .inCluster(environment: environment, readFile: readFile)
    }

    /// Reads a file; nil where there is none.
    package static func readFromDisk(_ path: String) throws(KubeconfigError) -> [UInt8]? {
        if let data = FileManager.default.contents(atPath: path) { return Array(data) }
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        throw KubeconfigError(
            place: path, message: "the file cannot be read", mend: "check its permissions, and that it is a file")
    }
}

extension ClusterConnection {
    private static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The connection of a pod by its service account.
    /// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    package static func inCluster(
        environment: [String: String], readFile: Kubeconfig.FileReader
    ) throws(KubeconfigError) -> ClusterConnection {
        func failure(_ message: String, _ mend: String) -> KubeconfigError {
            KubeconfigError(place: serviceAccount, message: message, mend: mend)
        }
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ Int($0) })
        else {
            throw failure(
                "this process is not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set",
                "name a kubeconfig with --kubeconfig")
        }
        let tokenPath = "\(serviceAccount)/token"
        guard try readFile(tokenPath) != nil else {
            throw failure("the pod has no service account token", "set automountServiceAccountToken to true")
        }
        guard let authority = try readFile("\(serviceAccount)/ca.crt") else {
            throw failure("the pod has no ca.crt", "set automountServiceAccountToken to true")
        }
        let namespace = try readFile("\(serviceAccount)/namespace").map { String(decoding: $0, as: UTF8.self) }
        return ClusterConnection(
            server: ServerAddress(isTLS: true, host: host, port: port),
            tls: TLSMaterial(certificateAuthority: authority), authentication: .tokenFile(tokenPath),
            namespace: namespace?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "default")
    }
}
