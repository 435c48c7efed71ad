package import Experiments
import Recording
package import Statistics

/// Policies, runs, builds or variations side by side, in the manner of benchstat: a difference is shown only where there
/// is one.
///
/// The unit is the trial: each gives one number, and trials that met the same weather are compared in pairs.
package struct ComparisonReport: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        package var measure: Measure
        package var variation: String
        package var policy: String
        /// Who is held against the baseline.
        package var arm: String
        package var base: Estimate
        package var candidate: Estimate
        /// Of the candidate from the baseline, in the unit ``changeUnit``; NaN where there is none.
        package var change: Double
        package var changeUnit: ChangeUnit
        /// At 95 %, by itself: not widened for the other rows of the table.
        package var changeInterval: Interval?
        /// Two-sided, adjusted for the whole table (Holm); nil where nothing can be tested.
        package var p: Double?
        /// That of this row by itself.
        package var pAlone: Double?
        /// Whether p is below 0.05, and the interval does not reach over 0: the two may be of tests that differ.
        package var isShown: Bool
        /// Which way the candidate lies by what p is of: 1 is up, −1 down, 0 neither. It is the change's sign, but where
        /// what came on both sides is alike, and what never came is not.
        package var tendency: Int
        package var method: Method
        /// Whether trials with the same seed are held against each other.
        package var isPaired: Bool
        /// Pairs of trials; of trials that are no pairs, those of the smaller arm.
        package var n: Int
        /// Whether every trial of the one gave what every trial, or its own partner, of the other gave.
        package var isEqual: Bool
        /// Nil where a side has no number.
        package var effect: CliffsDelta?
        /// The smallest difference that as many trials could have shown: of shares with 80 % power, of other values the
        /// half width of the interval; in the unit ``changeUnit``.
        package var detectable: Double?
        package var verdict: Judgement
        /// Whether no difference, however large, could have been shown with so few trials among so many tests.
        var isTooSmall = false
        /// What the verdict holds to be none that matters; 0 is nothing.
        var margin = 0.0
        /// What must be known of the row: why nothing could be shown, what was left out, what stands for what.
        package var footnote: String?
    }

    package enum ChangeUnit: String, Hashable, Sendable {
        /// Candidate ÷ baseline − 1.
        case relative
        /// Candidate − baseline, of shares.
        case points
        /// Candidate − baseline, of values that may be nothing.
        case absolute
    }

    /// By what a row's change is estimated and tested: of pairs by the first test that is named, else by the second.
    package enum Method: String, Hashable, Sendable, CaseIterable {
        /// Hodges and Lehmann's estimate and interval; Wilcoxon's signed ranks, or Mann and Whitney's test.
        case ranks
        /// The change of the medians, with the interval and the tests of ``ranks``.
        case medians
        /// The difference of the means, by Student or Welch, with the tests of ``ranks``.
        case means
        /// The same with their own test, because ranks go the other way.
        case meansAlone
        /// Shares of trials that succeed or fail: Newcombe's interval; McNemar's or Fisher's test.
        case singles
        /// Shares of trials with many operations: Student's or Welch's interval and test of the trials.
        case clusters
        /// Shares that are the same in all trials: Stringer's bounds, and no test.
        case bounds

        var isOfMeans: Bool { self == .means || self == .meansAlone }
    }

    /// What a row comes to.
    package enum Judgement: String, Hashable, Sendable, CaseIterable {
        case better, worse
        /// It differs, and neither way is better.
        case different
        /// It differs, and perhaps by no more than the margin.
        case unsettled
        /// A difference, if there is one, is within the margin.
        case equivalent
        /// Every trial gave the same on both sides. More trials might show that it is not so.
        case equal
        /// Nothing is shown.
        case open
    }

    package struct Estimate: Hashable, Sendable {
        /// NaN where there is none.
        package var value: Double
        package var interval: Interval
        /// Trials.
        package var n: Int
        /// What was counted in all of them: workflows, say.
        package var units: Int
        /// How many of those never came to an end.
        package var never: Int
    }

    /// A difference up to this is none that matters: relative, and for shares in points.
    package let margin: Double
    package let axis: ComparisonPlan.Axis
    package let baseline: String
    /// What is held against it, where that is one run.
    let candidate: String?
    /// Those that are held against it.
    package let arms: [String]
    package let rows: [Row]
    /// Whatever concerns no single row: cells that have no counterpart.
    package let notes: [String]
    /// What must be known before a row is read: cells that are no pairs, because they met other conditions.
    package let warnings: [String]
    /// What all arms have in common, and what they have not.
    package let facts: [ComparisonPlan.Fact]
    /// How many tests share the error of the table.
    package let family: Int

    /// - Parameters:
    ///   - measures: What is compared; nil is what trials of such a subject have.
    ///   - remarks: What else is to be told below the table.
    package init(
        _ plan: ComparisonPlan, measures: [Measure]? = nil, margin: Double = 0, remarks: [String] = []
    ) {
        self.margin = margin
        axis = plan.axis
        baseline = plan.baseline
        candidate = plan.candidate
        facts = plan.facts
        warnings = plan.warnings
        var notes = remarks + plan.notes
        arms = plan.contrasts.map(\.arm).distinct
        let chosen = measures ?? Self.measures(of: Self.subject(of: plan.contrasts))
        var rows: [Row] = []
        for measure in chosen {
            let own = Self.rows(measure, plan.contrasts)
            if own.isEmpty, measures != nil { notes.append("no trial has \(measure.name)") }
            rows += own
        }
        (self.rows, family) = Self.adjusted(rows, margin)
        self.notes = notes
    }

    private static func rows(_ measure: Measure, _ contrasts: [ComparisonPlan.Contrast]) -> [Row] {
        guard isThere(measure, contrasts) else { return [] }
        // Contrasts with one baseline follow each other.
        var base: (key: [String], sample: ComparisonSample)?
        var rows: [Row] = []
        for contrast in contrasts {
            let key = [contrast.source, contrast.base.policy, contrast.base.variation]
            let known = base.flatMap { $0.key == key ? $0.sample : nil }
            let sample = known ?? ComparisonSample(measure, contrast.base)
            base = (key, sample)
            let test = ComparisonTest(
                base: sample, candidate: ComparisonSample(measure, contrast.candidate), mayPair: contrast.mayPair)
            if let row = test.row(contrast) { rows.append(row) }
        }
        return rows
    }

    /// Whether any trial has it. A part that one trial has is nothing in another; a part that none has is none.
    private static func isThere(_ measure: Measure, _ contrasts: [ComparisonPlan.Contrast]) -> Bool {
        let parts = measure.keys.filter { $0.breakdown != nil }
        guard !parts.isEmpty else { return true }
        return contrasts.contains { contrast in
            [contrast.base, contrast.candidate].contains { cell in
                cell.trials.contains { trial in parts.contains { trial.samples.count($0) > 0 } }
            }
        }
    }

    static let coreMeasures = [
        Measure(.successRate), Measure(.workflowCompletion, quantile: 0.5),
        Measure(.workflowCompletion, quantile: 0.95),
        Measure(.amplification), Measure(.attempts), Measure(.operations), Measure(.violations), Measure(.faults),
    ]

    static let clientMeasures = [
        Measure(.successRate), Measure(.amplification), Measure(.attempts), Measure(.conflicts), Measure(.makespan),
        Measure(.goodput), Measure(.recovery, quantile: 0.5), Measure(.drain, quantile: 0.5), Measure(.operationsLost),
        Measure(.attemptsPeak), Measure(.stormAmplification), Measure(.workWasted), Measure(.herd),
        Measure(.violations),
    ]

    /// What is compared without being asked for.
    package static func measures(of subject: Metric.Subject) -> [Measure] {
        switch subject {
        case .clients: clientMeasures
        case .core: coreMeasures
        case .process: coreMeasures.filter { $0.metric.facts.subjects.contains(.process) }
        }
    }

    private static func subject(of contrasts: [ComparisonPlan.Contrast]) -> Metric.Subject {
        contrasts.contains { $0.base.isOfClients || $0.candidate.isOfClients } ? .clients : .core
    }

    /// The samples that comparing these measures takes.
    package static func keys(of measures: [Measure]) -> Set<SampleKey> {
        // By these is it known whether clients were the subject, and what they did.
        Set(measures.flatMap(\.keys) + Measure(.successRate).keys + [SampleKey(.attempts), SampleKey(.faults)])
    }

    /// With the error shared by the whole table, and what each row comes to by that.
    private static func adjusted(_ rows: [Row], _ margin: Double) -> ([Row], Int) {
        var rows = rows
        let tested = rows.indices.filter { rows[$0].pAlone != nil }
        for (index, p) in zip(tested, holmAdjusted(tested.compactMap { rows[$0].pAlone })) {
            rows[index].p = p
            let reachesOver = rows[index].changeInterval.map { $0.lower < 0 && $0.upper > 0 } ?? false
            rows[index].isShown = p < 0.05 && !reachesOver
            rows[index].noteSize(family: tested.count)
        }
        for index in rows.indices { rows[index].judge(margin: margin) }
        return (rows, tested.count)
    }
}

