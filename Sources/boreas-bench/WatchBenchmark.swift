import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Wire

/// What idle watches cost the fault proxy in memory: many are opened through a `boreas proxy`, which is a process of its
/// own, to a `boreas serve`, which is another.
enum WatchBenchmark {
    static let countDefault = 10_000
    private static let streamsPerConnection = 100
    /// Descriptors of a process for other things than watches.
    private static let filesBeside = 100
    private static let openingMax = Duration.seconds(300)
    private static let settling = Duration.seconds(3)

    static func report(count wanted: Int) async throws -> String {
        let limit = OpenFileLimit.raise()
        var rows = [["", "watches", "before", "with them", "a watch", "all heard of an event", "after their end"]]
        var notes: [String] = []
        for (title, streams) in [("HTTP/2", streamsPerConnection), ("HTTP/1.1", 1)] {
            // Of each watch the proxy has a connection to the server, and perhaps one to the client.
            let files = 1 + 1 / Double(streams)
            let count = min(wanted, Int(Double(limit - filesBeside) / files))
            if count < wanted {
                notes.append("\(title): a process may have \(limit) files open, which are enough for so many.")
            }
            // A server of its own: one that has just lost all its watches is busy for a while.
            let figures = try await BoreasProcess.with(["serve"]) { server in
                try await Self.figures(of: count, streamsPerConnection: streams, of: server)
            }
            rows.append([title] + figures)
        }
        notes.append(
            "HTTP/2 carries \(streamsPerConnection) a connection. TLS on both sides; to the server it is HTTP/1.1.")
        return Table.text(title: "Resident memory of a fault proxy with idle watches", rows)
            + notes.map { "  \($0)\n" }.joined()
    }

    private static func figures(
        of count: Int, streamsPerConnection: Int, of server: BoreasProcess
    ) async throws -> [String] {
        let arguments = ["proxy", "--kubeconfig", server.kubeconfigPath, "--context", try server.context]
        return try await BoreasProcess.with(arguments) { proxy in
            let direct = ClusterClient(ClusterClient.Configuration(connection: try server.connection, clock: .real()))
            let path = "/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=\(try await version(direct))"
            let watches = try IdleWatches(connection: proxy.connection, path: path)
            defer { watches.close() }
            // What is measured is a proxy whose code has run.
            let warmUp = min(count, 100)
            try await watches.open(warmUp, perConnection: streamsPerConnection, atMost: openingMax)
            let before = try proxy.residentBytes()
            try await watches.open(count - warmUp, perConnection: streamsPerConnection, atMost: openingMax)
            try await Task.sleep(for: settling)
            let with = try proxy.residentBytes()
            _ = try await direct.send(
                APIRequest(.create, .configMaps, namespace: "default", body: configMap, timeout: .seconds(30)))
            try await watches.wait(for: \.heard, of: count, atMost: openingMax)
            let isWhole = watches.counts.ended == 0
            watches.close()
            try await Task.sleep(for: settling)
            let after = try proxy.residentBytes()
            await direct.shutDown()
            return [
                "\(count)", mebibytes(before), mebibytes(with),
                String(format: "%.1f KiB", Double(with - before) / Double(max(1, count - warmUp)) / 1024),
                isWhole ? "yes" : "no", mebibytes(after),
            ]
        }
    }

    /// The state to watch from.
    private static func version(_ client: ClusterClient) async throws -> String {
        let answer = try await client.send(
            APIRequest(.list, .configMaps, namespace: "default", timeout: .seconds(30)))
        guard let version = answer["metadata", "resourceVersion"]?.string else {
            throw BenchmarkError("the list of ConfigMaps has no resourceVersion")
        }
        return version
    }

    private static var configMap: JSONValue {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["namespace": "default", "generateName": "event-"]]
    }

    private static func mebibytes(_ bytes: Int) -> String { String(format: "%.0f MiB", Double(bytes) / 1_048_576) }
}
