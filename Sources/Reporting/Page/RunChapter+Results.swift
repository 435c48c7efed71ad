import Charts
import Experiments
import Recording
import Statistics

extension RunChapter {
    // MARK: The cells

    var summary: PageSection {
        let isVaried = report.cells.contains { !$0.variation.isEmpty }
        let unit = run.experiment.isOfClients ? "operations" : "workflows"
        let hasWorkflows = !run.experiment.isOfClients && !run.experiment.isOfProcess
        let metrics = run.experiment.isOfClients ? Metric.clientMetrics(in: report.cells) : []
        var columns: [PageTable.Column] = [.words("verdict"), .words("policy")]
        if isVaried { columns.append(.words("variation")) }
        columns.append(.init("trials"))
        if !run.experiment.isOfProcess { columns += [.init(unit), .init("success [95 %]")] }
        if hasWorkflows { columns += [.init("p50"), .init("p95")] }
        let isScheduled = report.cells.contains { $0.missed != nil }
        if isScheduled { columns.append(.init("missed")) }
        if unit != "operations" { columns.append(.init("operations")) }
        columns += [.init("attempts"), .init("amplification")]
        columns += metrics.map { .init($0.rawValue) }
        columns.append(.init("violations"))
        var table = PageTable(
            "Every cell; \(unit == "operations" ? "operations" : "\(unit), operations") and attempts are all of the cell"
                + (hasWorkflows ? ", p50 and p95 of the time to completion" : "")
                + (isScheduled ? ", missed the times without the workflow that was due" : ""), columns, name: 1)
        for cell in report.cells {
            let success = cell.success
            var row: [PageTable.Cell] = [.init(cell.verdict.rawValue, cell.verdict), .init(cell.policy)]
            if isVaried { row.append(.init(RunPictures.spell(cell.variation))) }
            row.append(.init("\(cell.trials.count)"))
            if !run.experiment.isOfProcess {
                let interval = Numbers.text(success.wilson(), Numbers.percent)
                row += [
                    .init(Numbers.grouped(Int(success.pooled.count))),
                    .init("\(Numbers.percent(success.pooled.value)) \(interval)"),
                ]
            }
            if hasWorkflows {
                let completions = cell.completions
                row += [0.5, 0.95].map { .init(completions.quantile($0).map(Numbers.seconds) ?? "-") }
            }
            if isScheduled { row.append(.init(cell.missed.map(String.init) ?? "-")) }
            if unit != "operations" { row.append(.init(Numbers.grouped(cell.total(\.operations)))) }
            row += [
                .init(Numbers.grouped(cell.total(\.attempts))), .init(Numbers.decimal(cell.amplification.value, 2)),
            ]
            row += metrics.map { .init(Numbers.text(cell.typical($0), of: $0)) }
            row.append(.init("\(cell.total(\.violations))"))
            table.add(row)
        }
        var blocks: [PageBlock] = [.table(table)]
        if !run.experiment.isOfProcess {
            let worst = report.cells.map(\.success).max { $0.designEffect < $1.designEffect }
            let effect =
                worst?.effectText.map {
                    " Trials differ more than chance makes them (design effect up to \($0)), and the intervals allow for it."
                } ?? ""
            let means =
                metrics.isEmpty
                ? "" : " Between amplification and violations are means of the trials, of recovery and drain medians."
            let words: [PageWord] =
                hasWorkflows
                ? [.success, .wilson, .completion, .orderStatistic, .amplification]
                : [.success, .wilson, .amplification]
            let intervals = "Intervals of success are 95 %, over trials; where nothing failed, each trial counts once."
            blocks.append(.note("\(intervals)\(effect)\(means)", words))
        }
        return section("summary", "Results", blocks)
    }

    // MARK: The pictures

    var pictures: PageSection {
        var figures: [PageBlock] = []
        var omissions: [(name: String, text: String)] = []
        for picture in RunPictures(evidence: evidence, prefix: prefix).all {
            switch picture {
            case .drawn(let figure): figures.append(.figure(figure))
            case .omitted(let title, let reason): omissions.append((title, reason))
            }
        }
        if !omissions.isEmpty { figures.append(.listing(title: "Not drawn", omissions)) }
        return section("pictures", "Pictures", figures)
    }

    // MARK: What went wrong

    var troubles: PageSection {
        let trials = report.cells.flatMap(\.trials).filter { $0.outcome != .pass }.sorted { $0.number < $1.number }
        guard !trials.isEmpty || !evidence.broken.isEmpty else {
            return section("troubles", "What went wrong", [.paragraph("No invariant broke, and every trial passed.")])
        }
        let isVaried = report.cells.contains { !$0.variation.isEmpty }
        var blocks: [PageBlock] = []
        if !evidence.broken.isEmpty {
            let count = report.cells.reduce(0) { $0 + $1.total(\.violations) }
            var table = PageTable(
                "Broken invariants by cell, \(Numbers.grouped(count)) times in all, each with its first case",
                [.words("invariant"), .words("policy")] + (isVaried ? [.words("variation")] : [])
                    + [.init("times"), .words("first in trial"), .words("what"), .words("evidence")])
            for broken in evidence.broken {
                table.add(
                    [.init(broken.invariant.rawValue), .init(broken.key.policy)]
                        + (isVaried ? [.init(RunPictures.spell(broken.key.variation))] : []) + [
                            .init(Numbers.grouped(broken.count)), .init("\(broken.trial)"), .init(broken.subject),
                            .init(broken.evidence.oneLine(width: 240)),
                        ])
            }
            blocks.append(.table(table))
        }
        if !trials.isEmpty {
            var table = PageTable(
                "Trials that did not pass: \(trials.count) in all",
                [.words("trial"), .words("policy")] + (isVaried ? [.words("variation")] : [])
                    + [.words("verdict"), .words("reason"), .words("command")])
            for trial in trials.prefix(Self.troublesMax) {
                table.add(
                    [.init("\(trial.number)"), .init(trial.key.policy)]
                        + (isVaried ? [.init(RunPictures.spell(trial.key.variation))] : []) + [
                            .init(trial.outcome.rawValue, trial.outcome), .init(trial.reason.oneLine(width: 240)),
                            .init("boreas show \(reference)/\(trial.number)", isCode: true),
                        ])
            }
            blocks.append(.table(table))
            let first = trials.first { $0.outcome == .fail } ?? trials[0]
            blocks.append(
                .note(
                    (trials.count > Self.troublesMax
                        ? "The first \(Self.troublesMax) are shown; -o json has all. " : "")
                        + "show tells a trial in the order of time; replay carries it out again, and with --shrink finds the "
                        + "smallest experiment that still fails.", [.trial]))
            blocks.append(.commands(["boreas replay \(reference)/\(first.number)"]))
        }
        return section("troubles", "What went wrong", blocks)
    }

    private static let troublesMax = 15
}
