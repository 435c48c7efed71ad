import Determinism
import Dispatch
import Experiments
import Faults
import Foundation
import Kubernetes
import Simulation
import Testing

@testable import Harness

/// The guard over the simulated world: equal seeds, equal histories; and what breaks that is found.
@Suite(.timeLimit(.minutes(5)))
struct SimulationLeakTests {
    /// A world that is not quite deterministic.
    private struct LeakyWorld: World {
        enum Leak: CaseIterable {
            /// What a wall clock says decides how long a request takes.
            case wallClock
            /// A request waits for a draw that has no seed.
            case unseededDraw
            /// The order of a set's members, which differs from one set to the next, decides what is asked first.
            case hashOrder
        }

        let base: SimulatedWorld
        let leak: Leak

        var kind: WorldKind { base.kind }
        var serverVersion: String { base.serverVersion }

        func perform<Result: Sendable>(
            seed: UInt64, _ body: @escaping @Sendable () async throws -> Result
        ) async throws -> Result {
            try await base.perform(seed: seed, body)
        }

        func withSite<Result: Sendable>(
            _ request: SiteRequest, _ body: (TrialSite) async throws -> Result
        ) async throws -> Result {
            try await base.withSite(request) { site in
                var site = site
                site.subject = LeakyAPI(base: site.subject, clock: site.clock, leak: leak)
                return try await body(site)
            }
        }
    }

    private struct LeakyAPI: KubernetesAPI {
        let base: any KubernetesAPI
        let clock: TrialClock
        let leak: LeakyWorld.Leak

        func send(_ request: APIRequest) async throws -> JSONObject {
            switch leak {
            case .wallClock:
                let nanoseconds = DispatchTime.now().uptimeNanoseconds % 1_000
                try await clock.sleep(for: .nanoseconds(1 + Int64(nanoseconds)))
            case .unseededDraw: try await clock.sleep(for: .microseconds(Int64.random(in: 1...1_000)))
            case .hashOrder:
                let names = Set((1...64).map { "\($0)" } + [request.uri])
                try await clock.sleep(for: .microseconds(names.first.flatMap { Int64($0) } ?? 99))
            }
            return try await base.send(request)
        }

        func withWatch<Result: Sendable>(
            _ request: APIRequest, _ body: (WatchStream) async throws -> Result
        ) async throws -> Result {
            try await base.withWatch(request, body)
        }

        func exec(_ request: ExecRequest) async throws -> ExecResult { try await base.exec(request) }
    }

    private func specs() throws -> [TrialSpec] {
        let resets = Rule(
            name: "cut", match: RequestMatch(verb: [.create, .update]),
            when: Timing(probability: 0.3, limitConsecutive: 2), fault: .reset(.init(at: .afterCommit)))
        return try (1...4).map { try SweepWorkload.trial("seed \($0)", [resets], seed: $0) }
    }

    @Test("the same seed gives the same history to the nanosecond, alone and beside others")
    func repeats() async throws {
        let alone = try await Fixtures.simulate(try specs(), jobs: 1)
        let beside = try await Fixtures.simulate(try specs() + specs(), jobs: 4)
        #expect(alone.map(\.historyDigest) + alone.map(\.historyDigest) == beside.map(\.historyDigest))
        #expect(Set(alone.map(\.historyDigest)).count == alone.count, "each seed has a history of its own")
        #expect(alone.allSatisfy { !$0.injections.isEmpty })
    }

    @Test("what leaks into a simulation shows in the digest of its history", arguments: 0..<3)
    func leak(number: Int) async throws {
        let leak = LeakyWorld.Leak.allCases[number]
        let world = LeakyWorld(base: try SimulatedWorld(logger: Fixtures.logger), leak: leak)
        let once = try await Fixtures.simulate(try specs(), jobs: 1, in: world)
        let again = try await Fixtures.simulate(try specs(), jobs: 1, in: world)
        #expect(once.map(\.historyDigest) != again.map(\.historyDigest))
    }

    @Test("a task that another thread would resume ends the trial with an error, and does not hang it")
    func foreignThread() async throws {
        let world = try SimulatedWorld(logger: Fixtures.logger)
        await #expect(throws: SimulationLoop.Failure.self) {
            try await world.perform(seed: 1) {
                try await ContinuousClock().sleep(for: .seconds(600))
            }
        }
    }
}
