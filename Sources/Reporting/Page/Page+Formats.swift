import Experiments
package import Kubernetes
import Statistics

extension Page {
    /// For programs: each run's report with its comparison.
    package var json: JSONValue {
        [
            "schema": "boreas.dev/report/v1", "title": .string(title), "verdict": .string(headline.verdict.rawValue),
            "headline": .string(headline.text),
            "runs": .array(
                runs.map { evidence in
                    [
                        "headline": .string(Headline(evidence.report).text), "run": json(of: evidence.report),
                        "comparison": evidence.comparison?.json ?? .null,
                    ]
                }),
        ]
    }

    /// Without what differs between runs that went the same way, where that is wanted.
    private func json(of report: RunReport) -> JSONValue {
        guard isReproducible, case .object(var object) = report.json else { return report.json }
        for key in ["run", "started", "finished"] { object[key] = nil }
        return .object(object)
    }

    /// For CI servers: what `boreas gate -o junit` writes of these runs, held against the same baseline.
    package var junit: String {
        GateDocument(
            runs.map { GateDocument.Entry(run: $0.run, gate: $0.report.gate, expectations: $0.report.expectations) }
        ).junit
    }

    /// For pull requests and wikis: verdict, gate, results and comparison of each run.
    package var markdown: String {
        let overall = runs.count > 1 ? "**\(headline.verdict.shout)**: \(headline.markdown)\n\n" : ""
        return "# \(MarkdownText.escaped(title))\n\n\(overall)" + chapters.map(\.markdown).joined(separator: "\n")
    }
}

extension RunChapter {
    /// Its sections that are tables.
    fileprivate var markdown: String {
        let headline = headline
        var text = "## \(MarkdownText.escaped(title))\n\n"
        text += "**\(headline.verdict.shout)**: \(headline.markdown)\n"
        for section in [verdict, summary, comparison].compactMap(\.self) {
            text += "\n### \(MarkdownText.escaped(section.title))\n\n"
            text += section.blocks.compactMap(\.markdown).joined(separator: "\n")
        }
        return text
    }
}

extension Headline {
    /// The sentence with its conditions as code.
    fileprivate var markdown: String {
        pieces.map { $0.isCode ? MarkdownText.code($0.text) : MarkdownText.escaped($0.text) }.joined()
    }
}

extension PageBlock {
    /// Nil for what Markdown has no room for.
    fileprivate var markdown: String? {
        switch self {
        case .paragraph(let text): "\(MarkdownText.escaped(text))\n"
        case .note(let text, _): text.isEmpty ? nil : "\(MarkdownText.escaped(text))\n"
        case .table(let table), .folded(_, let table): table.markdown
        case .facts, .commands, .listing, .figure: nil
        }
    }
}

extension PageTable {
    /// As GitHub reads it; what there is to say of rows is a column of its own.
    var markdown: String {
        let isRemarked = rows.contains { !$0.remark.isEmpty }
        var lines = [columns.map { MarkdownText.cell($0.title) }, columns.map { $0.isNumber ? "--:" : "---" }]
        if isRemarked {
            lines[0].append("why")
            lines[1].append("---")
        }
        lines += rows.map { row in
            row.cells.map { cell in
                let text = cell.isCode ? MarkdownText.code(cell.text) : MarkdownText.cell(cell.text)
                return cell.isSigned ? cell.verdict.map { "\($0.tick) \(text)" } ?? text : text
            } + (isRemarked ? [MarkdownText.cell(row.remark)] : [])
        }
        let text = lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined()
        return omitted > 0 ? text + "\n\(Numbers.count(omitted, "more row")) left out.\n" : text
    }
}