extension ComparisonReport.Row {
    /// Says where the first of so many tests could not have shown anything with so few trials.
    fileprivate mutating func noteSize(family: Int) {
        guard !isShown, pAlone != nil else { return }
        // Student's p is not bounded by the number of trials.
        guard method != .clusters, method != .meansAlone else { return }
        let alpha = 0.05 / Double(family)
        let least =
            isPaired ? WilcoxonSignedRank.leastTrials(alpha: alpha) : MannWhitney.leastTrials(alpha: alpha)
        guard n < least else { return }
        isTooSmall = true
        let note =
            "with fewer than \(least) \(isPaired ? "pairs" : "trials a side") a rank test shows no difference among "
            + "\(family) tests; run more trials, or compare fewer --metrics"
        footnote = [footnote, note].compactMap(\.self).joined(separator: "; ")
    }

    /// What it is where it is shown to differ.
    var side: ComparisonReport.Judgement {
        switch measure.metric.direction {
        case .higherIsBetter: tendency > 0 ? .better : .worse
        case .lowerIsBetter: tendency > 0 ? .worse : .better
        case .neither: .different
        }
    }

    fileprivate mutating func judge(margin: Double) {
        self.margin = margin
        let undecided: ComparisonReport.Judgement = isEqual ? .equal : .open
        guard margin > 0 else {
            verdict = isShown ? side : undecided
            return
        }
        switch materiality {
        // What never came on one side alone is no small difference, however alike the rest is.
        case .equivalent: verdict = !base.differsInNever(candidate) ? .equivalent : isShown ? side : .open
        case .better, .worse: verdict = isShown ? side : .open
        case .inconclusive: verdict = isShown ? .unsettled : undecided
        }
    }

    private var materiality: Materiality {
        let preference: Preference = measure.metric.direction == .higherIsBetter ? .higher : .lower
        guard let interval = changeInterval else { return .inconclusive }
        switch changeUnit {
        case .points: return Materiality(difference: interval, margin: margin, preferring: preference)
        case .relative:
            return Materiality(
                ratio: Interval(1 + interval.lower, 1 + interval.upper), margin: margin, preferring: preference)
        case .absolute:
            // Totals change by the trial, and so is what they change from.
            let value = measure.metric.kind == .total ? base.value / Double(max(1, base.n)) : base.value
            let allowed = value.isFinite ? abs(value) * margin : 0
            return Materiality(difference: interval, margin: allowed, preferring: preference)
        }
    }
}
