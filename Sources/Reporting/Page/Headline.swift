import Experiments
import Recording
import Statistics

/// What a run comes to, in a sentence.
struct Headline: Hashable {
    let verdict: Verdict
    /// In plain words, without the verdict itself.
    let sentence: String

    init(_ report: RunReport) {
        verdict = report.verdict
        sentence = Self.sentence(of: report)
    }

    /// `FAIL: …`.
    var text: String { "\(verdict.shout): \(sentence)" }

    private static func sentence(of report: RunReport) -> String {
        guard report.cells.contains(where: { !$0.trials.isEmpty }) else { return "no trial took place." }
        let teller = Teller(report: report)
        if let expectations = report.expectations { return teller.sentence(on: expectations) }
        return report.gate.lines.isEmpty ? teller.sentenceOnTrials : teller.sentenceOnGate
    }
}

private struct Teller {
    let report: RunReport

    private var gate: GateReport { report.gate }
    private var cells: [CellSummary] { report.cells.filter { !$0.trials.isEmpty } }
    private var policies: [String] {
        report.run.experiment.policyNames.filter { policy in cells.contains { $0.policy == policy } }
    }
    private var trials: Int { cells.reduce(0) { $0 + $1.trials.count } }

    private func colour(_ policy: String) -> Verdict {
        let conditions = gate.lines.filter { $0.policy == policy }.map(\.verdict)
        return Verdict(all: conditions.isEmpty ? cells.filter { $0.policy == policy }.map(\.verdict) : conditions)
    }

    func sentence(on expectations: ExpectationReport) -> String {
        let expected = expectations.lines.filter { $0.expected != nil }
        switch expectations.verdict {
        case .pass:
            return
                "\(policyCount(Set(expected.map(\.policy)).count)) came to what was expected: \(colours(of: expected))."
        case .fail:
            let met = expected.count { $0.verdict == .pass }
            guard let first = expected.first(where: { $0.verdict == .fail }) else { return expectations.reason + "." }
            let why = first.found == .fail ? ": it \(fault(of: first.policy, in: first.variation))" : ""
            let (was, became) = (Self.verb(first.expected ?? .pass), Self.past(first.found))
            return "\(first.cell) was to \(was) and \(became)\(why); "
                + "expectations met: \(met) of \(expected.count)."
        case .inconclusive: return "\(expectations.reason)."
        }
    }

    var sentenceOnGate: String {
        let conditions = report.run.experiment.gate.count
        let thresholds = conditions == 1 ? "the threshold" : "all \(conditions) thresholds"
        switch report.verdict {
        case .pass:
            return policies.count == 1
                ? "\(policies[0]) keeps to \(thresholds)." : "\(policyCount(policies.count)) keep to \(thresholds)."
        case .fail:
            let kept = policies.count { colour($0) == .pass }
            let worst = worstPolicy
            return
                "\(worst) \(fault(of: worst, in: nil)); \(kept) of \(Numbers.count(policies.count, "policy", "policies")) "
                + "\(kept == 1 ? "keeps" : "keep") to the \(conditions == 1 ? "threshold" : "thresholds")."
        case .inconclusive:
            let open = gate.lines.filter { $0.verdict == .inconclusive }
            guard let first = open.first else { return "\(gate.reason.isEmpty ? "nothing is shown" : gate.reason)." }
            return
                "no threshold is shown to be broken, but \(open.count) of \(Numbers.count(gate.lines.count, "condition")) "
                + "can't be decided; \(first.expression.text) for \(first.cell): \(first.reason)."
        }
    }

