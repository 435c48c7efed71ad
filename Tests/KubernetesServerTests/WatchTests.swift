import APIMachinery
import Foundation
import Kubernetes
import KubernetesServer
import Subprocess
import Testing

/// Watches over the wire, as curl sees them.
@Suite("Watches", .enabled(if: Command.isInstalled("curl"), "curl is not in PATH"), .timeLimit(.minutes(2)))
struct WatchTests {
    @Test("Events come as they happen, a line each", arguments: ["--http1.1", "--http2"])
    func streams(option: String) async throws {
        try await TestServer.run { test in
            try await test.create("before")
            let uri = "\(HTTPTests.maps)?watch=1&fieldSelector=metadata.name!=kube-root-ca.crt"
            let events = try await test.stream(uri, option) { lines in
                if lines.count == 1 { try await test.create("after") }
                return lines.count == 2
            }
            #expect(events.map { $0["type"] } == ["ADDED", "ADDED"])
            #expect(events.map { $0["object", "metadata", "name"] } == ["before", "after"])
        }
    }

    @Test("A stream ends cleanly when its time is over", arguments: ["--http1.1", "--http2"])
    func endsInTime(option: String) async throws {
        try await TestServer.run { test in
            try await test.create("one")
            let uri = "\(HTTPTests.maps)?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=one"
            let events = try await test.stream(uri, option) { _ in false }
            #expect(events.map { $0["type"] } == ["ADDED"])
        }
    }

    @Test("A version that is too old is one ERROR event in an answer of 200, and the end")
    func endsExpiredWatch() async throws {
        try await TestServer.run { test in
            let events = try await test.stream("\(HTTPTests.maps)?watch=1&resourceVersion=1", "--http2") { _ in false }
            #expect(events.map { $0["type"] } == ["ERROR"])
            #expect(events.first?["object", "code"] == 410)
            #expect(events.first?["object", "reason"] == "Expired")
        }
    }

    @Test("sendInitialEvents ends the initial events with a bookmark, and the stream goes on")
    func sendsInitialEvents() async throws {
        try await TestServer.run { test in
            try await test.create("before")
            let uri =
                "\(HTTPTests.maps)?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                + "&allowWatchBookmarks=true&fieldSelector=metadata.name!=kube-root-ca.crt"
            let events = try await test.stream(uri, "--http2") { lines in
                if lines.count == 2 { try await test.create("after") }
                return lines.count == 3
            }
            #expect(events.map { $0["type"] } == ["ADDED", "BOOKMARK", "ADDED"])
            let annotations = events.dropFirst().first?["object", "metadata", "annotations"]
            #expect(annotations == ["k8s.io/initial-events-end": "true"])
        }
    }

    @Test("A watch in tables has its columns in the first event alone")
    func streamsTables() async throws {
        try await TestServer.run { test in
            try await test.create("one")
            try await test.create("two")
            let uri = "\(HTTPTests.maps)?watch=1&fieldSelector=metadata.name!=kube-root-ca.crt"
            let events = try await test.stream(uri, "--http2", "-H", "Accept: \(Self.table)") { $0.count == 2 }
            #expect(events.first?["object", "kind"] == "Table")
            #expect(events.first?["object", "columnDefinitions"]?.array?.count == 3)
            #expect(events.last?["object", "columnDefinitions"] == .null)
            let cells = events.last?["object", "rows"]?.array?.first?.object?["cells"]?.array
            #expect(cells?.first == "two")
        }
    }

    private static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"

    @Test("Metadata alone can be watched")
    func streamsMetadata() async throws {
        try await TestServer.run { test in
            try await test.create("one")
            let uri = "\(HTTPTests.maps)?watch=1&fieldSelector=metadata.name=one"
            let accept = "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
            let events = try await test.stream(uri, "--http2", "-H", accept) { $0.count == 1 }
            #expect(events.first?["object", "kind"] == "PartialObjectMetadata")
            #expect(events.first?["object", "data"] == nil)
        }
    }

