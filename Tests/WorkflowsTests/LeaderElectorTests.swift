import APIMachinery
import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

/// Electors on the embedded server's store, in virtual time.
struct LeaderElectorTests {
    private static let key = ObjectKey(namespace: "default", name: "controller")

    /// What becomes of a candidate's requests.
    private enum Weather: Sendable {
        case fair
        case refused
        /// Done, but the answer never comes.
        case lost
        /// Never done, and never answered.
        case hung
        /// As that, and the client keeps no time limit.
        case deaf
    }

    private final class WeatherAPI: KubernetesAPI {
        private let inner: any KubernetesAPI
        private let clock: TrialClock
        private let weather: @Sendable (APIRequest) -> Weather

        init(_ inner: any KubernetesAPI, _ clock: TrialClock, _ weather: @escaping @Sendable (APIRequest) -> Weather) {
            self.inner = inner
            self.clock = clock
            self.weather = weather
        }

        func send(_ request: APIRequest) async throws -> JSONObject {
            switch weather(request) {
            case .fair: return try await inner.send(request)
            case .refused: throw APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy"))
            case .lost:
                _ = try? await inner.send(request)
                throw APIError.lostAnswer
            case .hung:
                try await clock.sleep(for: request.timeout ?? .seconds(1_000_000))
                throw APIError.lostAnswer
            case .deaf:
                try await clock.sleep(for: .seconds(1_000_000))
                throw APIError.lostAnswer
            }
        }

        func withWatch<Result: Sendable>(
            _ request: APIRequest, _ body: (WatchStream) async throws -> Result
        ) async throws -> Result { try await inner.withWatch(request, body) }

        func exec(_ request: ExecRequest) async throws -> ExecResult { try await inner.exec(request) }
    }

    private final class World: Sendable {
        struct Reign: Sendable {
            var leader: String
            var start: Duration
            var end: Duration?
        }

        let time = VirtualTime()
        let core: APIServerCore
        let api: InProcessAPI
        let log = ObserverLog()
        private let attempts = AttemptCounter()
        private let state = Mutex<[Reign]>([])

        init() {
            core = APIServerCore(clock: time.clock)
            api = InProcessAPI(core)
        }

        var reigns: [Reign] { state.withLock { $0 } }

        func lease() async throws -> Lease { try await api.get(Lease.self, key) }

        /// Leads until the span is over, or for ever.
        func lead(
            _ name: String, _ policy: Policy, for span: Duration? = nil, releasesLease: Bool = true,
            weather: @escaping @Sendable (APIRequest) -> Weather = { _ in .fair }
        ) async throws {
            let runner = CallRunner(
                api: WeatherAPI(api, time.clock, weather), policy: policy, clock: time.clock,
                streams: RandomStreams(seed: 1), attempts: attempts, observer: log.observer)
            let elector = LeaderElector(
                identity: name, lease: key, runner: runner, releasesLease: releasesLease)
            try await elector.lead {
                let index = self.state.withLock { reigns in
                    #expect(!reigns.contains { $0.end == nil }, "two bodies at once")
                    reigns.append(Reign(leader: name, start: self.time.now))
                    return reigns.count - 1
                }
                defer { self.state.withLock { $0[index].end = self.time.now } }
                try await self.time.clock.sleep(for: span ?? .seconds(1_000_000))
            }
        }

