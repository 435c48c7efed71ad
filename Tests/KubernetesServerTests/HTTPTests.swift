import APIMachinery
import Foundation
import Kubernetes
import KubernetesServer
import Subprocess
import Testing
import Wire

/// What goes over the wire, as curl sees it.
@Suite("Over HTTP", .enabled(if: Command.isInstalled("curl"), "curl is not in PATH"), .timeLimit(.minutes(2)))
struct HTTPTests {
    static let maps = "/api/v1/namespaces/default/configmaps"

    @Test("Both versions of HTTP serve an object, with the headers of an API server", arguments: ["1.1", "2"])
    func servesBothVersions(version: String) async throws {
        try await TestServer.run { test in
            let option = version == "2" ? "--http2" : "--http1.1"
            let created = try await test.curl(
                Self.maps, option, "-H", "Content-Type: application/json", "-d", #"{"metadata":{"name":"a"}}"#)
            #expect(created.status == 201, "\(created)")
            let read = try await test.curl(Self.maps + "/a", option, "-w", "\n%{http_version}")
            #expect(read.status == 200)
            #expect(read.body.hasSuffix("\n" + version))
            #expect(read.headers["content-type"] == "application/json")
            #expect(read.headers["cache-control"] == "no-cache, private")
            #expect(read.headers["audit-id"]?.count == 36)
            #expect(read.headers["date"]?.hasSuffix(" GMT") == true)
            #expect(created.headers["audit-id"] != read.headers["audit-id"])
        }
    }

    @Test("One connection serves request after request", arguments: ["--http1.1", "--http2"])
    func keepsConnections(option: String) async throws {
        try await TestServer.run { test in
            let url = test.server.url + "/version"
            let result = try await Command.run(
                "curl",
                ["--silent", "--cacert", test.authorityFile, option, "-o", "/dev/null", "-w", "%{num_connects} "]
                    + Array(repeating: url, count: 3).flatMap { [$0, "-o", "/dev/null"] }.dropLast(2))
            #expect(result.output == "1 0 0 ", "\(result)")
        }
    }

    @Test("More requests on one HTTP/2 connection than NIO takes for an attack")
    func survivesManyStreams() async throws {
        try await TestServer.run { test in
            let result = try await Command.run(
                "curl",
                [
                    "--silent", "--show-error", "--cacert", test.authorityFile, "--http2", "-o", "/dev/null",
                    "-w", "%{http_code} %{num_connects}\n", test.server.url + "/version?n=[1-500]",
                ])
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 500)
            #expect(lines.filter { $0 == "200 0" }.count == 499, "\(result)")
        }
    }

