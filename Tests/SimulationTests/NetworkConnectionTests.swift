import APIMachinery
import Determinism
import Faults
import Kubernetes
import Resilience
import Simulation
import Testing

/// What requests have in common: a connection, a client's limits, and their callers' patience.
@Suite struct NetworkConnectionTests {
    @Test("a reset kills all that is in flight on the connection, and the next request opens another")
    func sharedFate() throws {
        let setup = NetworkSetup([
            Rule(
                name: "slow", match: RequestMatch(name: "slow*"), fault: .latency(.init(fixed: .milliseconds(500)))),
            .onCreate("hit", .reset(.init(at: .beforeRequest))),
        ])
        try setup.run { setup in
            async let watched = setup.watchToEnd()
            async let slow = setup.failure(NetworkSetup.create("slow"))
            async let read = setup.failure(NetworkSetup.get("slow"))
            try await setup.clock.sleep(for: .milliseconds(100))
            let hit = try await setup.failure(NetworkSetup.create("hit"))
            // libcurl tells the first of the transfers of the reset, and the others that their streams were cut.
            let watch = await watched
            #expect(watch.failure?.transport == TransportFailure(kind: .connectionReset, curlCode: 56))
            for error in [hit, try await slow, try await read] {
                #expect(error?.transport == TransportFailure(kind: .connectionClosed, curlCode: 18))
                #expect(error?.message.hasSuffix("\": EOF") == true)
            }
            #expect(setup.network.connectionsOpened == 1)
            try await setup.clock.sleep(for: .seconds(1))
            #expect(try await !setup.has("slow"))
            try await setup.create("next")
        }
        #expect(setup.network.connectionsOpened == 2)
        #expect(Set(setup.exchanges.dropLast().map { $0.started + $0.duration }) == [.milliseconds(102)])
    }

