import FoundationEssentials
import Kubernetes
import Yams

extension Kubeconfig {
    /// Reads one file's text. Paths in it are taken relative to the file's directory; unknown members are ignored, as
    /// kubectl ignores them.
    ///
    /// - Parameter file: The file's path, for errors and relative paths.
    package init(yaml: String, file: String) throws(KubeconfigError) {
        self.init()
        files = [file]
        let node: Node?
        do {
            node = try Yams.compose(yaml: yaml)
        } catch {
            throw KubeconfigError(
                place: file, message: "not YAML: \(error)", mend: "correct the file, or name another with --kubeconfig")
        }
        guard let node, !Self.isNull(node) else { return }
        let root = try KubeconfigNode(node: node, name: "the file", file: file).requireMapping()
        for (name, entry) in try root.named("clusters", "cluster") { clusters[name] = try Cluster(entry) }
        for (name, entry) in try root.named("users", "user") { users[name] = try User(entry) }
        for (name, entry) in try root.named("contexts", "context") { contexts[name] = try Context(entry) }
        currentContext = try root.string("current-context") ?? ""
    }

    fileprivate static func isNull(_ node: Node) -> Bool { node.null != nil }
}

extension Kubeconfig.Cluster {
    fileprivate init(_ node: KubeconfigNode) throws(KubeconfigError) {
        self.init(file: node.file)
        server = try node.string("server") ?? ""
        certificateAuthority = try node.material("certificate-authority")
        skipsVerification = try node.bool("insecure-skip-tls-verify") ?? false
        tlsServerName = try node.string("tls-server-name")
        proxyURL = try node.string("proxy-url")
        disablesCompression = try node.bool("disable-compression") ?? false
        for (name, entry) in try node.named("extensions", "extension")
        where name == "client.authentication.k8s.io/exec" {
            execConfiguration = entry.json
        }
    }
}

extension Kubeconfig.User {
    fileprivate init(_ node: KubeconfigNode) throws(KubeconfigError) {
        self.init(file: node.file)
        clientCertificate = try node.material("client-certificate")
        clientKey = try node.material("client-key")
        token = try node.string("token")
        tokenFile = try node.string("tokenFile").map { node.resolve($0) }
        username = try node.string("username")
        password = try node.string("password")
        if let exec = try node.mapping("exec") { self.exec = try Kubeconfig.Exec(exec) }
        if let provider = try node.mapping("auth-provider") { authProvider = try provider.string("name") ?? "" }
        impersonation.user = try node.string("act-as")
        impersonation.uid = try node.string("act-as-uid")
        impersonation.groups = try node.strings("act-as-groups")
        if let extra = try node.mapping("act-as-user-extra") {
            for key in extra.keys { impersonation.extra[key] = try extra.strings(key) }
        }
    }
}

extension Kubeconfig.Exec {
    fileprivate init(_ node: KubeconfigNode) throws(KubeconfigError) {
        let version = try node.string("apiVersion") ?? ""
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(version) else {
            throw node.failure(
                "apiVersion of the exec plugin is \"\(version)\"",
                mend: "use one of \(versions.joined(separator: ", "))")
        }
        guard let command = try node.string("command") else {
            throw node.failure("the exec plugin has no command", mend: "name the command to run")
        }
        let mode = try node.string("interactiveMode") ?? (version == versions[0] ? "" : "IfAvailable")
        guard ["Never", "IfAvailable", "Always"].contains(mode) else {
            throw node.failure(
                "interactiveMode of the exec plugin is \"\(mode)\"", mend: "use Never, IfAvailable or Always")
        }
        var environment: [String: String] = [:]
        for (name, entry) in try node.named("env", nil) { environment[name] = try entry.string("value") ?? "" }
        plugin = ExecPlugin(
            // A bare name is looked up in PATH; a path is taken from the file's directory.
            command: command.contains("/") ? node.resolve(command) : command, arguments: try node.strings("args"),
            environment: environment, apiVersion: version, installHint: try node.string("installHint") ?? "")
        wantsClusterInfo = try node.bool("provideClusterInfo") ?? false
        needsTerminal = mode == "Always"
    }
}

extension Kubeconfig.Context {
    fileprivate init(_ node: KubeconfigNode) throws(KubeconfigError) {
        self.init(file: node.file)
        cluster = try node.string("cluster") ?? ""
        user = try node.string("user") ?? ""
        namespace = try node.string("namespace") ?? ""
    }
}

