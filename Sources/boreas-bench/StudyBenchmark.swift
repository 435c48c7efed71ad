import Experiments
import Faults
import Foundation
import Resilience
import Simulation
import Statistics

/// What the contention study costs over a bare event loop that does the same: the policy as a policy, each client with
/// random streams of its own, and a record that is judged.
enum StudyBenchmark {
    /// Those of the reference, then each by itself.
    private static let clients = [[1, 2, 10, 30, 50, 70, 100], [10], [30], [50], [70], [100], [190]]
    private static let budget = Duration.seconds(8)

    private static let policies: [(formula: BareContention.Formula, backoff: Backoff)] = [
        (.none, .none), (.exponential, backoff(.exponential, 10)), (.equal, backoff(.equalJitter, 10)),
        (.full, backoff(.fullJitter, 10)), (.decorrelated, backoff(.decorrelatedJitter, 5)),
    ]

    private static func backoff(_ formula: Backoff.Formula, _ base: Int) -> Backoff {
        Backoff(formula, base: .milliseconds(base), cap: .seconds(2))
    }

    static func report() async throws -> String {
        var rows = [["clients", "bare, trials/s", "study, trials/s", "study / bare", "events/s", "rounds"]]
        for clients in clients {
            let trials = max(10, 12_000 / clients.reduce(0) { $0 + $1 * $1 / 10 + $1 })
            let comparison = try await Comparison(rounds: 9, budget: budget) {
                rate(trials, clients, bareTrial)
            } b: {
                rate(trials, clients, trial)
            }
            rows.append([
                clients.map(String.init).joined(separator: ", "), comparison.a(\.trials).rate,
                comparison.b(\.trials).rate,
                comparison.ratio(\.trials).ratio, comparison.b(\.events).rate, "\(comparison.count)",
            ])
        }
        return Table.text(
            title: "The contention study, one trial of each of five backoffs in turn; two events for each write", rows)
    }

    private struct Rate: Sendable {
        var trials: Double
        var events: Double
    }

    /// - Parameter trial: Carries out one trial of each policy, and tells how many writes they took.
    private static func rate(_ count: Int, _ clients: [Int], _ trial: (Int, UInt64) -> Int) -> Rate {
        let clock = ContinuousClock()
        var writes = 0
        let elapsed = clock.measure {
            for seed in 1...UInt64(count) { for clients in clients { writes += trial(clients, seed) } }
        }
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return Rate(
            trials: Double(count * clients.count * policies.count) / seconds, events: Double(2 * writes) / seconds)
    }

    private static func bareTrial(_ clients: Int, _ seed: UInt64) -> Int {
        policies.reduce(0) { sum, policy in
            var loop = BareContention(clients: clients, seed: seed)
            return sum + loop.run(policy.formula).writes
        }
    }

    private static func trial(_ clients: Int, _ seed: UInt64) -> Int {
        policies.reduce(0) { sum, policy in
            let spec = spec(policy.backoff, clients: clients, seed: seed)
            let attempts = Study(spec)?.run().samples.first { $0.metric == .attempts }
            return sum + Int(attempts?.value ?? 0)
        }
    }

    private static func spec(_ backoff: Backoff, clients: Int, seed: UInt64) -> TrialSpec {
        var policy = Policy.none
        policy.call = Policy.Call(backoff: backoff, maxAttempts: .max)
        let load = ClientLoad.Contention(
            clients: clients, latency: ClientLoad.Latency(mean: .milliseconds(10), deviation: .milliseconds(2)))
        let variation = Experiment.Variation(
            policies: [policy], workload: [],
            phases: Experiment.Phases(calm: .zero, storm: .zero, converge: .seconds(600)), plan: Plan(),
            clients: .contend(load))
        // Not the first of its cell, whose attempts are told one by one.
        return TrialSpec(number: 2, policy: policy, variation: variation, index: 2, seed: seed)
    }
}
