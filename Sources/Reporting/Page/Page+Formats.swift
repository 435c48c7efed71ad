import Experiments
package import Kubernetes
import Statistics

extension Page {
    /// For programs: each run's report with its comparison.
    package var json: JSONValue {
        [
            "schema": "boreas.dev/report/v1", "title": .string(title),
            "runs": .array(
                runs.map { evidence in
                    [
                        "headline": .string(Headline(evidence.report).text), "run": evidence.report.json,
                        "comparison": evidence.comparison?.json ?? .null,
                    ]
                }),
        ]
    }

    /// For CI servers: the gates, as `boreas gate -o junit` writes them.
    package var junit: String {
        GateDocument(
            runs.map { GateDocument.Entry(run: $0.run, gate: $0.report.gate, expectations: $0.report.expectations) }
        ).junit
    }

    /// For pull requests and wikis: verdict, gate, results and comparison of each run.
    package var markdown: String {
        let chapters = runs.enumerated().map { index, evidence in
            RunChapter(
                evidence: evidence, prefix: "run-\(index + 1)", isReproducible: isReproducible, isAlone: runs.count == 1
            )
        }
        return "# \(MarkdownText.escaped(title))\n\n" + chapters.map(\.markdown).joined(separator: "\n")
    }
}

extension RunChapter {
    /// Its sections that are tables.
    fileprivate var markdown: String {
        let headline = headline
        var text = "## \(MarkdownText.escaped(title))\n\n"
        text += "**\(headline.verdict.shout)**: \(MarkdownText.escaped(headline.sentence))\n"
        for section in [verdict, summary, comparison].compactMap(\.self) {
            text += "\n### \(MarkdownText.escaped(section.title))\n\n"
            text += section.blocks.compactMap(\.markdown).joined(separator: "\n")
        }
        return text
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
    /// As GitHub reads it.
    var markdown: String {
        var lines = [columns.map { MarkdownText.cell($0.title) }, columns.map { $0.isNumber ? "--:" : "---" }]
        lines += rows.map { cells in
            cells.map { cell in
                let text = cell.isCode ? "`\(cell.text)`" : MarkdownText.cell(cell.text)
                return cell.isSigned ? cell.verdict.map { "\($0.tick) \(text)" } ?? text : text
            }
        }
        let text = lines.map { "| \($0.joined(separator: " | ")) |\n" }.joined()
        return omitted > 0 ? text + "\n\(Numbers.count(omitted, "more row")) left out.\n" : text
    }
}
