import Experiments
import Statistics

/// What a cell says to one condition.
struct GateFinding {
    var value: Double
    var interval: Interval
    /// Why the interval is as wide as it is, where something else than the values is to blame.
    var weakness = ""
    var power = ""
    /// Trials in all with which it would be decided, if they went the same way; nil where none are known to be enough.
    /// Looked for only where it is told.
    var trialsNeeded: () -> Int? = { nil }

    static var none: GateFinding { GateFinding(value: .nan, interval: .unknown) }
}

/// One condition against one cell.
struct GateEvaluation {
    let expression: GateExpression
    let cell: GateCell
    let baseline: GateCell?
    /// Why there is no baseline, where one is wanted.
    let doubt: String
    let confidence: Confidence

    var measure: Measure { expression.measure }

    func line() -> GateReport.Line {
        let silence = silence
        let finding = silence != nil ? .none : expression.baseline == nil ? absolute() : relative()
        let n = cell.cell.sampleCount(measure)
        let (verdict, reason, isOpen) = judge(finding, n, silence)
        return GateReport.Line(
            expression: expression, policy: cell.cell.policy, variation: cell.cell.variation, value: finding.value,
            interval: finding.interval, n: n, sampleUnit: unit, trials: cell.cell.trials.count, verdict: verdict,
            reason: reason, power: finding.power, isOpen: isOpen)
    }

    private var unit: String { cell.cell.sampleUnit(measure.metric) }

    /// Why there is nothing to evaluate; nil where there is something.
    private var silence: String? {
        if cell.cell.trials.isEmpty { return "no trial took place" }
        if !cell.isMeasured(measure) { return cell.silence(of: measure, in: "") }
        guard expression.baseline != nil else { return nil }
        guard let baseline else { return doubt }
        return baseline.isMeasured(measure) ? nil : baseline.silence(of: measure, in: " in the baseline")
    }

    /// What is shown to be broken fails, however little was seen; a pass needs the whole of the evidence.
    private func judge(_ finding: GateFinding, _ n: Int, _ silence: String?) -> (Verdict, String, isOpen: Bool) {
        if let silence { return (.inconclusive, silence, false) }
        if finding.value.isNaN {
            return (.inconclusive, finding.weakness.isEmpty ? "no samples" : finding.weakness, false)
        }
        let showing = finding.interval.showing { expression.relation.holds($0, expression.limit) }
        if showing == .broken { return (.fail, "the limit is broken", false) }
        if let doubt = doubt(about: cell, "") ?? baseline.flatMap({ doubt(about: $0, " of the baseline") }) {
            return (.inconclusive, doubt, false)
        }
        if let minimum = expression.minimum, n < minimum {
            return (.inconclusive, "\(n) \(unit), and \(minimum) are asked for", true)
        }
        if showing == .kept { return (.pass, "", false) }
        return (.inconclusive, openness(finding), true)
    }

    private func doubt(about cell: GateCell, _ whose: String) -> String? {
        if cell.crashed.count > 0, measure.metric.kind != .total {
            return "the subject was gone in \(cell.crashed.count) of "
                + "\(Numbers.count(cell.cell.trials.count, "trial"))\(whose): \(cell.crashed.reason)"
        }
        guard cell.doubtful.count > 0 else { return nil }
        let count = cell.cell.trials.count
        return
            "\(cell.doubtful.count) of \(Numbers.count(count, "trial"))\(whose) inconclusive: \(cell.doubtful.reason)"
    }

    private func openness(_ finding: GateFinding) -> String {
        if confidence.tail == 0 { return "this look is too early to decide anything" }
        if !finding.weakness.isEmpty { return finding.weakness }
        let words = "the interval reaches over the limit"
        let trials = cell.cell.trials.count
        guard let needed = finding.trialsNeeded(), needed > trials else { return words }
        let shown = expression.relation.holds(finding.value, expression.limit) ? "keep" : "break"
        return
            "\(words); about \(Numbers.count(needed - trials, "more trial")) like these would show that they \(shown) it"
    }

    /// Whether an interval lies on one side of the limit.
    func isDecided(_ interval: Interval) -> Bool {
        interval.showing { expression.relation.holds($0, expression.limit) } != .open
    }

    /// Intervals narrow with the root of the number of trials.
    func trialsNeeded(_ value: Double, _ interval: Interval, of trials: Int) -> Int? {
        let bound = value < expression.limit ? interval.upper : interval.lower
        let (reach, distance) = (abs(bound - value), abs(expression.limit - value))
        guard reach.isFinite, distance > 0, reach > distance else { return nil }
        let needed = (Double(trials) * (reach / distance) * (reach / distance)).rounded(.up)
        return needed <= 1e6 ? Int(needed) : nil
    }
}

