import Experiments
import Faults
import Resilience
import Simulation

/// Studies whose parameters are those of their reference.
enum StudyFixtures {
    static func policy(
        _ name: String, _ backoff: Backoff = .none, attempts: Int = 1_000_000, budget: RetryBudget.Parameters? = nil
    ) -> Policy {
        var policy = Policy.none
        policy.name = name
        policy.call = Policy.Call(backoff: backoff, maxAttempts: attempts)
        policy.budget = budget
        return policy
    }

    static func jittered(_ formula: Backoff.Formula, _ base: Int, factor: Double = 2, cap: Int = 20_000) -> Backoff {
        Backoff(formula, base: .milliseconds(base), factor: factor, cap: .milliseconds(cap))
    }

    /// The five of the reference, whose first envelope is twice a base of 5 ms.
    static let contending: [Policy] = [
        policy("none"),
        policy("exponential", jittered(.exponential, 10, cap: 2_000)),
        policy("equal", jittered(.equalJitter, 10, cap: 2_000)),
        policy("full", jittered(.fullJitter, 10, cap: 2_000)),
        policy("decorrelated", jittered(.decorrelatedJitter, 5, cap: 2_000)),
    ]

    static func contention(
        _ policy: Policy, clients: Int, operations: Int = 1, latency: Duration = .milliseconds(10),
        deviation: Duration = .milliseconds(2), seed: UInt64, index: Int = 2
    ) throws -> TrialRecord {
        let load = ClientLoad.Contention(
            clients: clients, operations: operations,
            latency: ClientLoad.Latency(mean: latency, deviation: deviation))
        return try trial(
            policy, .contend(load), Experiment.Phases(calm: .zero, storm: .zero, converge: .seconds(600)), Plan(),
            seed: seed, index: index)
    }

    /// An overload: a fault that makes the server slow throughout the storm.
    struct Overload {
        var arrivals = ClientLoad.Arrivals.open(rate: 60)
        var server = ClientLoad.Server(rate: 100)
        var clients = 1
        var factor = 0.2
        var phases = Experiment.Phases(calm: .seconds(20), storm: .seconds(10), converge: .seconds(120))

        func trial(_ policy: Policy, seed: UInt64, index: Int = 2) throws -> TrialRecord {
            let load = ClientLoad.Calls(arrivals: arrivals, clients: clients, timeout: .seconds(1), server: server)
            let slow = Rule(name: "slow", during: .storm, fault: .capacity(Fault.Capacity(factor: factor)))
            return try StudyFixtures.trial(
                policy, .call(load), phases, Plan(rules: [slow]), seed: seed, index: index)
        }
    }

    private static func trial(
        _ policy: Policy, _ load: ClientLoad, _ phases: Experiment.Phases, _ plan: Plan, seed: UInt64, index: Int
    ) throws -> TrialRecord {
        let variation = Experiment.Variation(
            policies: [policy], workload: [], phases: phases, plan: plan, clients: load)
        let spec = TrialSpec(number: 1, policy: policy, variation: variation, index: index, seed: seed)
        guard let study = Study(spec) else { throw NoStudy() }
        return study.run()
    }

    private struct NoStudy: Error {}
}

extension TrialRecord {
    func sample(_ metric: Metric) -> Sample? { samples.first { $0.metric == metric } }

    /// NaN where there is none, so that no comparison holds.
    func value(_ metric: Metric) -> Double { sample(metric)?.value ?? .nan }
}

/// Mean and deviation of many trials.
struct Moments {
    let mean: Double
    let deviation: Double

    init(_ values: [Double]) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        deviation = (squares / Double(max(1, values.count - 1))).squareRoot()
    }
}
