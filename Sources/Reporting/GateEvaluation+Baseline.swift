import Experiments
import Statistics

/// Conditions that hold a cell against another.
extension GateEvaluation {
    func relative() -> GateFinding {
        guard let baseline else { return .none }
        let pairs = cell.pairs(with: baseline)
        var finding =
            switch measure.metric.kind {
            case .share: shareChange(baseline, pairs)
            case .distribution: quantileChange(measure.quantile ?? 0.5, baseline, pairs)
            case .quantity, .total: quantityChange(baseline, pairs)
            }
        if finding.value.isInfinite, measure.metric.kind != .distribution {
            finding.value = .nan
            finding.weakness = "the baseline's value is 0, and no change is a part of it; write a margin such as +1"
        }
        let matched = pairs.map { "\(Numbers.count($0.count, "pair")) of trials" } ?? "trials of other seeds, unpaired"
        finding.power = [finding.power, matched].filter { !$0.isEmpty }.joined(separator: "; ")
        return finding
    }

    private func shareChange(_ baseline: GateCell, _ pairs: [(mine: Int, other: Int)]?) -> GateFinding {
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
            trialsNeeded: difference.trialsNeeded(confidence, isDecided))
    }

    /// What as many trials without any difference would show.
    private func marginPower(trials: Int) -> String {
        guard trials > 0, confidence.tail > 0 else { return "" }
        let clean = 1 - Proportion(trials, of: trials).clopperPearson(confidence).lower
        return "trials that differ nowhere would show \(Numbers.decimal(clean * 100, 1)) points"
    }

    private func quantityChange(_ baseline: GateCell, _ pairs: [(mine: Int, other: Int)]?) -> GateFinding {
        let kind = expression.change == .absolute ? RatioChange.Kind.absolute : .relative
        let (mine, others) = (cell.parts(measure), baseline.parts(measure))
        let change =
            if let pairs {
                RatioChange(kind, pairs: pairs.map { (mine: mine[$0.mine], other: others[$0.other]) })
            } else {
                RatioChange(kind, mine, from: others)
            }
        let interval = change.interval(confidence)
        let noun = pairs == nil ? "trial" : "pair of trials"
        return GateFinding(
            value: change.value, interval: interval,
            weakness: change.count < 2 ? "one \(noun) gives no interval; run at least two" : "",
            power: detectable(interval, change.count),
            trialsNeeded: trialsNeeded(change.value, interval, of: change.count))
    }

    private func quantileChange(_ q: Double, _ baseline: GateCell, _ pairs: [(mine: Int, other: Int)]?) -> GateFinding {
        let (mine, others) = (cell.values(measure), baseline.values(measure))
        guard let value = mine.value(q), let other = others.value(q) else { return .none }
        let isLarge = mine.count + others.count > Self.bootstrapValuesMax
        let interval =
            isLarge || confidence.tail * Double(BCaBootstrap.drawsDefault) < Self.drawsBeyondMin
            ? combined(value, mine.interval(q, confidence), other, others.interval(q, confidence))
            : bootstrapped(q, baseline, pairs)
        let trials = pairs?.count ?? min(mine.trials, others.trials)
        let few = trials < BCaBootstrap.countMin
        let noun = pairs == nil ? "trial" : "pair"
        return GateFinding(
            value: change(value, other), interval: few ? .unknown : interval,
            weakness: few
                ? "\(Numbers.count(trials, noun))\(pairs == nil ? "" : " of trials"); run at least "
                    + "\(BCaBootstrap.countMin)" : "",
            trialsNeeded: trialsNeeded(change(value, other), interval, of: trials))
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
        let change = change(value, other)
        return Interval(
            change - joined((value - own.lower) * scale, (others.upper - other) * scale * ratio),
            change + joined((own.upper - value) * scale, (other - others.lower) * scale * ratio))
    }

    private func bootstrapped(_ q: Double, _ baseline: GateCell, _ pairs: [(mine: Int, other: Int)]?) -> Interval {
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
