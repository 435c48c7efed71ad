import Experiments
import Recording

extension GateDocument {
    /// GitHub's workflow commands, one a line (https://docs.github.com/actions/reference/workflow-commands-for-github-actions):
    /// an error for what is broken, a warning for what is inconclusive, and a notice with the verdict.
    package var github: String {
        let remarks = entries.flatMap(\.remarks)
        var lines = [Self.command(verdict.command, "boreas gate", sentence)]
        lines += remarks.prefix(Self.annotationsMax).map { Self.command($0.verdict.command, $0.title, $0.text) }
        if remarks.count > Self.annotationsMax {
            lines.append(
                Self.command(
                    verdict.command, "boreas gate",
                    "and \(remarks.count - Self.annotationsMax) more; boreas gate -o markdown has all"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// GitHub shows ten of a kind for each step; the verdict and the count of what is left out are two of them.
    private static let annotationsMax = 8

    private static func command(_ name: String, _ title: String, _ message: String) -> String {
        let title = escape(title).replacing(":", with: "%3A").replacing(",", with: "%2C")
        return "::\(name) title=\(title)::\(escape(message))"
    }

    private static func escape(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    /// A comment on a pull request: the verdict in a sentence, then what it rests on.
    package var markdown: String {
        var text = "### \(verdict.sign) \(Self.cell(sentence))\n"
        for entry in entries { text += "\n" + entry.markdown(isAlone: entries.count == 1) }
        return text
    }

    /// Text that breaks out of no table and no line.
    fileprivate static func cell(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "|", "*", "_", "`", "[", "]", "<", ">", "\\", "~", "#": escaped += "\\\(character)"
            case _ where character.isNewline: escaped += " "
            default: escaped.append(character)
            }
        }
        return escaped
    }
}

extension GateDocument.Entry {
    fileprivate typealias Remark = (verdict: Verdict, title: String, text: String)

    /// What did not pass, one for each line.
    fileprivate var remarks: [Remark] {
        if let expectations {
            return expectations.lines.filter { $0.expected != nil && $0.verdict != .pass }.map { line in
                (
                    line.verdict, "\(run.experiment.name): \(line.cell)",
                    "expected \(line.expected?.rawValue ?? ""), found \(line.found.rawValue): \(line.reason)"
                )
            }
        }
        return gate.lines.filter { $0.verdict != .pass }.map { line in
            (
                line.verdict, "\(run.experiment.name): \(line.expression.text)",
                "\(line.cell): \(line.spell(line.value)) \(line.intervalText) against \(line.limitText), n = "
                    + "\(line.sampleText). \(line.remarks)"
            )
        }
    }

    fileprivate func markdown(isAlone: Bool) -> String {
        typealias Document = GateDocument
        var text = ""
        if !isAlone {
            text += "#### \(verdict.sign) \(Document.cell(run.experiment.name)): \(Document.cell(sentence))\n\n"
        }
        if let expectations {
            text += "| | policy | expected | found | why |\n|---|---|---|---|---|\n"
            for line in expectations.lines {
                let cells = [
                    line.expected == nil ? "not judged" : line.verdict.signed, Document.cell(line.cell),
                    line.expected?.rawValue ?? "–", line.found.rawValue, Document.cell(line.reason.oneLine(width: 160)),
                ]
                text += "| \(cells.joined(separator: " | ")) |\n"
            }
            text += gate.lines.isEmpty ? "" : "\n"
        }
        if !gate.lines.isEmpty {
            text += "| | condition | policy | value | bounds | n | why |\n|---|---|---|--:|--:|--:|---|\n"
            for line in gate.lines {
                let cells = [
                    line.verdict.signed, "`\(line.expression.text.replacing("|", with: "\\|"))`",
                    Document.cell(line.cell),
                    Document.cell(line.spell(line.value)), Document.cell(line.intervalText),
                    Document.cell(line.sampleText), Document.cell(line.remarks),
                ]
                text += "| \(cells.joined(separator: " | ")) |\n"
            }
        }
        let trials = Numbers.count(run.trialsPlanned - gate.missing, "trial")
        text +=
            (text.isEmpty ? "" : "\n") + "<sub>Run `\(run.identifier)`, \(run.world) world, seed \(run.seed), \(trials)"
        text += gate.lines.isEmpty ? ".</sub>\n" : "; bounds: \(gate.levelText).</sub>\n"
        return text
    }
}

extension Verdict {
    fileprivate var command: String {
        switch self {
        case .pass: "notice"
        case .fail: "error"
        case .inconclusive: "warning"
        }
    }

    /// For eyes that pass over a page.
    fileprivate var sign: String {
        switch self {
        case .pass: "✅"
        case .fail: "❌"
        case .inconclusive: "⚠️"
        }
    }

    /// With the word, for ears and for eyes that see no colours.
    fileprivate var signed: String { "\(sign) \(rawValue)" }
}
