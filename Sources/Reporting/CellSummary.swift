package import Experiments
package import Recording
import Resilience
package import Statistics

/// What the trials of one policy under one variation come to.
package struct CellSummary: Hashable, Sendable {
    package let policy: String
    package let variation: String
    /// By index.
    package let trials: [TrialTally]

    package init(policy: String, variation: String, trials: [TrialTally]) {
        self.policy = policy
        self.variation = variation
        self.trials = trials.sorted { $0.key.index < $1.key.index }
    }

    /// The cells of a run: variations in their order, and in each the policies in theirs.
    package static func cells(of run: RunRecord, _ tallies: [TrialTally]) -> [CellSummary] {
        let byCell = Dictionary(grouping: tallies) { [$0.key.variation, $0.key.policy] }
        return run.experiment.variations.flatMap { variation in
            variation.policies.compactMap { policy in
                byCell[[variation.name, policy.name]].map {
                    CellSummary(policy: policy.name, variation: variation.name, trials: $0)
                }
            }
        }
    }

    package var verdict: Verdict { Verdict(all: trials.map(\.outcome)) }

    /// Workflows that succeeded, pooled over trials.
    package var success: ClusteredProportion {
        ClusteredProportion(trials.map { Proportion($0.workflowsSucceeded, of: $0.workflows) })
    }

    package var workflows: Int { total(\.workflows) }

    /// Seconds; infinite for a workflow that failed or never ended.
    package var completions: SortedSample { SortedSample(trials.flatMap(Self.completions)) }

    static func completions(_ trial: TrialTally) -> [Double] {
        trial.completions.map { $0.isCensored ? .infinity : $0.value }
    }

    package var amplification: RatioEstimate { ratio(.amplification) }

    package func total(_ count: (TrialTally) -> Int) -> Int { trials.reduce(0) { $0 + count($1) } }

    /// The two counts that a quantity is the ratio of, for one trial.
    static func parts(_ metric: Metric, _ trial: TrialTally) -> (numerator: Double, denominator: Double) {
        switch metric {
        case .amplification: (Double(trial.attempts), Double(trial.operations))
        case .attempts: (Double(trial.attempts), 1)
        case .operations: (Double(trial.operations), 1)
        case .faults: (Double(trial.faults), 1)
        case .violations: (Double(trial.violations), 1)
        case .successRate: (Double(trial.workflowsSucceeded), Double(trial.workflows))
        case .workflowCompletion: (.nan, .nan)
        }
    }

    func ratio(_ metric: Metric) -> RatioEstimate { RatioEstimate(trials.map { Self.parts(metric, $0) }) }

    /// One number for each trial, by index; trials that have none are left out.
    func values(_ measure: Measure) -> [Double] {
        trials.compactMap { trial in
            if let quantile = measure.quantile {
                return SortedSample(Self.completions(trial)).quantile(quantile)
            }
            let (numerator, denominator) = Self.parts(measure.metric, trial)
            return denominator > 0 ? numerator / denominator : nil
        }
    }

    /// What n of a metric counts.
    func sampleCount(_ metric: Metric) -> Int {
        switch metric {
        case .successRate, .workflowCompletion: workflows
        case .amplification: total(\.operations)
        case .attempts, .operations, .violations, .faults: trials.count
        }
    }
}
