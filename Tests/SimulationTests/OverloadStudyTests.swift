import Experiments
import Faults
import Resilience
import Testing

/// Against the reference models of metastable failure, at a tenth of their rates where a debug build must do.
struct OverloadStudyTests {
    private typealias Overload = StudyFixtures.Overload

    private static let full = StudyFixtures.jittered(.fullJitter, 100)

    /// A policy of the open loop, and what it comes to: whether it recovers, and after how many seconds at most.
    static let open: [(policy: Policy, recovery: ClosedRange<Double>?)] = [
        (StudyFixtures.policy("none", attempts: 1), 6...12),
        (StudyFixtures.policy("immediate", attempts: 5), nil),
        (StudyFixtures.policy("fixed", StudyFixtures.jittered(.fixed, 1_000), attempts: 5), nil),
        (StudyFixtures.policy("exponential", StudyFixtures.jittered(.exponential, 100), attempts: 5), nil),
        (StudyFixtures.policy("full", full, attempts: 5), nil),
        (StudyFixtures.policy("full-1s", StudyFixtures.jittered(.fullJitter, 1_000), attempts: 5), nil),
        (StudyFixtures.policy("grpc", full, attempts: 5, budget: .throttle(RetryBudget.Throttle())), 6...12),
        (
            StudyFixtures.policy(
                "aws-standard", full, attempts: 5,
                budget: .quota(RetryBudget.Quota(capacity: 50, throttlingCost: 5, transientCost: 10))), 6...12
        ),
        (
            StudyFixtures.policy("aws-2.1", full, attempts: 5, budget: .quota(RetryBudget.Quota(capacity: 50))), 6...12
        ),
        (
            StudyFixtures.policy(
                "finagle", full, attempts: 5, budget: .share(RetryBudget.Share(perSecondMin: 1))), 12...30
        ),
    ]

