import Experiments
package import Kubernetes
import Statistics

extension ComparisonReport {
    package var json: JSONValue {
        [
            "schema": "boreas.dev/comparison/v1", "by": .string(axis.rawValue), "baseline": .string(baseline),
            "arms": JSONValue(arms), "margin": Numbers.json(margin), "tests": .integer(Int64(family)),
            "facts": .object(JSONObject(uniqueKeysWithValues: facts.map { ($0.name, .string($0.value)) })),
            "summary": .string(summary), "rows": .array(rows.map(\.json)), "notes": JSONValue(warnings + notes),
        ]
    }

    /// One comparison a line, with a heading: RFC 4180 but for the ends of lines.
    package var csv: String {
        let fields: [(String, (Row) -> String)] = [
            ("metric", \.measure.name), ("variation", \.variation), ("policy", \.policy), ("arm", \.arm),
            ("base", { Self.number($0.base.value) }), ("base_lower", { Self.number($0.base.interval.lower) }),
            ("base_upper", { Self.number($0.base.interval.upper) }), ("base_n", { "\($0.base.n)" }),
            ("base_never", { "\($0.base.never)" }), ("candidate", { Self.number($0.candidate.value) }),
            ("candidate_lower", { Self.number($0.candidate.interval.lower) }),
            ("candidate_upper", { Self.number($0.candidate.interval.upper) }),
            ("candidate_n", { "\($0.candidate.n)" }), ("candidate_never", { "\($0.candidate.never)" }),
            ("change", { Self.number($0.change) }), ("change_unit", \.changeUnit.rawValue),
            ("change_lower", { Self.number($0.changeInterval?.lower) }),
            ("change_upper", { Self.number($0.changeInterval?.upper) }), ("p", { Self.number($0.p) }),
            ("p_alone", { Self.number($0.pAlone) }), ("n", { "\($0.n)" }), ("paired", { "\($0.isPaired)" }),
            ("shown", { "\($0.isShown)" }), ("cliffs_delta", { Self.number($0.effect?.delta) }),
            ("effect", { $0.effect?.magnitude.rawValue ?? "" }), ("detectable", { Self.number($0.detectable) }),
            ("verdict", \.verdict.rawValue), ("note", { $0.footnote ?? "" }),
            ("method", \.method.rawValue),
        ]
        let lines = [fields.map(\.0)] + rows.map { row in fields.map { $0.1(row) } }
        return lines.map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
    }

    /// Empty for what is not known; `inf` for what never came.
    private static func number(_ value: Double?) -> String {
        guard let value, !value.isNaN else { return "" }
        return value.isInfinite ? (value > 0 ? "inf" : "-inf") : "\(value)"
    }

    private static func quoted(_ field: String) -> String {
        // By scalars: to characters, a carriage return with a line feed is one that equals neither.
        let special: Set<Unicode.Scalar> = [",", "\"", "\n", "\r"]
        guard field.unicodeScalars.contains(where: special.contains) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }

    /// A table for a pull request.
    package var markdown: String {
        func told(_ notes: [String]) -> String { notes.map { "\n\(MarkdownText.escaped($0))\n" }.joined() }
        guard !rows.isEmpty else {
            return "Nothing to compare with \(MarkdownText.escaped(baseline)).\n" + told(warnings + notes)
        }
        var text = "**\(MarkdownText.escaped(summary))**\n\n"
        if !facts.isEmpty {
            text += facts.map { "**\($0.name)** \(MarkdownText.escaped($0.value))" }.joined(separator: " · ") + "\n\n"
        }
        if !warnings.isEmpty { text += told(warnings).dropFirst() + "\n" }
        let isVaried = Set(rows.map(\.variation)).count > 1
        let isOfPolicies = Set(rows.map(\.policy)).count > 1 || axis == .policy
        var titles = ["metric"]
        if isVaried { titles.append("variation") }
        if isOfPolicies { titles.append(axis == .policy ? "policy" : "of") }
        titles += [
            MarkdownText.escaped(baseline), MarkdownText.escaped(candidate ?? "candidate"), "vs base", "p", "n",
            "verdict",
        ]
        text += "| " + titles.joined(separator: " | ") + " |\n"
        text += "|" + titles.map { $0 == "p" || $0 == "n" ? " ---: |" : " --- |" }.joined() + "\n"
        var footnotes = Footnotes()
        for row in rows {
            var cells = [MarkdownText.code(row.measure.name)]
            if isVaried { cells.append(MarkdownText.cell(row.variation)) }
            if isOfPolicies { cells.append(MarkdownText.cell(row.arm)) }
            let conclusion = row.verdict == .equal && row.conclusion.isEmpty ? "equal" : row.conclusion
            let isPlain = row.verdict == .open || row.verdict == .equal
            cells += [
                MarkdownText.escaped(row.text(row.base)), MarkdownText.escaped(row.text(row.candidate)),
                MarkdownText.escaped(row.changeText), MarkdownText.escaped(row.pText),
                (row.isPaired ? "\(row.n)" : "\(row.base.n)+\(row.candidate.n)") + footnotes.mark(row.footnote),
                isPlain ? MarkdownText.cell(conclusion) : "**\(MarkdownText.escaped(conclusion))**",
            ]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        let adjusted = family > 1 ? "p: adjusted for \(Numbers.count(family, "test")) (Holm); " : ""
        text += "\n\(adjusted)\\~ where no difference is shown\n"
        return text + told(footnotes.lines + notes)
    }
}

extension ComparisonReport.Row {
    var json: JSONValue {
        func part(_ estimate: ComparisonReport.Estimate) -> JSONValue {
            [
                // A value that never came is no number in JSON; the count of those says so.
                "value": Numbers.json(estimate.value), "interval": Numbers.json(estimate.interval),
                "n": .integer(Int64(estimate.n)), "units": .integer(Int64(estimate.units)),
                "never": .integer(Int64(estimate.never)),
            ]
        }
        return [
            "metric": .string(measure.name), "variation": .string(variation), "policy": .string(policy),
            "arm": .string(arm), "base": part(base), "candidate": part(candidate), "change": Numbers.json(change),
            "changeUnit": .string(changeUnit.rawValue), "changeInterval": Numbers.json(changeInterval),
            "p": Numbers.json(p), "pAlone": Numbers.json(pAlone), "isShown": .bool(isShown),
            "method": .string(method.rawValue),
            "isPaired": .bool(isPaired), "n": .integer(Int64(n)), "isEqual": .bool(isEqual),
            "cliffsDelta": Numbers.json(effect?.delta),
            "effect": effect.map { .string($0.magnitude.rawValue) } ?? .null, "detectable": Numbers.json(detectable),
            "verdict": .string(verdict.rawValue), "note": footnote.map(JSONValue.string) ?? .null,
        ]
    }
}
