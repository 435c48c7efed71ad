import APIMachinery
import Determinism
import Faults
import Kubernetes
import Simulation
import Testing

/// What the server takes on, and how long it takes.
@Suite struct NetworkServerTests {
    @Test("requests wait for a seat in the order of their coming; beyond the queue they are refused in plain text")
    func fairness() throws {
        var limits = SimulatedServer.Limits()
        limits.fairness = .init(seats: 1, queueLength: 2)
        let times = ClusterStore.ServiceTimes(
            read: .milliseconds(1), write: .milliseconds(100), storage: .milliseconds(1), informerDelivery: .zero,
            informerLatency: .zero)
        let setup = NetworkSetup(serviceTimes: times, limits: limits)
        try setup.run { setup in
            let refused = Box(0)
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<5 {
                    group.addTask {
                        do {
                            try await setup.create("a-\(number)")
                        } catch let error as APIError {
                            refused.value += 1
                            #expect(error.code == .throttled && error.retryAfter == .seconds(1))
                            #expect(error.message.hasPrefix("the server has received too many requests"))
                        } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
            #expect(refused.value == 2)
            for number in 0..<5 {
                let isThere = try await setup.has("a-\(number)")
                #expect(isThere == (number < 3))
            }
        }
    }

    @Test("a request that waits too long is refused, and one whose client left is not worked on")
    func queueWait() throws {
        var limits = SimulatedServer.Limits()
        limits.fairness = .init(seats: 1, queueLength: 10, queueWait: .milliseconds(50))
        let setup = NetworkSetup(
            serviceTimes: .init(
                read: .zero, write: .seconds(20), storage: .zero, informerDelivery: .zero, informerLatency: .zero),
            limits: limits)
        try setup.run { setup in
            async let long = setup.failure(NetworkSetup.create("long", timeout: nil))
            async let short = setup.failure(NetworkSetup.create("short", timeout: nil))
            async let left = setup.failure(NetworkSetup.create("left", timeout: .milliseconds(20)))
            let error = try await short
            #expect(error?.code == .throttled)
            #expect(setup.loop.now == .milliseconds(58))
            #expect(try await left?.transport?.kind == .timeout)
            let answered = try await long
            #expect(answered == nil || answered?.httpStatus == 504)
            #expect(try await !setup.has("left"))
        }
    }

    @Test("a server asks for longer absences the more it refuses, and for shorter ones when it refuses less")
    func retryAfter() {
        var fairness = PriorityAndFairness(.init(seats: 1, queueLength: 0))
        #expect(fairness.arrived(0, now: .zero) == .begin)
        func refusals(second: Int, count: Int) -> Int {
            var last = 0
            for index in 0..<count {
                let now = Duration.seconds(second) + .milliseconds(index)
                if case .refuse(let seconds) = fairness.arrived(1, now: now) { last = seconds }
            }
            return last
        }
        let seconds = (0..<80).map { refusals(second: $0, count: 5) }
        #expect(seconds[0] == 1)
        #expect(seconds.max() == 32)
        #expect(zip(seconds, seconds.dropFirst()).allSatisfy { $0 == $1 || $1 == 2 * $0 })
        // Doubling from 1 to 32 takes 1 + 2 + 4 + 8 + 16 seconds.
        #expect(seconds.firstIndex(of: 32).map { (31...33).contains($0) } == true)
        let later = (200..<203).map { refusals(second: $0, count: 1) }
        #expect(later.last ?? 32 < 32)
    }

    @Test("more requests in flight than a server takes are refused")
    func inFlight() throws {
        var limits = SimulatedServer.Limits()
        limits.writesInFlightMax = 3
        let setup = NetworkSetup(serviceTimes: .measured, limits: limits)
        try setup.run { setup in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<10 { group.addTask { _ = try? await setup.create("a-\(number)") } }
            }
            try await setup.create("later")
        }
        #expect(setup.exchanges.count { $0.httpStatus == 429 } == 7)
    }

    @Test("with a part of its capacity the server takes longer, for what is under way too")
    func capacity() throws {
        func time(_ change: @escaping @Sendable (SimulatedServer) -> Void) throws -> Duration {
            let setup = NetworkSetup(
                model: .none,
                serviceTimes: .init(
                    read: .zero, write: .seconds(1), storage: .zero, informerDelivery: .zero, informerLatency: .zero))
            try setup.run { setup in
                setup.loop.after(.microseconds(10)) { change(setup.server) }
                try await setup.create("a", timeout: nil)
            }
            return setup.exchanges[0].duration
        }
        let whole = try time { _ in }
        let fifth = try time { $0.setCapacity(0.2) }
        #expect(abs((fifth - whole * 5).microseconds) <= 60)
    }

    @Test("a write that the server does not finish in its time is answered with 504")
    func writeTimeout() throws {
        let setup = NetworkSetup(serviceTimes: .measured)
        try setup.run { setup in
            setup.server.setCapacity(1e-9)
            let error = try await setup.failure(NetworkSetup.create("a", timeout: nil))
            #expect(error?.httpStatus == 504)
            #expect(
                error?.message
                    == "Timeout: request did not complete within requested timeout - context deadline exceeded")
            #expect(setup.loop.now == .milliseconds(34_008))
        }
    }

    @Test("what has a time in the store happens at that time, with nobody running the core")
    func storeTimers() throws {
        let setup = NetworkSetup()
        try setup.run { setup in
            var request = NetworkSetup.watch()
            request.options.timeoutSeconds = 7
            let watch = await setup.watchToEnd(request)
            #expect(watch.failure == nil)
            #expect(setup.loop.now == .milliseconds(7_008))
        }
    }
}
