import APIMachinery
import Determinism
import Faults
import Kubernetes
import Simulation
import Testing

@Suite struct NetworkWatchTests {
    private func rule(_ fault: Fault) -> Rule {
        Rule(name: "storm", match: RequestMatch(verb: [.watch]), when: Timing(first: 1), fault: fault)
    }

    @Test("events come in order, however long each message takes, until the server ends the watch")
    func order() throws {
        let model = NetworkModel(
            request: .init(.fixed(.milliseconds(1))),
            answer: .init(.normal(mean: .milliseconds(10), deviation: .milliseconds(10))))
        let setup = NetworkSetup(model: model)
        try setup.run { setup in
            var request = NetworkSetup.watch()
            request.options.timeoutSeconds = 5
            let asked = request
            async let watched = setup.watchToEnd(asked)
            for number in 0..<50 {
                _ = try await setup.direct.send(NetworkSetup.create("a-\(number)"))
                try await setup.clock.sleep(for: .milliseconds(3))
            }
            let watch = await watched
            #expect(watch.events == (0..<50).map { "ADDED a-\($0)" })
            #expect(watch.failure == nil)
        }
        let exchange = try #require(setup.exchanges.first)
        #expect(setup.exchanges.count == 1 && exchange.identity.verb == .watch && exchange.httpStatus == 200)
        #expect(exchange.reason.isEmpty && exchange.curlCode == 0)
        #expect(exchange.duration > .seconds(5) && exchange.duration < .milliseconds(5_200))
    }

    @Test("a watch that its reader leaves did not fail, and the server sends no more")
    func left() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            try await setup.client.withWatch(NetworkSetup.watch()) { stream in
                _ = try await setup.direct.send(NetworkSetup.create("a"))
                for try await event in stream where event.type == "ADDED" { break }
            }
        }
        #expect(setup.exchanges.map(\.httpStatus) == [200])
        #expect(setup.exchanges.map(\.reason) == [""])
    }

    @Test("a reader that is cancelled is let go, and what its body throws is thrown")
    func cancelled() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            await #expect(throws: CancellationError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await setup.client.withWatch(NetworkSetup.watch()) { for try await _ in $0 {} }
                    }
                    try await setup.clock.sleep(for: .milliseconds(50))
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
            #expect(setup.loop.now == .milliseconds(50))
        }
        #expect(setup.exchanges.map(\.httpStatus) == [200])
        #expect(setup.exchanges.map(\.reason) == [""])
    }

    @Test("a forged 410 is an event of a stream that began well, and then ends")
    func expired() throws {
        let setup = NetworkSetup([rule(.status(.init(code: 410)))])
        try setup.run { setup in
            let events = Box<[WatchEvent]>([])
            try await setup.client.withWatch(NetworkSetup.watch()) { stream in
                for try await event in stream { events.value.append(event) }
            }
            #expect(events.value == [.error(.expired("too old resource version: 1 (2)"))])
        }
        #expect(setup.exchanges.map(\.httpStatus) == [200])
        #expect(setup.injections.map(\.kind) == [.status])
    }

    @Test("a watch that is refused is an answer like any other")
    func refused() throws {
        let setup = NetworkSetup([rule(.status(.init(code: 403)))])
        try setup.run { setup in
            let failure = await setup.watchToEnd().failure
            #expect(failure?.code == .forbidden)
        }
        #expect(setup.exchanges.map(\.reason) == ["Forbidden"])
    }

    @Test("a reset at a watch's beginning is no watch; black holes and half-open connections leave its reader waiting")
    func faults() throws {
        for fault in [Fault.reset(.init(at: .beforeRequest)), .reset(.init(at: .afterCommit))] {
            let setup = NetworkSetup([rule(fault)])
            try setup.run { setup in
                #expect(await setup.watchToEnd().failure?.transport?.kind == .connectionReset)
            }
            #expect(setup.exchanges.map(\.httpStatus) == [0])
            #expect(setup.exchanges.map(\.curlCode) == [56])
        }
        for fault in [Fault.blackHole(.init()), .halfOpen(.init())] {
            let setup = NetworkSetup([rule(fault)])
            try setup.run { setup in
                let watch = await setup.watchToEnd(NetworkSetup.watch(timeout: .seconds(60)))
                #expect(watch.failure?.transport?.kind == .timeout && watch.events.isEmpty)
                #expect(setup.loop.now == .seconds(60))
            }
        }
    }

    @Test("a watch that is cut after events has given them before")
    func cut() throws {
        let setup = NetworkSetup([.onCreate("hit", .reset(.init(at: .beforeRequest)))])
        try setup.run { setup in
            async let watched = setup.watchToEnd()
            for number in 0..<5 { try await setup.create("a-\(number)") }
            _ = try await setup.failure(NetworkSetup.create("hit"))
            let watch = await watched
            #expect(watch.events == (0..<5).map { "ADDED a-\($0)" })
            #expect(watch.failure?.message.hasSuffix("read tcp: connection reset by peer") == true)
        }
        let last = try #require(setup.exchanges.last { $0.identity.verb == .watch })
        #expect(last.httpStatus == 200 && last.curlCode == 56 && last.reason == "connectionReset")
    }
}
