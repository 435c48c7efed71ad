package import Experiments
package import Recording
package import Statistics

/// The gate of an experiment held against what a run found: one line for each condition and cell.
package struct GateReport: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var expression: GateExpression
        package var policy: String
        package var variation: String
        /// NaN where there is none.
        package var value: Double
        /// One-sided 95 % bounds, both: what the verdict rests on.
        package var interval: Interval
        package var n: Int
        /// What n counts.
        package var sampleUnit: String
        package var verdict: Verdict
        /// Why it is not a pass; empty for a pass.
        package var reason: String
        /// What a sample of this size could have shown at all.
        package var power: String
    }

    package let lines: [Line]
    /// Without conditions, what the trials come to; a run that lacks trials is never a pass.
    package let verdict: Verdict
    /// Why the verdict is not that of the lines; empty where it is.
    package let reason: String

    /// - Parameters:
    ///   - gate: Instead of the experiment's own conditions.
    ///   - policies: Only these; nil is all.
    package init(
        _ run: RunRecord, _ tallies: [TrialTally], gate: [GateExpression]? = nil, policies: [String]? = nil
    ) {
        let cells = CellSummary.cells(of: run, tallies)
        let judged = cells.filter { policies?.contains($0.policy) ?? true }
        lines = (gate ?? run.experiment.gate).flatMap { expression in
            judged.filter { .policy($0.policy) != expression.baseline }.map { cell in
                let baseline = cells.first {
                    .policy($0.policy) == expression.baseline && $0.variation == cell.variation
                }
                return GateEvaluation(expression: expression, cell: cell, baseline: baseline).line()
            }
        }
        let conditions = lines.map(\.verdict)
        let own = Verdict(all: conditions.isEmpty ? judged.map(\.verdict) : conditions)
        let missing = run.trialsPlanned - tallies.count
        if missing > 0, own == .pass {
            verdict = .inconclusive
            reason = "\(Numbers.count(missing, "trial")) of \(run.trialsPlanned) did not take place"
        } else {
            verdict = own
            reason = tallies.isEmpty ? "no trial took place" : ""
        }
    }
}

/// One condition against one cell.
struct GateEvaluation {
    let expression: GateExpression
    let cell: CellSummary
    let baseline: CellSummary?

    private struct Finding {
        var value: Double
        var interval: Interval
        /// Why the interval is as wide as it is, where something else than the values is to blame.
        var weakness = ""
        var power = ""
    }

    func line() -> GateReport.Line {
        let finding = expression.baseline == nil ? absolute() : relative()
        let n = cell.sampleCount(expression.measure)
        let (verdict, reason) = judge(finding, n)
        return GateReport.Line(
            expression: expression, policy: cell.policy, variation: cell.variation, value: finding.value,
            interval: finding.interval, n: n, sampleUnit: cell.sampleUnit(expression.measure.metric), verdict: verdict,
            reason: reason, power: finding.power)
    }

    /// What is shown to be broken fails, however little was seen; a pass needs the whole of the evidence.
    private func judge(_ finding: Finding, _ n: Int) -> (Verdict, String) {
        let showing = finding.interval.showing { expression.relation.holds($0, expression.limit) }
        if finding.value.isNaN { return (.inconclusive, finding.weakness.isEmpty ? "no samples" : finding.weakness) }
        if showing == .broken { return (.fail, "the limit is broken") }
        if let minimum = expression.minimum, n < minimum {
            return (.inconclusive, "\(n) \(cell.sampleUnit(expression.measure.metric)), and \(minimum) are asked for")
        }
        let doubtful = cell.trials.filter { $0.outcome == .inconclusive }
        if let first = doubtful.first {
            return (
                .inconclusive,
                "\(doubtful.count) of \(Numbers.count(cell.trials.count, "trial")) inconclusive: \(first.reason)"
            )
        }
        if showing == .kept { return (.pass, "") }
        return (.inconclusive, finding.weakness.isEmpty ? "the interval reaches over the limit" : finding.weakness)
    }

    private func absolute() -> Finding {
        let metric = expression.measure.metric
        switch metric.kind {
        case .share: return share()
        case .distribution: return quantile(expression.measure.quantile ?? 0.5)
        case .quantity:
            let estimate = cell.ratio(expression.measure)
            return Finding(
                value: estimate.value, interval: estimate.interval(.oneSided95),
                weakness: estimate.count == 1 ? "one trial gives no interval; run at least two" : "")
        case .total:
            let total = cell.trials.reduce(0) { $0 + $1.parts(expression.measure).numerator }
            return Finding(value: cell.trials.isEmpty ? .nan : total, interval: Interval(total, total))
        }
    }

