import Faults
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Logging
import Subprocess
import Synchronization
import Testing

/// Commands in containers from end to end: a client, the fault proxy where there is one, the embedded server, the virtual
/// node. Serialized, because time limits are met.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ExecTests {
    private static let podKey = ObjectKey(namespace: "default", name: "p")

    private static let manifest: JSONObject = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p", "namespace": "default"],
        "spec": [
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
            "containers": [
                ["name": "main", "image": "busybox", "command": ["sh", "-c", "echo hello; sleep 100"]],
                ["name": "side", "image": "busybox", "command": ["sleep", "100"]],
            ],
        ],
    ]

    /// A cluster with a pod that runs, and a client that reaches it through a plan's faults.
    private func with(
        _ rules: [Rule] = [], _ body: @escaping @Sendable (Cluster) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await LocalCluster.with(port: 0, logger: logger) { local in
            let connection = try Self.connection(local.kubeconfig)
            try await StandaloneProxy.with(
                connection, .init(plan: Plan(rules: rules), seed: 1, logger: logger)
            ) { proxy in
                let kubeconfig = proxy.kubeconfig
                let exchanges = Exchanges()
                let direct = ClusterClient(.init(connection: connection, clock: .real()))
                var settings = ClusterClient.Configuration(
                    connection: try Self.connection(kubeconfig), clock: .real())
                settings.onExchange = { exchanges.append($0) }
                let client = ClusterClient(settings)
                let cluster = Cluster(
                    direct: direct, client: client, kubeconfig: local.kubeconfig, proxied: kubeconfig,
                    exchanges: exchanges)
                _ = try await direct.create(Pod(json: Self.manifest), timeout: .seconds(10))
                try await cluster.awaitPod { $0.phase == .running }
                try await body(cluster)
                await client.shutDown()
                await direct.shutDown()
            }
        }
    }

    private static func connection(_ kubeconfig: String) throws -> ClusterConnection {
        try Kubeconfig(yaml: kubeconfig, file: "kubeconfig").connection(readFile: KubeconfigLoader.readFromDisk)
    }

    private func request(_ command: [String], timeout: Duration? = .seconds(20)) -> ExecRequest {
        ExecRequest(pod: Self.podKey, container: "main", command: command, timeout: timeout)
    }

    // MARK: The client

    @Test("a command's outputs and exit code come back, and the exchange is told of")
    func client() async throws {
        try await with { cluster in
            let result = try await cluster.client.exec(request(["sh", "-c", "echo out; echo err >&2; exit 3"]))
            #expect(
                result
                    == ExecResult(
                        exitCode: 3, standardOutput: Array("out\n".utf8), standardError: Array("err\n".utf8)))
            #expect(try await cluster.client.exec(request(["true"])).exitCode == 0)
            let exchanges = cluster.exchanges.all
            #expect(exchanges.map(\.identity.description) == Array(repeating: "connect pods/exec default/p", count: 2))
            #expect(exchanges.map(\.httpStatus) == [101, 101])
            #expect(exchanges.map(\.reason) == ["", ""])
        }
    }

    @Test("large output is bounded, and whole up to its bound")
    func largeOutput() async throws {
        try await with { cluster in
            let result = try await cluster.client.exec(request(["seq", "1", "20000"]))
            #expect(result.standardOutput == Array((1...20_000).map { "\($0)\n" }.joined().utf8))
        }
    }

    @Test("what is refused before the upgrade is a Status")
    func refusals() async throws {
        try await with { cluster in
            var request = request(["true"])
            request.container = "zz"
            let container = await failure { try await cluster.client.exec(request) }
            #expect(container?.message == "container zz is not valid for pod p")
            #expect(container?.httpStatus == 400)
            request.pod.name = "none"
            let pod = await failure { try await cluster.client.exec(request) }
            #expect(pod?.code == .notFound)
            #expect(pod?.message == "pods \"none\" not found")
            #expect(cluster.exchanges.all.map(\.httpStatus) == [400, 404])
        }
    }

    @Test("SIGTERM ends the container that it is sent to, and no other")
    func signal() async throws {
        try await with { cluster in
            #expect(try await cluster.client.exec(request(["argoexec", "kill", "15", "1"])).exitCode == 0)
            try await cluster.awaitPod { $0.containerStatuses.map(\.exitCode) == [143, nil] }
            let gone = await failure { try await cluster.client.exec(request(["true"])) }
            #expect(gone?.code == .serverFailure)
            #expect(gone?.message.contains("container not found (\\\"main\\\")") == true, "\(gone?.message ?? "")")
        }
    }

    // MARK: Weather

    private static func rule(_ fault: Fault) -> Rule {
        Rule(name: "r", match: RequestMatch(verb: [.connect], resource: "pods/exec", name: "p"), fault: fault)
    }

    @Test("a hang before the upgrade, and one after it, end with the request's own timeout")
    func hangs() async throws {
        for (fault, words) in [
            (Fault.blackHole(.init()), "awaiting headers"), (.halfOpen(.init()), "status did not come"),
        ] {
            try await with([Self.rule(fault)]) { cluster in
                let start = ContinuousClock.now
                let error = await failure {
                    try await cluster.client.exec(request(["true"], timeout: .milliseconds(500)))
                }
                #expect(error?.transport?.kind == .timeout)
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
                #expect(error?.mayHaveBeenApplied == true)
                #expect((.milliseconds(500) ..< .seconds(10)).contains(ContinuousClock.now - start))
                #expect(cluster.exchanges.all.map(\.reason) == ["timeout"])
            }
        }
    }

    @Test("a signal through a half-open connection has been sent all the same")
    func halfOpenSignal() async throws {
        try await with([Self.rule(.halfOpen(.init()))]) { cluster in
            _ = await failure {
                try await cluster.client.exec(request(["kill", "1"], timeout: .milliseconds(300)))
            }
            try await cluster.awaitPod { $0.containerStatuses.map(\.exitCode) == [143, nil] }
        }
    }

    @Test("a reset, a refusal, a forged status and latency are what they are to other requests")
    func others() async throws {
        let reset = Self.rule(.reset(Fault.Reset(at: .beforeRequest)))
        try await with([reset]) { cluster in
            let error = await failure { try await cluster.client.exec(request(["true"])) }
            #expect(error?.transport?.kind == .connectionReset)
        }
        try await with([Self.rule(.refuse(Fault.Refusal(span: .seconds(30))))]) { cluster in
            _ = await failure { try await cluster.client.exec(request(["true"])) }
            let error = await failure { try await cluster.client.exec(request(["true"])) }
            #expect(error?.transport?.kind == .connectionRefused)
            #expect(error?.mayHaveBeenApplied == false)
        }
        try await with([Self.rule(.status(Fault.ForgedStatus(code: 503, retryAfter: .seconds(2))))]) { cluster in
            let error = await failure { try await cluster.client.exec(request(["true"])) }
            #expect(error?.httpStatus == 503)
            #expect(error?.retryAfter == .seconds(2))
        }
        try await with([Self.rule(.latency(Fault.Latency(fixed: .milliseconds(200))))]) { cluster in
            let result = try await cluster.client.exec(request(["true"]))
            #expect(result.exitCode == 0)
        }
    }

    @Test("a cancelled exec ends at once, and its command with it")
    func cancellation() async throws {
        try await with { cluster in
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        _ = try await cluster.client.exec(request(["sleep", "infinity"], timeout: nil))
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(200))
                    return true
                }
                _ = await group.next()
                group.cancelAll()
                #expect(await group.next() == true)
            }
            #expect(cluster.exchanges.all.map(\.reason) == ["cancelled"])
        }
    }

    // MARK: kubectl

    @Test(
        "kubectl exec gives outputs and exit codes, over WebSocket and SPDY, with and without the proxy",
        .enabled(if: isInstalled("kubectl"), "kubectl is not in PATH"),
        arguments: [(true, false), (true, true), (false, false), (false, true)])
    func kubectl(usesWebSockets: Bool, isProxied: Bool) async throws {
        try await with { cluster in
            let kubeconfig = isProxied ? cluster.proxied : cluster.kubeconfig
            func exec(_ command: String...) async throws -> (status: Int, output: String, errors: String) {
                try await run(["exec", "p", "-c", "main", "--"] + command, kubeconfig, usesWebSockets)
            }
            let failed = try await exec("sh", "-c", "echo out; echo err >&2; exit 3")
            #expect(failed.status == 3, "\(failed)")
            #expect(failed.output == "out\n")
            #expect(failed.errors.hasPrefix("err\n"))
            let large = try await exec("seq", "1", "20000")
            #expect(large.status == 0, "\(large.errors)")
            #expect(large.output == (1...20_000).map { "\($0)\n" }.joined())
            #expect(try await exec("nonsense").status == 127)
            #expect(try await exec("kill", "1").status == 0)
            try await cluster.awaitPod { $0.containerStatuses.map(\.exitCode) == [143, nil] }
            let gone = try await exec("true")
            #expect(gone.status == 1)
            #expect(gone.errors.contains("container not found (\"main\")"), "\(gone.errors)")
            let logs = try await run(["logs", "p", "-c", "main"], kubeconfig, usesWebSockets)
            #expect(logs.output == "hello\n")
        }
    }
}