    @Test("libcurl's own wish to send a request again on a connection that was used before shows in its code alone")
    func replay() throws {
        let setup = NetworkSetup([.onCreate("hit", .reset(.init(at: .afterCommit)))])
        try setup.run { setup in
            try await setup.create("warm")
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.transport == TransportFailure(kind: .connectionReset, curlCode: 7))
            #expect(error?.message.hasSuffix("read tcp: connection reset by peer") == true)
            #expect(error?.mayHaveBeenApplied == true)
        }
    }

    @Test("many requests open one connection, and wait for it; more than it carries open another")
    func connections() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<120 { group.addTask { try await setup.create("a-\(number)") } }
                try await group.waitForAll()
            }
        }
        #expect(setup.network.connectionsOpened == 2)
        #expect(setup.exchanges.allSatisfy { $0.duration == .milliseconds(8) })
        #expect(setup.exchanges.count { $0.timings.connect > .zero } == 2)
    }

    @Test("a connection that nobody used for two minutes is not used again")
    func idle() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            try await setup.create("a")
            try await setup.clock.sleep(for: .seconds(100))
            try await setup.create("b")
            try await setup.clock.sleep(for: .seconds(120))
            try await setup.create("c")
        }
        #expect(setup.network.connectionsOpened == 2)
    }

    @Test("a caller that is cancelled is let go at once, the server's work goes on, and a lone connection is closed")
    func cancellation() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            try await setup.create("warm")
            let start = setup.loop.now
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await setup.create("a") }
                    try await setup.clock.sleep(for: .microseconds(500))
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
            #expect(setup.loop.now - start == .microseconds(500))
            try await setup.clock.sleep(for: .milliseconds(5))
            #expect(try await setup.has("a"))
            try await setup.create("b")
        }
        #expect(setup.exchanges.map(\.reason) == ["", "cancelled", ""])
        #expect(setup.exchanges[1].httpStatus == 0 && setup.exchanges[1].curlCode == 0)
        #expect(setup.network.connectionsOpened == 2)
    }

    @Test("a task that is cancelled before sends nothing, and reports nothing")
    func cancelledBefore() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await setup.create("a") }
                }
            }
            let isThere = try await setup.has("a")
            #expect(!isThere)
        }
        #expect(setup.exchanges.isEmpty)
    }

    @Test("an attempt's time counts from connecting on", arguments: [1, 3])
    func timeouts(milliseconds: Int) throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("a", timeout: .milliseconds(milliseconds)))
            #expect(setup.loop.now == .milliseconds(milliseconds))
            #expect(error?.transport?.kind == .timeout && error?.mayHaveBeenApplied == false)
            let words = milliseconds == 1 ? "dial tcp 127.0.0.1:6443: i/o timeout" : "net/http: TLS handshake timeout"
            #expect(error?.message.hasSuffix(words) == true)
        }
    }

    @Test("the transport's own retries are attempts with numbers, and are told of")
    func transportRetries() throws {
        let busy = Rule(
            name: "busy", match: RequestMatch(verb: [.get]), when: Timing(first: 2),
            fault: .status(.init(code: 503, retryAfter: .seconds(2))))
        let cut = Rule(
            name: "cut", match: RequestMatch(verb: [.get]), when: Timing(first: 3),
            fault: .reset(.init(at: .beforeRequest)))
        let setup = NetworkSetup([busy, cut]) { $0.transport = .clientGo }
        try setup.run { setup in
            var request = NetworkSetup.get("kube-root-ca.crt")
            request.trace = RequestTrace(operation: "read/a", attempt: 1, path: "other")
            let error = try await setup.failure(request)
            #expect(error?.code == .notFound || error == nil)
        }
        #expect(setup.exchanges.map(\.trace.requestID) == ["read/a.1", "read/a.2", "read/a.3", "read/a.4"])
        #expect(setup.exchanges.map(\.httpStatus).prefix(3) == [503, 503, 0])
        #expect(
            setup.decisions
                == zip(1...3, [Duration.seconds(2), .seconds(2), .seconds(1)]).map {
                    RetryDecision(
                        requestID: "read/a.\($0)", classification: .transient, layer: .transport, wait: $1)
                })
        #expect(setup.exchanges[3].started - setup.exchanges[2].started == .milliseconds(1_002))
    }

    @Test("writes are not sent again by the transport")
    func noRetriesOfWrites() throws {
        let setup = NetworkSetup([.onCreate("hit", .reset(.init(at: .afterCommit)))]) { $0.transport = .clientGo }
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.transport?.kind == .connectionReset)
        }
        #expect(setup.exchanges.count == 1 && setup.decisions.isEmpty)
    }

    @Test("the client's own rate limit holds requests back, and watches never")
    func rateLimit() throws {
        let setup = NetworkSetup { $0.rateLimit = Policy.RateLimit(qps: 10, burst: 2) }
        try setup.run { setup in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 { group.addTask { try await setup.create("a-\(number)") } }
                try await group.waitForAll()
            }
            try await setup.client.withWatch(NetworkSetup.watch()) { _ in }
        }
        #expect(setup.heldBack == [.milliseconds(100), .milliseconds(200)])
        #expect(
            setup.exchanges.prefix(4).map(\.started) == [.zero, .zero, .milliseconds(100), .milliseconds(200)])
    }

    @Test("bandwidth is shared by what is sent, and a loss costs a retransmission")
    func bandwidthAndLoss() throws {
        var model = NetworkSetup.evenly
        model.request.bytesPerSecond = 100_000
        let slow = NetworkSetup(model: model)
        try slow.run { setup in
            try await setup.create("warm")
            var big = NetworkSetup.create("big")
            big.body = [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "big"],
                "data": ["a": .string(String(repeating: "x", count: 100_000))],
            ]
            let request = big
            let start = setup.loop.now
            async let sent = setup.client.send(request)
            async let other = setup.client.send(NetworkSetup.get("warm"))
            _ = try await (sent, other)
            #expect(setup.loop.now - start > .seconds(1) && setup.loop.now - start < .milliseconds(1_020))
        }
        model = NetworkSetup.evenly
        model.answer.loss = 0.999_999
        model.answer.retransmission = .milliseconds(10)
        let lossy = NetworkSetup(model: model)
        _ = try lossy.run { setup in try await setup.create("a", timeout: nil) }
        // 10, 20, 40 … 1,280 ms, for each of the three answers of the handshake, and for that of the request.
        #expect(lossy.exchanges[0].duration == .milliseconds(8 + 4 * 2_550))
    }

    @Test("the same seed gives the same exchanges, to the nanosecond", arguments: [1, 2] as [UInt64])
    func determinism(seed: UInt64) throws {
        func exchanges(_ seed: UInt64) throws -> [Exchange] {
            let rules = [
                Rule(
                    name: "cut", match: RequestMatch(verb: [.create, .watch]), when: Timing(probability: 0.2),
                    fault: .reset(.init(at: .afterCommit))),
                Rule(
                    name: "slow", match: RequestMatch(verb: [.get]), when: Timing(probability: 0.3),
                    fault: .latency(.init(fixed: .milliseconds(1), jitter: .milliseconds(20)))),
            ]
            let setup = NetworkSetup(rules, model: .loopback, seed: seed, serviceTimes: .measured) {
                $0.transport = .clientGo
            }
            try setup.run { setup in
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            for step in 0..<10 {
                                _ = try? await setup.create("a-\(number)-\(step)")
                                _ = try? await setup.client.send(NetworkSetup.get("a-\(number)-\(step)"))
                            }
                        }
                    }
                    group.addTask {
                        for _ in 0..<5 { _ = await setup.watchToEnd(NetworkSetup.watch(timeout: .milliseconds(100))) }
                    }
                }
            }
            return setup.exchanges
        }
        let first = try exchanges(seed)
        #expect(first.count > 400)
        #expect(try exchanges(seed) == first)
        #expect(try exchanges(seed + 10) != first)
    }
}
