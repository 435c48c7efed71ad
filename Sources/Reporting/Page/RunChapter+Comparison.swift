import Charts
import Experiments
import Recording
import Statistics

/// The policies of a run against one of them.
extension RunChapter {
    var comparison: PageSection? {
        guard let comparison = evidence.comparison, !comparison.rows.isEmpty else { return nil }
        let isWithSame = comparison.axis == .run && comparison.rows.allSatisfy { $0.policy == $0.arm }
        var blocks: [PageBlock] = [
            .paragraph(comparison.summary),
            .paragraph(
                "Each policy against \(isWithSame ? "the same of " : "")\(comparison.baseline). A difference is marked only "
                    + "where it is shown; ~ stands where it is not."),
        ]
        if comparison.axis == .run { blocks.append(.facts(comparison.facts.map { ($0.name, $0.value) })) }
        blocks += [shares(comparison), changes(comparison)].compactMap { $0.map(PageBlock.figure) }
        let place = evidence.focus.isEmpty ? "" : " at \(RunPictures.spell(evidence.focus)), where policies differ most"
        let main = comparison.rows.filter { $0.variation == evidence.focus && Self.mainMeasures.contains($0.measure) }
        var footnotes = ComparisonReport.Footnotes()
        if !main.isEmpty {
            let caption = "Against \(comparison.baseline)\(place)"
            blocks.append(.table(table(of: main, comparison, caption, &footnotes)))
        }
        if main.count < comparison.rows.count {
            let title = evidence.focus.isEmpty ? "All measures" : "All measures, at all variations"
            let caption = "Against \(comparison.baseline)"
            blocks.append(.folded(title, table(of: comparison.rows, comparison, caption, &footnotes)))
        }
        blocks += (comparison.warnings + footnotes.lines + comparison.notes).map { .note($0, []) }
        let method = comparison.legend(comparison.rows).split(separator: "\n").joined(separator: ". ")
        blocks.append(.note("\(method).", [.comparison, .seeds]))
        return section("comparison", "Comparison with \(comparison.baseline)", blocks)
    }

    /// Rows of one forest plot.
    private static let forestMax = 40

    /// Differences of shares, in points: of all variations where there is room, else of the one that matters.
    private func shares(_ comparison: ComparisonReport) -> PageFigure? {
        forest(
            "forest-success", "Difference in success",
            "The share of \(run.experiment.isOfClients ? "operations" : "workflows") that succeeded, less that under "
                + "\(comparison.baseline), with its 95 % interval: to the right of the line is better.",
            Axis(title: "difference in success, points", unit: .percent),
            comparison.rows.filter { $0.changeUnit == .points && $0.measure.metric == .successRate }, comparison,
            reference: 0,
            label: { $0.arm }, group: { RunPictures.spell($0.variation) })
    }

    /// Ratios of the other measures to the baseline's, at the variation where policies differ most.
    private func changes(_ comparison: ComparisonReport) -> PageFigure? {
        var rows = comparison.rows.filter {
            $0.changeUnit == .relative && $0.variation == evidence.focus && Self.mainMeasures.contains($0.measure)
        }
        for index in rows.indices {
            rows[index].change += 1
            let interval = rows[index].changeInterval
            // A ratio has no room for nothing: an interval that reaches it is open there.
            rows[index].changeInterval = interval.map {
                Interval($0.lower > -1 ? $0.lower + 1 : -.infinity, $0.upper + 1)
            }
        }
        let place = evidence.focus.isEmpty ? "" : " at \(RunPictures.spell(evidence.focus))"
        return forest(
            "forest-changes", "Time and work, against \(comparison.baseline)\(place)",
            "How many times as much as under \(comparison.baseline), with its 95 % interval: to the left of the line is less.",
            Axis(title: "ratio to \(comparison.baseline)", scale: .logarithmic, unit: .ratio),
            rows.filter { $0.change > 0 || !$0.change.isFinite }, comparison, reference: 1, label: { $0.arm },
            group: { $0.measure.name })
    }

    private func forest(
        _ name: String, _ title: String, _ caption: String, _ axis: Axis, _ all: [ComparisonReport.Row],
        _ comparison: ComparisonReport, reference: Double, label: (ComparisonReport.Row) -> String,
        group: (ComparisonReport.Row) -> String
    ) -> PageFigure? {
        guard !all.allSatisfy(\.isEqual) else { return nil }
        var rows = all.filter { row in
            row.change.isFinite
                && (row.changeInterval.map { $0.lower.isFinite || $0.upper.isFinite } ?? false)
        }
        var remark: [String] = []
        let place = evidence.focus.isEmpty ? "" : " at \(RunPictures.spell(evidence.focus))"
        if rows.count > Self.forestMax {
            let focused = rows.filter { $0.variation == evidence.focus }
            rows = Array((focused.isEmpty ? rows : focused).prefix(Self.forestMax))
            remark.append("Drawn are \(rows.count) of \(all.count)\(place); the table below has all.")
        }
        if rows.count < all.count, remark.isEmpty { remark.append("What has no interval is in the table below alone.") }
        guard !rows.isEmpty else { return nil }
        let chart = DotChart(
            title: title, description: caption, x: axis,
            rows: rows.map { row in
                let interval = row.changeInterval ?? .unknown
                return DotChart.Row(
                    group: group(row), label: label(row), value: row.change, lower: interval.lower,
                    upper: interval.upper, colour: evidence.colour(row.arm),
                    note: "\(row.text(row.base)) to \(row.text(row.candidate)), \(row.changeText) \(row.evidence)")
            }, reference: reference)
        let id = "\(prefix)-\(name)"
        return PageFigure(
            id: id, title: title, chart: chart.html(id: "\(id)-chart"),
            caption: [caption] + remark, words: [.comparison])
    }

    private func table(
        of rows: [ComparisonReport.Row], _ comparison: ComparisonReport, _ caption: String,
        _ footnotes: inout ComparisonReport.Footnotes
    ) -> PageTable {
        let isVaried = Set(rows.map(\.variation)).count > 1
        var table = PageTable(
            caption,
            [.words("measure")] + (isVaried ? [.words("variation")] : []) + [
                .words("policy"), .init(comparison.baseline), .init("candidate"), .init("vs base"),
                .words("comes to"), .words("evidence"),
            ])
        // What is shown comes first, so that a long table hides none of it.
        let ordered =
            rows.count > PageTable.rowsMax ? rows.filter(\.isShown) + rows.filter { !$0.isShown } : rows
        for row in ordered {
            let verdict: Verdict? =
                switch row.verdict {
                case .better: .pass
                case .worse: .fail
                case .different, .unsettled, .equivalent, .equal, .open: nil
                }
            table.add(
                [.init(row.measure.name)] + (isVaried ? [.init(RunPictures.spell(row.variation))] : []) + [
                    .init(row.arm), .init(row.text(row.base)), .init(row.text(row.candidate)),
                    .init(row.changeText, verdict, isSigned: false), .init(row.conclusion, verdict, isSigned: false),
                    .init(row.evidence + footnotes.mark(row.footnote)),
                ])
        }
        return table
    }

    /// What a reader asks for first.
    private static let mainMeasures: Set<Measure> = [
        Measure(.successRate), Measure(.workflowCompletion, quantile: 0.5),
        Measure(.workflowCompletion, quantile: 0.95), Measure(.amplification), Measure(.attempts),
        Measure(.makespan), Measure(.goodput), Measure(.recovery, quantile: 0.5), Measure(.violations),
    ]
}
