import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import Testing

/// The claim that everything else rests on, over sockets.
@Suite(.timeLimit(.minutes(3)))
struct SameSeedTests {
    private static let clients = 64
    private static let rounds = 4

    private struct Hit: Hashable {
        var rule: String
        var identity: String
        var ordinal: Int
    }

    private static let rules = [
        Rule(
            name: "status", match: RequestMatch(resource: "pods"), when: Timing(probability: 0.3),
            fault: .status(Fault.ForgedStatus(code: 503))),
        Rule(
            name: "stream", match: RequestMatch(resource: "configmaps"), when: Timing(probability: 0.2),
            fault: .truncate(Fault.Truncation(afterBytes: 5))),
        Rule(
            name: "latency", match: RequestMatch(verb: [.create]), when: Timing(probability: 0.5, every: 2),
            fault: .latency(Fault.Latency(fixed: .milliseconds(1), jitter: .milliseconds(20)))),
    ]

    /// What is hit where 64 clients, half of them on HTTP/1.1, ask for objects of their own at the same time.
    private func hits(seed: UInt64) async throws -> Set<Hit> {
        try await ProxySetup.with(rules: Self.rules, seed: seed) { setup in
            try await setup.withClient { shared in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<Self.clients {
                        group.addTask { try await act(index, setup, shared) }
                    }
                    try await group.waitForAll()
                }
            }
            let hits = setup.injections.map { Hit(rule: $0.rule, identity: "\($0.identity)", ordinal: $0.ordinal) }
            #expect(Set(hits).count == hits.count)
            return Set(hits)
        }
    }

    private func act(_ index: Int, _ setup: ProxySetup, _ shared: ClusterClient) async throws {
        guard index.isMultiple(of: 2) else {
            // A process with connections of its own; every other asks for HTTP/1.1.
            for resource in ["pods", "configmaps"] {
                _ = try await setup.curl(
                    "/api/v1/namespaces/t/\(resource)/c-\(index)?round=[1-\(Self.rounds)]", "-o", "/dev/null",
                    version: index % 4 == 1 ? "1.1" : "2")
            }
            for _ in 0..<Self.rounds {
                _ = try await setup.curl(
                    "/api/v1/namespaces/t/secrets", "-d", #"{"metadata":{"name":"c-\#(index)"}}"#,
                    version: index % 4 == 1 ? "1.1" : "2")
            }
            return
        }
        // Tasks that share one HTTP/2 connection.
        for _ in 0..<Self.rounds {
            let name = "c-\(index)"
            _ = try? await shared.send(APIRequest(.get, .pods, namespace: "t", name: name))
            _ = try? await shared.send(APIRequest(.get, .configMaps, namespace: "t", name: name))
            _ = try? await shared.send(
                APIRequest(.create, .secrets, namespace: "t", body: ["metadata": ["name": .string(name)]]))
        }
    }

    @Test("with the same seed and plan, 64 clients at once meet the same decisions in two runs")
    func twice() async throws {
        let first = try await hits(seed: 7)
        let second = try await hits(seed: 7)
        #expect(first == second)
        #expect(Set(first.map(\.rule)) == ["status", "stream", "latency"])
        // Of 64 times 12 requests.
        #expect(first.count > 50 && first.count < 500, "\(first.count)")
        #expect(first != (try await hits(seed: 8)))
    }
}
