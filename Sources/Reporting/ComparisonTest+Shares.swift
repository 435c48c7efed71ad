import Experiments
import Statistics

extension ComparisonTest {
    func shares() -> Finding {
        if base.isOfSingles, candidate.isOfSingles { return pairs.map(pairedSingles) ?? singles() }
        return clusters()
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
            tendency: Self.sign(table.value),
            detectable: Detectable.pairedDifference(discordance: discordance, n: table.count), method: .singles)
    }

    /// More trials than this are tested by the normal approximation.
    static let exactMax = 10_000

    /// The same without pairs: Fisher's test, and Newcombe's interval.
    private func singles() -> Finding {
        let (mine, others) = (candidate.share.pooled, base.share.pooled)
        let change = mine.value - others.value
        return Finding(
            change: change, unit: .points, interval: mine.difference(from: others),
            p: mine.count + others.count <= Double(Self.exactMax)
                ? FisherExact((Int(mine.successes), Int(mine.count)), (Int(others.successes), Int(others.count))).p
                : PooledProportionTest(mine, others).p,
            tendency: Self.sign(change), detectable: detectable(min(base.count, candidate.count)), method: .singles)
    }

    /// Trials of many operations: what each, or each pair, adds to the difference of the pooled shares is one number, and
    /// Student's or Welch's test and interval are of these (Cochran, Sampling Techniques, §6.3, for each share).
    private func clusters() -> Finding {
        func part(_ trial: ComparisonSample.Trial) -> RatioChange.Part {
            (numerator: trial.part, denominator: trial.whole)
        }
        let change =
            if let pairs {
                RatioChange(
                    .absolute,
                    pairs: pairs.places.map { place in
                        (mine: part(candidate.trials[place.candidate]), other: part(base.trials[place.base]))
                    })
            } else {
                RatioChange(.absolute, candidate.trials.map(part), from: base.trials.map(part))
            }
        guard let error = change.standardError, !change.isAlike else { return alike() }
        let interval = change.interval()
        return Finding(
            change: change.value, unit: .points,
            interval: Interval(max(-1, interval.lower), min(1, interval.upper)), p: change.p,
            tendency: Self.sign(change.value), detectable: Detectable.pairedStandardizedShift(n: 1) * error,
            method: .clusters)
    }

    /// Where all trials of a side give the same share, or all pairs differ by the same, their spread tells nothing of the
    /// mean: it is the trial in the middle that is estimated, as of any other number. Where nothing differs at all, more
    /// trials might, and the bounds are those of trials that may fail as a whole.
    private func alike() -> Finding {
        if isEqual { return equal() }
        var finding = ranks(isRelative: false)
        finding.unit = .points
        return finding
    }

    private func equal() -> Finding {
        func count(_ trial: ComparisonSample.Trial) -> TrialShareDifference.Count {
            (successes: trial.part, count: trial.whole)
        }
        let difference =
            if let pairs {
                TrialShareDifference(
                    pairs: pairs.places.map {
                        (mine: count(candidate.trials[$0.candidate]), other: count(base.trials[$0.base]))
                    })
            } else {
                TrialShareDifference(
                    TrialShare(candidate.trials.map(count)), less: TrialShare(base.trials.map(count)))
            }
        return Finding(
            change: 0, unit: .points, interval: difference.interval(),
            detectable: detectable(pairs?.places.count ?? min(base.count, candidate.count)), method: .bounds)
    }

    /// The smallest drop, or rise of a small share, that two arms of so many could have shown.
    private func detectable(_ n: Int) -> Double {
        let share = base.share.pooled.value
        return Detectable.difference(baseline: max(share, 1 - share), n: n)
    }
}