/// A node of a kubeconfig's YAML that knows where it stands.
private struct KubeconfigNode {
    var node: Node
    /// The member that it is the value of.
    var name: String
    var file: String

    var keys: [String] { node.mapping?.keys.compactMap(\.string).sorted() ?? [] }

    func failure(_ message: String, mend: String) -> KubeconfigError {
        let place = node.mark.map { "\(file):\($0.line):\($0.column)" } ?? file
        return KubeconfigError(place: place, message: message, mend: mend)
    }

    private func member(_ key: String) -> KubeconfigNode? {
        guard let value = node.mapping?[key], !Kubeconfig.isNull(value) else { return nil }
        return KubeconfigNode(node: value, name: key, file: file)
    }

    func requireMapping() throws(KubeconfigError) -> KubeconfigNode {
        guard node.mapping != nil else {
            throw failure("\(name) is no mapping", mend: "write members as \"key: value\"")
        }
        return self
    }

    func mapping(_ key: String) throws(KubeconfigError) -> KubeconfigNode? { try member(key)?.requireMapping() }

    /// An absent member and an empty text are the same to kubectl.
    func string(_ key: String) throws(KubeconfigError) -> String? {
        guard let value = member(key) else { return nil }
        guard let text = value.node.scalar?.string else {
            throw value.failure("\(key) is no text", mend: "write one value after \"\(key):\"")
        }
        return text.isEmpty ? nil : text
    }

    func bool(_ key: String) throws(KubeconfigError) -> Bool? {
        guard let value = member(key) else { return nil }
        guard let bool = value.node.bool else {
            throw value.failure("\(key) is neither true nor false", mend: "write \"\(key): true\" or leave it out")
        }
        return bool
    }

    func strings(_ key: String) throws(KubeconfigError) -> [String] {
        try elements(key).map { element throws(KubeconfigError) in
            guard let text = element.node.scalar?.string else {
                throw element.failure("an element of \(key) is no text", mend: "write \"- value\"")
            }
            return text
        }
    }

    private func elements(_ key: String) throws(KubeconfigError) -> [KubeconfigNode] {
        guard let value = member(key) else { return [] }
        guard let sequence = value.node.sequence else {
            throw value.failure("\(key) is no list", mend: "write its elements as \"- …\"")
        }
        return sequence.map { KubeconfigNode(node: $0, name: key, file: file) }
    }

    /// The elements of a list of `{name, <content>}`, the first of each name; without a content member, the elements
    /// themselves.
    func named(
        _ key: String, _ content: String?
    ) throws(KubeconfigError) -> [(name: String, content: KubeconfigNode)] {
        var names: Set<String> = []
        var result: [(String, KubeconfigNode)] = []
        for element in try elements(key) {
            let element = try element.requireMapping()
            guard let name = try element.string("name") else {
                throw element.failure("an element of \(key) has no name", mend: "give it one")
            }
            guard names.insert(name).inserted else { continue }
            if let content {
                let empty = KubeconfigNode(node: Node([(Node, Node)]()), name: content, file: file)
                result.append((name, try element.mapping(content) ?? empty))
            } else {
                result.append((name, element))
            }
        }
        return result
    }

    /// `key-data` in base64, or else `key` as a path.
    func material(_ key: String) throws(KubeconfigError) -> Kubeconfig.Material? {
        if let text = try string("\(key)-data") {
            guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
                throw failure("\(key)-data is not base64", mend: "encode the PEM text as base64, in one line")
            }
            return .inline(Array(data))
        }
        return try string(key).map { .file(resolve($0)) }
    }

    func resolve(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    var json: JSONValue {
        if let mapping = node.mapping {
            let members = mapping.compactMap { key, value in
                key.string.map { ($0, KubeconfigNode(node: value, name: $0, file: file).json) }
            }
            return .object(JSONObject(uniqueKeysWithValues: members))
        }
        if let sequence = node.sequence {
            return .array(sequence.map { KubeconfigNode(node: $0, name: name, file: file).json })
        }
        if Kubeconfig.isNull(node) { return .null }
        if let bool = node.bool { return .bool(bool) }
        if let integer = node.int { return .integer(Int64(integer)) }
        if let number = node.float, number.isFinite { return .number(number) }
        return .string(node.scalar?.string ?? "")
    }
}
