import Determinism
import Faults
import Kubernetes
import Resilience
import Simulation
import Testing

/// Each fault as the caller sees it, and what of it the server sees.
@Suite struct NetworkFaultTests {
    private static let url = #"Post "https://127.0.0.1:6443/api/v1/namespaces/default/configmaps": "#

    private func expectOneInjection(
        _ setup: NetworkSetup, _ kind: Fault.Kind, at: Duration, _ sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = Injection(
            rule: "storm", kind: kind, identity: NetworkSetup.create("hit").identity, ordinal: 1,
            requestID: "subject-0-1-1.1", at: at)
        #expect(setup.injections == [expected], sourceLocation: sourceLocation)
    }

    @Test("without rules a request is answered, by what the server has stored")
    func passes() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            let created = try await setup.create("a")
            #expect(created["metadata", "uid"]?.string?.isEmpty == false)
            let read = try await setup.client.send(NetworkSetup.get("a"))
            #expect(read == created)
            let error = try await setup.failure(NetworkSetup.create("a"))
            #expect(error?.code == .alreadyExists && error?.message == #"configmaps "a" already exists"#)
        }
        #expect(setup.exchanges.map(\.httpStatus) == [201, 200, 409])
        #expect(setup.exchanges.map(\.reason) == ["", "", "AlreadyExists"])
        #expect(setup.exchanges.map(\.duration) == [.milliseconds(8), .milliseconds(2), .milliseconds(2)])
        #expect(setup.exchanges.map(\.trace.requestID) == ["subject-0-1-1.1", "subject-0-1-2.1", "subject-0-1-3.1"])
        #expect(setup.exchanges[0].timings.connect == .milliseconds(2))
        #expect(setup.exchanges[0].timings.tlsHandshake == .milliseconds(6))
        #expect(setup.exchanges[1].timings.connect == .zero)
        #expect(setup.network.connectionsOpened == 1)
    }

    @Test("a reset before the request: the server never sees it")
    func resetBefore() throws {
        let setup = NetworkSetup([.onCreate("hit", .reset(.init(at: .beforeRequest)))])
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.code == .unreachable)
            #expect(error?.transport == TransportFailure(kind: .connectionReset, curlCode: 56))
            #expect(error?.message == Self.url + "read tcp: connection reset by peer")
            // Nobody but the server knows.
            #expect(error?.mayHaveBeenApplied == true)
            #expect(try await !setup.has("hit"))
            try await setup.create("hit")
        }
        expectOneInjection(setup, .reset, at: .milliseconds(7))
        #expect(setup.exchanges.map(\.curlCode) == [56, 0])
        #expect(setup.exchanges.map(\.reason) == ["connectionReset", ""])
        #expect(setup.exchanges[0].duration == .milliseconds(8))
        #expect(setup.network.connectionsOpened == 2)
    }

    @Test("a reset after the commit: the write is done, and its answer lost")
    func resetAfter() throws {
        let setup = NetworkSetup([.onCreate("hit", .reset(.init(at: .afterCommit)))])
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.transport?.kind == .connectionReset)
            #expect(error?.mayHaveBeenApplied == true)
            #expect(try await setup.has("hit"))
        }
        expectOneInjection(setup, .reset, at: .milliseconds(7))
    }

    @Test("a black hole takes one request and leaves its connection to others; the caller gives up at its own time")
    func blackHole() throws {
        let setup = NetworkSetup([.onCreate("hit", .blackHole(.init()))])
        try setup.run { setup in
            async let watched = setup.watchToEnd(NetworkSetup.watch(timeout: .seconds(20)))
            try await setup.create("warm")
            let start = setup.loop.now
            async let other = setup.failure(NetworkSetup.get("warm"))
            let error = try await setup.failure(NetworkSetup.create("hit", timeout: .seconds(3)))
            #expect(setup.loop.now - start == .seconds(3))
            #expect(error?.transport == TransportFailure(kind: .timeout, curlCode: 28))
            #expect(
                error?.message == Self.url
                    + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
            #expect(error?.mayHaveBeenApplied == true)
            #expect(try await other == nil)
            #expect(try await !setup.has("hit"))
            try await setup.create("hit")
            #expect(await watched.events == ["ADDED warm", "ADDED hit"])
        }
        #expect(setup.injections.map(\.kind) == [.blackHole])
        #expect(setup.network.connectionsOpened == 1)
    }

    @Test("half open: the write is done, and nothing ever comes back on the connection, to whatever shares it")
    func halfOpen() throws {
        let setup = NetworkSetup([.onCreate("hit", .halfOpen(.init()))])
        try setup.run { setup in
            async let watched = setup.watchToEnd(NetworkSetup.watch(timeout: .seconds(20)))
            try await setup.create("warm")
            let error = try await setup.failure(NetworkSetup.create("hit", timeout: .seconds(3)))
            #expect(error?.transport?.kind == .timeout)
            #expect(try await setup.has("hit"))
            // The watch keeps the connection in use, so that what follows goes on it, is done, and is not answered.
            let next = try await setup.failure(NetworkSetup.create("next", timeout: .seconds(3)))
            #expect(next?.transport?.kind == .timeout)
            #expect(try await setup.has("next"))
            let watch = await watched
            #expect(watch.events == ["ADDED warm"])
            #expect(watch.failure?.transport?.kind == .timeout)
            // When the last of them is over, the client opens another.
            try await setup.create("later")
        }
        #expect(setup.injections.map(\.kind) == [.halfOpen])
        #expect(setup.network.connectionsOpened == 2)
    }

    @Test("latency holds a request back, and then all is well; given up meanwhile, the server never sees it")
    func latency() throws {
        let setup = NetworkSetup([
            .onCreate("hit*", .latency(.init(fixed: .milliseconds(300), jitter: .milliseconds(100))))
        ])
        try setup.run { setup in
            try await setup.create("hit-1")
            let error = try await setup.failure(NetworkSetup.create("hit-2", timeout: .milliseconds(100)))
            #expect(error?.transport?.kind == .timeout)
            try await setup.clock.sleep(for: .seconds(1))
            #expect(try await !setup.has("hit-2"))
        }
        let duration = setup.exchanges[0].duration
        #expect(duration >= .milliseconds(308) && duration < .milliseconds(408))
        #expect(setup.exchanges[1].duration == .milliseconds(100))
        #expect(setup.injections.map(\.kind) == [.latency, .latency])
    }

    @Test("a forged status has a server's words, and nothing reaches the server")
    func status() throws {
        let setup = NetworkSetup([.onCreate("hit", .status(.init(code: 503, retryAfter: .seconds(7))))])
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.code == .serverFailure && error?.httpStatus == 503)
            #expect(error?.message == "the server is currently unable to handle the request")
            #expect(error?.retryAfter == .seconds(7))
            #expect(error?.mayHaveBeenApplied == false)
            #expect(try await !setup.has("hit"))
        }
        expectOneInjection(setup, .status, at: .milliseconds(7))
        #expect(setup.exchanges.map(\.httpStatus) == [503])
        #expect(setup.exchanges.map(\.reason) == ["ServiceUnavailable"])
    }

    @Test("overload that is told in plain text is what a client makes of it")
    func plainText() throws {
        let setup = NetworkSetup([.onCreate("hit", .status(.init(code: 429, retryAfter: .seconds(1))))])
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.code == .throttled && error?.retryAfter == .seconds(1))
            #expect(
                error?.message
                    == "the server has received too many requests and has asked us to try again later "
                    + "(post configmaps hit)")
        }
    }

    @Test("a refusal drops the request, resets its connection and refuses connects for its span")
    func refuse() throws {
        let setup = NetworkSetup([.onCreate("hit", .refuse(.init(span: .seconds(1))))])
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.transport?.kind == .connectionReset)
            let refused = try await setup.failure(NetworkSetup.create("hit"))
            #expect(refused?.transport == TransportFailure(kind: .connectionRefused, curlCode: 7))
            #expect(refused?.message == Self.url + "dial tcp 127.0.0.1:6443: connect: connection refused")
            #expect(refused?.mayHaveBeenApplied == false)
            #expect(setup.network.isRefusing)
            try await setup.clock.sleep(for: .milliseconds(1_007) - setup.loop.now)
            #expect(!setup.network.isRefusing)
            try await setup.create("hit")
        }
        #expect(setup.injections.map(\.at) == [.milliseconds(7)])
        // A connect is answered at once, although with no.
        #expect(setup.exchanges[1].duration == .milliseconds(2))
    }

    @Test("a refusal ends a connection on which nothing is under way, and a busy one at its next request")
    func refuseOthers() throws {
        let match = RequestMatch(verb: [.connect])
        let rule = Rule(name: "storm", match: match, when: Timing(first: 1), fault: .refuse(.init(span: .seconds(1))))
        for isBusy in [false, true] {
            let setup = NetworkSetup([rule])
            try setup.run { setup in
                try await setup.create("warm")
                async let watched = isBusy ? setup.watchToEnd().failure : nil
                try await setup.clock.sleep(for: .milliseconds(10))
                let exec = ExecRequest(pod: ObjectKey(namespace: "default", name: "p"), container: "c", command: ["x"])
                await #expect(throws: APIError.self) { try await setup.client.exec(exec) }
                try await setup.clock.sleep(for: .milliseconds(10))
                let error = try await setup.failure(NetworkSetup.create("a"))
                if isBusy {
                    #expect(await watched?.transport == TransportFailure(kind: .connectionReset, curlCode: 56))
                    #expect(error?.transport == TransportFailure(kind: .connectionClosed, curlCode: 18))
                } else {
                    #expect(error?.transport?.kind == .connectionRefused)
                }
                #expect(try await !setup.has("a"))
            }
        }
    }

    @Test("phases choose among the rules")
    func phases() throws {
        var rule = Rule.onCreate("a*", .status(.init(code: 500)), when: Timing())
        rule.during = .storm
        let setup = NetworkSetup([rule])
        try setup.run { setup in
            try await setup.create("a-1")
            setup.network.enter(.storm)
            #expect(try await setup.failure(NetworkSetup.create("a-2"))?.httpStatus == 500)
            setup.network.enter(.converge)
            try await setup.create("a-2")
        }
    }

    @Test("decisions are those of the injector for the same requests, and draws those of the same seed")
    func decisions() throws {
        func hits(_ seed: UInt64) throws -> ([String], [Duration]) {
            let coin = Rule(
                name: "coin", match: RequestMatch(resource: "configmaps"), when: Timing(probability: 0.4),
                fault: .status(.init(code: 503)))
            let setup = NetworkSetup([coin], model: .loopback, seed: seed)
            try setup.run { setup in
                for number in 0..<60 {
                    for _ in 0..<2 { _ = try await setup.failure(NetworkSetup.get("p-\(number)")) }
                }
            }
            var injector = FaultInjector(plan: Plan(rules: [coin]), seed: seed)
            let expected = (0..<120).compactMap {
                injector.decide(about: NetworkSetup.get("p-\($0 / 2)").identity, in: .calm, now: .zero)
            }
            let found = setup.injections.map { "\($0.identity) \($0.ordinal)" }
            #expect(found == expected.map { "\($0.identity) \($0.ordinal)" })
            return (found, setup.exchanges.map(\.duration))
        }
        let first = try hits(11)
        let again = try hits(11)
        #expect(first == again)
        #expect(first.0.count > 20 && first.0.count < 80)
        #expect(try hits(12) != first)
    }
}