    private func share() -> Finding {
        let share = cell.share(expression.measure)
        let effective = share.effective
        let weakness =
            share.designEffect > 1
            ? "the interval reaches over the limit; trials differ more than chance makes them (design effect "
                + "\(Numbers.decimal(share.designEffect, 1)))" : ""
        return Finding(
            value: share.pooled.value, interval: effective.clopperPearson(.oneSided95), weakness: weakness,
            power: sharePower(effective))
    }

    /// The most failures with which the sample would still have passed, or the size that a clean one needs.
    private func sharePower(_ effective: Proportion) -> String {
        let limit = expression.limit
        guard expression.relation == .atLeast || expression.relation == .above, limit > 0, limit < 1,
            effective.count > 0
        else { return "" }
        func passes(_ failures: Double) -> Bool {
            let shifted = Proportion(successes: effective.count - failures, count: effective.count)
            return expression.relation.holds(shifted.clopperPearson(.oneSided95).lower, limit)
        }
        guard passes(0) else { return "a clean sample needs n ≥ \(Proportion.cleanCount(toShow: limit))" }
        var (low, high) = (0.0, effective.count.rounded(.down))
        while high - low > 1 {
            let middle = ((low + high) / 2).rounded(.down)
            if passes(middle) { low = middle } else { high = middle }
        }
        return "passes with at most \(Numbers.plain(low)) failed of \(Numbers.plain(effective.count.rounded(.down)))"
    }

    private func quantile(_ q: Double) -> Finding {
        let sample = cell.distribution(expression.measure)
        guard let value = sample.quantile(q) else { return Finding(value: .nan, interval: .unknown) }
        let needed = SortedSample.countToBound(q)
        var interval = sample.interval(q, .oneSided95)
        // Nothing takes less than no time.
        interval.lower = max(0, interval.lower)
        return Finding(
            value: value, interval: interval,
            weakness: sample.count < needed
                ? "\(sample.count) \(expression.measure.metric.sampleUnit) give no upper bound; \(needed) are needed"
                : "",
            power: "an upper bound needs n ≥ \(needed)")
    }

    private func relative() -> Finding {
        let metric = expression.measure.metric
        guard let baseline else {
            return Finding(
                value: .nan, interval: .unknown, weakness: "no trial of the baseline took place")
        }
        if metric.kind == .share {
            let (mine, others) = (cell.share(expression.measure), baseline.share(expression.measure))
            return Finding(
                value: mine.pooled.value - others.pooled.value,
                interval: mine.effective.difference(from: others.effective, .oneSided95))
        }
        let others = Dictionary(
            baseline.trials.map { ($0.key.index, $0) }, uniquingKeysWith: { first, _ in first })
        let pairs = cell.trials.compactMap { trial in others[trial.key.index].map { (trial, $0) } }
        if let quantile = expression.measure.quantile { return quantileChange(quantile, pairs) }
        let change = PairedChange(
            pairs.map { mine, other in
                let (part, otherPart) = (mine.parts(expression.measure), other.parts(expression.measure))
                return PairedChange.Pair(
                    numerator: part.numerator, denominator: part.denominator, baseNumerator: otherPart.numerator,
                    baseDenominator: otherPart.denominator)
            })
        return Finding(
            value: change.value, interval: change.interval(.oneSided95),
            weakness: change.count < 2 ? "\(Numbers.count(change.count, "pair")) of trials; run at least two" : "")
    }

    private func quantileChange(_ q: Double, _ pairs: [(TrialTally, TrialTally)]) -> Finding {
        func pooled(_ trials: [TrialTally]) -> Double? {
            SortedSample(trials.flatMap { CellSummary.values(expression.measure, $0) }).quantile(q)
        }
        let bootstrap = BCaBootstrap(count: pairs.count) { indices in
            guard let mine = pooled(indices.map { pairs[$0].0 }), let other = pooled(indices.map { pairs[$0].1 }) else {
                return .nan
            }
            return mine / other - 1
        }
        let few = pairs.count < BCaBootstrap.countMin
        return Finding(
            value: bootstrap.value, interval: bootstrap.interval(.oneSided95),
            weakness: few
                ? "\(Numbers.count(pairs.count, "pair")) of trials; run at least \(BCaBootstrap.countMin)" : "")
    }
}
