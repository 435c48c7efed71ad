package import Experiments
package import Kubernetes
package import Recording

/// What the policies of a run came to, held against what its experiment expects of them.
///
/// A policy's verdict is that of its trials together with the gate's conditions on it: one violation fails it, and so does
/// one broken condition.
package struct ExpectationReport: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var policy: String
        /// Nil speaks of all variations together.
        package var variation: String?
        /// Nil where the experiment expects nothing.
        package var expected: Verdict?
        package var found: Verdict
        /// Why it is not a pass.
        package var reason: String

        /// A verdict that was expected is as good as any; of those that were not, a doubtful one decides nothing.
        package var verdict: Verdict {
            guard let expected else { return .pass }
            if found == expected { return .pass }
            return found == .inconclusive ? .inconclusive : .fail
        }
    }

    /// In the order of the file's policies, those of which nothing is expected among them, for whoever wants to know.
    package let lines: [Line]
    package let verdict: Verdict
    /// Why the verdict is no pass, naming what differs.
    package let reason: String

    /// Nil for an experiment that expects nothing.
    package init?(_ run: RunRecord, _ tallies: [TrialTally], gate: GateReport) {
        let expectations = run.experiment.expectations
        guard !expectations.isEmpty else { return nil }
        let cells = CellSummary.cells(of: run, tallies)
        func line(_ policy: String, _ variation: String?, _ expected: Verdict?) -> Line {
            let own = cells.filter { $0.policy == policy && (variation == nil || $0.variation == variation) }
            let conditions = gate.lines.filter {
                $0.policy == policy && (variation == nil || $0.variation == variation)
            }
            let found = Verdict(all: own.map(\.verdict) + conditions.map(\.verdict))
            return Line(
                policy: policy, variation: variation, expected: expected, found: found,
                reason: Self.reason(for: found, own, conditions))
        }
        lines = run.experiment.policyNames.flatMap { policy in
            let own = expectations.filter { $0.policy == policy }
            return own.isEmpty ? [line(policy, nil, nil)] : own.map { line(policy, $0.variation, $0.verdict) }
        }
        let expected = lines.filter { $0.expected != nil }
        let missing = run.trialsPlanned - tallies.count
        // A condition that no cell could be held against is of no policy, and must not vanish.
        let homeless = gate.lines.filter(\.policy.isEmpty)
        let own = Verdict(all: expected.map(\.verdict) + homeless.map(\.verdict))
        verdict = missing > 0 && own == .pass ? .inconclusive : own
        var reasons = expected.filter { $0.verdict != .pass }.map { line in
            "\(line.cell) was to \((line.expected ?? .pass).infinitive) and \(line.found.past)"
        }
        reasons += homeless.map { "\($0.expression.text): \($0.reason)" }
        if missing > 0 {
            reasons.append("\(Numbers.count(missing, "trial")) of \(run.trialsPlanned) did not take place")
        }
        reason = reasons.joined(separator: "; ")
    }

    /// What made the verdict: the first trial, else the first condition, that has it.
    private static func reason(for found: Verdict, _ cells: [CellSummary], _ conditions: [GateReport.Line]) -> String {
        guard found != .pass else { return "" }
        let trials = cells.flatMap(\.trials)
        if let trial = trials.first(where: { $0.outcome == found }) { return "trial \(trial.number): \(trial.reason)" }
        guard let condition = conditions.first(where: { $0.verdict == found }) else { return "no trial took place" }
        return "\(condition.expression.text): \(condition.reason)"
    }
}

extension ExpectationReport.Line {
    var cell: String { [policy, variation ?? ""].filter { !$0.isEmpty }.joined(separator: " ") }
}

extension ExpectationReport {
    /// One line a policy: what was expected, what was found, and why; then the verdict.
    package func text(_ style: Style) -> String {
        let why = reason.isEmpty ? "" : ": \(reason)"
        return table(style) + "\(style.dressed(verdict.shout, verdict.ink))\(why)\n"
    }

    /// The lines without the verdict on them.
    func table(_ style: Style) -> String {
        var table = TextTable([
            TextTable.Column("policy", .left), TextTable.Column("expected", .left), TextTable.Column("found", .left),
            TextTable.Column("", .left), TextTable.Column("", .left),
        ])
        for line in lines {
            table.add([
                TextTable.Cell(line.cell), TextTable.Cell(line.expected?.rawValue ?? "-", line.expected?.ink),
                TextTable.Cell(line.found.rawValue, line.found.ink),
                TextTable.Cell(
                    line.expected == nil ? "" : line.verdict == .pass ? "as expected" : "NOT AS EXPECTED",
                    line.verdict == .pass ? nil : line.verdict.ink),
                TextTable.Cell(line.reason.oneLine(width: Self.reasonWidth), .dim),
            ])
        }
        return table.text(style)
    }

    private static let reasonWidth = 120

    package var json: JSONValue {
        [
            "verdict": .string(verdict.rawValue), "reason": .string(reason),
            "lines": .array(
                lines.map { line in
                    [
                        "policy": .string(line.policy), "variation": line.variation.map(JSONValue.string) ?? .null,
                        "expected": line.expected.map { .string($0.rawValue) } ?? .null,
                        "found": .string(line.found.rawValue), "verdict": .string(line.verdict.rawValue),
                        "reason": .string(line.reason),
                    ]
                }),
        ]
    }
}
