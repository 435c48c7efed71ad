import Foundation
import Kubernetes
import KubernetesClient
import Testing

struct TokenFileTests {
    private func time(_ seconds: Int64) -> Timestamp { Timestamp(microsecondsSinceEpoch: seconds * 1_000_000) }

    @Test("the file is read again when the minute is nearly over, and not before")
    func rereads() throws {
        var file = TokenFile(path: "/t")
        #expect(try file.token(now: time(0)) { _ in Array("one\n".utf8) } == "one")
        #expect(try file.token(now: time(49)) { _ in Array("two".utf8) } == "one")
        #expect(try file.token(now: time(50)) { _ in Array("two".utf8) } == "two")
    }

    @Test("a file that cannot be read leaves the old token, and is tried again at once")
    func unreadable() throws {
        var file = TokenFile(path: "/t")
        #expect(throws: CredentialError.self) { try file.token(now: time(0)) { _ in nil } }
        #expect(try file.token(now: time(0)) { _ in Array("one".utf8) } == "one")
        #expect(try file.token(now: time(60)) { _ in [] } == "one")
        #expect(try file.token(now: time(61)) { _ in Array("two".utf8) } == "two")
        var withFallback = TokenFile(path: "/t", fallback: "old")
        #expect(try withFallback.token(now: time(0)) { _ in nil } == "old")
    }
}

struct ExecCredentialTests {
    private func parse(_ status: String, version: String = "client.authentication.k8s.io/v1") throws -> ExecCredential {
        try ExecCredential(
            parsing: Array(#"{"apiVersion":"\#(version)","kind":"ExecCredential","status":\#(status)}"#.utf8),
            apiVersion: "client.authentication.k8s.io/v1")
    }

    @Test("a token lasts until its expiry")
    func expiry() throws {
        let credential = try parse(#"{"token":"t","expirationTimestamp":"1970-01-01T00:01:00Z"}"#)
        #expect(credential.token == "t")
        #expect(credential.isFresh(at: Timestamp(microsecondsSinceEpoch: 59_999_999)))
        #expect(!credential.isFresh(at: Timestamp(microsecondsSinceEpoch: 60_000_000)))
        #expect(try parse(#"{"token":"t"}"#).isFresh(at: Timestamp(microsecondsSinceEpoch: .max / 2)))
    }

    @Test(
        "output that gives nothing to authenticate with is refused",
        arguments: ["{}", "null", #"{"clientCertificateData":"c"}"#, #"{"token":"t","expirationTimestamp":"soon"}"#])
    func refused(status: String) {
        #expect(throws: CredentialError.self) { try parse(status) }
    }

    @Test("output of another version is refused, naming both")
    func version() throws {
        let error = try #require(throws: CredentialError.self) {
            try parse(#"{"token":"t"}"#, version: "client.authentication.k8s.io/v1beta1")
        }
        #expect(error.message.contains("v1beta1"))
    }
}

@Suite(.timeLimit(.minutes(1)))
struct ExecPluginTests {
    /// A plugin that counts its runs in a file and prints a token that names the run.
    private func withPlugin(
        expires: String? = nil, _ body: (ExecPlugin, _ runs: () -> Int) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "boreas-exec-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let script = directory.appending(path: "plugin")
        let expiry = expires.map { #", "expirationTimestamp": "\#($0)""# } ?? ""
        try """
        #!/bin/sh
        echo run >> \(directory.path())/runs
        case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 3 ;; esac
        count=$(wc -l < \(directory.path())/runs | tr -d ' ')
        echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
        echo '"status": {"token": "'$PREFIX-$1-$count'"\(expiry)}}'
        """.write(to: script, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path())
        let plugin = ExecPlugin(command: script.path(), arguments: ["arg"], environment: ["PREFIX": "p"])
        try await body(plugin) {
            let text = try? String(contentsOf: directory.appending(path: "runs"), encoding: .utf8)
            return text?.split(separator: "\n").count ?? 0
        }
    }

    private func authorizations(_ server: TestServer) -> [String] {
        server.received.map { received in
            received.headers.filter { $0.name.lowercased() == "authorization" }.map(\.value).joined()
        }
    }

    @Test("a plugin runs once for many requests, and once more after a 401")
    func caching() async throws {
        try await withPlugin { plugin, runs in
            try await TestServer.with(script: {
                $0.requestID == "bad.1"
                    ? .answer(401, #"{"status":"Failure","code":401,"reason":"Unauthorized"}"#) : .ok
            }) { server, address in
                let client = makeClient(address) { $0.connection.authentication = .exec(plugin) }
                try await withThrowingTaskGroup { group in
                    for index in 0..<5 { group.addTask { try await client.send(.getConfigMap("g\(index)")) } }
                    try await group.waitForAll()
                }
                #expect(runs() == 1)
                let error = try await apiError { try await client.send(.getConfigMap("bad")) }
                #expect(error.code == .forbidden)
                _ = try await client.send(.getConfigMap("after"))
                _ = try await client.send(.getConfigMap("later"))
                #expect(runs() == 2)
                let expected = Array(repeating: "Bearer p-arg-1", count: 6) + ["Bearer p-arg-2", "Bearer p-arg-2"]
                #expect(authorizations(server) == expected)
            }
        }
    }

    @Test("an expired credential is renewed before each request")
    func expired() async throws {
        try await withPlugin(expires: "1969-01-01T00:00:00Z") { plugin, runs in
            try await TestServer.with { _, address in
                let client = makeClient(address) { $0.connection.authentication = .exec(plugin) }
                _ = try await client.send(.getConfigMap("a"))
                _ = try await client.send(.getConfigMap("b"))
                #expect(runs() == 2)
            }
        }
    }

    @Test(
        "a plugin that fails or is not there is an error that says so, and nothing is sent",
        arguments: [
            ("false", "executable false failed"), ("no-such-plugin-x", "cannot be run"), ("/none/x", "/none/x"),
        ])
    func failing(command: String, words: String) async throws {
        try await TestServer.with { server, address in
            let plugin = ExecPlugin(command: command, installHint: "get it from the provider")
            let client = makeClient(address) { $0.connection.authentication = .exec(plugin) }
            let error = try await apiError { try await client.send(.getConfigMap("g")) }
            #expect(error.code == .forbidden)
            #expect(error.message.contains(words), "\(error)")
            #expect((command == "false") != error.message.contains("get it from the provider"))
            #expect(server.received.isEmpty)
        }
    }
}
