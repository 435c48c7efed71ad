import APIMachinery
import Foundation
import Kubernetes
import KubernetesServer
import Testing

/// A server that really goes and comes back.
@Suite(.timeLimit(.minutes(3))) struct RestartTests {
    @Test("its watches end, nothing is kept that a server has in memory alone, and it comes back on the same port")
    func restart() async throws {
        try await TestServer.run { test in
            let port = test.server.port
            try await test.create("a")
            let version = try await test.version()
            async let watch = Command.run(
                "curl",
                [
                    "--silent", "--no-buffer", "--max-time", "20", "--cacert", test.authorityFile, "-H",
                    "Authorization: Bearer \(TestServer.token)",
                    test.server.url + "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=0",
                ])
            while test.server.openRequestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            async let restarted: Void = test.server.restart(downtime: .seconds(1))
            // It ends long before its own time, with the connection.
            let ended = try await watch
            #expect(ended.status != 28, "\(ended)")
            #expect(ended.output.contains("\"name\":\"a\""))
            let refused = try await Command.run(
                "curl", ["--silent", "--cacert", test.authorityFile, test.server.url + "/readyz"])
            #expect(refused.status == 7)
            try await restarted
            #expect(test.server.port == port)
            let early = try await test.curl("/apis/argoproj.io/v1alpha1/workflows")
            let ready = try await test.curl("/readyz?verbose")
            // Within its first tenth of a second, if this machine is fast enough to see it.
            #expect(early.status == 429 ? early.body.contains("storage is (re)initializing") : early.status == 200)
            #expect(early.status == 429 ? early.headers["retry-after"] == "1" : true)
            #expect(ready.status == 500 ? ready.body.contains("readyz check failed") : ready.status == 200)
            while try await test.curl("/readyz").status != 200 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(try await test.curl("/apis/argoproj.io/v1alpha1/workflows").status == 200)
            let old = try await test.curl("/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=\(version)")
            #expect(old.body.contains("too old resource version"), "\(old.body)")
            #expect(try await test.curl("/api/v1/namespaces/default/configmaps/a").status == 200)
        }
    }

    @Test("a restart that is cancelled in its downtime brings the server back all the same")
    func cancelled() async throws {
        try await TestServer.run { test in
            let restarting = Task { try await test.server.restart(downtime: .seconds(600)) }
            while true {
                let answer = try await Command.run(
                    "curl", ["--silent", "--cacert", test.authorityFile, test.server.url + "/livez"])
                if answer.status == 7 { break }
            }
            restarting.cancel()
            await #expect(throws: CancellationError.self) { try await restarting.value }
            #expect(try await test.curl("/livez").status == 200)
        }
    }
}

extension TestServer {
    fileprivate func create(_ name: String) async throws {
        var map = ConfigMap(json: ["apiVersion": "v1", "kind": "ConfigMap"])
        map.metadata.name = name
        map.metadata.namespace = "default"
        _ = try await api.create(map)
    }

    /// Of the list before anything else is made.
    fileprivate func version() async throws -> String {
        let version = try await api.list(ConfigMap.self, namespace: "default").resourceVersion
        try await create("b")
        return version
    }
}