/// What a test of exec needs.
private struct Cluster: Sendable {
    let direct: ClusterClient
    let client: ClusterClient
    let kubeconfig: String
    let proxied: String
    let exchanges: Exchanges

    func awaitPod(_ condition: (Pod) -> Bool) async throws {
        let start = ContinuousClock.now
        while true {
            let key = ObjectKey(namespace: "default", name: "p")
            let pod = try await direct.get(Pod.self, key, timeout: .seconds(10))
            if condition(pod) { return }
            try #require(ContinuousClock.now - start < .seconds(20), "the pod never came to it: \(pod.json)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

private final class Exchanges: Sendable {
    private let list = Mutex<[Exchange]>([])

    var all: [Exchange] { list.withLock { $0 } }

    func append(_ exchange: Exchange) { list.withLock { $0.append(exchange) } }
}

private func failure(_ body: () async throws -> some Any) async -> APIError? {
    do {
        let value = try await body()
        Issue.record("\(value) came in place of an error")
        return nil
    } catch {
        return error as? APIError
    }
}

private func run(
    _ arguments: [String], _ kubeconfig: String, _ usesWebSockets: Bool
) async throws -> (status: Int, output: String, errors: String) {
    let directory = NSTemporaryDirectory() + "boreas-kubectl-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Data(kubeconfig.utf8).write(to: URL(filePath: directory + "/kubeconfig"))
    let options = ["--kubeconfig", directory + "/kubeconfig", "--cache-dir", directory + "/cache"]
    let result = try await Subprocess.run(
        .name("kubectl"), arguments: Arguments(options + arguments),
        environment: .inherit.updating(["KUBECTL_REMOTE_COMMAND_WEBSOCKETS": usesWebSockets ? "true" : "false"]),
        output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    guard case .exited(let code) = result.terminationStatus else { return (-1, "", "ended by a signal") }
    return (Int(code), result.standardOutput, result.standardError)
}

private func isInstalled(_ program: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}
