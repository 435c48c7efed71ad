package import Experiments
package import Recording
package import Statistics

/// Policies, or runs, side by side, in the manner of benchstat: a difference is shown only where there is one.
package struct ComparisonReport: Hashable, Sendable {
    /// One column: a policy of a run.
    package struct Arm: Hashable, Sendable {
        package var label: String
        /// By variation.
        package var cells: [CellSummary]

        package init(label: String, cells: [CellSummary]) {
            self.label = label
            self.cells = cells
        }

        /// The policies of one run; of several, each labelled `RUN:POLICY`.
        package static func arms(of runs: [(run: RunRecord, tallies: [TrialTally])]) -> [Arm] {
            runs.flatMap { run, tallies in
                let cells = CellSummary.cells(of: run, tallies)
                return run.experiment.policyNames.compactMap { policy in
                    let own = cells.filter { $0.policy == policy }
                    let label = runs.count == 1 ? policy : "\(run.identifier):\(policy)"
                    return own.isEmpty ? nil : Arm(label: label, cells: own)
                }
            }
        }
    }

    package struct Row: Hashable, Sendable {
        package var measure: Measure
        package var variation: String
        package var arm: String
        package var base: Estimate
        package var candidate: Estimate
        /// Relative; for a share the difference.
        package var change: Double
        /// Of the difference of shares alone.
        package var changeInterval: Interval?
        /// Mann and Whitney's, adjusted for the whole table (Holm); nil for shares, which have an interval.
        package var p: Double?
        package var isShown: Bool
        /// Why a difference could not be shown, had there been one.
        package var footnote: String?
    }

    package struct Estimate: Hashable, Sendable {
        /// NaN where there is none.
        package var value: Double
        package var interval: Interval
        package var n: Int
    }

    package let baseline: String
    package let arms: [String]
    package let rows: [Row]

    static let measures = [
        Measure(.successRate), Measure(.workflowCompletion, quantile: 0.5),
        Measure(.workflowCompletion, quantile: 0.95),
        Measure(.amplification), Measure(.attempts), Measure(.operations), Measure(.violations), Measure(.faults),
    ]

    /// Of clients that are the subject themselves; those of another study than theirs are left out.
    static let clientMeasures = [
        Measure(.successRate), Measure(.amplification), Measure(.attempts), Measure(.conflicts), Measure(.makespan),
        Measure(.goodput), Measure(.recovery, quantile: 0.5), Measure(.drain, quantile: 0.5), Measure(.operationsLost),
        Measure(.attemptsPeak), Measure(.stormAmplification), Measure(.workWasted), Measure(.herd),
        Measure(.violations),
    ]

    private static func measures(of cells: [CellSummary]) -> [Measure] {
        guard cells.contains(where: \.isOfClients) else { return measures }
        return clientMeasures.filter { measure in cells.contains { $0.sampleCount(measure) > 0 } }
    }

    /// - Parameter baseline: The label of one of the arms, which the others are held against.
    /// - Throws: ``ExperimentError`` for a baseline that is none of them.
    package init(_ arms: [Arm], baseline: String) throws(ExperimentError) {
        guard let base = arms.first(where: { $0.label == baseline }) else {
            let mend = Spelling.mend(baseline, among: arms.map(\.label))
            throw ExperimentError(
                file: "--baseline", position: nil, path: "", message: "nothing here is named \(baseline)\(mend)")
        }
        self.baseline = baseline
        let others = arms.filter { $0.label != baseline }
        self.arms = others.map(\.label)
        var rows: [Row] = []
        for baseCell in base.cells {
            for measure in Self.measures(of: base.cells) {
                for arm in others {
                    guard let cell = arm.cells.first(where: { $0.variation == baseCell.variation }) else { continue }
                    rows.append(Self.row(measure, arm.label, cell, baseCell))
                }
            }
        }
        self.rows = Self.adjusted(rows)
    }

    private static func row(_ measure: Measure, _ arm: String, _ cell: CellSummary, _ base: CellSummary) -> Row {
        if measure.metric.kind == .share {
            let (mine, others) = (cell.share(measure), base.share(measure))
            let interval = mine.effective.difference(from: others.effective)
            return Row(
                measure: measure, variation: cell.variation, arm: arm, base: estimate(others),
                candidate: estimate(mine), change: mine.pooled.value - others.pooled.value, changeInterval: interval,
                p: nil, isShown: !interval.contains(0), footnote: nil)
        }
        let (values, baseValues) = (cell.values(measure), base.values(measure))
        let (mine, others) = (estimate(values), estimate(baseValues))
        let isTestable = values.count >= trialsMin && baseValues.count >= trialsMin
        let isFlat = Set(values + baseValues).count == 1
        return Row(
            measure: measure, variation: cell.variation, arm: arm, base: others, candidate: mine,
            change: mine.value == others.value ? 0 : mine.value / others.value - 1, changeInterval: nil,
            p: isTestable && !isFlat ? MannWhitney(values, baseValues).p : nil, isShown: false,
            footnote: isFlat ? "all equal" : isTestable ? nil : "fewer than \(trialsMin) trials: nothing can be shown")
    }

    /// With three a side, no split of the ranks is as rare as one in twenty.
    private static let trialsMin = 4

    private static func estimate(_ share: ClusteredProportion) -> Estimate {
        Estimate(value: share.pooled.value, interval: share.effective.wilson(), n: Int(share.pooled.count))
    }

    /// The median of the trials.
    private static func estimate(_ values: [Double]) -> Estimate {
        let sample = SortedSample(values)
        return Estimate(value: sample.median ?? .nan, interval: sample.interval(0.5), n: values.count)
    }

    private static func adjusted(_ rows: [Row]) -> [Row] {
        var rows = rows
        let tested = rows.indices.filter { rows[$0].p != nil }
        for (index, p) in zip(tested, holmAdjusted(tested.compactMap { rows[$0].p })) {
            rows[index].p = p
            rows[index].isShown = p < 0.05
        }
        return rows
    }
}
