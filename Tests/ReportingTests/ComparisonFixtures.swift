import Determinism
import Experiments
import Recording
import Reporting
import Statistics

/// Arms whose trials give what they are told to.
enum ComparisonFixtures {
    /// A trial with one value of each metric.
    static func trial(
        _ index: Int, policy: String = "base", variation: String = "", seed: UInt64? = nil,
        _ samples: [Metric: [Double]], never: [Metric: Int] = [:], violations: Int = 0
    ) -> TrialTally {
        TrialTally(
            number: index, key: TrialKey(policy: policy, variation: variation, index: index),
            seed: seed ?? UInt64(index), startedEpochMicroseconds: 0, duration: .seconds(1), outcome: .pass, reason: "",
            digest: "", operations: 100, attempts: 120, faults: 5, violations: violations,
            samples: TrialTally.grouped(
                samples.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { metric, values in
                    values.enumerated().map { offset, value in
                        Sample(
                            metric, subject: "s\(offset)", value: value, isCensored: offset < never[metric] ?? 0)
                    }
                }))
    }

    /// A policy's trials.
    static func arm(_ policy: String, _ trials: [TrialTally]) -> CellSummary {
        CellSummary(policy: policy, variation: "", trials: trials)
    }

    /// The policies of one run, held against `base`.
    static func report(
        _ arms: [CellSummary], measures: [Measure]? = nil, margin: Double = 0
    ) throws -> ComparisonReport {
        let evidence = Evidence(
            source: .run("r1"), experiment: "churn", world: "simulated", seed: 42, boreasVersion: "0.1.0", label: "",
            trialsPlanned: arms.reduce(0) { $0 + $1.trials.count }, cells: arms)
        let plan = try ComparisonPlan([evidence], by: .policy, baseline: .policy("base"))
        return ComparisonReport(plan, measures: measures, margin: margin)
    }

    /// Two arms of one metric; trials with the same seeds are pairs.
    static func report(
        _ metric: Metric, _ base: [Double], _ ours: [Double], arePairs: Bool = true, margin: Double = 0
    ) throws -> ComparisonReport {
        func trials(_ values: [Double], _ shift: UInt64) -> [TrialTally] {
            values.enumerated().map { index, value in
                // What never comes is a sample of which no more is known than that.
                trial(
                    index + 1, seed: UInt64(index) + shift, [metric: [value.isFinite ? value : 60]],
                    never: [metric: value.isFinite ? 0 : 1])
            }
        }
        let quantile = metric.kind == .distribution ? 0.5 : nil
        return try report(
            [arm("base", trials(base, 0)), arm("ours", trials(ours, arePairs ? 0 : 1_000_000))],
            measures: [Measure(metric, quantile: quantile)], margin: margin)
    }

    /// The clients of a trial, of which each operation succeeded or not.
    static func clients(_ index: Int, seed: UInt64? = nil, succeeded: Int, of operations: Int) -> TrialTally {
        trial(
            index, seed: seed, [.operations: [Double(operations)], .operationsSucceeded: [Double(succeeded)]])
    }
}

extension SplitMix64 {
    /// A draw from the normal distribution.
    mutating func normal() -> Double { NormalDistribution.quantile(max(1e-12, uniform())) }
}