    @Test("A reader that reads nothing is cut, and the server goes on", arguments: ["--http1.1", "--http2"])
    func cutsSlowReaders(option: String) async throws {
        var limits = ServerConfiguration.Limits()
        limits.watchBufferMax = 10
        limits.watchStallMax = .milliseconds(100)
        try await TestServer.run(limits: limits) { test in
            try await test.create("big")
            let uri = "\(HTTPTests.maps)?watch=1&fieldSelector=metadata.name=big"
            // While this closure runs nobody reads what curl prints, and so curl reads no more than fits its buffers.
            var changes = 0
            let events = try await test.stream(uri, option) { lines in
                guard lines.count == 1 else { return false }
                while test.server.openRequestCount > 0, changes < 2_000 {
                    try await test.change("big", to: changes, bytes: 100_000)
                    changes += 1
                }
                #expect(test.server.openRequestCount == 0)
                return false
            }
            // The stream has ended by itself, before all of it was read.
            #expect(events.count > 1)
            #expect(events.count < changes)
            #expect(try await test.curl("/readyz").status == 200)
        }
    }

    @Test("A watch whose client has left is open no more", arguments: ["--http1.1", "--http2"])
    func forgetsLostClients(option: String) async throws {
        try await TestServer.run { test in
            try await test.create("one")
            _ = try await test.stream("\(HTTPTests.maps)?watch=1", option) { _ in
                #expect(test.server.openRequestCount == 1)
                return true
            }
            let deadline = ContinuousClock.now + .seconds(10)
            while test.server.openRequestCount > 0, ContinuousClock.now < deadline { await Task.yield() }
            #expect(test.server.openRequestCount == 0)
        }
    }

    @Test("Watches end when the server does", arguments: ["--http1.1", "--http2"])
    func endsWithServer(option: String) async throws {
        let (started, startedContinuation) = AsyncStream.makeStream(of: TestServer.self)
        let (opened, openedContinuation) = AsyncStream.makeStream(of: Void.self)
        let events = try await withThrowingTaskGroup(of: [JSONObject].self) { group in
            group.addTask {
                try await TestServer.run { test in
                    try await test.create("one")
                    startedContinuation.yield(test)
                    for await _ in opened { break }
                }
                return []
            }
            group.addTask {
                for await test in started {
                    return try await test.stream("\(HTTPTests.maps)?watch=1", option) { lines in
                        if lines.count == 1 { openedContinuation.yield() }
                        return false
                    }
                }
                return []
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(!events.isEmpty)
    }
}

extension TestServer {
    /// Runs curl on a watch and gives its events; each line that comes is shown to `act`, which ends curl by `true`.
    ///
    /// Where `act` never does, curl must end by itself, and without an error.
    fileprivate func stream(
        _ uri: String, _ arguments: String..., act: ([String]) async throws -> Bool
    ) async throws -> [JSONObject] {
        let options = [
            "--silent", "--show-error", "--no-buffer", "--globoff", "--cacert", authorityFile, "-H",
            "Authorization: Bearer \(Self.token)",
        ]
        let result = try await Subprocess.run(
            .name("curl"), arguments: Arguments(options + arguments + [server.url + uri]), input: .none,
            output: .sequence, error: .discarded
        ) { execution in
            var lines: [String] = []
            for try await line in execution.standardOutput.strings(bufferingPolicy: .maxLineLength(1 << 22)) {
                lines.append(line)
                if try await act(lines) {
                    await execution.teardown(using: [])
                    return (lines, true)
                }
            }
            return (lines, false)
        }
        let (lines, wasEnded) = result.closureResult
        if !wasEnded { #expect(result.terminationStatus == .exited(0)) }
        return lines.compactMap { (try? JSONValue(parsing: Array($0.utf8)))?.object }
    }

    fileprivate func create(_ name: String) async throws {
        _ = try await api.send(
            APIRequest(.create, .configMaps, namespace: "default", body: ["metadata": ["name": .string(name)]]))
    }

    /// Puts another text of that many bytes into a config map.
    fileprivate func change(_ name: String, to number: Int, bytes: Int) async throws {
        let text = String(number) + String(repeating: "x", count: bytes)
        _ = try await api.send(
            APIRequest(
                .patch, .configMaps, namespace: "default", name: name, body: ["data": ["text": .string(text)]],
                patchType: .merge))
    }
}
