package import Experiments
import Kubernetes
package import Recording
import Resilience
package import Statistics

/// The gate of an experiment held against what a run found: one line for each condition and cell.
package struct GateReport: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var expression: GateExpression
        /// Empty where no cell could be judged.
        package var policy: String
        package var variation: String
        /// NaN where there is none.
        package var value: Double
        /// Two one-sided bounds at the report's level: what the verdict rests on.
        package var interval: Interval
        package var n: Int
        /// What n counts.
        package var sampleUnit: String
        /// In the cell; they are what is independent of each other.
        package var trials: Int
        package var verdict: Verdict
        /// Why it is not a pass; empty for a pass.
        package var reason: String
        /// What a sample of this size could have shown at all.
        package var power: String
        /// Whether it is inconclusive for want of trials alone.
        package var isOpen: Bool
    }

    package let lines: [Line]
    /// Without conditions, what the trials come to; a run that lacks trials is never a pass.
    package let verdict: Verdict
    /// Why the verdict is not that of the lines; empty where it is.
    package let reason: String
    /// The one-sided level of each bound.
    package let level: Double
    /// The last look at the run, by whose level it is judged; nil for a run that is looked at once.
    package let look: Look?
    /// Trials that were planned and did not take place.
    package let missing: Int
    /// How long all trials took, each by its own clock.
    package let duration: Duration
    /// What conditions against `baseline` are held against; nil where there are none, or it is not given.
    package let baseline: Baseline?

    /// Which run or file a stored baseline is.
    package struct Baseline: Hashable, Sendable {
        package var name: String
        package var experiment: String
        package var world: String
        package var seed: UInt64
        /// May be empty.
        package var label: String
    }

    /// The chance that a condition on its limit passes, and the chance that it fails.
    package static let error = 0.05

    /// - Parameters:
    ///   - gate: Instead of the experiment's own conditions.
    ///   - policies: Only these; nil is all.
    ///   - baseline: What conditions against `baseline` are held against.
    ///   - looks: The looks at the run, where it was carried on until it was decided.
    package init(
        _ run: RunRecord, _ tallies: [TrialTally], gate: [GateExpression]? = nil, policies: [String]? = nil,
        baseline: Evidence? = nil, looks: [Look] = []
    ) {
        look = looks.last
        level = looks.last?.nominalAlpha ?? Self.error
        let cells = GateCells(run, tallies, policies: policies, baseline: baseline)
        let expressions = gate ?? run.experiment.gate
        let lines = expressions.flatMap { [look] in cells.lines($0, look) }
        self.lines = lines
        self.baseline = expressions.contains { $0.baseline == .stored } ? baseline.map(Baseline.init) : nil
        let conditions = lines.map(\.verdict)
        let own = Verdict(all: conditions.isEmpty ? cells.verdicts : conditions)
        missing = max(0, run.trialsPlanned - tallies.count)
        duration = tallies.reduce(.zero) { $0 + $1.duration }
        if tallies.isEmpty {
            verdict = own == .fail ? .fail : .inconclusive
            reason = "no trial took place"
        } else if missing > 0, own != .fail {
            verdict = .inconclusive
            reason = "\(Numbers.count(missing, "trial")) of \(run.trialsPlanned) did not take place"
        } else {
            verdict = own
            reason = ""
        }
    }

    /// The samples that conditions are judged by, and that tell whose trials they are.
    package static func keys(of gate: [GateExpression]) -> Set<SampleKey> {
        var keys: Set<SampleKey> = [.init(.operations), .init(.operationsSucceeded), GateCell.exits]
        for expression in gate {
            keys.formUnion(expression.measure.keys)
            if expression.measure.breakdown?.dimension == .layer { keys.insert(GateCell.layersToldApart) }
        }
        return keys
    }
}

/// The cells of a run that conditions judge, and what they are held against.
struct GateCells {
    private let judged: [GateCell]
    /// The calm trials of a process: only what must never happen is asked of them.
    private let references: [GateCell]
    /// Of all policies, whichever are judged.
    private let all: [[String]: GateCell]
    private let run: RunRecord
    private let baseline: Evidence?
    private let others: [[String]: GateCell]
    /// Why conditions against a baseline can't be judged without one, and what they came to when there was one.
    private let absence: String

