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

    /// The cells of a run: the calm ones of a process, then variations in their order, and in each the policies in theirs.
    package static func cells(of run: RunRecord, _ tallies: [TrialTally]) -> [CellSummary] {
        let byCell = Dictionary(grouping: tallies) { [$0.key.variation, $0.key.policy] }
        let named = Set(run.experiment.variations.map(\.name))
        let references = byCell.filter { !named.contains($0.key[0]) }.sorted { $0.key[0] < $1.key[0] }.map {
            CellSummary(policy: $0.key[1], variation: $0.key[0], trials: $0.value)
        }
        return references
            + run.experiment.variations.flatMap { variation in
                variation.policies.compactMap { policy in
                    byCell[[variation.name, policy.name]].map {
                        CellSummary(policy: policy.name, variation: variation.name, trials: $0)
                    }
                }
            }
    }

    package var verdict: Verdict { Verdict(all: trials.map(\.outcome)) }

    /// Workflows that succeeded, or operations of clients, pooled over trials.
    package var success: ClusteredProportion {
        ClusteredProportion(trials.map { Proportion($0.unitsSucceeded, of: $0.units) })
    }

    package var workflows: Int { total(\.workflows) }

    /// Seconds; infinite for a workflow that failed or never ended.
    package var completions: SortedSample { SortedSample(trials.flatMap(Self.completions)) }

    static func completions(_ trial: TrialTally) -> [Double] { values(.workflowCompletion, trial) }

    /// The values of a distribution in one trial; infinite for those that never came.
    static func values(_ metric: Metric, _ trial: TrialTally) -> [Double] {
        trial.samples(metric).map { $0.isCensored ? .infinity : $0.value }
    }

    /// All values of a distribution.
    func distribution(_ metric: Metric) -> SortedSample { SortedSample(trials.flatMap { Self.values(metric, $0) }) }

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
        case .successRate: (Double(trial.unitsSucceeded), Double(trial.units))
        case .cronMissed, .cronDuplicates, .cleanupOldest, .operationsSucceeded, .conflicts, .makespan, .goodput,
            .stormAmplification, .attemptsPeak, .operationsLost, .herd, .workWasted:
            // One value a trial; none where the trial has nothing of the kind.
            trial.samples(metric).first.map { ($0.value, 1) } ?? (0, 0)
        case .workflowCompletion, .lockWait, .recovery, .drain: (.nan, .nan)
        }
    }

    func ratio(_ metric: Metric) -> RatioEstimate { RatioEstimate(trials.map { Self.parts(metric, $0) }) }

    /// One number for each trial, by index; trials that have none are left out.
    func values(_ measure: Measure) -> [Double] {
        trials.compactMap { trial in
            if let quantile = measure.quantile {
                return SortedSample(Self.values(measure.metric, trial)).quantile(quantile)
            }
            let (numerator, denominator) = Self.parts(measure.metric, trial)
            return denominator > 0 ? numerator / denominator : nil
        }
    }

    /// Whether clients were the subject, and no controller.
    var isOfClients: Bool { trials.contains(where: \.isOfClients) }

    /// In what n of a metric counts.
    func sampleUnit(_ metric: Metric) -> String {
        metric == .successRate && isOfClients ? "operations" : metric.sampleUnit
    }

    /// What n of a metric counts.
    func sampleCount(_ metric: Metric) -> Int {
        switch metric {
        case .successRate: total(\.units)
        case .workflowCompletion: workflows
        case .amplification: total(\.operations)
        case .lockWait: trials.reduce(0) { $0 + $1.samples(metric).count }
        case .attempts, .operations, .violations, .faults: trials.count
        case .cronMissed, .cronDuplicates, .cleanupOldest, .operationsSucceeded, .conflicts, .makespan, .goodput,
            .stormAmplification, .attemptsPeak, .operationsLost, .recovery, .drain, .herd, .workWasted:
            trials.count { !$0.samples(metric).isEmpty }
        }
    }
}
