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
        var columns: [PageTable.Column] = [.words("policy")]
        if isVaried { columns.append(.words("variation")) }
        columns.append(.init("trials"))
        if !run.experiment.isOfProcess { columns += [.init(unit), .init("success [95 %]")] }
        if hasWorkflows { columns += [.init("p50"), .init("p95")] }
        if unit != "operations" { columns.append(.init("operations")) }
        columns += [.init("attempts"), .init("amplification")]
        columns += metrics.map { .init($0.rawValue) }
        columns += [.init("violations"), .words("verdict")]
        var table = PageTable(
            hasWorkflows ? "Every cell; p50 and p95 are of the time to completion" : "Every cell", columns)
        for cell in report.cells {
            let success = cell.success
            var row: [PageTable.Cell] = [.init(cell.policy)]
            if isVaried { row.append(.init(RunPictures.spell(cell.variation))) }
            row.append(.init("\(cell.trials.count)"))
            if !run.experiment.isOfProcess {
                let interval = Numbers.text(success.effective.wilson(), Numbers.percent)
                row += [
                    .init(Numbers.grouped(Int(success.pooled.count))),
                    .init("\(Numbers.percent(success.pooled.value)) \(interval)"),
                ]
            }
            if hasWorkflows {
                let completions = cell.completions
                row += [0.5, 0.95].map { .init(completions.quantile($0).map(Numbers.seconds) ?? "-") }
            }
            if unit != "operations" { row.append(.init(Numbers.grouped(cell.total(\.operations)))) }
            row += [
                .init(Numbers.grouped(cell.total(\.attempts))), .init(Numbers.decimal(cell.amplification.value, 2)),
            ]
            row += metrics.map { .init(Numbers.text(cell.typical($0), of: $0)) }
            row += [.init("\(cell.total(\.violations))"), .init(cell.verdict.rawValue, cell.verdict)]
            table.add(row)
        }
        var blocks: [PageBlock] = [.table(table)]
        if !run.experiment.isOfProcess {
            let worst = report.cells.map(\.success.designEffect).max() ?? 1
            let effect =
                worst > 1
                ? " Trials differ more than chance makes them (design effect up to \(Numbers.decimal(worst, 1))), and the "
                    + "intervals allow for it." : ""
            let means =
                metrics.isEmpty
                ? "" : " Columns after amplification are means of the trials, recovery and drain medians."
            let words: [PageWord] =
                hasWorkflows
                ? [.success, .wilson, .completion, .orderStatistic, .amplification]
                : [.success, .wilson, .amplification]
            blocks.append(.note("Intervals of success are 95 %, over trials.\(effect)\(means)", words))
        }
        return section("summary", "Results", blocks)
    }

    // MARK: The comparison

    var comparison: PageSection? {
        guard let comparison = evidence.comparison, !comparison.rows.isEmpty else { return nil }
        var blocks: [PageBlock] = [
            .paragraph(
                "Each policy against \(comparison.baseline). A difference is marked only where it is shown; ~ stands where "
                    + "it is not.")
        ]
        blocks += [shares(comparison), changes(comparison)].compactMap { $0.map(PageBlock.figure) }
        let isVaried = comparison.rows.contains { !$0.variation.isEmpty }
        if isVaried {
            let focused = comparison.rows.filter { $0.variation == evidence.focus }
            let place = RunPictures.spell(evidence.focus)
            blocks.append(
                .table(
                    table(
                        of: focused, comparison,
                        "Against \(comparison.baseline) at \(place), where policies differ most")))
            blocks.append(
                .folded(
                    "The table of all variations",
                    table(of: comparison.rows, comparison, "Against \(comparison.baseline)")))
        } else {
            blocks.append(.table(table(of: comparison.rows, comparison, "Against \(comparison.baseline)")))
        }
        blocks.append(.note("", [.comparison, .wilson, .seeds]))
        return section("comparison", "Comparison with \(comparison.baseline)", blocks)
    }

    private func colour(_ policy: String) -> Int { run.experiment.policyNames.firstIndex(of: policy) ?? 0 }

    /// Rows of one forest plot.
    private static let forestMax = 40

    /// Differences of shares, in points: of all variations where there is room, else of the one that matters.
    private func shares(_ comparison: ComparisonReport) -> PageFigure? {
        forest(
            "forest-success", "Difference in success",
            "The share of \(run.experiment.isOfClients ? "operations" : "workflows") that succeeded, less that under "
                + "\(comparison.baseline), with its 95 % interval: to the right of the line is better.",
            Axis(title: "difference in success", unit: .percent),
            comparison.rows.filter { $0.measure.metric == .successRate }, comparison,
            label: { $0.arm }, group: { RunPictures.spell($0.variation) })
    }

    /// Relative changes of the other measures.
    private func changes(_ comparison: ComparisonReport) -> PageFigure? {
        forest(
            "forest-changes",
            "Relative change\(evidence.focus.isEmpty ? "" : " at \(RunPictures.spell(evidence.focus))")",
            "How much larger or smaller than under \(comparison.baseline), with its 95 % interval: to the left of the line "
                + "is less time or work.", Axis(title: "relative change", unit: .percent),
            comparison.rows.filter { $0.measure.metric.kind != .share && $0.variation == evidence.focus }, comparison,
            label: { $0.arm }, group: { $0.measure.name })
    }

    private func forest(
        _ name: String, _ title: String, _ caption: String, _ axis: Axis, _ all: [ComparisonReport.Row],
        _ comparison: ComparisonReport, label: (ComparisonReport.Row) -> String,
        group: (ComparisonReport.Row) -> String
    ) -> PageFigure? {
        var rows = all.filter { $0.change.isFinite && $0.changeInterval != nil }
        var remark: [String] = []
        if rows.count > Self.forestMax {
            let focused = rows.filter { $0.variation == evidence.focus }
            remark.append("Drawn at \(RunPictures.spell(evidence.focus)); the table below has all variations.")
            rows = Array((focused.isEmpty ? rows : focused).prefix(Self.forestMax))
        }
        if rows.count < all.count, remark.isEmpty { remark.append("What has no interval is in the table below alone.") }
        guard !rows.isEmpty else { return nil }
        let chart = DotChart(
            title: title, description: caption, x: axis,
            rows: rows.map { row in
                let interval = row.changeInterval ?? .unknown
                return DotChart.Row(
                    group: group(row), label: label(row), value: row.change, lower: interval.lower,
                    upper: interval.upper, colour: colour(row.arm),
                    note:
                        "\(row.arm), \(row.measure.name)\(row.variation.isEmpty ? "" : ", \(RunPictures.spell(row.variation))")"
                        + ": \(row.text(row.base)) to \(row.text(row.candidate)), \(row.changeText) \(row.evidence)")
            }, reference: 0)
        let id = "\(prefix)-\(name)"
        return PageFigure(
            id: id, title: title, chart: chart.html(id: "\(id)-chart"),
            caption: [caption] + remark, words: [.comparison])
    }

    private func table(
        of rows: [ComparisonReport.Row], _ comparison: ComparisonReport, _ caption: String
    ) -> PageTable {
        let isVaried = Set(rows.map(\.variation)).count > 1
        var table = PageTable(
            caption,
            [.words("measure")] + (isVaried ? [.words("variation")] : []) + [
                .words("policy"), .init(comparison.baseline), .init("candidate"), .init("difference"),
                .words("evidence"), .words("note"),
            ])
        // What is shown comes first, so that a long table hides none of it.
        for row in rows.filter(\.isShown) + rows.filter({ !$0.isShown }) {
            let verdict: Verdict? =
                switch row.ink {
                case .green: .pass
                case .red: .fail
                default: nil
                }
            table.add(
                [.init(row.measure.name)] + (isVaried ? [.init(RunPictures.spell(row.variation))] : []) + [
                    .init(row.arm), .init(row.text(row.base)), .init(row.text(row.candidate)),
                    .init(row.changeText + Self.judgement(verdict), verdict, isSigned: false), .init(row.evidence),
                    .init(row.footnote ?? ""),
                ])
        }
        return table
    }

    private static func judgement(_ verdict: Verdict?) -> String {
        switch verdict {
        case .pass: ", better"
        case .fail: ", worse"
        case .inconclusive, nil: ""
        }
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
