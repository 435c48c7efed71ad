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
        let kind = expression.change == .absolute ? RatioChange.Kind.absolute : .relative
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
            let trials = AlikeTrials(change.value, trials: change.count, scale: scale(of: kind))
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

    private func scale(of kind: RatioChange.Kind) -> AlikeTrials.Scale {
        if kind == .relative { return .relative }
        if measure.metric.isPart { return .points }
        return measure.metric.unit == .count ? .count : .other
    }

    private func quantileChange(_ q: Double, _ baseline: GateCell, _ pairs: [GateCell.Pair]?) -> GateFinding {
        let mine = pairs.map { cell.values(measure, at: $0.map(\.mine)) } ?? cell.values(measure)
        let others = pairs.map { baseline.values(measure, at: $0.map(\.other)) } ?? baseline.values(measure)
        guard let value = mine.value(q), let other = others.value(q) else { return .none }
        let change = change(value, other)
        guard confidence.tail > 0, !change.isNaN else { return GateFinding(value: change, interval: .unknown) }
        // Fewer bound neither quantile, whatever a bootstrap makes of the values that happen to be there.
        let needed = max(BCaBootstrap.countMin, SortedSample.countToBound(max(q, 1 - q), confidence))
        let trials = min(mine.trials, others.trials)
        guard trials >= needed else {
            return GateFinding(
                value: change, interval: .unknown,
                weakness:
                    "\(Numbers.count(trials, pairs == nil ? "trial" : "pair")) \(trials == 1 ? "bounds" : "bound") "
                    + "no \(measure.name); \(needed) are needed")
        }
        let isLarge = mine.count + others.count > Self.bootstrapValuesMax
        let interval =
            isLarge || confidence.tail * Double(BCaBootstrap.drawsDefault) < Self.drawsBeyondMin
            ? combined(value, mine.interval(q, confidence), other, others.interval(q, confidence))
            : bootstrapped(q, baseline, pairs)
        return GateFinding(
            value: change, interval: interval, trialsNeeded: { trialsNeeded(change, interval, of: trials) })
    }

    /// More values than this take too long to be drawn from again and again.
    private static let bootstrapValuesMax = 100_000
    /// Fewer draws than this beyond a bound don't tell where it lies.
    private static let drawsBeyondMin = 10.0
    /// More trials than this are drawn in groups of neighbours, which are as independent as they are.
    private static let bootstrapGroupsMax = 1_000

    private func change(_ mine: Double, _ other: Double) -> Double {
        if mine == other { return 0 }
        guard expression.change == .relative else { return mine - other }
        if other == 0 { return .nan }
        return other.isInfinite ? -1 : mine / other - 1
    }

    /// The bounds of two quantiles put together by recovering their variances (Zou and Donner, Statistics in Medicine 27,
    /// 2008, 1693): wider than need be for pairs, and cheap for any number of values.
    private func combined(_ value: Double, _ own: Interval, _ other: Double, _ others: Interval) -> Interval {
        guard value.isFinite, other.isFinite else { return .unknown }
        let scale = expression.change == .relative ? 1 / other : 1
        let ratio = expression.change == .relative ? value / other : 1
        guard scale.isFinite else { return .unknown }
        func joined(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
        // Nothing of what is not bounded is nothing.
        func product(_ x: Double, _ y: Double) -> Double { x == 0 || y == 0 ? 0 : x * y }
        let change = change(value, other)
        let weight = scale * ratio
        return Interval(
            change - joined(product(value - own.lower, scale), product(others.upper - other, weight)),
            change + joined(product(own.upper - value, scale), product(other - others.lower, weight)))
    }

    private func bootstrapped(_ q: Double, _ baseline: GateCell, _ pairs: [GateCell.Pair]?) -> Interval {
        func values(_ cell: GateCell, _ places: [Int]) -> [[Double]] {
            let groups = min(places.count, Self.bootstrapGroupsMax)
            return (0..<groups).map { group in
                places[places.count * group / groups..<places.count * (group + 1) / groups].flatMap {
                    CellSummary.values(measure, cell.cell.trials[$0])
                }
            }
        }
        func change(_ mine: Double?, _ other: Double?) -> Double {
            guard let mine, let other else { return .nan }
            return self.change(mine, other)
        }
        if let pairs {
            let mine = PooledSample(values(cell, pairs.map(\.mine)))
            let others = PooledSample(values(baseline, pairs.map(\.other)))
            return BCaBootstrap(count: min(pairs.count, Self.bootstrapGroupsMax)) {
                change(mine.quantile(q, of: $0), others.quantile(q, of: $0))
            }.interval(confidence)
        }
        let (own, other) = (
            values(cell, Array(cell.cell.trials.indices)), values(baseline, Array(baseline.cell.trials.indices))
        )
        let (mine, others) = (PooledSample(own), PooledSample(other))
        return BCaBootstrap(counts: own.count, other.count) {
            change(mine.quantile(q, of: $0), others.quantile(q, of: $1))
        }.interval(confidence)
    }
}