extension GateEvaluation {
    func absolute() -> GateFinding {
        switch measure.metric.kind {
        case .share: return share()
        case .distribution: return quantile(measure.quantile ?? 0.5)
        case .quantity: return quantity()
        case .total:
            let total = cell.parts(measure).reduce(0) { $0 + $1.numerator }
            return GateFinding(value: total, interval: Interval(total, total), power: totalPower)
        }
    }

    /// What never happened may still happen sometimes.
    private var totalPower: String {
        let trials = cell.cell.trials.count
        guard expression.relation == .equal, expression.limit == 0, confidence.tail > 0 else { return "" }
        let missed = 1 - Proportion(trials, of: trials).clopperPearson(confidence).lower
        return "\(Numbers.count(trials, "trial")) may miss what happens in \(Numbers.percent(missed)) of trials"
    }

    private func share() -> GateFinding {
        let share = cell.share(measure)
        return GateFinding(
            value: share.value, interval: share.interval(confidence),
            power: sharePower(trials: share.trials),
            trialsNeeded: { share.trialsNeeded(confidence, isDecided) })
    }

    /// How much the sample could lose and still pass, or the size that a clean one needs.
    private func sharePower(trials: Int) -> String {
        let limit = expression.limit
        guard expression.relation == .atLeast || expression.relation == .above, limit > 0, limit < 1,
            confidence.tail > 0
        else { return "" }
        func lower(_ lost: Int) -> Double { Proportion(trials - lost, of: trials).clopperPearson(confidence).lower }
        guard expression.relation.holds(lower(0), limit) else {
            let shown = Numbers.percent(lower(0))
            let needed = Proportion.cleanCount(toShow: limit, confidence)
            return "\(Numbers.count(trials, "trial")) without a failure would show \(shown); this limit takes \(needed)"
        }
        var (low, high) = (0, trials)
        while high - low > 1 {
            let middle = (low + high) / 2
            if expression.relation.holds(lower(middle), limit) { low = middle } else { high = middle }
        }
        let lost = low == 0 ? "none" : "up to \(low)"
        return "\(Numbers.count(trials, "trial")) pass with \(lost) of them lost"
    }

    private func quantile(_ q: Double) -> GateFinding {
        let sample = cell.values(measure)
        guard let value = sample.value(q) else { return .none }
        let needed = SortedSample.countToBound(q, confidence)
        var interval = sample.interval(q, confidence)
        // Nothing takes less than no time.
        interval.lower = max(0, interval.lower)
        let isUpper = expression.relation == .atMost || expression.relation == .below
        // A quantile keeps below a limit where at least that share of values does.
        let share = sample.share(below: expression.limit, includes: expression.relation == .atMost)
        let isTooFew = isUpper && sample.trials < needed
        return GateFinding(
            value: value, interval: interval,
            weakness: isTooFew
                ? "\(Numbers.count(sample.trials, "trial")) give no upper bound; \(needed) are needed" : "",
            power: isUpper ? "an upper bound needs \(needed) trials" : "",
            trialsNeeded: {
                isUpper
                    ? share.trialsNeeded(confidence) { $0.lower >= q || $0.upper < q }
                    : trialsNeeded(value, interval, of: sample.trials)
            })
    }

    private func quantity() -> GateFinding {
        let estimate = RatioEstimate(cell.parts(measure))
        let interval = confidence.tail > 0 ? estimate.interval(confidence) : .unknown
        return GateFinding(
            value: estimate.value, interval: Interval(max(0, interval.lower), interval.upper),
            weakness: estimate.count == 1 ? "one trial gives no interval; run at least two" : "",
            power: detectable(interval, estimate.count),
            trialsNeeded: { trialsNeeded(estimate.value, interval, of: estimate.count) })
    }

    /// The least distance from the limit that would have been seen four times in five (STATISTICS: by the size alone).
    func detectable(_ interval: Interval, _ trials: Int) -> String {
        let reach = (interval.upper - interval.lower) / 2
        guard reach.isFinite, trials >= 2, confidence.tail > 0 else { return "" }
        guard reach > 0 else { return "\(trials) trials, all alike" }
        let t = StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: Double(trials - 1))
        let distance = reach * (1 + StudentDistribution.quantile(0.8, degreesOfFreedom: Double(trials - 1)) / t)
        return "shows a distance of \(distanceText(distance)) from the limit in 4 of 5 runs"
    }

    private func distanceText(_ distance: Double) -> String {
        switch expression.change {
        case .relative?: "\(Numbers.decimal(distance * 100, 1))%"
        case .points?: "\(Numbers.decimal(distance * 100, 1)) points"
        case .absolute?, nil: Numbers.text(distance, of: measure.metric)
        }
    }
}
