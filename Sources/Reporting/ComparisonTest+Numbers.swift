import Experiments
import Foundation
import Statistics

extension ComparisonTest {
    /// Hodges and Lehmann's estimate with its rank test. Of values above nothing it is the ratio that is estimated: an
    /// effect that multiplies is the same in each trial.
    func numbers() -> Finding {
        let isRelative = base.trials.allSatisfy { $0.value > 0 } && candidate.trials.allSatisfy { $0.value > 0 }
        var finding = ranks(isRelative: isRelative)
        // As benchstat does, the change of what is printed; the estimate of the shift takes its place where the interval
        // does not hold it, or the ranks go the other way.
        let (old, new) = (base.estimate.value, candidate.estimate.value)
        let change = old == new ? 0 : isRelative ? new / old - 1 : new - old
        if pairs == nil, let interval = finding.interval, change.isFinite, interval.contains(change),
            Self.sign(change) * finding.tendency >= 0
        {
            finding.change = change
            finding.method = .medians
        }
        let isHidden =
            (finding.change == 0 || base.estimate.value == candidate.estimate.value) && !isEqual
            && (finding.p ?? 1) < 0.05
        if measure.metric.kind == .total || isHidden, let means = means(after: finding) { finding = means }
        // Ranks that say up of what went down say nothing that a table could tell.
        if Self.sign(finding.change) * finding.tendency < 0 {
            finding.p = nil
            finding.isTorn = true
        }
        if let interval = finding.interval {
            finding.detectable = max(finding.change - interval.lower, interval.upper - finding.change)
        }
        return finding
    }

    /// The estimate, its interval and the test of it by ranks.
    func ranks(isRelative: Bool) -> Finding {
        pairs.map { paired($0, isRelative: isRelative) } ?? unpaired(isRelative: isRelative)
    }

    private func paired(_ pairs: ComparisonPairs, isRelative: Bool) -> Finding {
        let differences = pairs.places.map { place in
            let (from, to) = (base.trials[place.base].value, candidate.trials[place.candidate].value)
            return isRelative ? Difference.of(log(to), less: log(from)) : Difference.of(to, less: from)
        }
        let test = WilcoxonSignedRank(differences)
        return finding(
            HodgesLehmann.pseudoMedian(differences), HodgesLehmann.pseudoMedianInterval(differences), p: test.p,
            tendency: test.tendency, isRelative: isRelative)
    }

    private func unpaired(isRelative: Bool) -> Finding {
        let (from, to) = (base.values, candidate.values)
        let (x, y) = isRelative ? (from.map { log($0) }, to.map { log($0) }) : (from, to)
        let test = MannWhitney(x, y)
        return finding(
            HodgesLehmann.shift(x, y), HodgesLehmann.shiftInterval(x, y), p: test.p,
            tendency: Self.sign(Double(x.count) * Double(y.count) / 2 - test.u), isRelative: isRelative)
    }

    private func finding(
        _ estimate: Double, _ interval: Interval, p: Double, tendency: Int, isRelative: Bool
    ) -> Finding {
        guard isRelative else {
            return Finding(change: estimate, unit: .absolute, interval: interval, p: p, tendency: tendency)
        }
        return Finding(
            change: expm1(estimate), unit: .relative, interval: Interval(expm1(interval.lower), expm1(interval.upper)),
            p: p, tendency: tendency)
    }

    /// The difference of the means, of which the p is that of the ranks as long as they go the same way. Nil for what has
    /// no mean.
    private func means(after ranks: Finding) -> Finding? {
        func part(_ value: Double) -> RatioChange.Part { (numerator: value, denominator: 1) }
        let change =
            if let pairs {
                RatioChange(
                    .absolute,
                    pairs: pairs.places.map { place in
                        (
                            mine: part(candidate.trials[place.candidate].value),
                            other: part(base.trials[place.base].value)
                        )
                    })
            } else {
                RatioChange(.absolute, candidate.values.map(part), from: base.values.map(part))
            }
        guard change.value.isFinite else { return nil }
        var finding = Finding(
            change: change.value, unit: .absolute, interval: change.interval(), p: ranks.p, tendency: ranks.tendency,
            method: .means)
        let sign = Self.sign(change.value)
        guard sign != ranks.tendency, ranks.tendency != 0 else { return finding }
        // Whichever of the two tests was looked at, the larger p is right.
        finding.p = change.p.map { max($0, ranks.p ?? 1) }
        finding.tendency = sign
        finding.method = .meansAlone
        return finding
    }
}

extension RatioChange {
    /// Student's, two-sided, of an absolute change; nil where nothing is known of its error.
    var p: Double? {
        guard let standardError else { return nil }
        return value == 0 ? 1 : StudentDistribution.twoSided(value / standardError, degreesOfFreedom: degreesOfFreedom)
    }
}

extension WilcoxonSignedRank {
    /// 1 where the ranks of positive differences outweigh the others', −1 where it is the other way round.
    fileprivate var tendency: Int { ComparisonTest.sign(statistic - Double(count) * Double(count + 1) / 4) }
}
