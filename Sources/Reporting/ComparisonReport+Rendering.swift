import Experiments
package import Kubernetes
import Statistics

extension ComparisonReport {
    /// One row for each metric and arm; `~` where nothing is shown.
    package func text(_ style: Style) -> String {
        guard !rows.isEmpty else { return "nothing to compare with \(baseline)\n" }
        let isVaried = rows.contains { !$0.variation.isEmpty }
        var footnotes: [String] = []
        var table = TextTable(
            (isVaried ? [TextTable.Column("variation", .left)] : []) + [
                TextTable.Column("metric", .left), TextTable.Column("policy", .left), TextTable.Column(baseline),
                TextTable.Column("candidate"), TextTable.Column("vs base"), TextTable.Column("", .left),
            ])
        for row in rows {
            var note = ""
            if let footnote = row.footnote {
                let index = footnotes.firstIndex(of: footnote) ?? footnotes.count
                if index == footnotes.count { footnotes.append(footnote) }
                note = " " + Self.superscript(index + 1)
            }
            table.add(
                (isVaried ? [TextTable.Cell(row.variation)] : []) + [
                    TextTable.Cell(row.measure.name), TextTable.Cell(row.arm),
                    TextTable.Cell(row.text(row.base)), TextTable.Cell(row.text(row.candidate)),
                    TextTable.Cell(row.changeText, row.ink), TextTable.Cell(row.evidence + note, .dim),
                ])
        }
        var text = table.text(style)
        text +=
            "success_rate: pooled share with its 95 % Wilson interval, difference after Newcombe; else the median of the\n"
        text +=
            "trials with its 95 % order-statistic interval, p after Mann and Whitney, adjusted for the table (Holm);\n"
        text += "~ where no difference is shown at 95 %\n"
        for (index, footnote) in footnotes.enumerated() { text += "\(Self.superscript(index + 1)) \(footnote)\n" }
        return text
    }

    private static func superscript(_ number: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return String("\(number)".compactMap { $0.wholeNumberValue.map { digits[$0] } })
    }

    package var json: JSONValue {
        [
            "schema": "boreas.dev/comparison/v1", "baseline": .string(baseline), "arms": JSONValue(arms),
            "rows": .array(rows.map(\.json)),
        ]
    }
}

extension ComparisonReport.Row {
    func text(_ estimate: ComparisonReport.Estimate) -> String {
        let metric = measure.metric
        if estimate.value.isNaN { return "-" }
        let value = Numbers.text(estimate.value, of: metric)
        if metric.kind == .share {
            return "\(value) \(Numbers.text(estimate.interval) { Numbers.text($0, of: metric) })"
        }
        guard estimate.value.isFinite, estimate.value != 0 else { return value }
        // As benchstat does: the farther bound, relative to the value.
        let spread =
            max(estimate.interval.upper - estimate.value, estimate.value - estimate.interval.lower) / estimate.value
        return "\(value) ± \(spread.isFinite ? Numbers.decimal(spread * 100, 0) + "%" : "∞")"
    }

    var changeText: String {
        guard isShown else { return "~" }
        if measure.metric.kind == .share { return Numbers.change(change, " points") }
        if candidate.value.isInfinite { return "never" }
        return base.value.isInfinite ? "completes" : change.isFinite ? Numbers.change(change) : "new"
    }

    var evidence: String {
        let sizes = "n=\(base.n)+\(candidate.n)"
        if let changeInterval {
            return "(\(Numbers.text(changeInterval) { Numbers.change($0, "") }) \(sizes))"
        }
        return p.map { "(p=\(Numbers.decimal($0, 3)) \(sizes))" } ?? "(\(sizes))"
    }

    /// Green for better, red for worse.
    var ink: Style.Ink? {
        guard isShown else { return .dim }
        let isUp = candidate.value > base.value
        switch measure.metric.direction {
        case .higherIsBetter: return isUp ? .green : .red
        case .lowerIsBetter: return isUp ? .red : .green
        case .neither: return nil
        }
    }

    var json: JSONValue {
        func part(_ estimate: ComparisonReport.Estimate) -> JSONValue {
            [
                "value": Numbers.json(estimate.value), "interval": Numbers.json(estimate.interval),
                "n": .integer(Int64(estimate.n)),
            ]
        }
        return [
            "metric": .string(measure.name), "variation": .string(variation), "arm": .string(arm), "base": part(base),
            "candidate": part(candidate), "change": Numbers.json(change),
            "changeInterval": Numbers.json(changeInterval), "p": Numbers.json(p), "isShown": .bool(isShown),
            "note": footnote.map(JSONValue.string) ?? .null,
        ]
    }
}
