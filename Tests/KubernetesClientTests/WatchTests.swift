import Determinism
import Kubernetes
import KubernetesClient
import Resilience
import Testing
import Wire

@Suite(.timeLimit(.minutes(1)))
struct WatchTests {
    private static func line(_ index: Int) -> String {
        #"{"type":"ADDED","object":{"metadata":{"name":"n\#(index)","resourceVersion":"\#(index)"}}}"# + "\n"
    }

    private struct Stop: Error {}

    @Test("all events come in order, the stream ends, and one exchange tells of it", arguments: [true, false])
    func events(overHTTP2: Bool) async throws {
        let tls = try TestTLS(offersHTTP2: overHTTP2)
        let lines = (0..<20_000).map(Self.line)
        try await TestServer.with(tls.listener, script: { _ in .stream(lines, ends: true) }) { server, address in
            let log = Log()
            let client = makeClient(address, log: log) { $0.connection.tls = tls.trust }
            let names = try await client.withWatch(.watchConfigMaps("w")) { stream in
                var names: [String] = []
                for try await event in stream { names.append(event.object["metadata", "name"]?.string ?? "") }
                return names
            }
            #expect(names == (0..<20_000).map { "n\($0)" })
            #expect(server.received.first?.uri == "/api/v1/namespaces/t/configmaps?watch=true")
            #expect(log.exchanges.map(\.httpStatus) == [200])
            #expect(log.exchanges.map(\.reason) == [""])
        }
    }

    @Test("a watch is closed at the server when its body returns, throws or is cancelled", arguments: 0..<3)
    func closing(way: Int) async throws {
        try await TestServer.with(script: { _ in .stream([Self.line(1)], ends: false) }) { server, address in
            let log = Log()
            let client = makeClient(address, log: log)
            await withTaskGroup { group in
                group.addTask {
                    do {
                        try await client.withWatch(.watchConfigMaps("w")) { stream in
                            for try await _ in stream {
                                if way == 0 { return }
                                if way == 1 { throw Stop() }
                            }
                        }
                        #expect(way == 0)
                    } catch is Stop {
                        #expect(way == 1)
                    } catch is CancellationError {
                        #expect(way == 2)
                    } catch {
                        Issue.record(error)
                    }
                }
                if way == 2 {
                    try? await eventually("the watch is open") { server.received.count == 1 }
                    group.cancelAll()
                }
            }
            try await eventually("the server sees the end") { server.endedIDs == ["w.1"] }
            #expect(log.exchanges.count == 1)
        }
    }

    @Test("a watch that cannot be opened fails as a request does")
    func refused() async throws {
        let body = JSONValue.object(Status.expired("too old resource version: 5 (10)").json).text
        try await TestServer.with(script: { _ in .answer(410, body) }) { _, address in
            let log = Log()
            let error = try await apiError {
                try await makeClient(address, log: log).withWatch(.watchConfigMaps("w")) { _ in 0 }
            }
            #expect(error.code == .expired)
            #expect(log.exchanges.map(\.httpStatus) == [410])
            #expect(log.exchanges.map(\.reason) == ["Expired"])
        }
    }

    @Test("opening a watch is retried by the transport layer, with numbers of their own")
    func retriedOpening() async throws {
        try await TestServer.with(script: {
            switch $0.requestID {
            case "w.1": .reset
            case "w.2": .answer(429, "", ["Retry-After": "5"])
            default: .stream([Self.line(1)], ends: true)
            }
        }) { _, address in
            let log = Log()
            let time = WaitlessClock()
            let client = makeClient(address, log: log, clock: time.clock) { $0.transport = .clientGo }
            let count = try await client.withWatch(.watchConfigMaps("w")) { stream in
                var count = 0
                for try await _ in stream { count += 1 }
                return count
            }
            #expect(count == 1)
            #expect(time.waits == [.seconds(1), .seconds(5)])
            #expect(log.exchanges.map(\.trace.attempt) == [1, 2, 3])
            #expect(log.decisions.map(\.requestID) == ["w.1", "w.2"])
        }
    }

    @Test("a stream that breaks gives what came, and then the failure")
    func broken() async throws {
        try await TestServer.with(script: { _ in .truncated(Self.line(1)) }) { _, address in
            let log = Log()
            let client = makeClient(address, log: log)
            var names: [String] = []
            let error = try await apiError {
                try await client.withWatch(.watchConfigMaps("w")) { stream in
                    for try await event in stream { names.append(event.type) }
                }
            }
            #expect(names == ["ADDED"])
            #expect(error.transport?.kind == .truncated)
            #expect(log.exchanges.map(\.reason) == ["truncated"])
        }
    }

    @Test("a stream that ends within an event is truncated")
    func halfEvent() async throws {
        try await TestServer.with(script: { _ in .stream([Self.line(1), #"{"type":"#], ends: true) }) { _, address in
            let error = try await apiError {
                try await makeClient(address).withWatch(.watchConfigMaps("w")) { for try await _ in $0 {} }
            }
            #expect(error.transport?.kind == .truncated)
        }
    }

    @Test("a watch that falls silent ends at the idle limit, as a lost connection")
    func idle() async throws {
        try await TestServer.with(script: { _ in .stream([Self.line(1)], ends: false) }) { _, address in
            let client = makeClient(address) { $0.watchIdleLimit = .seconds(3) }
            let error = try await apiError {
                try await client.withWatch(.watchConfigMaps("w")) { for try await _ in $0 {} }
            }
            #expect(error.transport == TransportFailure(kind: .timeout, curlCode: 28))
            #expect(error.message.contains("http2: client connection lost"))
        }
    }
}
