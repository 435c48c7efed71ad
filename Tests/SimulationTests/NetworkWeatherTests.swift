import Determinism
import Faults
import Kubernetes
import Simulation
import Testing

/// Faults of names, handshakes, single streams and watches, as the caller sees them in virtual time.
@Suite struct NetworkWeatherTests {
    private static let url = #"Post "https://127.0.0.1:6443/api/v1/namespaces/default/configmaps": "#

    private func onWatch(_ fault: Fault) -> Rule {
        Rule(
            name: "storm", match: RequestMatch(verb: [.watch], resource: "configmaps"), when: Timing(first: 1),
            fault: fault)
    }

    @Test("while the name does not resolve every new connection fails at once, and works again afterwards")
    func unresolved() throws {
        let setup = NetworkSetup([.onCreate("hit", .unresolved(.init(span: .seconds(2))))])
        try setup.run { setup in
            let first = try await setup.failure(NetworkSetup.create("hit"))
            #expect(first?.transport?.kind == .connectionReset)
            let second = try await setup.failure(NetworkSetup.create("a"))
            #expect(second?.transport == TransportFailure(kind: .nameNotResolved, curlCode: 6))
            #expect(second?.message == Self.url + "dial tcp: lookup 127.0.0.1: no such host")
            #expect(second?.mayHaveBeenApplied == false)
            try await setup.clock.sleep(for: .seconds(2))
            try await setup.create("a")
        }
        #expect(setup.injections.map(\.kind) == [.unresolved])
    }

    @Test("while handshakes fail TCP connects and TLS does not")
    func handshake() throws {
        let setup = NetworkSetup([.onCreate("hit", .tlsFailure(.init(span: .seconds(2))))])
        try setup.run { setup in
            _ = try await setup.failure(NetworkSetup.create("hit"))
            let second = try await setup.failure(NetworkSetup.create("a"))
            #expect(second?.transport?.kind == .tls)
            try await setup.clock.sleep(for: .seconds(2))
            try await setup.create("a")
        }
    }

    @Test(
        "a stream that is reset fails alone: the connection's others go on",
        arguments: [Fault.Reset.Point.beforeRequest, .afterCommit])
    func streamReset(at point: Fault.Reset.Point) throws {
        let setup = NetworkSetup([.onCreate("hit", .streamReset(.init(code: .internalError, at: point)))])
        try setup.run { setup in
            async let watched = setup.watchToEnd(NetworkSetup.watch(timeout: .seconds(5)))
            try await setup.create("a")
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.transport == TransportFailure(kind: .http2, curlCode: 92))
            #expect(error?.message.hasSuffix("; INTERNAL_ERROR; received from peer") == true)
            #expect(try await setup.has("hit") == (point == .afterCommit))
            try await setup.create("b")
            let events = await watched.events
            #expect(events.contains("ADDED a") && events.contains("ADDED b"))
        }
        #expect(setup.network.connectionsOpened == 1)
        #expect(setup.injections.map(\.kind) == [.streamReset])
    }

    @Test("a write that reaches the server twice is answered the second time")
    func applyTwice() throws {
        let setup = NetworkSetup([.onCreate("hit", .applyTwice(.init()))])
        try setup.run { setup in
            let error = try await setup.failure(NetworkSetup.create("hit"))
            #expect(error?.code == .alreadyExists)
            #expect(try await setup.has("hit"))
        }
        #expect(setup.injections.map(\.kind) == [.applyTwice])
    }

    @Test("a watch is cut, or expires, after so many events")
    func ends() throws {
        for (fault, last) in [
            (Fault.cutWatch(.init(afterEvents: 2)), nil), (.expireWatch(.init(afterEvents: 2)), "ERROR "),
        ] {
            let setup = NetworkSetup([onWatch(fault)])
            try setup.run { setup in
                async let watched = setup.watchToEnd()
                for number in 0..<4 { try await setup.create("a-\(number)") }
                let watch = await watched
                #expect(watch.events == ["ADDED a-0", "ADDED a-1"] + (last.map { [$0] } ?? []))
                #expect(watch.failure == nil)
            }
            #expect(setup.injections.map(\.kind) == [fault.kind])
        }
    }

    @Test("a cut after a time comes then, though nothing happens")
    func endsInTime() throws {
        let setup = NetworkSetup([onWatch(.cutWatch(.init(after: .seconds(3))))])
        try setup.run { setup in
            #expect(await setup.watchToEnd().events == [])
            #expect(setup.loop.now > .seconds(3) && setup.loop.now < .milliseconds(3_100))
        }
    }

    @Test("what a stalled watch holds comes in its order when the stall is over")
    func stall() throws {
        let setup = NetworkSetup([onWatch(.stallWatch(.init(afterEvents: 1, span: .seconds(2))))])
        try setup.run { setup in
            let seen = Box<[(String, Duration)]>([])
            async let watched: Void = setup.client.withWatch(NetworkSetup.watch(timeout: .seconds(4))) { stream in
                for try await event in stream {
                    seen.value.append((event.object["metadata", "name"]?.string ?? "", setup.loop.now))
                }
            }
            for number in 0..<3 { try await setup.create("a-\(number)") }
            try? await watched
            #expect(seen.value.map(\.0) == ["a-0", "a-1", "a-2"])
            #expect(seen.value[0].1 < .seconds(1) && seen.value[1].1 >= .seconds(2))
        }
        #expect(setup.injections.map(\.kind) == [.stallWatch])
    }

    @Test("a cut that never comes about has hit nothing")
    func neverCut() throws {
        let setup = NetworkSetup([onWatch(.cutWatch(.init(afterEvents: 5)))])
        try setup.run { setup in
            async let watched = setup.watchToEnd(NetworkSetup.watch(timeout: .seconds(2)))
            try await setup.create("a")
            #expect(await watched.events == ["ADDED a"])
        }
        #expect(setup.injections.isEmpty)
    }

    @Test("events that come twice come in a row")
    func duplicates() throws {
        let setup = NetworkSetup([onWatch(.duplicateEvents(.init()))])
        try setup.run { setup in
            async let watched = setup.watchToEnd(NetworkSetup.watch(timeout: .seconds(2)))
            try await setup.create("a")
            try await setup.create("b")
            #expect(await watched.events == ["ADDED a", "ADDED a", "ADDED b", "ADDED b"])
        }
        #expect(setup.injections.count == 2)
    }
}
