import Experiments
import Foundation
import Recording
import Statistics

/// One measure of two cells, held against each other.
///
/// Trials that met the same weather are compared in pairs where at least half of them have a partner. Never is a row
/// within a trial counted as if it were independent of the others.
struct ComparisonTest {
    typealias Row = ComparisonReport.Row

    /// What the values of two arms show.
    struct Finding {
        var change = Double.nan
        var unit = ComparisonReport.ChangeUnit.relative
        var interval: Interval?
        var p: Double?
        var detectable: Double?
        var isOfMeans = false
    }

    let base: ComparisonSample
    let candidate: ComparisonSample
    /// Nil where the trials are no pairs.
    let pairs: ComparisonPairs?
    /// Trials that have no partner, on both sides together, where others have one.
    let unmatched: Int

    private var measure: Measure { base.measure }

    init(base: ComparisonSample, candidate: ComparisonSample, mayPair: Bool) {
        self.base = base
        self.candidate = candidate
        let pairs = ComparisonPairs(base, candidate)
        let matched = pairs.places.count
        self.pairs = mayPair && matched > 0 && 2 * matched >= min(base.count, candidate.count) ? pairs : nil
        unmatched = mayPair && matched > 0 ? base.count + candidate.count - 2 * matched : 0
    }

    /// Nil where neither side has the measure.
    func row(_ contrast: ComparisonPlan.Contrast) -> Row? {
        guard base.count > 0 || candidate.count > 0 else { return nil }
        let n = pairs?.places.count ?? min(base.count, candidate.count)
        let least = pairs == nil ? MannWhitney.leastTrials() : WilcoxonSignedRank.leastTrials()
        let isEqual = isEqual
        var finding = n > 0 ? measure.metric.kind == .share ? shares() : numbers() : Finding()
        if n < least || isEqual { finding.p = nil }
        var (baseEstimate, candidateEstimate) = (base.estimate, candidate.estimate)
        if finding.isOfMeans, measure.metric.kind != .total {
            (baseEstimate, candidateEstimate) = (base.estimateOfMean(), candidate.estimateOfMean())
        }
        return Row(
            measure: measure, variation: contrast.candidate.variation, policy: contrast.candidate.policy,
            arm: contrast.arm, base: baseEstimate, candidate: candidateEstimate, change: finding.change,
            changeUnit: finding.unit, changeInterval: finding.interval, p: nil, pAlone: finding.p, isShown: false,
            isPaired: pairs != nil, n: n, isEqual: isEqual,
            effect: base.count > 0 && candidate.count > 0 ? CliffsDelta(candidate.values, base.values) : nil,
            detectable: finding.detectable.flatMap { $0.isFinite ? $0 : nil }, verdict: .open,
            footnote: footnote(contrast, n, least, finding))
    }

    /// Whether nothing differs: neither from pair to pair, nor, of trials that are no pairs, at all.
    private var isEqual: Bool {
        guard base.count > 0, candidate.count > 0 else { return false }
        if let pairs {
            return unmatched == 0
                && pairs.places.allSatisfy { base.trials[$0.base].value == candidate.trials[$0.candidate].value }
        }
        let first = base.trials[0].value
        return base.trials.allSatisfy { $0.value == first } && candidate.trials.allSatisfy { $0.value == first }
    }

