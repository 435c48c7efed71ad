import Kubernetes
import KubernetesClient
import Testing

struct KubeconfigTests {
    private static let ca = "Q0E="
    private static let first = """
        apiVersion: v1
        kind: Config
        current-context: ""
        clusters:
        - name: one
          cluster: {server: "https://one.example:6443", certificate-authority: pki/ca.crt}
        - name: shared
          cluster: {server: "https://first.example"}
        users:
        - name: jane
          user: {client-certificate: jane.crt, client-key: /abs/jane.key}
        contexts:
        - name: one
          context: {cluster: one, user: jane, namespace: team}
        """
    private static let second = """
        current-context: two
        clusters:
        - name: shared
          cluster: {server: "https://second.example", insecure-skip-tls-verify: true}
        users:
        - {name: bob, user: {token: t0k3n}}
        contexts:
        - {name: two, context: {cluster: shared, user: bob}}
        - {name: one, context: {cluster: shared, user: bob}}
        """

    private static func files(_ files: [String: String]) -> Kubeconfig.FileReader {
        { path in files[path].map { Array($0.utf8) } }
    }

    private func loader(
        explicitPath: String? = nil, _ environment: [String: String], _ files: [String: String]
    ) -> KubeconfigLoader {
        KubeconfigLoader(explicitPath: explicitPath, environment: environment, readFile: Self.files(files))
    }

    private func connection(
        _ yaml: String, context: String? = nil, files: [String: String] = [:]
    ) throws -> ClusterConnection {
        try Kubeconfig(yaml: yaml, file: "/home/a/.kube/config").connection(
            context: context, readFile: Self.files(files))
    }

    private func failure(_ body: () throws -> some Any) throws -> KubeconfigError {
        try #require(throws: KubeconfigError.self) { _ = try body() }
    }

    /// A kubeconfig of one context, with the given members of its cluster and user.
    private static func single(cluster: String = "server: https://a", user: String = "token: t") -> String {
        """
        current-context: c
        clusters: [{name: k, cluster: {\(cluster)}}]
        users: [{name: u, user: {\(user)}}]
        contexts: [{name: c, context: {cluster: k, user: u}}]
        """
    }

    @Test("of several files, the first to define a name defines all of it, and the first to choose chooses")
    func merging() throws {
        let kubeconfig = try loader(
            ["KUBECONFIG": "/a/config:/missing:/b/config:/a/config", "HOME": "/home/a"],
            ["/a/config": Self.first, "/b/config": Self.second, "/home/a/.kube/config": Self.single()]
        ).load()
        #expect(kubeconfig.files == ["/a/config", "/b/config"])
        #expect(kubeconfig.currentContext == "two")
        #expect(kubeconfig.clusters["shared"]?.server == "https://first.example")
        #expect(kubeconfig.clusters["shared"]?.skipsVerification == false, "no field comes from the second")
        #expect(kubeconfig.contexts["one"]?.user == "jane")
        #expect(kubeconfig.contexts.keys.sorted() == ["one", "two"])
    }

    @Test("the flag stands alone, before KUBECONFIG, before the home directory")
    func precedence() throws {
        let files = ["/f": Self.second, "/k": Self.first, "/home/a/.kube/config": Self.single()]
        let environment = ["KUBECONFIG": "/k", "HOME": "/home/a"]
        #expect(try loader(explicitPath: "/f", environment, files).load().files == ["/f"])
        #expect(try loader(environment, files).load().files == ["/k"])
        #expect(try loader(["HOME": "/home/a", "KUBECONFIG": ""], files).load().files == ["/home/a/.kube/config"])
        let error = try failure { try loader(explicitPath: "/none", environment, files).load() }
        #expect(error.description.contains("/none"))
    }

    @Test("relative paths start at the file that holds them")
    func relativePaths() throws {
        let files = [
            "/k/config": Self.first, "/k/pki/ca.crt": "CA", "/k/jane.crt": "CERT", "/abs/jane.key": "KEY",
        ]
        let connection = try loader(["KUBECONFIG": "/k/config"], files).connection(context: "one")
        #expect(connection.tls.certificateAuthority == Array("CA".utf8))
        #expect(connection.tls.clientCertificate == Array("CERT".utf8))
        #expect(connection.tls.clientKey == Array("KEY".utf8))
        #expect(connection.namespace == "team")
        #expect(connection.server.description == "https://one.example:6443")
    }

    @Test("inline data beats a file")
    func inlineData() throws {
        let connection = try connection(
            Self.single(
                cluster: "server: https://a, certificate-authority: /none, certificate-authority-data: \(Self.ca)",
                user: "client-certificate-data: Qw==, client-key-data: Sw==, client-key: /none"))
        #expect(connection.tls.certificateAuthority == Array("CA".utf8))
        #expect(connection.tls.clientCertificate == Array("C".utf8))
        #expect(connection.tls.clientKey == Array("K".utf8))
        #expect(connection.authentication == .none)
    }

    @Test("the rest of a cluster and a user is taken over")
    func members() throws {
        let connection = try connection(
            Self.single(
                cluster: """
                    server: "https://[::1]:6443/prefix", insecure-skip-tls-verify: true, tls-server-name: s,
                    proxy-url: "http://proxy:3128", disable-compression: true
                    """,
                user: """
                    username: u, password: "1234", act-as: someone, act-as-uid: "7", act-as-groups: [g, h],
                    act-as-user-extra: {reason: [x, y]}
                    """))
        #expect(connection.server == ServerAddress(isTLS: true, host: "::1", port: 6443, pathPrefix: "/prefix"))
        #expect(connection.tls.skipsVerification)
        #expect(connection.tlsServerName == "s")
        #expect(connection.proxyURL == "http://proxy:3128")
        #expect(connection.disablesCompression)
        #expect(connection.namespace == "default")
        #expect(connection.authentication == .basic(username: "u", password: "1234"))
        #expect(connection.impersonation.user == "someone")
        #expect(connection.impersonation.groups == ["g", "h"])
        #expect(connection.impersonation.extra == ["reason": ["x", "y"]])
    }

