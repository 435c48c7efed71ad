import Experiments
import Statistics

/// Conditions that hold a cell against another.
extension GateEvaluation {
    func relative() -> GateFinding {
        guard let baseline else { return .none }
        let used = pairs.map { usable($0, baseline) }
        if let used, used.isEmpty {
            var finding = GateFinding.none
            finding.weakness = "no pair of trials has \(measure.name) on both sides"
            finding.sample = (0, 0)
            return finding
        }
        var finding =
            switch measure.metric.kind {
            case .share: shareChange(baseline, used)
            case .distribution: quantileChange(measure.quantile ?? 0.5, baseline, used)
            case .quantity, .total: quantityChange(baseline, used)
            }
        // A quantile of values that never came is infinite, and so is its change.
        let isFromNothing = finding.value.isInfinite && measure.metric.kind != .distribution
        if isFromNothing || finding.value.isNaN {
            finding.value = .nan
            finding.weakness = "the baseline's value is 0, and no change is a part of it; write a margin such as +1"
        }
        if let used {
            let own = CellSummary(
                policy: cell.cell.policy, variation: cell.cell.variation, trials: used.map { cell.cell.trials[$0.mine] }
            )
            finding.sample = (own.sampleCount(measure), used.count)
        }
        // A run that is over has no more trials to pair with.
        if expression.baseline == .stored, let pairs, pairs.count >= baseline.cell.trials.count {
            finding.canGrow = false
        }
        let matched = used.map { Numbers.count($0.count, "pair") + " of trials" } ?? "trials of other seeds, unpaired"
        finding.power = [finding.power, matched].filter { !$0.isEmpty }.joined(separator: "; ")
        return finding
    }

    /// Those of which both trials tell something.
    private func usable(_ pairs: [GateCell.Pair], _ baseline: GateCell) -> [GateCell.Pair] {
        let (mine, others) = (cell.telling(measure), baseline.telling(measure))
        return pairs.filter { mine[$0.mine] && others[$0.other] }
    }

    private func shareChange(_ baseline: GateCell, _ pairs: [GateCell.Pair]?) -> GateFinding {
        let difference: TrialShareDifference
        if let pairs {
            let (mine, others) = (cell.parts(measure), baseline.parts(measure))
            difference = TrialShareDifference(
                pairs: pairs.map { (mine: GateCell.count(mine[$0.mine]), other: GateCell.count(others[$0.other])) })
        } else {
            difference = TrialShareDifference(cell.share(measure), less: baseline.share(measure))
        }
        return GateFinding(
            value: difference.value, interval: difference.interval(confidence),
            power: marginPower(trials: difference.trials),
            trialsNeeded: { difference.trialsNeeded(confidence, isDecided) })
    }

    /// What as many trials without any difference would show.
    private func marginPower(trials: Int) -> String {
        guard trials > 0, confidence.tail > 0 else { return "" }
        let clean = 1 - Proportion(trials, of: trials).clopperPearson(confidence).lower
        return "trials that differ nowhere would show \(Numbers.decimal(clean * 100, 1)) points"
    }

    private func quantityChange(_ baseline: GateCell, _ pairs: [GateCell.Pair]?) -> GateFinding {
        let (mine, others) = (cell.parts(measure), baseline.parts(measure))
        let change =
            if let pairs {
                RatioChange(kind, pairs: pairs.map { (mine: mine[$0.mine], other: others[$0.other]) })
            } else {
                RatioChange(kind, mine, from: others)
            }
        let noun = pairs == nil ? "trial" : "pair of trials"
        let (own, base) = (cell.censored(measure), baseline.censored(measure))
        guard own + base == 0 else {
            let (count, whole) = own > 0 ? (own, cell) : (base, baseline)
            let whose = own > 0 ? "" : " of the baseline"
            return GateFinding(
                value: change.value, interval: .unknown,
                weakness: "\(count) of \(Numbers.count(whole.cell.trials.count, "trial"))\(whose) never came to an end")
        }
        if change.isAlike {
            let trials = AlikeTrials(change.value, trials: change.count, scale: changeScale)
            let plain = pairs == nil ? "trial" : "pair"
            return GateFinding(
                value: change.value, interval: trials.interval(confidence),
                weakness: alikeWeakness(trials, noun: plain), power: missedWords(trials, ", all alike,", noun: plain))
        }
        let interval = change.interval(confidence)
        return GateFinding(
            value: change.value, interval: interval,
            weakness: change.count < 2 ? "one \(noun) gives no interval; run at least two" : "",
            power: detectable(interval, change.count),
            trialsNeeded: { trialsNeeded(change.value, interval, of: change.count) })
    }

    private var kind: RatioChange.Kind { expression.change == .absolute ? .absolute : .relative }

    private var changeScale: AlikeTrials.Scale {
        if kind == .relative { return .relative }
        if measure.metric.isPart { return .points }
        return measure.metric.unit == .count ? .count : .other
    }

    private func quantileChange(_ q: Double, _ baseline: GateCell, _ pairs: [GateCell.Pair]?) -> GateFinding {
        let change = TrialQuantileChange(
            kind, q, pairs.map { cell.values(measure, at: $0.map(\.mine)) } ?? cell.values(measure),
            from: pairs.map { baseline.values(measure, at: $0.map(\.other)) } ?? baseline.values(measure),
            isPaired: pairs != nil)
        guard confidence.tail > 0, !change.value.isNaN else {
            return GateFinding(value: change.value, interval: .unknown)
        }
        let (trials, needed) = (change.trials, change.trialsNeeded(confidence))
        guard trials >= needed else {
            let noun = pairs == nil ? "trial" : "pair"
            return GateFinding(
                value: change.value, interval: .unknown,
                weakness: "\(Numbers.count(trials, noun)) \(trials == 1 ? "bounds" : "bound") no \(measure.name); "
                    + "\(needed) are needed")
        }
        let interval = change.interval(confidence)
        return GateFinding(
            value: change.value, interval: interval,
            trialsNeeded: { trialsNeeded(change.value, interval, of: trials) })
    }
}
