import APIMachinery
import Determinism
import FaultProxy
import Harness
import Kubernetes
import KubernetesClient
import KubernetesServer
import Logging
import Statistics

/// What the client does, and what the fault proxy adds: the same requests straight to the embedded server, and through a
/// proxy without rules. The server's answers take no time but its code's own.
enum RequestBenchmark {
    private static let requestsPerRound = 4_000
    private static let callerCounts = [1, 16]
    /// Of all rounds of one caller count.
    private static let budget = Duration.seconds(20)
    private static let timeout = Duration.seconds(10)
    private static let key = ObjectKey(namespace: "default", name: "bench")

    static func report() async throws -> String {
        let token = "bench"
        let configuration = ServerConfiguration(
            users: [token: ServerRequest.administrator],
            logger: Logger(label: "boreas-bench") { _ in SwiftLogNoOpLogHandler() })
        return try await EmbeddedServer.with(configuration, newCore: APIServerCore(clock: .real())) { server in
            let connection = try connection(server.kubeconfig(token: token))
            let direct = client(connection)
            _ = try await direct.send(
                APIRequest(.create, .configMaps, namespace: key.namespace, body: configMap, timeout: timeout))
            let upstream = try await UpstreamAccess(connection, direct).upstream
            return try await withFaultProxy(ReverseProxy.Configuration(upstream: upstream, clock: .real())) { proxy in
                try await report(direct: direct, proxied: client(Self.connection(proxy.kubeconfig())))
            }
        }
    }

    private static func report(direct: ClusterClient, proxied: ClusterClient) async throws -> String {
        var rows = [["", "callers", "requests/s", "median", "p99", "rounds"]]
        for callers in callerCounts {
            // What is measured is a connection that is open and code that has run.
            for client in [direct, proxied] { _ = try await round(client, callers: callers) }
            let comparison = try await Comparison(budget: budget) {
                try await round(direct, callers: callers)
            } b: {
                try await round(proxied, callers: callers)
            }
            rows += self.rows(comparison, callers: "\(callers)")
        }
        return Table.text(title: "GET of a ConfigMap over TLS, \(requestsPerRound) requests a round", rows)
    }

    private static func rows(_ comparison: Comparison<RequestRound>, callers: String) -> [[String]] {
        let rounds = "\(comparison.count)"
        return [
            [
                "direct", callers, comparison.a(\.perSecond).rate, comparison.a(\.median).milliseconds,
                comparison.a(\.p99).milliseconds, rounds,
            ],
            [
                "proxied", callers, comparison.b(\.perSecond).rate, comparison.b(\.median).milliseconds,
                comparison.b(\.p99).milliseconds, rounds,
            ],
            [
                "proxied / direct", callers, comparison.ratio(\.perSecond).ratio,
                comparison.difference(\.median).addedMilliseconds, comparison.difference(\.p99).addedMilliseconds, "",
            ],
        ]
    }

    /// Callers who each make the next request when they have the answer to the last.
    private static func round(_ client: ClusterClient, callers: Int) async throws -> RequestRound {
        let request = APIRequest.get(.configMaps, key, timeout: timeout)
        let clock = ContinuousClock()
        let start = clock.now
        let latencies = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var latencies: [Double] = []
                    for _ in 0..<requestsPerRound / callers {
                        let started = clock.now
                        _ = try await client.send(request)
                        latencies.append((clock.now - started).seconds)
                    }
                    return latencies
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return RequestRound(latencies: SortedSample(latencies), elapsed: clock.now - start)
    }

    private static var configMap: JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["namespace": .string(key.namespace), "name": .string(key.name)],
            "data": ["key": "value"],
        ]
    }

    private static func connection(_ kubeconfig: String) throws -> ClusterConnection {
        try Kubeconfig(yaml: kubeconfig, file: "kubeconfig").connection(readFile: KubeconfigLoader.readFromDisk)
    }

    private static func client(_ connection: ClusterConnection) -> ClusterClient {
        ClusterClient(ClusterClient.Configuration(connection: connection, clock: .real()))
    }
}

/// What one round of requests showed.
private struct RequestRound: Sendable {
    var perSecond: Double
    /// Seconds.
    var median: Double
    /// Seconds.
    var p99: Double

    init(latencies: SortedSample, elapsed: Duration) {
        perSecond = Double(latencies.count) / elapsed.seconds
        median = latencies.median ?? .nan
        p99 = latencies.quantile(0.99) ?? .nan
    }
}
