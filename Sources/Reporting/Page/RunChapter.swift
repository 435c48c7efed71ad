import Determinism
import Experiments
import Faults
import Recording
import Resilience
import Statistics

/// All that a page says of one run.
struct RunChapter {
    let evidence: RunEvidence
    /// Before every id of the run.
    let prefix: String
    let isReproducible: Bool
    /// Whether the page tells of no other run.
    let isAlone: Bool

    var run: RunRecord { evidence.run }
    var report: RunReport { evidence.report }
    var headline: Headline { Headline(report) }

    /// What commands call the run.
    var reference: String { isReproducible ? "latest" : run.identifier }

    var title: String {
        guard isReproducible else { return "Run \(run.identifier) of \(run.experiment.name)" }
        return "Run of \(run.experiment.name), seed \(run.seed)"
    }

    var sections: [PageSection] { [verdict, flown, summary, comparison, pictures, troubles].compactMap(\.self) }

    /// What the template `run` takes.
    var model: [String: Any] {
        let sections = sections
        let headline = headline
        let note = isReproducible ? "" : "Started \(Numbers.date(run.startedEpochMicroseconds))."
        return [
            "runId": prefix, "runTitle": title,
            "runNote": note.isEmpty ? false : ["runNoteText": note] as [String: Any],
            "verdictName": headline.verdict.rawValue, "verdictShout": headline.verdict.shout,
            "verdictSign": headline.verdict.tick, "sentence": headline.model,
            "contentsLabel": isAlone ? "Contents" : "Contents of \(title)",
            "contents": sections.map { ["contentId": $0.id, "contentTitle": $0.title] },
            "sections": sections.map(\.model),
        ]
    }

    func section(_ name: String, _ title: String, _ blocks: [PageBlock]) -> PageSection {
        PageSection(id: "\(prefix)-\(name)", title: title, blocks: blocks)
    }

    // MARK: The verdict

    var verdict: PageSection {
        var blocks: [PageBlock] = []
        if !report.gate.lines.isEmpty {
            blocks.append(.table(gateTable))
            blocks.append(
                .note(
                    "Bounds: \(report.gate.levelText). \(baselineText)Inconclusive is no pass.", [.bounds, .verdict]))
        }
        if let expectations = report.expectations {
            blocks.append(.table(Self.table(of: expectations)))
            blocks.append(
                .note(
                    "A policy's verdict is that of its trials together with the conditions on it. The run passes where all "
                        + "policies came to what the experiment expects of them.", [.verdict]))
        }
        if blocks.isEmpty {
            blocks.append(
                .paragraph(
                    "The experiment has no gate and expects nothing of its policies: the verdict is that of the trials. A "
                        + "trial fails where an invariant broke, and is inconclusive where nothing is shown."))
            blocks.append(.table(trialVerdicts))
        }
        return section("verdict", "Verdict", blocks)
    }

    private var baselineText: String { report.gate.baseline.map { "Baseline: \($0.text). " } ?? "" }

    private var gateTable: PageTable {
        let isVaried = report.gate.lines.contains { !$0.variation.isEmpty }
        var table = PageTable(
            "Gate: each condition for each policy",
            [.words("verdict"), .words("condition"), .words("policy")] + (isVaried ? [.words("variation")] : []) + [
                .init("value"), .init("bounds"), .init("limit"), .init("n"),
            ], name: 1)
        // What did not pass comes first, so that a long table hides none of it.
        let order: [Verdict] = [.fail, .inconclusive, .pass]
        for line in order.flatMap({ verdict in report.gate.lines.filter { $0.verdict == verdict } }) {
            table.add(
                [.init(line.verdict.rawValue, line.verdict), .init(line.expression.text), .init(line.policy)]
                    + (isVaried ? [.init(RunPictures.spell(line.variation))] : []) + [
                        .init(line.spell(line.value)), .init(line.intervalText), .init(line.limitText),
                        .init(line.sampleText),
                    ], remark: line.remarks)
        }
        return table
    }

    private static func table(of expectations: ExpectationReport) -> PageTable {
        var table = PageTable(
            "Expectations: what each policy was to come to, and what it came to",
            [.words("verdict"), .words("policy"), .words("expected"), .words("found")], name: 1)
        // Those that count come first.
        for line in expectations.lines.filter({ $0.expected != nil })
            + expectations.lines.filter({ $0.expected == nil })
        {
            table.add(
                [
                    line.expected == nil
                        ? "" : .init(line.verdict == .pass ? "as expected" : "not as expected", line.verdict),
                    .init(line.cell), .init(line.expected?.rawValue ?? "nothing"),
                    .init(line.found.rawValue, line.found),
                ], remark: line.reason.oneLine(width: 300))
        }
        return table
    }

