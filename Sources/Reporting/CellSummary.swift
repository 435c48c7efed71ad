package import Experiments
package import Recording
import Resilience
package import Statistics

/// What the trials of one policy under one variation come to.
package struct CellSummary: Hashable, Sendable {
    package let policy: String
    package let variation: String
    /// `Experiment.Variation.conditions`; empty where they are not known.
    package let conditions: String
    /// By index.
    package let trials: [TrialTally]

    package init(policy: String, variation: String, conditions: String = "", trials: [TrialTally]) {
        self.policy = policy
        self.variation = variation
        self.conditions = conditions
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
                let conditions = variation.conditions
                return variation.policies.compactMap { policy in
                    byCell[[variation.name, policy.name]].map {
                        CellSummary(
                            policy: policy.name, variation: variation.name, conditions: conditions, trials: $0)
                    }
                }
            }
    }

    package var verdict: Verdict { Verdict(all: trials.map(\.outcome)) }

    /// Workflows that succeeded, or operations of clients, pooled over trials.
    package var success: ClusteredProportion {
        ClusteredProportion(trials.map { Proportion(min($0.unitsSucceeded, $0.units), of: $0.units) })
    }

    package var workflows: Int { total(\.workflows) }

    /// Seconds; infinite for a workflow that failed or never ended.
    package var completions: SortedSample { distribution(Measure(.workflowCompletion)) }

    /// All values of a distribution, infinite for those that never came.
    func distribution(_ measure: Measure) -> SortedSample {
        SortedSample(trials.flatMap { Self.values(measure, $0) })
    }

    static func values(_ measure: Measure, _ trial: TrialTally) -> [Double] {
        trial.samples(measure.metric, measure.breakdown).map(\.reached)
    }

    package var amplification: RatioEstimate { ratio(Measure(.amplification)) }

    package func total(_ count: (TrialTally) -> Int) -> Int {
        Self.whole(trials.reduce(0) { $0 + Double(count($1)) })
    }

    func ratio(_ measure: Measure) -> RatioEstimate { RatioEstimate(trials.map { $0.parts(measure) }) }

    /// A share, each trial with its own luck.
    func share(_ measure: Measure) -> ClusteredProportion {
        ClusteredProportion(
            trials.map { trial in
                let (part, whole) = trial.parts(measure)
                return Proportion(successes: min(part, whole), count: whole)
            })
    }

    /// One number for each trial, by index; trials that have none are left out.
    func values(_ measure: Measure) -> [Double] { trials.compactMap { Self.value(measure, $0) } }

    static func value(_ measure: Measure, _ trial: TrialTally) -> Double? {
        if let quantile = measure.quantile { return SortedSample(values(measure, trial)).quantile(quantile) }
        let (numerator, denominator) = trial.parts(measure)
        return denominator > 0 ? numerator / denominator : nil
    }

    /// Whether clients were the subject, and no controller.
    var isOfClients: Bool { trials.contains(where: \.isOfClients) }

    /// In what n of a metric counts.
    func sampleUnit(_ metric: Metric) -> String {
        metric == .successRate && isOfClients ? "operations" : metric.sampleUnit
    }

    /// What n of a measure counts.
    func sampleCount(_ measure: Measure) -> Int {
        func sum() -> Int { Self.whole(trials.reduce(0) { $0 + $1.parts(measure).denominator }) }
        return switch measure.metric.kind {
        case .distribution: trials.reduce(0) { $0 + $1.samples(measure.metric, measure.breakdown).count }
        case .total: trials.count
        case .share: sum()
        case .quantity where measure.metric.ratio != nil: sum()
        case .quantity: trials.count { $0.parts(measure).denominator > 0 }
        }
    }

    /// A sum of counts, each of them at most 2⁵³: of thousands of such trials no integer would hold it.
    static func whole(_ count: Double) -> Int { Int(min(count, 0x1p62)) }
}