    init(_ run: RunRecord, _ tallies: [TrialTally], policies: [String]?, baseline: Evidence?) {
        var byName: [[String]: GateCell] = [:]
        let cells = CellSummary.cells(of: run, tallies)
        for cell in cells { byName[[cell.policy, cell.variation]] = GateCell(cell) }
        var judged: [GateCell] = []
        for variation in run.experiment.variations {
            for policy in variation.policies where policies?.contains(policy.name) ?? true {
                let empty = CellSummary(policy: policy.name, variation: variation.name, trials: [])
                judged.append(byName[[policy.name, variation.name]] ?? GateCell(empty))
            }
        }
        self.judged = judged
        let planned = Set(run.experiment.variations.map(\.name))
        references = cells.filter {
            !planned.contains($0.variation) && policies?.contains($0.policy) ?? true
        }.compactMap { byName[[$0.policy, $0.variation]] }
        all = byName
        self.run = run
        self.baseline = baseline
        var others: [[String]: GateCell] = [:]
        for cell in baseline?.cells ?? [] { others[[cell.policy, cell.variation]] = GateCell(cell) }
        self.others = others
        absence =
            run.outcome.map {
                "no baseline is given; the run was judged \($0.rawValue) against a baseline when it was flown, and "
                    + "--baseline RUN or FILE judges it again"
            } ?? "no baseline is given; name a run or a file by --baseline"
    }

    /// What the cells that took place come to by themselves.
    var verdicts: [Verdict] { (references + judged).filter { !$0.cell.trials.isEmpty }.map(\.cell.verdict) }

    /// - Parameter look: At a run that is carried on.
    func lines(_ expression: GateExpression, _ look: Look?) -> [GateReport.Line] {
        let cells = (expression.measure.metric.kind == .total ? references : []) + judged
        let held = cells.filter { .policy($0.cell.policy) != expression.baseline }
        guard held.isEmpty else {
            return held.map { cell in
                let (baseline, doubt) = baseline(of: expression, for: cell)
                return GateEvaluation(
                    expression, cell, against: baseline, doubt: doubt,
                    gap: expression.baseline == .stored ? gap : "",
                    confidence: Confidence(tail: look?.nominalAlpha ?? GateReport.error),
                    isLastLook: look.map { $0.trials >= $0.trialsMax } ?? true
                ).line()
            }
        }
        return [
            GateReport.Line(
                expression: expression, policy: "", variation: "", value: .nan, interval: .unknown, n: 0,
                sampleUnit: expression.measure.metric.sampleUnit, trials: 0, verdict: .inconclusive,
                reason: "there is no other policy to compare with \(expression.baseline?.name ?? "")", power: "",
                isOpen: false)
        ]
    }

    /// Why the stored baseline is not whole; empty where it is.
    private var gap: String {
        guard let baseline else { return "" }
        let missing = baseline.trialsPlanned - baseline.cells.reduce(0) { $0 + $1.trials.count }
        guard missing > 0 else { return "" }
        return
            "the baseline is not whole: \(Numbers.count(missing, "trial")) of \(baseline.trialsPlanned) did not take "
            + "place"
    }

    /// What a cell is held against, or why there is nothing.
    private func baseline(of expression: GateExpression, for cell: GateCell) -> (GateCell?, doubt: String) {
        switch expression.baseline {
        case nil: return (nil, "")
        case .policy(let name):
            let other = all[[name, cell.cell.variation]]
            return (other, other == nil ? "no trial of \(name) took place" : "")
        case .stored:
            guard let baseline else { return (nil, absence) }
            guard let other = others[[cell.cell.policy, cell.cell.variation]] else {
                let variation = cell.cell.variation.isEmpty ? "" : " under \(cell.cell.variation)"
                return (nil, "the baseline \(baseline.name) has no trial of \(cell.cell.policy)\(variation)")
            }
            let obstacle = baseline.obstacle(
                other.cell, to: cell.cell, experiment: run.experiment.name, world: run.world)
            // What met other weather on purpose is no measure of what changed.
            return obstacle.map { (nil, $0) } ?? (other, "")
        }
    }
}

extension GateReport.Baseline {
    init(_ evidence: Evidence) {
        self.init(
            name: evidence.name, experiment: evidence.experiment, world: evidence.world, seed: evidence.seed,
            label: evidence.label)
    }

    /// `3f9c (v1): churn, simulated world, seed 42`.
    var text: String {
        "\(name)\(label.isEmpty ? "" : " (\(label))"): \(experiment), \(world) world, seed \(seed)"
    }

    var json: JSONValue {
        [
            "name": .string(name), "experiment": .string(experiment), "world": .string(world),
            "seed": .integer(Int64(bitPattern: seed)), "label": .string(label),
        ]
    }
}