    private var trialVerdicts: PageTable {
        var table = PageTable(
            "Trials by policy",
            [.words("policy"), .words("verdict"), .init("trials"), .init("pass"), .init("fail"), .init("inconclusive")])
        for policy in run.experiment.policyNames {
            let trials = report.cells.filter { $0.policy == policy }.flatMap(\.trials)
            guard !trials.isEmpty else { continue }
            let verdict = Verdict(all: trials.map(\.outcome))
            table.add(
                [.init(policy), .init(verdict.rawValue, verdict), .init("\(trials.count)")]
                    + [Verdict.pass, .fail, .inconclusive].map { outcome in
                        .init("\(trials.count { $0.outcome == outcome })")
                    })
        }
        return table
    }

    // MARK: What was flown

    private var flown: PageSection {
        let experiment = run.experiment
        let trials = report.cells.flatMap(\.trials)
        let indices = trials.map(\.key.index)
        let range = indices.min().flatMap { first in indices.max().map { "indices \(first) to \($0)" } } ?? "none"
        var facts: [(name: String, text: String)] = [("Experiment", experiment.name)]
        if !experiment.description.isEmpty { facts.append(("Description", experiment.description)) }
        facts += [
            ("World", report.worldText),
            ("Subject", subject), ("Seed", "\(run.seed)"),
            ("Trials", "\(trials.count) of \(run.trialsPlanned) took place (\(range))"),
            ("Version", "boreas \(run.boreasVersion)"),
        ]
        if !run.label.isEmpty { facts.append(("Label", run.label)) }
        facts.append(("Phases", phases))
        let varied = experiment.variations.map(\.name).filter { !$0.isEmpty }
        if !varied.isEmpty { facts.append(("Variations", varied.map(RunPictures.spell).joined(separator: "; "))) }
        if !isReproducible, let finished = run.finishedEpochMicroseconds {
            facts.append(("Finished", Numbers.date(finished)))
        }
        var blocks: [PageBlock] = [.facts(facts), .note("", [.trial, .cell, .phases, .seeds])]
        if !experiment.isOfProcess { blocks.append(.table(policyTable)) }
        if experiment.isSwarm {
            blocks.append(.paragraph("Faults were drawn for each trial, the same for every policy."))
        } else if let table = faultTable {
            blocks += [.table(table), .note("", [.validity])]
        } else {
            blocks.append(.paragraph("No faults: the weather was fair."))
        }
        blocks += again
        return section("flown", "What was flown", blocks)
    }

    private var subject: String {
        let experiment = run.experiment
        if experiment.isOfClients { return "clients by themselves" }
        return experiment.isOfProcess ? "a process" : "the built-in workflow controller"
    }

    private var phases: String {
        var texts: [String] = []
        for variation in run.experiment.variations {
            let phases = variation.phases
            let text = "calm \(phases.calm.text), storm \(phases.storm.text), converge \(phases.converge.text)"
            if !texts.contains(text) { texts.append(text) }
        }
        return texts.prefix(4).joined(separator: "; ") + (texts.count > 4 ? "; and others" : "")
    }

    private var policyTable: PageTable {
        var table = PageTable(
            "Policies: how each retries a call",
            [.words("policy"), .init("attempts at most"), .words("wait before a retry"), .words("description")])
        for policy in run.experiment.variations.first?.policies ?? [] {
            table.add([
                .init(policy.name), .init("\(policy.call.maxAttempts)"), .init(policy.call.backoff.text),
                .init(policy.description),
            ])
        }
        return table
    }

    private var faultTable: PageTable? {
        struct Line {
            var rule: Rule
            var timings: [String]
        }
        var lines: [Line] = []
        for rule in run.experiment.variations.flatMap(\.plan.rules) {
            let timing = Self.timing(of: rule)
            if let known = lines.firstIndex(where: { $0.rule.name == rule.name }) {
                if !lines[known].timings.contains(timing) { lines[known].timings.append(timing) }
            } else {
                lines.append(Line(rule: rule, timings: [timing]))
            }
        }
        guard !lines.isEmpty else { return nil }
        var table = PageTable(
            "Faults: what went wrong, when, and who could be to blame outside a test",
            [.words("rule"), .words("fault"), .words("validity"), .words("during"), .words("when")])
        for line in lines {
            let kind = line.rule.fault.kind
            table.add([
                .init(line.rule.name), .init(kind.rawValue), .init(kind.validity.rawValue),
                .init(line.rule.during?.rawValue ?? "the whole trial"), .init(line.timings.joined(separator: "; or ")),
            ])
        }
        return table
    }

    private static func timing(of rule: Rule) -> String {
        let when = rule.when
        var parts: [String] = []
        if let span = when.span { parts.append("for \(span.text)") }
        if let probability = when.probability { parts.append("\(Numbers.percent(probability)) of the requests") }
        if let first = when.first { parts.append("the first \(first) of each kind") }
        if let every = when.every { parts.append("every \(every)th") }
        if let after = when.after { parts.append("after \(after)") }
        if let limit = when.limitConsecutive { parts.append("at most \(limit) in a row") }
        if let limit = when.limitActive { parts.append("at most \(limit) at a time") }
        if let window = when.window {
            parts.append("from \(window.from.text)\(window.to.map { " to \($0.text)" } ?? "")")
        }
        if when.since != nil { parts.append("once its trigger has come") }
        return parts.isEmpty ? "always" : parts.joined(separator: ", ")
    }
}
