import Experiments
import Recording
import Statistics

/// What a run comes to, in a sentence.
struct Headline: Hashable {
    let verdict: Verdict
    /// In plain words, without the verdict itself; what is to be read as it was written stands between backticks.
    let sentence: String

    init(verdict: Verdict, sentence: String) {
        self.verdict = verdict
        self.sentence = sentence
    }

    init(_ report: RunReport) {
        verdict = report.verdict
        sentence = Self.sentence(of: report) + "."
    }

    /// Of several runs: how many came out well, and which did not.
    ///
    /// - Parameter isExpected: Whether all of them are judged by what was expected.
    init(_ runs: [(name: String, verdict: Verdict)], isExpected: Bool) {
        verdict = Verdict(all: runs.map(\.verdict))
        let good = runs.count { $0.verdict == .pass }
        let well =
            isExpected
            ? "\(good == 1 && runs.count == 1 ? "comes" : "come") out as expected" : Verdict.pass.present(runs.count)
        let parts = [Verdict.fail, .inconclusive].compactMap { verdict -> String? in
            let own = runs.filter { $0.verdict == verdict }.map(\.name)
            return own.isEmpty ? nil : "\(Words.list(own)) \(verdict.present(own.count))"
        }
        let head = good == runs.count ? "all \(runs.count) runs \(well)" : "\(good) of \(runs.count) runs \(well)"
        sentence = ([head] + parts).joined(separator: "; ") + "."
    }

    /// `FAIL: …`.
    var text: String { "\(verdict.shout): \(sentence)" }

    struct Piece: Hashable {
        var text: String
        /// Whether it is a condition, as it is written.
        var isCode: Bool
    }

    /// The sentence without its backticks.
    var pieces: [Piece] {
        let parts = sentence.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        // One without a partner is a backtick of somebody's own.
        let isOdd = parts.count.isMultiple(of: 2)
        return parts.enumerated().compactMap { index, part in
            let isLoose = isOdd && index == parts.count - 1
            let text = isLoose ? "`" + part : part
            return text.isEmpty ? nil : Piece(text: text, isCode: !index.isMultiple(of: 2) && !isLoose)
        }
    }

    private static func sentence(of report: RunReport) -> String {
        guard report.cells.contains(where: { !$0.trials.isEmpty }) else { return "no trial took place" }
        let teller = Teller(report: report)
        if let expectations = report.expectations { return teller.sentence(on: expectations) }
        return report.gate.lines.isEmpty ? teller.sentenceOnTrials : teller.sentenceOnGate
    }
}

/// Lists in sentences.
private enum Words {
    /// More names than that are counted.
    static let namesMax = 4

    /// `a`, `a and b`, `a, b and 3 more`.
    static func list(_ names: [String], max: Int = namesMax) -> String {
        let shown = names.count > max ? Array(names.prefix(max - 1)) : names
        let rest = names.count > shown.count ? ["\(names.count - shown.count) more"] : []
        let all = shown + rest
        guard let last = all.last, all.count > 1 else { return all.first ?? "" }
        return all.dropLast().joined(separator: ", ") + " and " + last
    }