        /// Runs `body` beside the server.
        func run(_ body: @escaping @Sendable () async throws -> Void) throws {
            try time.run { [self] in
                try await withThrowingTaskGroup { group in
                    group.addTask { try await self.core.run() }
                    group.addTask {
                        do { _ = try await self.api.create(Namespace(name: key.namespace)) } catch let error as APIError
                            where error.code == .alreadyExists
                        {}
                        try await body()
                    }
                    try await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    /// Runs candidates for a while; those that lose the lead stay away.
    private func run(_ world: World, for span: Duration, _ candidates: [@Sendable () async throws -> Void]) throws {
        try world.run {
            try await withThrowingTaskGroup { group in
                for candidate in candidates {
                    group.addTask {
                        do { try await candidate() } catch is LeaderElector.LeadershipLost {}
                        try await world.time.clock.sleep(for: .seconds(1_000_000))
                    }
                }
                group.addTask { try await world.time.clock.sleep(for: span) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    @Test("one of two leads, and renews its lease as long as it does", arguments: [Policy.boreas, .argo412])
    func oneLeads(policy: Policy) throws {
        let world = World()
        try run(
            world, for: .seconds(3600),
            [{ try await world.lead("a", policy) }, { try await world.lead("b", policy) }])
        #expect(world.reigns.count == 1)
        #expect(world.reigns.first?.end == .seconds(3600))
    }

    @Test(
        "when the leader dies the other takes over, no sooner than the lease runs out",
        arguments: [Policy.boreas, .argo412])
    func takesOver(policy: Policy) throws {
        let world = World()
        try world.run {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    // Dies with its task, in the middle of its work.
                    try await withThrowingTaskGroup { group in
                        group.addTask { try await world.lead("a", policy) }
                        group.addTask { try await world.time.clock.sleep(for: .seconds(62)) }
                        try await group.next()
                        group.cancelAll()
                    }
                    try await world.time.clock.sleep(for: .seconds(100))
                }
                group.addTask {
                    try await world.time.clock.sleep(for: .seconds(1))
                    try await world.lead("b", policy)
                }
                try await group.next()
                group.cancelAll()
            }
            let lease = try await world.lease()
            #expect(lease.holderIdentity == "b" && lease.leaseTransitions == 1)
        }
        #expect(world.reigns.map(\.leader) == ["a", "b"])
        #expect(world.reigns.first?.end == .seconds(62))
        let start = try #require(world.reigns.last?.start)
        // The last renewal was at 60 s.
        #expect(start >= .seconds(75) && start <= .seconds(60 + 15 + 11 + 1))
    }

    @Test("a leader that ends its work in order gives the lease back, but for Argo's", arguments: [true, false])
    func release(releasesLease: Bool) throws {
        let world = World()
        try run(
            world, for: .seconds(100),
            [
                { try await world.lead("a", .boreas, for: .seconds(21), releasesLease: releasesLease) },
                {
                    try await world.time.clock.sleep(for: .seconds(1))
                    try await world.lead("b", .boreas)
                },
            ])
        #expect(world.reigns.map(\.leader) == ["a", "b"])
        let start = try #require(world.reigns.last?.start)
        #expect(releasesLease ? start <= .seconds(21 + 11) : start >= .seconds(35))
    }

    private static let partitions: [(Policy, Weather)] = [
        (.boreas, .refused), (.boreas, .lost), (.boreas, .hung), (.boreas, .deaf), (.argo412, .refused),
        (.argo412, .hung), (.argo412, .deaf),
    ]

    @Test("a leader that can't renew stops within its deadline, before another begins", arguments: partitions)
    private func partition(policy: Policy, weather: Weather) throws {
        let world = World()
        try run(
            world, for: .seconds(200),
            [
                { try await world.lead("a", policy) { _ in world.time.now >= .seconds(31) ? weather : .fair } },
                {
                    try await world.time.clock.sleep(for: .seconds(1))
                    try await world.lead("b", policy)
                },
            ])
        let end = try #require(world.reigns.first?.end)
        #expect(end == .seconds(40))
        #expect(world.reigns.map(\.leader) == ["a", "b"])
        // A renewal whose answer was lost was a renewal to the others.
        #expect(try #require(world.reigns.last?.start) >= .seconds(weather == .lost ? 50 : 45))
    }

    @Test("an outage that is shorter than the deadline costs nobody the lead")
    func shortOutage() throws {
        let world = World()
        try run(
            world, for: .seconds(200),
            [
                {
                    try await world.lead("a", .boreas) { _ in
                        (.seconds(31)..<(.seconds(38))).contains(world.time.now) ? .refused : .fair
                    }
                }, { try await world.lead("b", .boreas) { _ in world.time.now < .seconds(1) ? .refused : .fair } },
            ])
        #expect(world.reigns.map(\.leader) == ["a"])
    }

    @Test("a leader whose lease is stolen stops at its next renewal")
    func stolen() throws {
        let world = World()
        let period = Policy.boreas.leaderElection.retryPeriod
        // In the middle between two renewals.
        let theft = period * 15.5
        try run(
            world, for: .seconds(100),
            [
                { try await world.lead("a", .boreas) },
                {
                    try await world.time.clock.sleep(for: theft)
                    var lease = try await world.lease()
                    lease.holderIdentity = "thief"
                    _ = try await world.api.update(lease)
                },
            ])
        #expect(world.reigns.map(\.end) == [period * 16])
    }

    @Test(
        "in any weather there are never two leaders, and in fair weather there is one",
        arguments: 0..<8 as Range<UInt64>)
    func anyWeather(seed: UInt64) throws {
        let world = World()
        let coin = Mutex(RandomStreams(seed: seed).stream("weather"))
        let weather: @Sendable (APIRequest) -> Weather = { _ in
            guard world.time.now < .seconds(1800) else { return .fair }
            return coin.withLock { coin in
                switch coin.uniform() {
                case ..<0.25: .refused
                case ..<0.5: .lost
                case ..<0.65: .hung
                default: .fair
                }
            }
        }
        var candidates: [@Sendable () async throws -> Void] = []
        for name in ["a", "b", "c"] {
            candidates.append {
                // Each life has an identity of its own.
                for life in 1... {
                    do {
                        try await world.lead("\(name)-\(life)", .boreas, weather: weather)
                    } catch is LeaderElector.LeadershipLost {}
                }
            }
        }
        try run(world, for: .seconds(1900), candidates)
        #expect(world.reigns.count > 3, "the weather was too fair to prove anything")
        let last = try #require(world.reigns.last)
        #expect(last.start < .seconds(1840) && last.end == .seconds(1900))
        let ids = world.log.decisions.map(\.requestID)
        #expect(!ids.isEmpty)
    }
}