    @Test("in the open loop, those recover that do not retry or have a budget, whatever the backoff", arguments: open)
    func openLoop(policy: Policy, recovery: ClosedRange<Double>?) throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            let record = try Overload().trial(policy, seed: seed)
            let found = try #require(record.sample(.recovery))
            guard let recovery else {
                #expect(record.outcome == .fail && record.violations.map(\.invariant) == [.goodputRecovers])
                #expect(found.isCensored && found.value == 120)
                #expect(record.value(.goodput) < 0.01)
                #expect(4.8...5 ~= record.value(.stormAmplification) && record.value(.attemptsPeak) > 5)
                #expect(record.sample(.drain)?.isCensored == true)
                // All that was begun from the storm on, up to the 30 s before the end.
                #expect(abs(record.value(.operationsLost) - 60 * 100) < 400)
                continue
            }
            #expect(record.outcome == .pass)
            #expect(!found.isCensored && recovery ~= found.value, "recovered after \(found.value) s")
            #expect(record.value(.goodput) > 0.95 && record.value(.stormAmplification) < 1.1)
            #expect(record.sample(.drain)?.isCensored == false)
        }
    }

    @Test("with four retries the load that survives is a fifth of the capacity", arguments: 1...8)
    func loadSweep(tenths: Int) throws {
        var overload = Overload()
        overload.arrivals = .open(rate: Double(tenths) * 10)
        let record = try overload.trial(StudyFixtures.policy("immediate", attempts: 5), seed: 1)
        #expect(record.outcome == (tenths <= 2 ? .pass : .fail))
    }

    @Test("a budget of a fifth carries a load of 0.7 through, and not one of 0.8 within the time")
    func budgetBoundary() throws {
        let budget = RetryBudget.Parameters.share(RetryBudget.Share(perSecondMin: 1))
        let policy = StudyFixtures.policy("share", Self.full, attempts: 5, budget: budget)
        var overload = Overload()
        overload.phases.converge = .seconds(170)
        overload.arrivals = .open(rate: 70)
        let carried = try overload.trial(policy, seed: 1)
        #expect(carried.outcome == .pass && carried.value(.recovery) > 20)
        overload.arrivals = .open(rate: 80)
        #expect(try overload.trial(policy, seed: 1).sample(.recovery)?.isCensored == true)
    }

    @Test("a bounded queue, or one that drops stale calls, saves even those who retry at once")
    func mitigations() throws {
        let immediate = StudyFixtures.policy("immediate", attempts: 5)
        var overload = Overload()
        overload.server.queue = 50
        let bounded = try overload.trial(immediate, seed: 1)
        #expect(bounded.outcome == .pass && bounded.value(.recovery) <= 3)
        overload.server = ClientLoad.Server(rate: 100, dropsStale: true)
        let dropping = try overload.trial(immediate, seed: 1)
        #expect(dropping.outcome == .pass && dropping.value(.recovery) <= 10)
    }

    @Test("the storm must be long and strong enough: the conditions of Huang et al. (OSDI 2022)")
    func flip() throws {
        let immediate = StudyFixtures.policy("immediate", attempts: 5)
        func failures(_ storm: Int, _ factor: Double, rate: Double = 600) throws -> Int {
            let overload = Overload(
                arrivals: .open(rate: rate), server: ClientLoad.Server(rate: 1_000), factor: factor,
                phases: Experiment.Phases(calm: .seconds(5), storm: .milliseconds(storm), converge: .seconds(15)))
            return try (1...4).count { try overload.trial(immediate, seed: $0).outcome == .fail }
        }
        #expect(try failures(2_000, 0.2) >= 3)
        #expect(try failures(2_000, 0.3) == 0)
        #expect(try failures(1_500, 0.2) == 0)
        #expect(try failures(2_000, 0.2, rate: 420) == 0)
    }

    /// A policy of the closed loop, whether it recovers, and its attempts for an operation after the storm.
    static let closed: [(policy: Policy, amplification: ClosedRange<Double>?)] = [
        (StudyFixtures.policy("none", attempts: 1), 1...1),
        (StudyFixtures.policy("immediate"), nil),
        (StudyFixtures.policy("fixed", StudyFixtures.jittered(.fixed, 100)), nil),
        (StudyFixtures.policy("exponential", StudyFixtures.jittered(.exponential, 100)), 1.1...1.35),
        (StudyFixtures.policy("full", full), 1.1...1.4),
        (StudyFixtures.policy("equal", StudyFixtures.jittered(.equalJitter, 100)), 1.1...1.4),
        (StudyFixtures.policy("work-queue", StudyFixtures.jittered(.exponential, 5, cap: 1_000_000)), 1.2...1.6),
    ]

    @Test("in the closed loop, those recover whose waits grow", arguments: closed)
    func closedLoop(policy: Policy, amplification: ClosedRange<Double>?) throws {
        let overload = Overload(
            arrivals: .closed(workers: 400, think: .milliseconds(3_300)), server: ClientLoad.Server(rate: 200))
        let record = try overload.trial(policy, seed: 1)
        guard let amplification else {
            #expect(record.outcome == .fail && record.value(.goodput) < 0.01)
            #expect(record.sample(.recovery)?.isCensored == true && record.value(.stormAmplification) > 50)
            return
        }
        #expect(record.outcome == .pass && record.value(.goodput) > 0.9)
        #expect(record.sample(.recovery)?.isCensored == false && record.value(.recovery) < 45)
        #expect(amplification ~= record.value(.stormAmplification), "\(record.value(.stormAmplification))")
    }

    @Test("without a fault, the queue is that of theory: Little's law and the share of losses of M/M/1")
    func theory() throws {
        var overload = Overload(factor: 0.999_999)
        overload.arrivals = .open(rate: 80)
        let record = try overload.trial(StudyFixtures.policy("none", attempts: 1), seed: 9)
        // P(sojourn > 1 s) = e^−(100−80).
        #expect(record.value(.operationsSucceeded) / record.value(.operations) > 0.999)
        #expect(abs(record.value(.operations) - 80 * 150) < 4 * (80.0 * 150).squareRoot())
        #expect(record.value(.workWasted) < 0.001)
    }

    @Test("a refusal's Retry-After is obeyed or not, as the policy's rule says")
    func retryAfter() throws {
        var overload = Overload()
        overload.server = ClientLoad.Server(rate: 100, queue: 20, retryAfter: .seconds(7))
        func peak(_ rule: Policy.RetryAfterRule) throws -> Double {
            var policy = StudyFixtures.policy("rule", StudyFixtures.jittered(.fixed, 10), attempts: 5)
            policy.call.retryAfter = rule
            return try overload.trial(policy, seed: 1).value(.stormAmplification)
        }
        let (ignored, obeyed) = (try peak(.ignore), try peak(.obey))
        // Who comes back after seven seconds is refused less often.
        #expect(ignored > obeyed + 0.1, "\(ignored) and \(obeyed)")
    }

    @Test("equal seeds give equal records; the first trial tells each second, the others what changed")
    func records() throws {
        let policy = StudyFixtures.policy("none", attempts: 1)
        let told = try Overload().trial(policy, seed: 4, index: 1)
        #expect(try Overload().trial(policy, seed: 4, index: 1) == told)
        let seconds = told.observations.filter { $0.kind == .loadSampled }
        #expect(seconds.count == 150)
        #expect(seconds.compactMap { Double($0.subject) }.reduce(0, +) == told.value(.attempts))
        #expect(seconds.compactMap { Double($0.detail) }.reduce(0, +) == told.value(.operationsSucceeded))
        let untold = try Overload().trial(policy, seed: 4)
        #expect(untold.digest == told.digest)
        #expect(untold.observations.map(\.kind).filter { $0 == .capacityChanged }.count == 2)
        #expect(!untold.observations.contains { $0.kind == .loadSampled })
        #expect(untold.injections.map(\.rule) == ["slow"])
        let seed = try Overload().trial(policy, seed: 5)
        #expect(seed.digest != told.digest)
    }

    @Test("under every policy the same operations arrive at the same times")
    func commonArrivals() throws {
        let records = try [0, 1, 4, 9].map { try Overload().trial(Self.open[$0].policy, seed: 6) }
        #expect(Set(records.map { $0.value(.operations) }).count == 1)
    }

    @Test("a storm that no call met shows nothing")
    func vacuity() throws {
        var overload = Overload()
        overload.phases = Experiment.Phases(calm: .seconds(2), storm: .milliseconds(1), converge: .seconds(5))
        overload.arrivals = .open(rate: 0.4)
        let record = try overload.trial(StudyFixtures.policy("none", attempts: 1), seed: 1)
        #expect(record.outcome == .inconclusive && record.reason.contains("slow"))
    }
}