    var sentenceOnTrials: String {
        switch report.verdict {
        case .pass:
            return trials == 1
                ? "the one trial passed." : "all \(trials) trials passed, under \(policyCountPlain(policies.count))."
        case .fail:
            let failed = cells.reduce(0) { $0 + $1.trials.count { $0.outcome == .fail } }
            let clean = policies.count { colour($0) == .pass }
            let worst = worstPolicy
            return "\(failed) of \(Numbers.count(trials, "trial")) failed; \(worst) \(fault(of: worst, in: nil)), and "
                + "\(clean) of \(Numbers.count(policies.count, "policy", "policies")) passed all trials."
        case .inconclusive:
            if !gate.reason.isEmpty { return "\(gate.reason)." }
            let open = cells.flatMap(\.trials).filter { $0.outcome == .inconclusive }
            let why = open.first.map { " (trial \($0.number): \($0.reason))" } ?? ""
            return "no trial failed, but \(open.count) of \(Numbers.count(trials, "trial")) show nothing\(why)."
        }
    }

    /// The failed policy that lost most.
    private var worstPolicy: String {
        let failed = policies.filter { colour($0) == .fail }
        return failed.min { lowest($0) < lowest($1) } ?? policies.first ?? ""
    }

    private func lowest(_ policy: String) -> Double {
        cells.filter { $0.policy == policy }.map(\.success.pooled.value).filter { !$0.isNaN }.min() ?? 1
    }

    /// What is wrong with a policy, as the rest of a sentence that begins with its name.
    private func fault(of policy: String, in variation: String?) -> String {
        let own = cells.filter { $0.policy == policy && (variation == nil || $0.variation == variation) }
        if let worst = own.min(by: { $0.success.pooled.value < $1.success.pooled.value }),
            worst.success.pooled.value < 1
        {
            let unit = worst.sampleUnit(.successRate)
            return
                "loses \(Numbers.percent(1 - worst.success.pooled.value)) of its \(unit)\(Self.place(worst.variation))"
        }
        let violations = own.reduce(0) { $0 + $1.total(\.violations) }
        if violations > 0 { return "breaks invariants \(violations == 1 ? "once" : "\(violations) times")" }
        if let line = gate.lines.first(where: { $0.policy == policy && $0.verdict == .fail }) {
            return "breaks \(line.expression.text)\(Self.place(line.variation)) (it is \(line.spell(line.value)))"
        }
        return own.flatMap(\.trials).first { $0.outcome == .fail }.map { "fails: \($0.reason)" } ?? "fails"
    }

    /// ` in an outage of 5s`, ` at clients=100`.
    private static func place(_ variation: String) -> String {
        guard !variation.isEmpty else { return "" }
        if variation.hasPrefix("outage="), !variation.contains(",") {
            return " in an outage of \(variation.dropFirst("outage=".count))"
        }
        return " at \(variation.split(separator: ",").joined(separator: ", "))"
    }

    private func policyCount(_ count: Int) -> String {
        count == 1 ? "the one policy" : count == 2 ? "both policies" : "all \(count) policies"
    }

    private func policyCountPlain(_ count: Int) -> String { Numbers.count(count, "policy", "policies") }

    /// `boreas and argo-v4.1.2 pass, argo-v3.6.0 fails`.
    private func colours(of lines: [ExpectationReport.Line]) -> String {
        Verdict.allCases.compactMap { verdict -> String? in
            let own = lines.filter { $0.found == verdict }.map(\.cell)
            guard let last = own.last else { return nil }
            let names = own.count == 1 ? last : own.dropLast().joined(separator: ", ") + " and " + last
            switch verdict {
            case .pass: return "\(names) \(own.count == 1 ? "passes" : "pass")"
            case .fail: return "\(names) \(own.count == 1 ? "fails" : "fail")"
            case .inconclusive: return "\(names) \(own.count == 1 ? "is" : "are") inconclusive"
            }
        }.joined(separator: "; ")
    }

    private static func verb(_ verdict: Verdict) -> String {
        verdict == .inconclusive ? "be inconclusive" : verdict.rawValue
    }

    private static func past(_ verdict: Verdict) -> String {
        switch verdict {
        case .pass: "passed"
        case .fail: "failed"
        case .inconclusive: "is inconclusive"
        }
    }
}

extension Numbers {
    /// `1 policy`, `2 policies`.
    static func count(_ count: Int, _ noun: String, _ plural: String) -> String {
        "\(count) \(count == 1 ? noun : plural)"
    }
}
