import Experiments
package import Kubernetes
import Statistics

extension ComparisonReport {
    package var json: JSONValue {
        [
            "schema": "boreas.dev/comparison/v1", "by": .string(axis.rawValue), "baseline": .string(baseline),
            "arms": JSONValue(arms), "margin": Numbers.json(margin), "tests": .integer(Int64(family)),
            "facts": .object(JSONObject(uniqueKeysWithValues: facts.map { ($0.name, .string($0.value)) })),
            "rows": .array(rows.map(\.json)), "notes": JSONValue(notes),
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
        guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }

    /// A table for a pull request.
    package var markdown: String {
        guard !rows.isEmpty else { return "Nothing to compare with \(baseline).\n" }
        var text =
            facts.isEmpty
            ? "" : facts.map { "**\($0.name)** \(Self.escaped($0.value))" }.joined(separator: " · ") + "\n\n"
        let isVaried = Set(rows.map(\.variation)).count > 1
        let isOfPolicies = Set(rows.map(\.policy)).count > 1 || axis == .policy
        var titles = ["metric"]
        if isVaried { titles.append("variation") }
        if isOfPolicies { titles.append(axis == .policy ? "policy" : "of") }
        titles += [Self.escaped(baseline), Self.escaped(candidate ?? "candidate"), "vs base", "p", "n", "verdict"]
        text += "| " + titles.joined(separator: " | ") + " |\n"
        text += "|" + titles.map { $0 == "p" || $0 == "n" ? " ---: |" : " --- |" }.joined() + "\n"
        var footnotes = Footnotes()
        for row in rows {
            var cells = ["`\(row.measure.name)`"]
            if isVaried { cells.append(Self.escaped(row.variation)) }
            if isOfPolicies { cells.append(Self.escaped(row.arm)) }
            cells += [
                row.text(row.base), row.text(row.candidate), Self.escaped(row.changeText),
                row.p.map { Numbers.decimal($0, 3) } ?? "-",
                (row.isPaired ? "\(row.n)" : "\(row.base.n)+\(row.candidate.n)") + footnotes.mark(row.footnote),
                row.verdict == .equal && row.conclusion.isEmpty
                    ? "equal"
                    : row.verdict == .open || row.verdict == .equal ? row.conclusion : "**\(row.conclusion)**",
            ]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        text += "\np: adjusted for \(Numbers.count(family, "test")) (Holm); ~ where no difference is shown\n"
        for note in footnotes.lines + notes { text += "\n\(Self.escaped(note))\n" }
        return text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("~", with: "\\~").replacing("*", with: "\\*")
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
            "isPaired": .bool(isPaired), "n": .integer(Int64(n)), "isEqual": .bool(isEqual),
            "cliffsDelta": Numbers.json(effect?.delta),
            "effect": effect.map { .string($0.magnitude.rawValue) } ?? .null, "detectable": Numbers.json(detectable),
            "verdict": .string(verdict.rawValue), "note": footnote.map(JSONValue.string) ?? .null,
        ]
    }
}
