import Faults
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Logging
import Subprocess
import Synchronization
import Testing

/// A real kubectl, once straight at the embedded server and once through the fault proxy before it.
@Suite(
    .enabled(if: isInstalled("kubectl"), "kubectl is not in PATH; apt-get install kubernetes-client brings one"),
    .timeLimit(.minutes(3)))
struct KubectlTests {
    @Test("a whole session goes through a proxy without a plan as it goes without a proxy", arguments: [false, true])
    func session(isProxied: Bool) async throws {
        try await withKubectl(Plan(), isProxied: isProxied) { kubectl, _ in
            try await kubectl.expect("configmap/a created", from: ["create", "configmap", "a", "--from-literal=k=v"])
            try await kubectl.expect("v", from: ["get", "configmap", "a", "-o", "jsonpath={.data.k}"])
            let manifest = """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: b}
                data: {k: w}
                """
            try await kubectl.expect("configmap/b created", from: ["apply", "-f", "-"], input: manifest)
            try await kubectl.expect("configmap/b unchanged", from: ["apply", "-f", "-"], input: manifest)
            let pod = """
                apiVersion: v1
                kind: Pod
                metadata: {name: p}
                spec:
                  restartPolicy: Never
                  containers: [{name: c, image: busybox, command: [sh, -c, "echo hello; exit 3"]}]
                """
            try await kubectl.expect("pod/p created", from: ["create", "-f", "-"], input: pod)
            // Waiting is a watch that streams: `get -w` with an end.
            try await kubectl.expect(
                "pod/p condition met",
                from: ["wait", "pod/p", "--for=jsonpath={.status.phase}=Failed", "--timeout=60s"])
            try await kubectl.expect("hello", from: ["logs", "p"])
            try await kubectl.expect("configmap \"a\" deleted", from: ["delete", "configmap", "a"])
        }
    }

    @Test("a fault that the plan names is what kubectl sees, and nothing else is touched")
    func fault() async throws {
        let rule = Rule(
            name: "busy", match: RequestMatch(verb: [.create], resource: "configmaps"),
            fault: .status(Fault.ForgedStatus(code: 403)))
        try await withKubectl(Plan(rules: [rule]), isProxied: true) { kubectl, hits in
            let refused = try await kubectl(["create", "configmap", "a"])
            #expect(refused.status == 1)
            #expect(
                refused.errors.contains("configmaps is forbidden: User \"boreas\" cannot create"), "\(refused.errors)")
            try await kubectl.expect("namespace/n created", from: ["create", "namespace", "n"])
            #expect(hits().map(\.identity.description) == ["create configmaps default/a"])
        }
    }

    private func withKubectl(
        _ plan: Plan, isProxied: Bool,
        _ body: @escaping @Sendable (Kubectl, () -> [Injection]) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await LocalCluster.with(port: 0, logger: logger) { cluster in
            guard isProxied else {
                try await Kubectl.with(cluster.kubeconfig) { try await body($0, { [] }) }
                return
            }
            let connection = try Kubeconfig(yaml: cluster.kubeconfig, file: "kubeconfig")
                .connection(readFile: KubeconfigLoader.readFromDisk)
            let injections = Injections()
            try await StandaloneProxy.with(
                connection, .init(plan: plan, seed: 1, onInjection: { injections.append($0) }, logger: logger)
            ) { proxy in
                try await Kubectl.with(proxy.kubeconfig) { try await body($0, { injections.all }) }
            }
        }
    }
}

private final class Injections: Sendable {
    private let list = Mutex<[Injection]>([])

    var all: [Injection] { list.withLock { $0 } }

    func append(_ injection: Injection) { list.withLock { $0.append(injection) } }
}

/// A kubectl with a kubeconfig and a cache of its own.
private struct Kubectl: Sendable {
    let directory: String

    static func with(_ kubeconfig: String, _ body: (Kubectl) async throws -> Void) async throws {
        let directory = NSTemporaryDirectory() + "boreas-kubectl-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try Data(kubeconfig.utf8).write(to: URL(filePath: directory + "/kubeconfig"))
        try await body(Kubectl(directory: directory))
    }

    func callAsFunction(
        _ arguments: [String], input: String = ""
    ) async throws -> (status: Int, output: String, errors: String) {
        let options = ["--kubeconfig", directory + "/kubeconfig", "--cache-dir", directory + "/cache"]
        let result = try await Subprocess.run(
            .name("kubectl"), arguments: Arguments(options + arguments), input: .string(input),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else { return (-1, "", "ended by a signal") }
        return (Int(code), result.standardOutput, result.standardError)
    }

    func expect(_ line: String, from arguments: [String], input: String = "") async throws {
        let result = try await self(arguments, input: input)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        #expect(result.output.trimmingCharacters(in: .whitespacesAndNewlines) == line, "\(arguments)")
    }
}

private func isInstalled(_ program: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}
