import FaultProxy
import Faults
import Foundation
import Kubernetes
import KubernetesClient
import NIOCore
import Testing

/// What the proxy does when nothing goes wrong. One after another: they share two cores with a curl process each.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct PassingTests {
    @Test("requests and answers pass unchanged but for what belongs to one hop", arguments: ["1.1", "2"])
    func headers(version: String) async throws {
        try await ProxySetup.with { setup in
            let result = try await setup.curl(
                "/api/v1/pods?limit=5&x=a%20b", "-i", "-H", "X-Custom: kept", "-H", "Proxy-Connection: gone",
                "-H", "User-Agent: unit/1", version: version)
            #expect(result.status == 0)
            #expect(result.output.hasSuffix(#"{"method":"GET","uri":"/api/v1/pods?limit=5&x=a%20b","bytes":0}"#))
            #expect(result.output.lowercased().contains("x-served-by: api"))
            #expect(!result.output.lowercased().contains("keep-alive"))
            let seen = try #require(setup.server.seen.first)
            #expect(seen.headers["authorization"] == "Bearer upstream-token")
            #expect(seen.headers["x-custom"] == "kept")
            #expect(seen.headers["user-agent"] == "unit/1")
            #expect(seen.headers["proxy-connection"] == nil)
            #expect(seen.headers["host"]?.hasPrefix("127.0.0.1:") == true)
            #expect(seen.headers["host"]?.hasSuffix(":\(setup.proxy.port)") == false)
        }
    }

    @Test(
        "bodies arrive byte for byte, whether or not a rule reads them", arguments: ["1.1", "2"], [false, true])
    func bodies(version: String, isRead: Bool) async throws {
        var bytes = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        bytes[0] = UInt8(ascii: "{")
        let rule = Rule(name: "r", match: RequestMatch(name: "nobody"), fault: .blackHole(.init()))
        try await ProxySetup.with(rules: isRead ? [rule] : []) { setup in
            let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try Data(bytes).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            for framing in version == "1.1" ? ["Transfer-Encoding: chunked", "X-Length: known"] : ["X-Length: known"] {
                let result = try await setup.curl(
                    "/api/v1/namespaces/t/configmaps", "-X", "POST", "-H", "Content-Type: application/json",
                    "-H", framing, "--data-binary", "@\(file.path)", version: version)
                #expect(result.output.hasSuffix(#""bytes":2500000}"#))
                let isWhole = setup.server.seen.last?.body == bytes
                #expect(isWhole)
            }
        }
    }

    @Test("every method passes, with a body and without", arguments: ["1.1", "2"])
    func methods(version: String) async throws {
        try await ProxySetup.with { setup in
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
                #expect(
                    try await setup.curl("/x", "-X", method, version: version).output
                        == #"{"method":"\#(method)","uri":"/x","bytes":0}"#)
                #expect(
                    try await setup.curl("/x", "-X", method, "-d", "four", version: version).output
                        == #"{"method":"\#(method)","uri":"/x","bytes":4}"#)
            }
            let head = try await setup.curl("/x", "--head", version: version)
            #expect(head.status == 0)
            #expect(head.output.lowercased().contains("content-length: "))
        }
    }

    @Test("a client that waits for leave to send its body gets it at once")
    func expectContinue() async throws {
        try await ProxySetup.with { setup in
            // curl waits a second for 100 Continue and then sends all the same.
            let result = try await setup.curl(
                "/x", "-d", "four", "-H", "Expect: 100-continue", "-o", "/dev/null", "-w", "%{http_code} %{time_total}")
            #expect(result.output.hasPrefix("200 "))
            let seconds = try #require(Double(result.output.dropFirst(4)))
            #expect(seconds < 0.9)
            #expect(setup.server.seen.first?.headers["expect"] == nil)
        }
    }

    @Test("connections are reused on both sides, and many requests pass on one", arguments: ["1.1", "2"])
    func reuse(version: String) async throws {
        try await ProxySetup.with { setup in
            let result = try await setup.curl(
                "/[1-500]", "-o", "/dev/null", "-w", "%{http_code}/%{num_connects} ", version: version)
            #expect(result.status == 0)
            #expect(result.output == "200/1 " + String(repeating: "200/0 ", count: 499))
            #expect(setup.server.seen.count == 500)
        }
    }

    @Test("requests that a client sends without waiting for answers are answered in order, the refused ones too")
    func pipelining() async throws {
        let forged = Rule(
            name: "forged", match: RequestMatch(resource: "pods", name: "p-1"),
            fault: .status(Fault.ForgedStatus(code: 503)))
        try await ProxySetup.with(forged, isObserved: true) { setup in
            let requests = (0..<4).map { index in
                "GET /api/v1/namespaces/t/pods/p-\(index) HTTP/1.1\r\nHost: x\r\n"
                    + "Authorization: Bearer \(index == 2 ? "guess" : setup.proxy.token)\r\n"
                    + (index == 3 ? "Connection: close\r\n" : "") + "\r\n"
            }
            try await setup.withConnection(sending: requests.joined()) { inbound, _ in
                var text = ""
                for try await chunk in inbound { text += String(buffer: chunk) }
                let codes = text.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
                #expect(codes == ["200", "503", "401", "200"])
                #expect(text.hasSuffix(#"/p-3","bytes":0}"#))
            }
            #expect(setup.server.seen.count == 2)
            try await eventually("three are told of") { setup.requests.count == 3 }
            #expect(setup.requests.map(\.identity?.name) == ["p-0", "p-1", "p-3"])
            #expect(setup.requests.map(\.upstreamStatus) == [200, 0, 200])
            #expect(setup.requests.map(\.rule) == [nil, "forged", nil])
        }
    }

    @Test("a client that closes after each request gets each answer whole")
    func connectionClose() async throws {
        try await ProxySetup.with { setup in
            let result = try await setup.curl(
                "/[1-20]", "-H", "Connection: close", "-o", "/dev/null", "-w", "%{http_code} ")
            #expect(result.output == String(repeating: "200 ", count: 20))
        }
    }

    @Test("a server's path prefix stands before the request's path")
    func basePath() async throws {
        try await ProxySetup.with(basePath: "/k8s/clusters/c-1/") { setup in
            _ = try await setup.curl("/version")
            #expect(setup.server.seen.map(\.uri) == ["/k8s/clusters/c-1/version"])
        }
    }

    @Test("who does not hold the token gets 401, and the server hears nothing", arguments: ["1.1", "2"])
    func wrongToken(version: String) async throws {
        try await ProxySetup.with { setup in
            let wrong = try await setup.curl(
                "/x", "-d", "body", "-w", " %{http_code}", version: version, token: "guess")
            #expect(
                wrong.output == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                    + #""message":"Unauthorized","reason":"Unauthorized","code":401}"# + "\n 401")
            let none = try await Curl.run([
                "--cacert", setup.root, "-w", "%{http_code}", "-o", "/dev/null", setup.proxy.server,
            ])
            #expect(none.output == "401")
            #expect(setup.server.seen.isEmpty)
        }
    }

    @Test("events of a watch come through one by one, and its end is a clean one")
    func watch() async throws {
        try await ProxySetup.with { setup in
            try await setup.withClient { client in
                let request = APIRequest(.watch, .configMaps, namespace: "t")
                let names = try await client.withWatch(request) { stream in
                    var names: [String] = []
                    try await eventually("the watch has reached the server") { setup.server.streamCount == 1 }
                    setup.server.push(event("first"))
                    for try await event in stream {
                        names.append(event.object["metadata", "name"]?.string ?? "")
                        // The next is sent only when this one is here: nothing is held back on the way.
                        setup.server.push(names.count < 5 ? self.event("then-\(names.count)") : nil)
                    }
                    return names
                }
                #expect(names == ["first", "then-1", "then-2", "then-3", "then-4"])
            }
        }
    }

    private func event(_ name: String) -> String {
        JSONValue.object(["type": "ADDED", "object": ["metadata": ["name": .string(name)]]]).text
    }

    @Test("when a client gives up a watch, the server learns of it", arguments: ["1.1", "2"])
    func abandonedWatch(version: String) async throws {
        try await ProxySetup.with(isObserved: true) { setup in
            let result = try await setup.curl("/api/v1/pods?watch=true", "--max-time", "1", version: version)
            #expect(result.status == 28)
            try await eventually("the server's stream has ended") { setup.server.streamsEnded == 1 }
            try await eventually("the request is told of") { setup.requests.count == 1 }
            #expect(setup.requests.first?.identity?.verb == .watch)
            #expect(setup.requests.first?.upstreamStatus == 200)
        }
    }

    @Test("a client that does not read holds the server back; nothing piles up in the proxy", arguments: ["1.1", "2"])
    func slowConsumer(version: String) async throws {
        try await ProxySetup.with { setup in
            let result = try await setup.curl(
                "/flood", "--limit-rate", "1k", "--max-time", "3", "-o", "/dev/null", version: version)
            #expect(result.status == 28)
            try await eventually("the server's answer has ended") { setup.server.streamsEnded == 1 }
            // What the buffers of four sockets and two HTTP/2 windows hold, and not the 10 GB that a loop could copy.
            #expect(setup.server.flooded < 40 << 20)
        }
    }

    @Test("an upgraded connection carries bytes both ways, those sent early included", arguments: [false, true])
    func upgrade(hasRules: Bool) async throws {
        let rule = Rule(name: "idle", match: RequestMatch(name: "nobody"), fault: .blackHole(.init()))
        try await ProxySetup.with(rules: hasRules ? [rule] : []) { setup in
            try await setup.withUpgrade(early: "early") { inbound, outbound in
                var bytes = inbound.makeAsyncIterator()
                var text = ""
                while !text.hasSuffix("early"), let chunk = try await bytes.next() { text += String(buffer: chunk) }
                #expect(text.hasPrefix("HTTP/1.1 101 "))
                #expect(text.lowercased().contains("upgrade: echo"))
                let big = ByteBuffer(repeating: UInt8(ascii: "b"), count: 1 << 20)
                var count = 0
                try await outbound.write(big)
                while count < 1 << 20, let chunk = try await bytes.next() { count += chunk.readableBytes }
                #expect(count == 1 << 20)
            }
            #expect(setup.server.seen.map(\.uri) == [ProxySetup.execPath])
            #expect(setup.server.seen.first?.headers["upgrade"] == "echo")
            #expect(setup.server.seen.first?.headers["authorization"] == "Bearer upstream-token")
        }
    }

    @Test("an upgrade that the server turns down is answered as it answered, and the connection ends")
    func refusedUpgrade() async throws {
        try await ProxySetup.with { setup in
            let result = try await setup.curl("/x", "-i", "-H", "Connection: Upgrade", "-H", "Upgrade: echo")
            #expect(result.status == 0)
            #expect(result.output.hasPrefix("HTTP/1.1 200 "))
            #expect(result.output.lowercased().contains("connection: close"))
        }
    }

    @Test("what a request was is told when it is over")
    func observation() async throws {
        try await ProxySetup.with(isObserved: true) { setup in
            _ = try await setup.curl("/apis/batch/v1/namespaces/t/jobs/j", "-H", "X-Boreas-Request-Id: op.1")
            _ = try await setup.curl("/version")
            try await eventually("both are told of") { setup.requests.count == 2 }
            let job = setup.requests[0]
            #expect(
                job.identity == RequestIdentity(verb: .get, group: "batch", resource: "jobs", namespace: "t", name: "j")
            )
            #expect(job.requestID == "op.1")
            #expect(job.upstreamStatus == 200)
            #expect(job.duration > .zero)
            #expect(setup.requests[1].identity == nil)
            #expect(setup.requests[1].uri == "/version")
        }
    }
}