    @Test("a token file is preferred to a token, which stands in while it cannot be read")
    func tokenFile() throws {
        let connection = try connection(Self.single(user: "token: t, tokenFile: run/token"))
        #expect(connection.authentication == .tokenFile("/home/a/.kube/run/token", fallback: "t"))
        #expect(try self.connection(Self.single()).authentication == .token("t"))
    }

    @Test("credentials are not sent to a server without TLS")
    func plainHTTP() throws {
        #expect(try connection(Self.single(cluster: "server: http://a:8080")).authentication == .none)
    }

    @Test("a credential plugin is described with its environment, its path and what it is told")
    func execPlugin() throws {
        let connection = try connection(
            Self.single(
                cluster: """
                    server: https://a, certificate-authority-data: \(Self.ca), extensions:
                    [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]
                    """,
                user: """
                    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login, args: [a, "1"],
                    env: [{name: A, value: b}], provideClusterInfo: true, interactiveMode: IfAvailable,
                    installHint: install it}
                    """))
        guard case .exec(let plugin) = connection.authentication else { Issue.record("no plugin"); return }
        #expect(plugin.command == "/home/a/.kube/./bin/login")
        #expect(plugin.arguments == ["a", "1"])
        #expect(plugin.environment == ["A": "b"])
        #expect(plugin.installHint == "install it")
        #expect(
            plugin.input == [
                "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                "spec": [
                    "interactive": false,
                    "cluster": [
                        "server": "https://a", "certificate-authority-data": "Q0E=", "config": ["audience": "x"],
                    ],
                ],
            ])
    }

    @Test(
        "an error names the file, what is wrong, and what to do",
        arguments: [
            (single(cluster: "server: ''"), "has no server"),
            (single(cluster: "server: 'ftp://a'"), "no http or https URL"),
            (single(cluster: "server: https://a, certificate-authority: ca.crt"), "/home/a/.kube/ca.crt"),
            (single(cluster: "server: https://a, certificate-authority-data: '%'"), "not base64"),
            (
                single(cluster: "server: https://a, insecure-skip-tls-verify: true, certificate-authority-data: Q0E="),
                "remove one of them"
            ),
            (single(cluster: "server: https://a, insecure-skip-tls-verify: maybe"), "neither true nor false"),
            (single(user: "token: t, username: u"), "a token and a username"),
            (single(user: "client-certificate-data: Qw=="), "not both"),
            (single(user: "auth-provider: {name: gcp}"), "auth-provider \"gcp\""),
            (single(user: "exec: {command: x, apiVersion: v1}"), "apiVersion of the exec plugin is \"v1\""),
            (
                single(user: "exec: {command: x, apiVersion: client.authentication.k8s.io/v1}"),
                "interactiveMode of the exec plugin is \"\""
            ),
            (
                single(
                    user: "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}"),
                "has to ask a person"
            ),
            ("current-context: c", "context \"c\" does not exist"),
            ("contexts: [{name: b}, {name: a}]", "the contexts are a, b"),
            ("contexts: [{name: c, context: {cluster: k}}]\ncurrent-context: c", "the cluster \"k\""),
            ("contexts: {}", "/home/a/.kube/config:1:11: contexts is no list"),
            ("a: [", "not YAML"),
            ("- 1", "is no mapping"),
            ("clusters:\n- {cluster: {}}", ":2:3: an element of clusters has no name"),
        ])
    func errors(yaml: String, words: String) throws {
        let error = try failure { try connection(yaml) }
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.contains("/home/a/.kube/"))
        #expect(!error.mend.isEmpty)
    }

    @Test("a missing user is named with those that exist")
    func missingUser() throws {
        let yaml = """
            clusters: [{name: k, cluster: {server: https://a}}]
            users: [{name: bob}, {name: al}]
            contexts: [{name: c, context: {cluster: k, user: u}}]
            """
        let error = try failure { try connection(yaml, context: "c") }
        #expect(error.description.contains("the user \"u\", who does not exist; the users are al, bob"))
    }

    @Test("in a pod without a kubeconfig, the service account is used")
    func inCluster() throws {
        let account = "/var/run/secrets/kubernetes.io/serviceaccount"
        let files = ["\(account)/token": "t\n", "\(account)/ca.crt": "CA", "\(account)/namespace": "team\n"]
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        let connection = try loader(environment, files).connection()
        #expect(connection.server.description == "https://[fd00::1]:443")
        #expect(connection.authentication == .tokenFile("\(account)/token"))
        #expect(connection.namespace == "team")
        #expect(throws: KubeconfigError.self) { try loader(["HOME": "/h"], files).connection() }
        #expect(throws: KubeconfigError.self) { try loader(environment, [:]).connection() }
        #expect(throws: KubeconfigError.self) { try loader(environment, files).connection(context: "c") }
        #expect(throws: KubeconfigError.self) {
            try ClusterConnection.inCluster(
                environment: ["KUBERNETES_SERVICE_HOST": "a"], readFile: Self.files(files))
        }
    }
}
