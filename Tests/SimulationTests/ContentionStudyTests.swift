import Experiments
import Kubernetes
import Resilience
import Testing

/// Against the table of the simulator behind Brooker's "Exponential Backoff and Jitter" (2015), of 1,000 trials a cell.
struct ContentionStudyTests {
    /// What a policy came to for a number of clients.
    struct Cell: Sendable, CustomStringConvertible {
        var policy: Int
        var clients: Int
        var writes: (mean: Double, deviation: Double)
        var milliseconds: (mean: Double, deviation: Double)

        var description: String { "\(StudyFixtures.contending[policy].name), \(clients) clients" }
    }

    private static let referenceTrials = 1_000.0

    private static let writes: [Int: [(Double, Double)]] = [
        1: [(1, 0), (1, 0), (1, 0), (1, 0), (1, 0)],
        2: [(3, 0), (3, 0), (3, 0), (3, 0), (3, 0)],
        10: [(50.8, 4.1), (50.8, 4.2), (42.6, 2.5), (39.0, 2.3), (37.6, 2.4)],
        30: [(288.3, 14.7), (276.3, 17.0), (182.6, 5.1), (171.6, 4.1), (180.3, 7.4)],
        50: [(690.3, 17.7), (623.4, 28.1), (346.9, 6.0), (332.7, 4.7), (374.9, 12.2)],
        70: [(1262.4, 22.6), (1057.2, 46.1), (525.9, 6.7), (509.3, 5.5), (604.7, 18.5)],
        100: [(2422.5, 31.7), (1852.8, 59.3), (812.2, 7.6), (795.9, 6.8), (1003.7, 28.9)],
    ]

    private static let milliseconds: [Int: [(Double, Double)]] = [
        1: [(40, 4), (40, 4), (40, 4), (40, 4), (40, 4)],
        2: [(82, 5), (92, 5), (90, 5), (87, 6), (92, 6)],
        10: [(379, 35), (3502, 1331), (728, 179), (467, 108), (436, 85)],
        30: [(780, 49), (22404, 3003), (2593, 593), (1664, 415), (1263, 302)],
        50: [(1140, 44), (36440, 3224), (4226, 566), (2916, 566), (2220, 495)],
        70: [(1501, 43), (48381, 3567), (5368, 621), (3795, 492), (3218, 623)],
        100: [(2029, 43), (63151, 3849), (6580, 655), (4923, 527), (4596, 696)],
    ]

    static let cells: [Cell] = writes.keys.sorted().flatMap { clients in
        StudyFixtures.contending.indices.compactMap { policy in
            guard let own = writes[clients], let time = milliseconds[clients] else { return nil }
            return Cell(policy: policy, clients: clients, writes: own[policy], milliseconds: time[policy])
        }
    }

