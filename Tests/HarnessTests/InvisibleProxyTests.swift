import Faults
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Logging
import Subprocess
import Testing

/// With an empty plan the proxy is invisible: what clients do and are told straight at the server, they do and are told
/// through the proxy. Serialized, because times of arrival are looked at.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct InvisibleProxyTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A cluster of its own, and programs that reach it straight and through a proxy.
    private static func withCluster<Result: Sendable>(
        _ body: @escaping @Sendable (_ straight: ClientPrograms, _ proxied: ClientPrograms) async throws -> Result
    ) async throws -> Result {
        try await LocalCluster.with(port: 0, logger: logger) { cluster in
            let connection = try Kubeconfig(yaml: cluster.kubeconfig, file: "kubeconfig")
                .connection(readFile: KubeconfigLoader.readFromDisk)
            return try await StandaloneProxy.with(
                connection, plan: Plan(), seed: 1, port: 0, logger: logger, onInjection: { _ in }
            ) { kubeconfig, _ in
                try await ClientPrograms.with(cluster.kubeconfig) { straight in
                    try await ClientPrograms.with(kubeconfig) { try await body(straight, $0) }
                }
            }
        }
    }

    /// What a session comes to on a cluster of its own, once straight and once through the proxy.
    private static func bothWays<Result: Sendable>(
        _ session: @escaping @Sendable (ClientPrograms) async throws -> Result
    ) async throws -> (straight: Result, proxied: Result) {
        (
            try await withCluster { straight, _ in try await session(straight) },
            try await withCluster { _, proxied in try await session(proxied) }
        )
    }

    // MARK: kubectl

    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec:
          restartPolicy: Never
          containers: [{name: c, image: busybox, command: [sh, -c, "echo hello; sleep 100"]}]
        """

    private static let ticker = """
        apiVersion: v1
        kind: Pod
        metadata: {name: ticker}
        spec:
          restartPolicy: Never
          containers:
          - name: c
            image: busybox
            command: [sh, -c, "echo 1; sleep 0.5; echo 2; sleep 0.5; echo 3; sleep 0.5; echo 4; sleep 0.5; echo 5"]
        """

    private static let map = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: b}
        data: {k: w}
        """

    /// Commands and what they are given on standard input.
    private static let session: [(arguments: [String], input: String)] = [
        (["create", "configmap", "a", "--from-literal=k=v"], ""), (["create", "configmap", "a"], ""),
        (["get", "configmap", "a", "-o", "jsonpath={.data.k}"], ""), (["get", "configmap", "none"], ""),
        (["apply", "-f", "-"], map), (["apply", "-f", "-"], map), (["diff", "-f", "-"], map),
        (["apply", "--server-side", "-f", "-"], map.replacing("w}", with: "x}")),
        (["apply", "--server-side", "--force-conflicts", "-f", "-"], map.replacing("w}", with: "x}")),
        (["get", "configmap", "b", "-o", "jsonpath={.data} {.metadata.managedFields[*].manager}"], ""),
        (["label", "configmap", "a", "l=m"], ""),
        (["get", "configmaps", "--show-labels", "--no-headers", "-o", "name"], ""),
        (["create", "-f", "-"], pod),
        (["wait", "pod/p", "--for=condition=Ready", "--timeout=60s"], ""), (["logs", "p"], ""),
        (["logs", "p", "--tail=0"], ""), (["logs", "p", "--limit-bytes=3"], ""), (["logs", "p", "--previous"], ""),
        (["logs", "none"], ""), (["logs", "p", "-c", "none"], ""),
        (["exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 3"], ""),
        (["exec", "p", "--", "seq", "1", "5000"], ""), (["exec", "-i", "p", "--", "true"], "some input\n"),
        (["exec", "-i", "p", "--", "cat"], "some input\n"), (["exec", "p", "--", "nonsense"], ""),
        (["exec", "p", "-c", "none", "--", "true"], ""), (["exec", "none", "--", "true"], ""),
        (["port-forward", "p", "0:80"], ""), (["cp", "p:/etc/hosts", "/dev/null"], ""),
        (["delete", "configmap", "a"], ""), (["delete", "pod", "p", "--grace-period=1"], ""),
        (["api-resources", "-o", "name"], ""), (["explain", "pod.spec.restartPolicy"], ""), (["version"], ""),
    ]

    /// Whole sessions over WebSockets and over SPDY.
    @Test(
        "kubectl's session is told the same", .enabled(if: ClientPrograms.isInstalled("kubectl")),
        arguments: [true, false])
    func kubectl(usesWebSockets: Bool) async throws {
        let (straight, proxied) = try await Self.bothWays { programs in
            var programs = programs
            programs.environment = ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS": usesWebSockets ? "true" : "false"]
            var told: [String] = []
            for (arguments, input) in Self.session {
                let result = try await programs.kubectl(arguments, input: input)
                let line = "\(arguments): \(result.status) \(result.text) \(result.errors)"
                // Each server has a port of its own, and each warning a time.
                told.append(
                    line.replacing(/127\.0\.0\.1:\d+/, with: "server").replacing(/[EW]\d{4} [0-9:. ]+/, with: "")
                        // What kubectl says, or not, where a command has ended before its input was sent.
                        .replacing(/v2\.go:.* err="websocket: close sent"\n/, with: "")
                        .replacing(/localhost:\d+/, with: "local").replacing(/-uid-\S+/, with: ""))
            }
            return told
        }
        for (line, other) in zip(straight, proxied) { #expect(line == other) }
        let both = straight.joined(separator: "\n")
        #expect(both.contains("\"exit 3\"]: 3 out\n") || both.contains("exit 3\"]: 3 out\n"), "\(both)")
        #expect(both.contains("\"logs\", \"p\"]: 0 hello\n"), "\(both)")
    }

    @Test("logs -f gives lines as they are printed", .enabled(if: ClientPrograms.isInstalled("kubectl")))
    func follows() async throws {
        let (straight, proxied) = try await Self.bothWays { programs in
            _ = try await programs.kubectl(["create", "-f", "-"], input: Self.ticker)
            _ = try await programs.kubectl(["wait", "pod/ticker", "--for=condition=Ready", "--timeout=60s"])
            let lines = try await programs.kubectlLines(["logs", "-f", "ticker"])
            let ended = ContinuousClock.now
            let stamped = try await programs.kubectl(["logs", "ticker", "--timestamps"]).text
            return (
                lines: lines.map(\.text), gaps: zip(lines.dropFirst(), lines).map { $0.at - $1.at },
                end: ended - (lines.last?.at ?? ended), stamped: stamped
            )
        }
        for way in [straight, proxied] {
            #expect(way.lines == ["1", "2", "3", "4", "5"])
            // The first lines may all have been printed before the client came; the last ones were not.
            #expect(way.gaps.suffix(2).allSatisfy { (.milliseconds(200) ..< .seconds(2)).contains($0) }, "\(way.gaps)")
            // It ends with the container.
            #expect(way.end < .seconds(5), "\(way.end)")
            let moments = way.stamped.split(separator: "\n").compactMap {
                Timestamp(rfc3339: String($0.prefix { $0 != " " }))
            }
            let steps = zip(moments.dropFirst(), moments).map { $0 - $1 }
            #expect(steps == Array(repeating: .milliseconds(500), count: 4), "\(way.stamped)")
        }
    }

    @Test(
        "get -w shows changes as they happen, and the same",
        .enabled(if: ClientPrograms.isInstalled("kubectl")))
    func watches() async throws {
        let (straight, proxied) = try await Self.bothWays { programs in
            _ = try await programs.kubectl(["create", "configmap", "marker"])
            let lines = try await programs.kubectlLines(
                ["get", "configmaps", "-w", "--output-watch-events", "--no-headers"]
            ) {
                _ = try await programs.kubectl(["create", "configmap", "one"])
                _ = try await programs.kubectl(["label", "configmap", "one", "a=b"])
                _ = try await programs.kubectl(["delete", "configmap", "one"])
            } until: {
                $0.hasPrefix("DELETED") && $0.contains(" one ")
            }
            // The last column is an age.
            return lines.map { $0.text.split(separator: " ").prefix(3).joined(separator: " ") }
                .filter { $0.contains("one") }
        }
        #expect(straight == ["ADDED one 0", "MODIFIED one 0", "DELETED one 0"])
        #expect(proxied == straight)
    }

    // MARK: Bytes

    @Test("bodies have the same bytes", .enabled(if: ClientPrograms.isInstalled("curl")))
    func bytes() async throws {
        try await Self.withCluster { straight, proxied in
            let large = String(repeating: "0123456789abcdef", count: 1 << 17)
            // A ConfigMap may hold 1 MiB; a Workflow all that a request does.
            let workflows = "/apis/argoproj.io/v1alpha1/namespaces/default/workflows"
            let manifest = try straight.write(
                #"{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{"name":"large"},"#
                    + #""spec":{"entrypoint":"\#(large)"}}"#,
                to: "large.json")
            let posted = try await Self.curl(
                straight, workflows, "--fail", "-X", "POST", "-H", "Content-Type: application/json", "--data-binary",
                "@" + manifest)
            try #require(posted.status == 0, "\(posted.errors)")
            let maps = (0..<500).map {
                #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m\#($0)"},"data":{"k":"\#($0)"}}"#
            }
            // One curl creates them all over one connection.
            var arguments: [String] = []
            for (index, map) in maps.enumerated() {
                if index > 0 { arguments.append("--next") }
                arguments +=
                    try Self.options(straight) + [
                        "-o", "/dev/null", "-H", "Content-Type: application/json", "--data", map,
                        try Self.server(straight) + "/api/v1/namespaces/default/configmaps",
                    ]
            }
            let created = try await straight.run("curl", arguments)
            try #require(created.status == 0, "\(created.errors)")
            let path = "/api/v1/namespaces/default/configmaps"
            let requests = [
                [workflows + "/large"], [workflows], [path], [path + "?limit=100"],
                [path, "-H", "Accept-Encoding: gzip"],
                [path, "-H", "Accept: application/vnd.kubernetes.protobuf,application/json"],
                ["/openapi/v2", "-H", "Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf"],
                ["/openapi/v2", "-H", "Accept-Encoding: gzip"], ["/nothing"],
            ]
            for request in requests {
                for version in ["--http1.1", "--http2"] {
                    let rest = Array(request.dropFirst()) + [version]
                    let one = try await Self.curl(straight, request[0], rest)
                    let other = try await Self.curl(proxied, request[0], rest)
                    #expect(one.status == 0, "\(request): \(one.errors)")
                    #expect(one.output == other.output, "\(request) \(version)")
                }
            }
            let whole = try await Self.curl(proxied, workflows + "/large", [])
            #expect(whole.output.count > 2 << 20)
            let list = try await Self.curl(proxied, path, [])
            #expect(list.text.components(separatedBy: #""uid""#).count >= 501)
        }
    }

    private static func curl(_ programs: ClientPrograms, _ path: String, _ arguments: String...) async throws
        -> ClientPrograms.Result
    { try await curl(programs, path, arguments) }

    private static func curl(
        _ programs: ClientPrograms, _ path: String, _ arguments: [String]
    ) async throws -> ClientPrograms.Result {
        try await programs.run("curl", options(programs) + arguments + [server(programs) + path])
    }

    private static func options(_ programs: ClientPrograms) throws -> [String] {
        ["-sSk", "--max-time", "30", "-H", "Authorization: Bearer \(try field("token", programs))"]
    }

    private static func server(_ programs: ClientPrograms) throws -> String { try field("server", programs) }

    private static func field(_ name: String, _ programs: ClientPrograms) throws -> String {
        let text = try String(contentsOfFile: programs.directory + "/kubeconfig", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.contains("\(name): ") })
        return line.split(separator: ": ", maxSplits: 1)[1].trimmingCharacters(in: .init(charactersIn: "\"' "))
    }

    // MARK: kopf

    private static let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? "python3"

    private static func hasKopf() async -> Bool {
        let probe = try? await ClientPrograms.with("") { try await $0.run("env", [python, "-c", "import kopf"]) }
        return probe?.status == 0
    }

    private static let definition = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: widgets, singular: widget, kind: Widget}
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
        """

    private static let operation = """
        import kopf

        ticked = set()

        def say(*words):
            print(*words, flush=True)

        @kopf.on.create("example.com", "v1", "widgets")
        def created(spec, name, **_):
            say("created", name, spec["size"])
            return {"size": spec["size"]}

        @kopf.on.update("example.com", "v1", "widgets")
        def updated(old, new, name, **_):
            say("updated", name, old["spec"]["size"], new["spec"]["size"])
            return {"size": new["spec"]["size"]}

        @kopf.on.delete("example.com", "v1", "widgets")
        def deleted(name, **_):
            say("deleted", name)

        @kopf.timer("example.com", "v1", "widgets", interval=0.2)
        def tick(name, patch, **_):
            if name not in ticked:
                ticked.add(name)
                say("ticked", name)
                patch.status["ticked"] = True
        """

    private static let play = """
        kubectl apply -f crd.yaml || exit 1
        for turn in $(seq 100); do kubectl get widgets > probe.out 2>&1 && break; sleep 0.1; done
        "$PYTHON" -m kopf run --quiet -n default widgets_operator.py > operator.out 2> operator.err & operator=$!
        printf '%s' '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":1}}' |
          kubectl create -f -
        kubectl wait widget/w --for=jsonpath='{.status.created.size}'=1 --timeout=30s
        kubectl wait widget/w --for=jsonpath='{.status.ticked}'=true --timeout=30s
        kubectl get widget w -o jsonpath='{.metadata.finalizers}{"\\n"}'
        kubectl patch widget w --type=merge -p '{"spec":{"size":2}}'
        kubectl wait widget/w --for=jsonpath='{.status.updated.size}'=2 --timeout=30s
        kubectl delete widget w --timeout=30s
        kubectl get widgets
        kill -INT $operator
        wait $operator
        echo "operator ended with $?"
        sort operator.out
        cat operator.err >&2
        """

    @Test(
        "an operator on kopf does the same: handlers, a timer, finalizers",
        .enabled(if: ClientPrograms.isInstalled("kubectl")),
        .enabled("no Python with the package kopf: set BOREAS_PYTHON") { await hasKopf() })
    func kopf() async throws {
        let (straight, proxied) = try await Self.bothWays { programs in
            var programs = programs
            programs.environment = ["PYTHON": Self.python]
            try programs.write(Self.definition, to: "crd.yaml")
            try programs.write(Self.operation, to: "widgets_operator.py")
            return try await programs.run("sh", ["-c", "cd '\(programs.directory)'\n" + Self.play])
        }
        #expect(straight.text.contains("created w 1\ndeleted w\nticked w\nupdated w 1 2\n"), "\(straight)")
        #expect(straight.text.contains("widget.example.com \"w\" deleted"), "\(straight)")
        #expect(straight.text.contains("KopfFinalizerMarker"), "\(straight)")
        #expect(proxied.text == straight.text, "\(proxied.errors)")
    }
}
