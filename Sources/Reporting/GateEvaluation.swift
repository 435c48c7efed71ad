import Experiments
import Recording
import Statistics

/// What a cell says to one condition.
struct GateFinding {
    var value: Double
    var interval: Interval
    /// Why the interval is as wide as it is, where something else than the values is to blame.
    var weakness = ""
    var power = ""
    /// What it rests on, where that is not all of the cell.
    var sample: (n: Int, trials: Int)?
    /// Whether more trials would add to what it rests on.
    var canGrow = true
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
    /// Why a stored baseline is not whole; empty where it is.
    let gap: String
    let confidence: Confidence
    /// Whether all of the error is spent: a run that is carried on may yet see what it has not seen.
    let isLastLook: Bool
    /// Trials that met the same weather; nil where there is no baseline, or where they have nothing to do with its.
    let pairs: [GateCell.Pair]?

    init(
        _ expression: GateExpression, _ cell: GateCell, against baseline: GateCell?, doubt: String, gap: String,
        confidence: Confidence, isLastLook: Bool
    ) {
        self.expression = expression
        self.cell = cell
        self.baseline = baseline
        self.doubt = doubt
        self.gap = gap
        self.confidence = confidence
        self.isLastLook = isLastLook
        pairs = baseline.flatMap { cell.pairs(with: $0) }
    }

    var measure: Measure { expression.measure }

    func line() -> GateReport.Line {
        let silence = silence
        let finding = silence != nil ? .none : expression.baseline == nil ? absolute() : relative()
        let n = finding.sample?.n ?? cell.cell.sampleCount(measure)
        let (verdict, reason, isOpen) = judge(finding, n, silence)
        return GateReport.Line(
            expression: expression, policy: cell.cell.policy, variation: cell.cell.variation, value: finding.value,
            interval: finding.interval, n: n, sampleUnit: unit, trials: finding.sample?.trials ?? trials,
            verdict: verdict, reason: reason, power: finding.power, isOpen: isOpen)
    }

    private var unit: String { cell.cell.sampleUnit(measure.metric) }

    var trials: Int { cell.cell.trials.count }

    /// Why there is nothing to evaluate; nil where there is something.
    private var silence: String? {
        if cell.cell.trials.isEmpty { return "no trial took place" }
        if !cell.isMeasured(measure) { return cell.silence(of: measure, in: "") }
        guard expression.baseline != nil else { return nil }
        guard let baseline else { return doubt }
        return baseline.isMeasured(measure) ? nil : baseline.silence(of: measure, in: " in the baseline")
    }

    /// What is shown to be broken fails, however little was seen, unless a baseline that showed nothing is to blame; a
    /// pass needs the whole of the evidence.
    private func judge(_ finding: GateFinding, _ n: Int, _ silence: String?) -> (Verdict, String, isOpen: Bool) {
        if let silence { return (.inconclusive, silence, false) }
        if let doubt = baseline.flatMap({ doubt(about: $0, " of the baseline") }) {
            return (.inconclusive, doubt, false)
        }
        if finding.value.isNaN {
            return (.inconclusive, finding.weakness.isEmpty ? "no samples" : finding.weakness, false)
        }
        let showing = showing(finding.interval)
        if showing == .broken { return (.fail, "the limit is broken", false) }
        if let doubt = doubt(about: cell, "") { return (.inconclusive, doubt, false) }
        // Trials that the baseline lacks are to blame only where this cell has them.
        if !gap.isEmpty, pairs.map({ $0.count < trials }) ?? true { return (.inconclusive, gap, false) }
        if let minimum = expression.minimum, n < minimum {
            return (.inconclusive, "\(n) \(unit), and \(minimum) are asked for", finding.canGrow)
        }
        if showing == .kept { return (.pass, "", false) }
        return (.inconclusive, openness(finding), finding.canGrow)
    }

    private func doubt(about cell: GateCell, _ whose: String) -> String? {
        let count = cell.cell.trials.count
        if cell.crashed.count > 0, measure.metric.kind != .total {
            return "the subject was gone in \(cell.crashed.count) of \(Numbers.count(count, "trial"))\(whose): "
                + cell.crashed.reason
        }
        guard cell.doubtful.count > 0 else { return nil }
        return
            "\(cell.doubtful.count) of \(Numbers.count(count, "trial"))\(whose) inconclusive: \(cell.doubtful.reason)"
    }