    @Test(
        "Failures have the body of a Status",
        arguments: [
            ("/api/v1/foo", 404, "NotFound", "the server could not find the requested resource"),
            ("/api/v1/namespaces/t/pods/none", 404, "NotFound", #"pods "none" not found"#),
            ("/api/v1/pods?fieldSelector=spec.foo=x", 400, "BadRequest", "field label not supported: spec.foo"),
            (
                "/api/v1/pods?resourceVersionMatch=Exact", 422, "Invalid",
                #"ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: "#
                    + "resourceVersionMatch is forbidden unless resourceVersion is provided"
            ),
        ])
    func answersFailures(path: String, code: Int, reason: String, message: String) async throws {
        try await TestServer.run { test in
            let answer = try await test.curl(path, "-A", "test")
            #expect(answer.status == code)
            let status = try #require(answer.json)
            #expect(status["kind"] == "Status")
            #expect(status["reason"]?.string == reason)
            #expect(status["message"]?.string == message)
            #expect(status["code"]?.integer == Int64(code))
            #expect(answer.body.hasPrefix(#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure""#))
        }
    }

    @Test("A list in a namespace that is not there is empty")
    func listsNothing() async throws {
        try await TestServer.run { test in
            let list = try await test.curl("/api/v1/namespaces/nons/pods")
            #expect(list.status == 200)
            #expect(list.json?["items"] == [])
            let created = try await test.curl(
                "/api/v1/namespaces/nons/configmaps", "-d", #"{"metadata":{"name":"a"}}"#, "-H", "Content-Type:")
            #expect(created.status == 404)
            #expect(created.json?["message"] == #"namespaces "nons" not found"#)
        }
    }

    @Test("Without a token: 403 but for what is public; with a wrong one: 401")
    func authenticates() async throws {
        try await TestServer.run { test in
            #expect(try await test.curl("/api/v1/pods", token: nil).status == 403)
            #expect(try await test.curl("/version", token: nil).json?["gitVersion"] == "v1.36.2")
            #expect(try await test.curl("/readyz", token: nil).body == "ok")
            let wrong = try await test.curl("/version", token: "wrong")
            #expect(wrong.status == 401)
            #expect(wrong.json?["message"] == "Unauthorized")
        }
    }

    @Test("A client certificate of the server's own authority is let in")
    func acceptsCertificates() async throws {
        try await TestServer.run { test in
            let identity = try test.server.authority.issueClientIdentity(user: "alice", groups: ["devs"])
            let certificate = try test.write(identity.certificatePEM, to: "client.pem")
            let key = try test.write(identity.privateKeyPEM, to: "client.key")
            let answer = try await test.curl("/api/v1/pods", "--cert", certificate, "--key", key, token: nil)
            #expect(answer.status == 200)
        }
    }

    @Test("A body above 3 MiB is 413", arguments: ["--http1.1", "--http2"])
    func refusesLargeBodies(option: String) async throws {
        try await TestServer.run { test in
            let path = try test.write(String(repeating: "x", count: 3 * 1_024 * 1_024 + 1), to: "body")
            let answer = try await test.curl(
                Self.maps, option, "--data-binary", "@" + path, "-H", "Content-Type: application/json")
            #expect(answer.status == 413)
            #expect(answer.json?["message"] == "Request entity too large: limit is 3145728")
        }
    }

    @Test("Bodies are refused by what they are", arguments: [("text/plain", 415), ("application/json", 400)])
    func refusesBodies(type: String, code: Int) async throws {
        try await TestServer.run { test in
            let answer = try await test.curl(Self.maps, "-d", "{bad", "-H", "Content-Type: \(type)")
            #expect(answer.status == code)
        }
    }

    @Test("An unknown field is warned of, and refused where that is asked for")
    func warns() async throws {
        try await TestServer.run { test in
            let body = #"{"metadata":{"name":"a"},"bogus":1}"#
            let json = ["-d", body, "-H", "Content-Type: application/json"]
            let strict = try await test.curl(Self.maps + "?fieldValidation=Strict", json[0], json[1], json[2], json[3])
            #expect(strict.status == 400)
            #expect(
                strict.json?["message"]?.string?.hasSuffix(#"strict decoding error: unknown field "bogus""#) == true)
            let lenient = try await test.curl(Self.maps, json[0], json[1], json[2], json[3])
            #expect(lenient.status == 201)
            #expect(lenient.headers["warning"] == #"299 - "unknown field \"bogus\"""#)
        }
    }

    @Test("HEAD has no body")
    func answersHead() async throws {
        try await TestServer.run { test in
            let answer = try await test.curl("/version", "--head")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
        }
    }

    @Test("A request that takes too long is 504, by the client's own bound and by the store's")
    func timesOut() async throws {
        try await TestServer.run { test in
            let short = try await test.curl("/api/v1/pods?resourceVersion=999999&timeout=100ms")
            #expect(short.status == 504)
            #expect(
                short.json?["message"]
                    == "Timeout: request did not complete within requested timeout - context deadline exceeded")
            let future = try await test.curl("/api/v1/pods?resourceVersion=999999")
            #expect(future.status == 504)
            #expect(future.json?["message"]?.string?.hasPrefix("Timeout: Too large resource version: ") == true)
            #expect(future.headers["retry-after"] == "1")
        }
    }

    @Test("Too many requests in flight are 429 in plain text, and watches are not among them")
    func limitsRequests() async throws {
        var limits = ServerConfiguration.Limits()
        limits.readsInFlightMax = 0
        try await TestServer.run(limits: limits) { test in
            let answer = try await test.curl("/api/v1/pods")
            #expect(answer.status == 429)
            #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(answer.headers["retry-after"] == "1")
            #expect(answer.body == "Too many requests, please try again later.\n")
            let watch = try await test.curl("/api/v1/pods?watch=1&timeoutSeconds=1")
            #expect(watch.status == 200)
            let write = try await test.curl(
                Self.maps, "-d", #"{"metadata":{"name":"a"}}"#, "-H", "Content-Type: application/json")
            #expect(write.status == 201)
        }
    }

    @Test("An exec that asks for an upgrade is refused, and its connection closed")
    func refusesUpgrades() async throws {
        try await TestServer.run { test in
            let answer = try await test.curl(
                "/api/v1/namespaces/default/pods/none/exec?command=true", "--http1.1", "-H", "Connection: Upgrade",
                "-H", "Upgrade: websocket")
            #expect(answer.status == 404)
            #expect(answer.headers["connection"] == "close")
            #expect(answer.json?["message"] == #"pods "none" not found"#)
        }
    }

    @Test("A port in use is named, with what to do about it")
    func namesPortInUse() async throws {
        try await TestServer.run { test in
            let configuration = ServerConfiguration(port: test.server.port, users: [:])
            let error = await #expect(throws: WireError.self) {
                try await EmbeddedServer.with(configuration, core: test.server.core) { _ in }
            }
            #expect(error?.code == .portInUse)
            #expect(error?.message.contains(String(test.server.port)) == true)
            #expect(error?.message.contains("name another port") == true)
        }
    }

    @Test("A paused server refuses connections, and takes them again on the same port")
    func pauses() async throws {
        try await TestServer.run { test in
            await test.server.pause()
            let refused = await #expect(throws: CurlAnswer.Failure.self) { try await test.curl("/version") }
            #expect(refused?.command.status == 7)
            try await test.server.resume()
            #expect(try await test.curl("/version").status == 200)
        }
    }
}
