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
        /// Which way the candidate lies by what `p` is of: 1 is up, −1 down, 0 neither.
        var tendency = 0
        var detectable: Double?
        var method = ComparisonReport.Method.ranks
        /// Whether the change goes the one way and the ranks the other.
        var isTorn = false
    }

    let base: ComparisonSample
    let candidate: ComparisonSample
    /// Nil where the trials are no pairs.
    let pairs: ComparisonPairs?
    /// Trials that have no partner, on both sides together, where others have one.
    let unmatched: Int

    var measure: Measure { base.measure }

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
        if n < least { finding.detectable = nil }
        var (baseEstimate, candidateEstimate) = (base.estimate, candidate.estimate)
        if finding.method.isOfMeans, measure.metric.kind != .total {
            (baseEstimate, candidateEstimate) = (base.estimateOfMean(), candidate.estimateOfMean())
        }
        return Row(
            measure: measure, variation: contrast.candidate.variation, policy: contrast.candidate.policy,
            arm: contrast.arm, base: baseEstimate, candidate: candidateEstimate, change: finding.change,
            changeUnit: finding.unit, changeInterval: finding.interval, p: nil, pAlone: finding.p, isShown: false,
            tendency: finding.tendency, method: finding.method, isPaired: pairs != nil, n: n, isEqual: isEqual,
            effect: base.count > 0 && candidate.count > 0 ? CliffsDelta(candidate.values, base.values) : nil,
            detectable: finding.detectable.flatMap { $0.isFinite ? $0 : nil }, verdict: .open,
            footnote: footnote(contrast, n, least, finding))
    }

    /// Whether nothing differs: neither from pair to pair, nor, of trials that are no pairs, at all.
    var isEqual: Bool {
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
        if base.count == 0 { return "the baseline has no \(sampleName)" }
        if candidate.count == 0 { return "only the baseline has \(sampleName)" }
        var parts: [String] = []
        if isEqual { parts.append(pairs == nil ? "all equal" : "all pairs equal") }
        if n < least {
            parts.append("fewer than \(least) \(pairs == nil ? "trials a side" : "pairs"): nothing can be shown")
        }
        if pairs == nil, unmatched > 0 {
            parts.append("few trials have a partner with the same seed: not compared in pairs")
        } else if unmatched > 0 {
            parts.append("\(Numbers.count(unmatched, "trial")) without a partner of the same seed left out")
        }
        let absent = base.absent + candidate.absent
        if absent > 0 { parts.append("\(Numbers.count(absent, "trial")) without \(sampleName) left out") }
        parts += remarks(finding)
        if measure.metric.kind == .total, base.count != candidate.count {
            parts.append("totals of \(base.count) and \(candidate.count) trials: the change is by the trial")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// Without a quantile, which trials have or have not whatever it is.
    private var sampleName: String { SampleKey(measure.metric, measure.breakdown).name }

    /// What stands for what in the row.
    private func remarks(_ finding: Finding) -> [String] {
        var remarks: [String] = []
        if finding.method.isOfMeans, measure.metric.kind != .total {
            remarks.append("means: what differs, differs in few trials, and the medians hide it")
        }
        if finding.method == .meansAlone {
            remarks.append(
                "p by \(pairs == nil ? "Welch" : "Student"), of the means: by ranks it is the other way round")
        }
        if finding.isTorn { remarks.append("the change goes the one way, and ranks the other: nothing is claimed") }
        if finding.change.isFinite, Self.sign(finding.change) != finding.tendency, base.differsInNever(candidate) {
            remarks.append(
                "never came: \(base.never) of \(base.units) with the baseline, \(candidate.never) of \(candidate.units) "
                    + "with what is compared")
        }
        return remarks
    }

    /// 1, 0 or −1; 0 for what is no number.
    static func sign(_ value: Double) -> Int { value > 0 ? 1 : value < 0 ? -1 : 0 }
}

extension ComparisonSample {
    /// Whether another share of what was counted never came.
    func differsInNever(_ other: ComparisonSample) -> Bool { estimate.differsInNever(other.estimate) }
}

extension ComparisonReport.Estimate {
    /// Whether another share of what was counted never came.
    func differsInNever(_ other: Self) -> Bool {
        never != other.never && Double(never) * Double(other.units) != Double(other.never) * Double(units)
    }
}
