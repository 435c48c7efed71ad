import Experiments
import Recording

extension GateDocument {
    /// GitHub's workflow commands, one a line (https://docs.github.com/actions/reference/workflow-commands-for-github-actions):
    /// an error for what is broken, a warning for what is inconclusive, and a notice with the verdict.
    package var github: String {
        let remarks = entries.flatMap(\.remarks)
        var lines = [Self.command(verdict.command, "boreas gate", sentence)]
        // What is broken is shown before what is open, where there is no room for all.
        let broken = remarks.filter { $0.verdict == .fail }
        let shown = (broken + remarks.filter { $0.verdict != .fail }).prefix(Self.annotationsMax)
        lines += shown.map { Self.command($0.verdict.command, $0.title, $0.text) }
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
        "::\(name) title=\(escape(title, isProperty: true))::\(escape(message, isProperty: false))"
    }

    private static func escape(_ text: String, isProperty: Bool) -> String {
        var escaped = ""
        // By scalars: to characters, a carriage return with a line feed is one that equals neither.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": escaped += "%25"
            case "\r": escaped += "%0D"
            case "\n": escaped += "%0A"
            case ":" where isProperty: escaped += "%3A"
            case "," where isProperty: escaped += "%2C"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A comment on a pull request: the verdict in a sentence, then what it rests on.
    package var markdown: String {
        var text = "### \(verdict.emoji) \(MarkdownText.escaped(sentence))\n"
        for entry in entries { text += "\n" + entry.markdown(isAlone: entries.count == 1) }
        return text
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
        var text = ""
        if !isAlone {
            text +=
                "#### \(verdict.emoji) \(MarkdownText.escaped(run.experiment.name)): \(MarkdownText.escaped(sentence))\n\n"
        }
        if let expectations {
            text += "| | policy | expected | found | why |\n|---|---|---|---|---|\n"
            for line in expectations.lines {
                let cells = [
                    line.expected == nil ? "not judged" : line.verdict.signed, MarkdownText.escaped(line.cell),
                    line.expected?.rawValue ?? "–", line.found.rawValue,
                    MarkdownText.escaped(line.reason.oneLine(width: 160)),
                ]
                text += "| \(cells.joined(separator: " | ")) |\n"
            }
            text += gate.lines.isEmpty ? "" : "\n"
        }
        if !gate.lines.isEmpty {
            text += "| | condition | policy | value | bounds | n | why |\n|---|---|---|--:|--:|--:|---|\n"
            for line in gate.lines {
                let cells = [
                    line.verdict.signed, MarkdownText.code(line.expression.text),
                    MarkdownText.escaped(line.cell),
                    MarkdownText.escaped(line.spell(line.value)), MarkdownText.escaped(line.intervalText),
                    MarkdownText.escaped(line.sampleText), MarkdownText.escaped(line.remarks),
                ]
                text += "| \(cells.joined(separator: " | ")) |\n"
            }
        }
        let trials = Numbers.count(run.trialsPlanned - gate.missing, "trial")
        var facts = ["Run `\(run.identifier)`, \(run.world) world, seed \(run.seed), \(trials)"]
        if !gate.lines.isEmpty { facts.append("bounds: \(gate.levelText)") }
        if let baseline = gate.baseline { facts.append("baseline: \(MarkdownText.escaped(baseline.text))") }
        return text + (text.isEmpty ? "" : "\n") + "<sub>\(facts.joined(separator: "; ")).</sub>\n"
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
    fileprivate var emoji: String {
        switch self {
        case .pass: "✅"
        case .fail: "❌"
        case .inconclusive: "⚠️"
        }
    }

    /// With the word, for ears and for eyes that see no colours.
    fileprivate var signed: String { "\(emoji) \(rawValue)" }
}
