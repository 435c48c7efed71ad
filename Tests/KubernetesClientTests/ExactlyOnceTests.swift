import Kubernetes
import KubernetesClient
import NIOHTTP2
import Testing
import Wire

/// What libcurl would send again by itself must reach the server once; the server's side is the witness.
@Suite(.timeLimit(.minutes(1)))
struct ExactlyOnceTests {
    enum Death: CaseIterable {
        case reset, cut

        var reply: TestServer.Reply { self == .reset ? .reset : .cut }
    }

    enum Stage: CaseIterable { case head, end }

    private func isWarmUp(_ received: TestServer.Received) -> Bool { received.requestID.hasPrefix("warm") }

    @Test(
        "a write whose reused connection dies before the answer reaches the server once",
        arguments: Death.allCases, Stage.allCases)
    func writeOnReusedConnection(death: Death, stage: Stage) async throws {
        for request in APIRequest.writes("w") {
            try await TestServer.with(
                atHead: { [self] in stage == .head && !isWarmUp($0) ? death.reply : nil },
                script: { [self] in isWarmUp($0) ? .ok : death.reply }
            ) { server, address in
                let client = makeClient(address)
                _ = try await client.send(.getConfigMap("warm-up"))
                let error = try await apiError { try await client.send(request) }
                // A second request shows that the server would have seen a replay by now.
                _ = try await client.send(.getConfigMap("warm-after"))
                let id = try #require(request.trace?.requestID)
                #expect(server.received.count { $0.requestID == id } == 1)
                #expect(server.received.first { $0.requestID == id }?.connection == 1)
                #expect(error.code == .unreachable)
                let kinds: [TransportFailure.Kind] = [.connectionReset, .connectionClosed]
                #expect(kinds.contains(try #require(error.transport).kind))
                // A request cut at its head may or may not have been written to the end by then.
                if stage == .end { #expect(error.mayHaveBeenApplied) }
            }
        }
    }

    @Test("a read whose reused connection dies before the answer reaches the server once", arguments: Death.allCases)
    func readOnReusedConnection(death: Death) async throws {
        try await TestServer.with(script: { [self] in isWarmUp($0) ? .ok : death.reply }) { server, address in
            let log = Log()
            let client = makeClient(address, log: log)
            _ = try await client.send(.getConfigMap("warm-up"))
            let error = try await apiError { try await client.send(.getConfigMap("read")) }
            #expect(server.received.count { $0.requestID == "read.1" } == 1)
            #expect(server.connectionCount == 1, "libcurl must not even connect for a replay")
            #expect(error.transport?.kind == (death == .reset ? .connectionReset : .connectionClosed))
            #expect(error.message.contains(death == .reset ? "connection reset by peer" : "EOF"))
            #expect(!error.mayHaveBeenApplied)
            #expect(log.exchanges.map(\.reason) == ["", error.transport?.kind.rawValue])
        }
    }

    @Test("a write over HTTP/2 whose reused connection dies reaches the server once", arguments: Death.allCases)
    func writeOverHTTP2(death: Death) async throws {
        let tls = try TestTLS()
        for request in APIRequest.writes("h2") {
            try await TestServer.with(tls.listener, script: { [self] in isWarmUp($0) ? .ok : death.reply }) {
                server, address in
                let client = makeClient(address) { $0.connection.tls = tls.trust }
                _ = try await client.send(.getConfigMap("warm-up"))
                let error = try await apiError { try await client.send(request) }
                _ = try await client.send(.getConfigMap("warm-after"))
                let id = try #require(request.trace?.requestID)
                #expect(server.received.count { $0.requestID == id } == 1)
                #expect(server.received.count(where: \.isHTTP2) == server.received.count)
                #expect(error.code == .unreachable)
                #expect(error.transport?.kind == (death == .reset ? .connectionReset : .connectionClosed), "\(error)")
                #expect(error.mayHaveBeenApplied)
            }
        }
    }

    @Test("a stream that the server refuses is not sent again", arguments: [true, false], [true, false])
    func refusedStream(isWrite: Bool, isReused: Bool) async throws {
        let tls = try TestTLS()
        try await TestServer.with(
            tls.listener, script: { [self] in isWarmUp($0) ? .ok : .resetStream(.refusedStream) }
        ) { server, address in
            let client = makeClient(address) { $0.connection.tls = tls.trust }
            if isReused { _ = try await client.send(.getConfigMap("warm-up")) }
            let request = isWrite ? APIRequest.writes("r")[0] : .getConfigMap("r-create")
            let error = try await apiError { try await client.send(request) }
            #expect(server.received.count { $0.requestID == "r-create.1" } == 1)
            #expect(error.code == .unreachable)
            #expect(error.transport?.kind == .connectionClosed, "\(error)")
            #expect(error.mayHaveBeenApplied == isWrite)
        }
    }

    @Test("a large write that dies at its head reaches the server once and was not applied")
    func largeWrite() async throws {
        let body: JSONValue = ["data": ["k": .string(String(repeating: "x", count: 8 << 20))]]
        try await TestServer.with(
            atHead: { [self] in isWarmUp($0) ? nil : .reset }, script: { _ in .ok }
        ) { server, address in
            let client = makeClient(address)
            _ = try await client.send(.getConfigMap("warm-up"))
            let request = APIRequest(.create, .configMaps, namespace: "t", body: body, trace: .first("large"))
            let error = try await apiError { try await client.send(request) }
            #expect(server.received.count { $0.requestID == "large.1" } == 1)
            #expect(!error.mayHaveBeenApplied, "half a request cannot be applied: \(error)")
        }
    }

    @Test("every request carries an id of its own, also where the caller gave none")
    func requestIDs() async throws {
        try await TestServer.with { server, address in
            let clients = [makeClient(address), makeClient(address)]
            for client in clients {
                for _ in 0..<3 { _ = try await client.send(APIRequest(.list, .pods)) }
                _ = try await client.raw(path: "/version")
            }
            let ids = server.received.map(\.requestID)
            #expect(ids.count == 8)
            #expect(Set(ids).count == 8)
            #expect(!ids.contains(""))
        }
    }
}