    @Test("writes and time are those of the reference, within four standard errors", arguments: cells)
    func reference(cell: Cell) throws {
        let trials = cell.clients <= 50 ? 150 : 40
        let records = try (1...trials).map { seed in
            try StudyFixtures.contention(
                StudyFixtures.contending[cell.policy], clients: cell.clients, seed: UInt64(seed) &* 7_919)
        }
        #expect(records.allSatisfy { $0.outcome == .pass })
        func check(_ values: [Double], _ wanted: (mean: Double, deviation: Double), rounding: Double) {
            let found = Moments(values)
            let error =
                (found.deviation * found.deviation / Double(trials) + wanted.deviation * wanted.deviation
                / Self.referenceTrials).squareRoot()
            #expect(
                abs(found.mean - wanted.mean) <= 4 * error + rounding, "\(found.mean), and \(wanted.mean) is wanted")
        }
        check(records.map { $0.value(.attempts) }, cell.writes, rounding: 0.05)
        check(records.map { $0.value(.makespan) * 1_000 }, cell.milliseconds, rounding: 0.5)
    }

    /// Writes and milliseconds of the five, by their names.
    private func means(clients: Int, trials: Int) throws -> [String: (writes: Double, milliseconds: Double)] {
        var means: [String: (writes: Double, milliseconds: Double)] = [:]
        for policy in StudyFixtures.contending {
            let records = try (1...trials).map {
                try StudyFixtures.contention(policy, clients: clients, seed: UInt64($0))
            }
            means[policy.name] = (
                Moments(records.map { $0.value(.attempts) }).mean,
                Moments(records.map { $0.value(.makespan) * 1_000 }).mean
            )
        }
        return means
    }

    private func order(
        _ means: [String: (writes: Double, milliseconds: Double)],
        by key: KeyPath<(writes: Double, milliseconds: Double), Double>
    ) -> [String] {
        means.sorted { $0.value[keyPath: key] < $1.value[keyPath: key] }.map(\.key)
    }

    @Test("from 30 to 100 clients the order of the policies is the reference's, in writes and in time")
    func order() throws {
        for clients in [30, 60, 100] {
            let means = try means(clients: clients, trials: 30)
            let byWrites = order(means, by: \.writes)
            // At 30 clients equal jitter and decorrelated are within a write or two of each other.
            if clients > 30 { #expect(byWrites == ["full", "equal", "decorrelated", "exponential", "none"]) }
            #expect(byWrites.first == "full" && byWrites.last == "none")
            #expect(order(means, by: \.milliseconds) == ["none", "decorrelated", "full", "equal", "exponential"])
        }
        let hundred = try means(clients: 100, trials: 30)
        let none = try #require(hundred["none"])
        let full = try #require(hundred["full"])
        let exponential = try #require(hundred["exponential"])
        // One write lands in each read-to-write window of 20 ms.
        #expect(abs(none.writes - 2_500) < 150 && abs(none.milliseconds - 2_000) < 100)
        #expect(full.writes < none.writes / 2 && full.writes < exponential.writes / 2)
        #expect(exponential.milliseconds > 12 * full.milliseconds)
    }

    @Test("outside that range it flips: few clients fare best with decorrelated jitter, many with equal and full")
    func flips() throws {
        let few = try means(clients: 10, trials: 150)
        #expect(order(few, by: \.writes).first == "decorrelated")
        let many = try means(clients: 190, trials: 20)
        let (equal, full, decorrelated) = (many["equal"], many["full"], many["decorrelated"])
        #expect(try #require(equal).writes <= #require(full).writes)
        #expect(try #require(full).milliseconds < #require(decorrelated).milliseconds)
    }

    /// Shares of ten and of twenty writers who bring their write through, in per cent.
    @Test(
        "who gives up after some attempts succeeds as often as in the reference",
        arguments: [
            ("DefaultRetry", 10, 10, Self.defaultRetry, 55.6), ("no wait", 10, 10, Self.immediate, 55.4),
            ("Argo's", 10, 10, Self.argo, 56.8), ("full jitter", 10, 10, Self.fullJitter, 82.5),
            ("DefaultRetry", 20, 1, Self.defaultRetry, 41.6), ("no wait", 20, 1, Self.immediate, 34.8),
            ("full jitter", 20, 1, Self.fullJitter, 97.9),
        ])
    func giveUps(name: String, writers: Int, milliseconds: Int, policy: Policy, percent: Double) throws {
        let shares = try (1...200).map { seed in
            let record = try StudyFixtures.contention(
                policy, clients: writers, latency: .milliseconds(milliseconds),
                deviation: .microseconds(milliseconds * 200), seed: UInt64(seed))
            return record.value(.operationsSucceeded) / record.value(.operations) * 100
        }
        let found = Moments(shares)
        // The reference gives no deviation, so that of its own thousand trials is taken to be the same.
        let error = found.deviation * (1.0 / 200 + 1.0 / 1_000).squareRoot()
        #expect(abs(found.mean - percent) <= 4 * error + 0.05, "\(found.mean)")
    }

    private static let immediate = StudyFixtures.policy("immediate", attempts: 5)
    private static let defaultRetry = StudyFixtures.policy(
        "default-retry", Backoff(.additiveJitter, base: .milliseconds(10), factor: 1, jitter: 0.1), attempts: 5)
    private static let argo = StudyFixtures.policy(
        "argo", StudyFixtures.jittered(.exponential, 10), attempts: 5)
    private static let fullJitter = StudyFixtures.policy(
        "full-5", StudyFixtures.jittered(.fullJitter, 10), attempts: 5)

    @Test("equal seeds give equal records, and others give others")
    func determinism() throws {
        let policy = StudyFixtures.contending[3]
        let record = try StudyFixtures.contention(policy, clients: 20, seed: 7, index: 1)
        #expect(try StudyFixtures.contention(policy, clients: 20, seed: 7, index: 1) == record)
        #expect(try StudyFixtures.contention(policy, clients: 20, seed: 8, index: 1).digest != record.digest)
        // What is told changes nothing of what happens.
        #expect(try StudyFixtures.contention(policy, clients: 20, seed: 7, index: 2).digest == record.digest)
    }

    @Test("the first trial of few clients tells each attempt, with the wait after each conflict")
    func tale() throws {
        let record = try StudyFixtures.contention(
            StudyFixtures.contending[1], clients: 5, operations: 2, seed: 3, index: 1)
        #expect(record.operations.count == 10 && record.operations.allSatisfy { $0.outcome == .succeeded })
        #expect(Double(record.attempts.count) == record.value(.attempts))
        let conflicts = record.attempts.filter { $0.exchange.httpStatus == 409 }
        #expect(Double(conflicts.count) == record.value(.conflicts) && !conflicts.isEmpty)
        #expect(conflicts.allSatisfy { $0.decision?.layer == .call && $0.decision?.wait ?? .zero >= .milliseconds(10) })
        let last = record.attempts.map { $0.exchange.started + $0.exchange.duration }.max()
        #expect(last == record.duration)
        let untold = try StudyFixtures.contention(StudyFixtures.contending[1], clients: 5, seed: 3, index: 2)
        #expect(untold.attempts.isEmpty && untold.operations.isEmpty && untold.outcome == .pass)
    }

    @Test("clients that are not done at the horizon fail the trial")
    func horizon() throws {
        let slow = StudyFixtures.policy("slow", StudyFixtures.jittered(.fixed, 3_600_000, cap: 3_600_000))
        let record = try StudyFixtures.contention(slow, clients: 4, seed: 1)
        #expect(record.outcome == .fail)
        #expect(record.violations.map(\.invariant) == [.everythingFinishedWithinConverge])
        #expect(record.sample(.makespan)?.isCensored == true)
    }

    @Test("budgets, breakers and deadlines hold clients that contend, each by itself")
    func guards() throws {
        let budget = RetryBudget.Parameters.quota(
            RetryBudget.Quota(capacity: 10, throttlingCost: 5, transientCost: 5, firstTryGain: 0))
        let bounded = try StudyFixtures.contention(
            StudyFixtures.policy("bounded", StudyFixtures.jittered(.fullJitter, 10), budget: budget), clients: 20,
            seed: 5)
        // Two retries each.
        #expect(bounded.value(.attempts) <= 60 && bounded.value(.operationsSucceeded) < 20)
        #expect(bounded.outcome == .pass)
        var late = StudyFixtures.policy("late", StudyFixtures.jittered(.fixed, 500))
        late.call.deadline = .milliseconds(700)
        let hurried = try StudyFixtures.contention(late, clients: 20, seed: 5)
        #expect(hurried.value(.attempts) <= 40 && hurried.value(.makespan) < 0.8)
        var broken = StudyFixtures.policy("broken")
        broken.breaker = CircuitBreaker.Parameters(window: 2, attemptsMin: 2, failureShare: 0.5)
        let opened = try StudyFixtures.contention(broken, clients: 20, seed: 5)
        #expect(opened.value(.attempts) <= 41 && opened.value(.operationsSucceeded) < 20)
    }
}