    private func footnote(
        _ contrast: ComparisonPlan.Contrast, _ n: Int, _ least: Int, _ finding: Finding
    ) -> String? {
        if base.count == 0 { return "the baseline has no \(measure.metric.rawValue)" }
        if candidate.count == 0 { return "only the baseline has \(measure.metric.rawValue)" }
        var parts: [String] = []
        if isEqual {
            parts.append(pairs == nil ? "all equal" : "all pairs equal")
        } else if n < least {
            parts.append("fewer than \(least) \(pairs == nil ? "trials a side" : "pairs"): nothing can be shown")
        }
        if pairs == nil, unmatched > 0 {
            parts.append("few trials have a partner with the same seed: not compared in pairs")
        } else if unmatched > 0 {
            parts.append("\(Numbers.count(unmatched, "trial")) without a partner of the same seed left out")
        }
        let absent = base.absent + candidate.absent
        if absent > 0 { parts.append("\(Numbers.count(absent, "trial")) without \(measure.metric.rawValue) left out") }
        if finding.isOfMeans, measure.metric.kind != .total {
            parts.append("means: what differs, differs in few trials, and the medians hide it")
        }
        if measure.metric.kind == .total, base.count != candidate.count {
            parts.append("totals of \(base.count) and \(candidate.count) trials: the change is by the trial")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}

extension ComparisonTest {
    // MARK: Numbers

    /// Hodges and Lehmann's estimate with its rank test. Of values above nothing it is the ratio that is estimated: an
    /// effect that multiplies is the same in each trial.
    private func numbers() -> Finding {
        let isRelative = base.trials.allSatisfy { $0.value > 0 } && candidate.trials.allSatisfy { $0.value > 0 }
        var finding = pairs.map { paired($0, isRelative: isRelative) } ?? unpaired(isRelative: isRelative)
        let isHidden =
            (finding.change == 0 || base.estimate.value == candidate.estimate.value) && !isEqual
            && (finding.p ?? 1) < 0.05
        if measure.metric.kind == .total || isHidden, let means = means() {
            finding = Finding(
                change: means.change, unit: means.unit, interval: means.interval, p: finding.p, isOfMeans: true)
        }
        if let interval = finding.interval {
            finding.detectable = max(finding.change - interval.lower, interval.upper - finding.change)
        }
        return finding
    }

    private func paired(_ pairs: ComparisonPairs, isRelative: Bool) -> Finding {
        let differences = pairs.places.map { place in
            let (from, to) = (base.trials[place.base].value, candidate.trials[place.candidate].value)
            return isRelative ? Difference.of(log(to), less: log(from)) : Difference.of(to, less: from)
        }
        return finding(
            HodgesLehmann.pseudoMedian(differences), HodgesLehmann.pseudoMedianInterval(differences),
            p: WilcoxonSignedRank(differences).p, isRelative: isRelative)
    }

    private func unpaired(isRelative: Bool) -> Finding {
        let (from, to) = (base.values, candidate.values)
        let (x, y) = isRelative ? (from.map { log($0) }, to.map { log($0) }) : (from, to)
        var finding = finding(
            HodgesLehmann.shift(x, y), HodgesLehmann.shiftInterval(x, y), p: MannWhitney(x, y).p,
            isRelative: isRelative)
        // As benchstat does, the change of what is printed; the estimate of the shift takes its place where the interval
        // does not hold it.
        let (old, new) = (base.estimate.value, candidate.estimate.value)
        let change = old == new ? 0 : isRelative ? new / old - 1 : new - old
        if let interval = finding.interval, change.isFinite, interval.contains(change) { finding.change = change }
        return finding
    }

    private func finding(_ estimate: Double, _ interval: Interval, p: Double, isRelative: Bool) -> Finding {
        guard isRelative else { return Finding(change: estimate, unit: .absolute, interval: interval, p: p) }
        return Finding(
            change: expm1(estimate), unit: .relative, interval: Interval(expm1(interval.lower), expm1(interval.upper)),
            p: p)
    }

    /// Nil for what has no mean.
    private func means() -> Finding? {
        let (old, new) = (RatioEstimate(mean: base.values), RatioEstimate(mean: candidate.values))
        guard old.value.isFinite, new.value.isFinite else { return nil }
        guard let pairs else {
            let spread = hypot(half(old), half(new))
            let difference = new.value - old.value
            return Finding(
                change: difference, unit: .absolute, interval: Interval(difference - spread, difference + spread))
        }
        let differences = pairs.places.map { candidate.trials[$0.candidate].value - base.trials[$0.base].value }
        let difference = RatioEstimate(mean: differences)
        return Finding(change: difference.value, unit: .absolute, interval: difference.interval())
    }

    private func half(_ mean: RatioEstimate) -> Double { mean.interval().upper - mean.value }

    // MARK: Shares

    private func shares() -> Finding {
        if base.isOfSingles, candidate.isOfSingles { return pairs.map(pairedSingles) ?? singles() }
        return pairs.map(pairedShares) ?? clusteredShares()
    }

    /// Each trial is one success or one failure: McNemar's test, and Newcombe's interval for pairs.
    private func pairedSingles(_ pairs: ComparisonPairs) -> Finding {
        var counts = [0, 0, 0, 0]
        for place in pairs.places {
            let (new, old) = (candidate.trials[place.candidate].part > 0, base.trials[place.base].part > 0)
            counts[(new ? 0 : 2) + (old ? 0 : 1)] += 1
        }
        // The candidate is the first of the two.
        let table = PairedProportion(both: counts[0], first: counts[1], second: counts[2], neither: counts[3])
        // With no pair that differs, three of n may yet (the rule of three).
        let discordance = min(1, Double(max(table.first + table.second, 3)) / Double(table.count))
        return Finding(
            change: table.value, unit: .points, interval: table.difference(), p: table.test.p,
            detectable: Detectable.pairedDifference(discordance: discordance, n: table.count))
    }

    /// The same without pairs: Fisher's test, and Newcombe's interval.
    private func singles() -> Finding {
        let (mine, others) = (candidate.share.pooled, base.share.pooled)
        let isSmall = mine.count + others.count <= 10_000
        return Finding(
            change: mine.value - others.value, unit: .points, interval: mine.difference(from: others),
            p: isSmall
                ? FisherExact((Int(mine.successes), Int(mine.count)), (Int(others.successes), Int(others.count))).p
                : PooledProportionTest(mine, others).p,
            detectable: detectable(Int(min(mine.count, others.count))))
    }

    /// Trials of many operations, in pairs: what each adds to the difference of the pooled shares is one number, and
    /// Student's interval is of these (Cochran, Sampling Techniques, §6.3, for each share).
    private func pairedShares(_ pairs: ComparisonPairs) -> Finding {
        let trials = pairs.places.map { (new: candidate.trials[$0.candidate], old: base.trials[$0.base]) }
        let (new, old) = (Self.pooled(trials.map(\.new)), Self.pooled(trials.map(\.old)))
        let (newMean, oldMean) = (new.count / Double(trials.count), old.count / Double(trials.count))
        let change = new.value - old.value
        let influences = trials.map { pair in
            (pair.new.part - new.value * pair.new.whole) / newMean
                - (pair.old.part - old.value * pair.old.whole) / oldMean
        }
        let mean = RatioEstimate(mean: influences.map { $0 + change })
        let interval = mean.interval()
        let half = interval.upper - mean.value
        // Where every pair differs by the same, the spread of the pairs tells nothing.
        guard half > 1e-12, trials.count > 1 else { return alike(change, trials.map { $0.new.value - $0.old.value }) }
        let t = StudentDistribution.quantile(
            1 - Confidence.twoSided95.tail, degreesOfFreedom: Double(trials.count - 1))
        let error = half / t
        return Finding(
            change: change, unit: .points, interval: Interval(max(-1, interval.lower), min(1, interval.upper)),
            p: StudentDistribution.twoSided(change / error, degreesOfFreedom: Double(trials.count - 1)),
            detectable: Detectable.pairedStandardizedShift(n: trials.count) * error
                * Double(trials.count).squareRoot())
    }

    private func alike(_ change: Double, _ differences: [Double]) -> Finding {
        Finding(
            change: change, unit: .points, interval: Self.difference(candidate.share, base.share, .twoSided95),
            p: WilcoxonSignedRank(differences).p, detectable: detectable(worth))
    }

    /// Trials of many operations that are no pairs: Newcombe's interval of what the samples are worth, and the p of the
    /// level at which it just reaches nothing.
    private func clusteredShares() -> Finding {
        let (mine, others) = (candidate.share, base.share)
        return Finding(
            change: mine.pooled.value - others.pooled.value, unit: .points,
            interval: Self.difference(mine, others, .twoSided95), p: Self.p(mine, others),
            detectable: detectable(worth))
    }

    private static func pooled(_ trials: [ComparisonSample.Trial]) -> Proportion {
        Proportion(successes: trials.reduce(0) { $0 + $1.part }, count: trials.reduce(0) { $0 + $1.whole })
    }

    /// Newcombe's square-and-add (Statistics in Medicine 17, 1998, 873, method 10) of two clustered Wilson intervals.
    private static func difference(
        _ mine: ClusteredProportion, _ others: ClusteredProportion, _ confidence: Confidence
    ) -> Interval {
        let (a, b) = (mine.wilson(confidence), others.wilson(confidence))
        let (p, q) = (mine.pooled.value, others.pooled.value)
        return Interval(p - q - hypot(p - a.lower, b.upper - q), p - q + hypot(a.upper - p, q - b.lower))
    }

    /// By bisection over the tail.
    private static func p(_ mine: ClusteredProportion, _ others: ClusteredProportion) -> Double {
        guard mine.pooled.value != others.pooled.value else { return 1 }
        var (low, high) = (1e-9, 0.5 - 1e-9)
        for _ in 0..<48 {
            let middle = (low * high).squareRoot()
            if difference(mine, others, Confidence(tail: middle)).contains(0) { low = middle } else { high = middle }
        }
        return min(1, 2 * high)
    }

    /// How many independent operations the smaller side is worth.
    private var worth: Int { Int(min(candidate.share.effective.count, base.share.effective.count)) }

    /// The smallest drop, or rise of a small share, that two arms of so many could have shown.
    private func detectable(_ n: Int) -> Double {
        let share = base.share.pooled.value
        return Detectable.difference(baseline: max(share, 1 - share), n: n)
    }
}