    private func openness(_ finding: GateFinding) -> String {
        if confidence.tail == 0 { return "this look is too early to decide anything" }
        if !finding.weakness.isEmpty { return finding.weakness }
        let words = "the interval reaches over the limit"
        guard finding.canGrow else { return "\(words), and the baseline has no more trials" }
        let trials = finding.sample?.trials ?? trials
        guard let needed = finding.trialsNeeded(), needed > trials else { return words }
        let shown = expression.relation.holds(finding.value, expression.limit) ? "keep" : "break"
        return
            "\(words); about \(Numbers.count(needed - trials, "more trial")) like these would show that they \(shown) it"
    }

    /// What an interval says about the limit. One value is kept by an interval of nothing else, and broken by one without
    /// it.
    private func showing(_ interval: Interval) -> Interval.Showing {
        let limit = expression.limit
        guard expression.relation == .equal else {
            return interval.showing { expression.relation.holds($0, limit) }
        }
        if interval.lower == limit, interval.upper == limit { return .kept }
        return limit < interval.lower || limit > interval.upper ? .broken : .open
    }

    /// Whether an interval lies on one side of the limit.
    func isDecided(_ interval: Interval) -> Bool { showing(interval) != .open }

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
        case .share: share()
        case .distribution: quantile(measure.quantile ?? 0.5)
        case .quantity: isOfNone ? none() : quantity()
        case .total: total()
        }
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
        return "\(Numbers.count(trials, "trial")) would pass with \(lost) of them lost"
    }

    private func quantile(_ q: Double) -> GateFinding {
        let sample = cell.values(measure)
        guard let value = sample.value(q) else { return .none }
        // Nothing may be claimed, and no number of trials is enough.
        guard confidence.tail > 0 else { return GateFinding(value: value, interval: .unknown) }
        let needed = SortedSample.countToBound(q, confidence)
        var interval = sample.interval(q, confidence)
        // Nothing takes less than no time.
        interval.lower = max(0, interval.lower)
        let isUpper = expression.relation == .atMost || expression.relation == .below
        // A quantile keeps below a limit where at least that share of values does.
        let share = sample.share(below: expression.limit, includes: expression.relation == .atMost)
        let isTooFew = isUpper && sample.trials < needed
        let verb = sample.trials == 1 ? "gives" : "give"
        return GateFinding(
            value: value, interval: interval,
            weakness: isTooFew
                ? "\(Numbers.count(sample.trials, "trial")) \(verb) no upper bound; \(needed) are needed" : "",
            power: isUpper ? "an upper bound needs \(needed) trials" : "",
            trialsNeeded: {
                isUpper
                    ? share.trialsNeeded(confidence) { $0.lower >= q || $0.upper < q }
                    : trialsNeeded(value, interval, of: sample.trials)
            })
    }

    /// The least distance from the limit that would have been seen four times in five (STATISTICS: by the size alone).
    func detectable(_ interval: Interval, _ trials: Int) -> String {
        let reach = (interval.upper - interval.lower) / 2
        guard reach.isFinite, reach > 0, trials >= 2, confidence.tail > 0 else { return "" }
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

/// Means over trials.
extension GateEvaluation {
    private func quantity() -> GateFinding {
        let estimate = RatioEstimate(cell.parts(measure))
        let interval = interval(of: estimate)
        var finding = GateFinding(
            value: estimate.value, interval: interval,
            weakness: estimate.count == 1 ? "one trial gives no interval; run at least two" : "",
            power: detectable(interval, estimate.count),
            trialsNeeded: { trialsNeeded(estimate.value, interval, of: estimate.count) })
        if measure.metric.isPart {
            finding.weakness = ""
            finding.trialsNeeded = { cell.share(measure).trialsNeeded(confidence, isDecided) }
        } else if estimate.isAlike {
            let trials = alike(estimate)
            finding.power = missedWords(trials, ", all alike,")
            finding.weakness = alikeWeakness(trials)
            if expression.relation == .equal {
                // That all trials count the same is what it asks for.
                finding.interval = isFinal ? Interval(estimate.value, estimate.value) : .unknown
                finding.weakness = unfinished
            }
        }
        let endless = cell.censored(measure)
        if endless > 0 {
            // It takes longer than was seen, and nobody knows by how much.
            finding.interval.upper = .infinity
            finding.weakness = "\(endless) of \(Numbers.count(trials, "trial")) never came to an end"
            finding.trialsNeeded = { nil }
        }
        return finding
    }

    /// The bounds of a mean, wide enough where hardly anything was seen.
    private func interval(of estimate: RatioEstimate) -> Interval {
        guard confidence.tail > 0 else { return .unknown }
        if measure.metric.isPart { return cell.share(measure).interval(confidence) }
        var interval = estimate.isAlike ? alike(estimate).interval(confidence) : estimate.interval(confidence)
        let total = estimate.value * Double(estimate.count)
        // Student's interval of a count that hardly ever happens knows nothing of what did not happen.
        if measure.metric.unit == .count, total <= Self.rareMax, estimate.count >= 2, !estimate.isAlike {
            let rare = PoissonMean(total: total, trials: estimate.count).interval(confidence)
            interval.upper = max(interval.upper, rare.upper)
        }
        return Interval(max(0, interval.lower), interval.upper)
    }

    /// Up to so many happenings, the mean of a count is far from normal.
    private static let rareMax = 20.0

    private func alike(_ estimate: RatioEstimate) -> AlikeTrials {
        AlikeTrials(
            estimate.value, trials: estimate.count, scale: measure.metric.unit == .count ? .count : .other)
    }

    /// A count of which none may have happened: once is too often, and says so for certain.
    private func none() -> GateFinding {
        let parts = cell.parts(measure).filter { $0.denominator > 0 }
        let hit = parts.count { $0.numerator > 0 }
        guard hit > 0 else {
            return GateFinding(
                value: 0, interval: Interval(0, isFinal ? 0 : .infinity), weakness: unfinished, power: nonePower)
        }
        let estimate = RatioEstimate(parts)
        let interval = interval(of: estimate)
        let share = Proportion(hit, of: parts.count)
        let least = share.clopperPearson(confidence.tail > 0 ? confidence : .oneSided95).lower
        return GateFinding(value: estimate.value, interval: Interval(max(least, interval.lower), interval.upper))
    }

    private func total() -> GateFinding {
        let total = cell.parts(measure).reduce(0) { $0 + $1.numerator }
        return GateFinding(
            value: total, interval: Interval(total, isFinal ? total : .infinity), weakness: unfinished,
            power: isOfNone ? nonePower : "")
    }

    /// Whether it says that something never happens: a mean count of 0 says so, too.
    private var isOfNone: Bool {
        measure.metric.unit == .count && expression.limit == 0
            && (expression.relation == .equal || expression.relation == .atMost)
    }

    /// Whether what has not happened so far may be taken for what does not happen: not before the last look at a run that
    /// is carried on, unless the condition says how many trials are enough.
    private var isFinal: Bool {
        guard confidence.tail > 0 else { return false }
        return isLastLook || expression.minimum.map { $0 <= cell.cell.sampleCount(measure) } ?? false
    }

    private var unfinished: String {
        isFinal ? "" : "trials up to the last look may count more; min N would say that N are enough"
    }

    /// What never happened may still happen sometimes.
    private var nonePower: String { missedWords(AlikeTrials(0, trials: trials, scale: .count)) }

    func missedWords(_ trials: AlikeTrials, _ how: String = "", noun: String = "trial") -> String {
        guard confidence.tail > 0 else { return "" }
        return "\(Numbers.count(trials.trials, noun))\(how) may miss what happens in "
            + "\(Numbers.percent(trials.missed(confidence))) of \(noun)s"
    }

    func alikeWeakness(_ trials: AlikeTrials, noun: String = "trial") -> String {
        let needed = trials.trialsNeeded(confidence, isDecided)
        return "\(Numbers.count(trials.trials, noun)), all alike, are too few to show that others are like them"
            + (needed.map { "; \($0) are needed" } ?? "")
    }
}

extension Metric {
    /// Whether it is a part of a whole in each trial, though not counted over all of them together.
    var isPart: Bool { self == .workWasted || self == .quotaPressure }
}