    /// `2 of 4 policies keep`.
    static func part(_ count: Int, of whole: Int, _ verb: (one: String, many: String)) -> String {
        "\(count) of \(Numbers.count(whole, "policy", "policies")) \(count == 1 ? verb.one : verb.many)"
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

    /// `policy none`: some are named as if they were words of the sentence.
    private func named(_ policies: [String]) -> String {
        if report.run.experiment.isOfProcess { return "the process" }
        return "\(policies.count == 1 ? "policy" : "policies") \(Words.list(policies))"
    }

    /// ` in an outage of 5s`, ` at clients=100`.
    private static func place(_ variation: String) -> String {
        guard !variation.isEmpty else { return "" }
        if variation.hasPrefix("outage="), !variation.contains(",") {
            return " in an outage of \(variation.dropFirst("outage=".count))"
        }
        return " at \(variation.split(separator: ",").joined(separator: ", "))"
    }

    private static func brief(_ reason: String) -> String { reason.oneLine(width: 160) }

    // MARK: The gate

    var sentenceOnGate: String {
        switch report.verdict {
        case .pass: sentenceOnKeptGate
        case .fail: sentenceOnBrokenGate
        case .inconclusive: sentenceOnOpenGate
        }
    }

    private var sentenceOnKeptGate: String {
        let judged = policies.filter { policy in gate.lines.contains { $0.policy == policy } }
        let conditions = report.run.experiment.gate
        let what =
            conditions.count == 1 ? "`\(conditions[0].text)`" : "all \(conditions.count) conditions"
        switch judged.count {
        case 1: return "\(named(judged)) keeps \(what)"
        case 2: return "both policies keep \(what)"
        default: return "all \(judged.count) policies keep \(what)"
        }
    }

    private var sentenceOnBrokenGate: String {
        guard let first = gate.lines.first(where: { $0.verdict == .fail }) else { return gate.reason }
        let own = gate.lines.filter { $0.expression == first.expression && !$0.policy.isEmpty }
        let worst = worstLines(own)
        guard let loser = worst.first else { return gate.reason }
        var text = "\(named([loser.policy])) breaks `\(first.expression.text)` (\(detail(loser)))"
        let others = worst.dropFirst().map { line in
            let place = line.variation == loser.variation ? "" : Self.place(line.variation)
            return "\(line.policy) (\(line.spell(line.value))\(place))"
        }
        if !others.isEmpty { text += ", and so \(others.count == 1 ? "does" : "do") \(Words.list(others))" }
        return ([text] + [rest(of: own)] + [othersBroken(than: first.expression)]).filter { !$0.isEmpty }
            .joined(separator: "; ")
    }

    /// Of each policy that breaks a condition the line that breaks it most, the worst policy first.
    private func worstLines(_ lines: [GateReport.Line]) -> [GateReport.Line] {
        func isWorse(_ left: GateReport.Line, _ right: GateReport.Line) -> Bool {
            switch left.expression.relation {
            case .atMost, .below, .equal: left.value > right.value
            case .atLeast, .above: left.value < right.value
            }
        }
        let broken = lines.filter { $0.verdict == .fail }
        let worst = policies.compactMap { policy -> GateReport.Line? in
            broken.filter { $0.policy == policy }.reduce(nil) { worst, line in
                worst.map { isWorse(line, $0) ? line : $0 } ?? line
            }
        }
        return worst.enumerated().sorted { left, right in
            if isWorse(left.element, right.element) { return true }
            return !isWorse(right.element, left.element) && left.offset < right.offset
        }.map(\.element)
    }

    /// `163 violations`, `60.1% of its workflows succeed in an outage of 5s`.
    private func detail(_ line: GateReport.Line) -> String {
        let place = Self.place(line.variation)
        let measure = line.expression.measure
        guard line.expression.change == nil, measure.breakdown == nil else { return line.spell(line.value) + place }
        switch measure.metric {
        case .violations: return Numbers.count(Int(line.value), "violation") + place
        case .successRate: return "\(line.spell(line.value)) of its \(line.sampleUnit) succeed\(place)"
        default: return line.spell(line.value) + place
        }
    }

    /// How many of those that a condition judges keep it.
    private func rest(of lines: [GateReport.Line]) -> String {
        let judged = policies.filter { policy in lines.contains { $0.policy == policy } }
        guard judged.count > 1 else { return "" }
        let verdicts = judged.map { policy in Verdict(all: lines.filter { $0.policy == policy }.map(\.verdict)) }
        let open = verdicts.count { $0 == .inconclusive }
        let kept = Words.part(verdicts.count { $0 == .pass }, of: judged.count, ("keeps it", "keep it"))
        return open == 0 ? kept : "\(kept), and \(open) \(open == 1 ? "is" : "are") undecided"
    }

    private func othersBroken(than first: GateExpression) -> String {
        var broken: [(text: String, policies: [String])] = []
        for line in gate.lines where line.verdict == .fail && line.expression != first {
            if broken.last?.text != line.expression.text { broken.append((line.expression.text, [])) }
            if broken.last?.policies.contains(line.policy) == false {
                broken[broken.count - 1].policies.append(line.policy)
            }
        }
        guard !broken.isEmpty else { return "" }
        let texts = broken.map { policies.count == 1 ? "`\($0.text)`" : "`\($0.text)` by \(Words.list($0.policies))" }
        return "broken, too: \(Words.list(texts, max: 3))"
    }

    private var sentenceOnOpenGate: String {
        let calm = "no condition is shown to be broken"
        guard gate.reason.isEmpty else { return "\(gate.reason)\(gate.lines.isEmpty ? "" : "; \(calm)")" }
        let open = gate.lines.filter { $0.verdict == .inconclusive }
        guard let first = open.first else { return "nothing is shown" }
        let whom = first.policy.isEmpty ? "" : " for \(named([first.policy]))\(Self.place(first.variation))"
        return "\(calm), but \(open.count) of \(Numbers.count(gate.lines.count, "line")) of the gate can't be decided, "
            + "the first `\(first.expression.text)`\(whom): \(Self.brief(first.reason))"
    }

    // MARK: The trials

    var sentenceOnTrials: String {
        switch report.verdict {
        case .pass:
            if trials == 1 { return "the one trial passed" }
            let under =
                report.run.experiment.isOfProcess
                ? "" : ", under \(Numbers.count(policies.count, "policy", "policies"))"
            return "all \(trials) trials passed\(under)"
        case .fail: return sentenceOnFailedTrials
        case .inconclusive:
            let open = cells.flatMap(\.trials).filter { $0.outcome == .inconclusive }
            var parts = gate.reason.isEmpty ? [] : [gate.reason]
            if let first = open.first {
                parts.append(
                    "no trial failed, but \(open.count) of \(Numbers.count(trials, "trial")) "
                        + "\(open.count == 1 ? "shows" : "show") nothing "
                        + "(trial \(first.number): \(Self.brief(first.reason)))")
            }
            return parts.isEmpty ? "nothing is shown" : parts.joined(separator: "; ")
        }
    }

    private var sentenceOnFailedTrials: String {
        let tallies = policies.map { policy in
            let own = cells.filter { $0.policy == policy }.flatMap(\.trials)
            return (policy: policy, failed: own.count { $0.outcome == .fail }, count: own.count)
        }
        let failed = tallies.enumerated().filter { $0.element.failed > 0 }.sorted {
            ($1.element.failed, $0.offset) < ($0.element.failed, $1.offset)
        }.map(\.element)
        guard let worst = failed.first else { return "trials failed" }
        let of = worst.count == 1 ? "its one trial" : "\(worst.failed) of \(worst.count) trials"
        var text = "\(named([worst.policy])) fails \(of) (\(fault(of: worst.policy, in: nil)))"
        let others = failed.dropFirst().map { "\($0.policy) (\($0.failed))" }
        if !others.isEmpty { text += ", and so \(others.count == 1 ? "does" : "do") \(Words.list(others))" }
        guard policies.count > 1 else { return text }
        let clean = policies.count { policy in
            Verdict(all: cells.filter { $0.policy == policy }.map(\.verdict)) == .pass
        }
        return text + "; " + Words.part(clean, of: policies.count, ("passes all trials", "pass all trials"))
    }

    /// What is wrong with a policy, in brackets.
    private func fault(of policy: String, in variation: String?) -> String {
        let own = cells.filter { $0.policy == policy && (variation == nil || $0.variation == variation) }
        var parts: [String] = []
        let violations = own.reduce(0) { $0 + $1.total(\.violations) }
        if violations > 0 { parts.append(Numbers.count(violations, "violation")) }
        if let worst = own.filter({ $0.success.pooled.value < 1 }).min(by: {
            $0.success.pooled.value < $1.success.pooled.value
        }) {
            let lost = Numbers.percent(1 - worst.success.pooled.value)
            let place = variation == nil ? Self.place(worst.variation) : ""
            parts.append("it loses \(lost) of its \(worst.sampleUnit(.successRate))\(place)")
        }
        if !parts.isEmpty { return parts.joined(separator: "; ") }
        let broken = gate.lines.first {
            $0.policy == policy && (variation == nil || $0.variation == variation) && $0.verdict == .fail
        }
        if let broken { return "it breaks `\(broken.expression.text)`: \(detail(broken))" }
        let trial = own.flatMap(\.trials).first { $0.outcome == .fail }
        return trial.map { Self.brief($0.reason) }.flatMap { $0.isEmpty ? nil : $0 } ?? "no reason is known"
    }

    // MARK: What was expected

    func sentence(on expectations: ExpectationReport) -> String {
        let expected = expectations.lines.filter { $0.expected != nil }
        let unmet =
            expected.filter { $0.verdict == .fail } + expected.filter { $0.verdict == .inconclusive }
        var parts = unmet.prefix(Self.unmetMax).map(sentence(on:))
        if unmet.count > Self.unmetMax { parts.append("\(unmet.count - Self.unmetMax) more differ") }
        switch expectations.verdict {
        case .pass: return sentence(onMet: expected)
        case .fail:
            let met = expected.count { $0.verdict == .pass }
            if expected.count > 1 { parts.append("expectations met: \(met) of \(expected.count)") }
        case .inconclusive:
            parts += gate.lines.filter(\.policy.isEmpty).map { "`\($0.expression.text)`: \(Self.brief($0.reason))" }
            if gate.missing > 0 { parts.append(missingText) }
        }
        return parts.isEmpty ? "nothing is shown" : parts.joined(separator: "; ")
    }

    private static let unmetMax = 3

    private var missingText: String {
        "\(Numbers.count(gate.missing, "trial")) of \(report.run.trialsPlanned) did not take place"
    }

    /// `policy weak was to pass and failed (12 violations)`.
    private func sentence(on line: ExpectationReport.Line) -> String {
        let why =
            switch line.found {
            case .pass: ""
            case .fail: " (\(fault(of: line.policy, in: line.variation)))"
            case .inconclusive: line.reason.isEmpty ? "" : " (\(Self.brief(line.reason)))"
            }
        let expected = line.expected ?? .pass
        return
            "\(named([line.policy]))\(Self.place(line.variation ?? "")) was to \(expected.infinitive) and "
            + "\(line.found.past)\(why)"
    }

    /// `all 3 expectations are met: policies boreas and argo-v4.1.2 pass; policy none fails`.
    private func sentence(onMet lines: [ExpectationReport.Line]) -> String {
        guard lines.count > 1 else {
            return lines.first.map {
                "\(named([$0.policy]))\(Self.place($0.variation ?? "")) \($0.found.present(1)), as expected"
            } ?? "nothing was expected"
        }
        // Whole policies say more than single places of others.
        let lines = lines.filter { $0.variation == nil } + lines.filter { $0.variation != nil }
        let groups = Verdict.allCases.compactMap { verdict -> String? in
            let own = lines.filter { $0.found == verdict }
            return own.isEmpty
                ? nil : "\(named(own.map { $0.policy + Self.place($0.variation ?? "") })) \(verdict.present(own.count))"
        }
        let count = lines.count == 2 ? "both" : "all \(lines.count)"
        return "\(count) expectations are met: \(groups.joined(separator: "; "))"
    }
}

extension Numbers {
    /// `1 policy`, `2 policies`.
    static func count(_ count: Int, _ noun: String, _ plural: String) -> String {
        "\(count) \(count == 1 ? noun : plural)"
    }
}
