package import Experiments
package import Kubernetes
package import Recording
import Statistics

/// The gates of one run or several, as one document in any format.
package struct GateDocument: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var run: RunRecord
        package var gate: GateReport
        /// Nil where nothing is expected of policies, or where they are judged by themselves.
        package var expectations: ExpectationReport?

        package init(run: RunRecord, gate: GateReport, expectations: ExpectationReport?) {
            self.run = run
            self.gate = gate
            self.expectations = expectations
        }

        package var verdict: Verdict { expectations?.verdict ?? gate.verdict }
    }

    package let entries: [Entry]

    package init(_ entries: [Entry]) { self.entries = entries }

    package var verdict: Verdict { Verdict(all: entries.map(\.verdict)) }

    /// `boreas gate: FAIL: 1 of 3 conditions is broken`, of several runs with the runs that are to blame.
    package var sentence: String {
        guard entries.count != 1 else { return entries[0].sentence }
        let own = entries.filter { $0.verdict == verdict }
        let names = own.map { "\($0.run.experiment.name) (\($0.run.identifier))" }.joined(separator: ", ")
        return switch verdict {
        case .pass: "PASS: all \(entries.count) runs keep to their gates"
        case .fail: "FAIL: \(own.count) of \(Numbers.count(entries.count, "run")): \(names)"
        case .inconclusive:
            "INCONCLUSIVE, which is not green: \(own.count) of \(Numbers.count(entries.count, "run")): \(names)"
        }
    }

    /// For people at a terminal.
    package func text(_ style: Style) -> String {
        entries.map { entry in
            let heading = "run \(style.dressed(entry.run.identifier, .bold))  \(entry.run.experiment.name)\n"
            guard let expectations = entry.expectations else {
                return heading + entry.gate.conditions(style) + style.dressed(entry.sentence, entry.verdict.ink) + "\n"
            }
            let conditions = entry.gate.conditions(style)
            return heading + (conditions.isEmpty ? "" : conditions + "\n") + expectations.table(style)
                + style.dressed(entry.sentence, entry.verdict.ink) + "\n"
        }.joined(separator: "\n") + (entries.count == 1 ? "" : "\n\(sentence)\n")
    }

    /// Fields may be added; one that changes its meaning changes the schema's number.
    package var json: JSONValue {
        [
            "schema": "boreas.dev/gate/v2", "verdict": .string(verdict.rawValue), "sentence": .string(sentence),
            "runs": .array(
                entries.map { entry in
                    var object: JSONObject = [
                        "run": .string(entry.run.identifier), "experiment": .string(entry.run.experiment.name),
                        "world": .string(entry.run.world), "seed": .integer(Int64(bitPattern: entry.run.seed)),
                        "label": .string(entry.run.label),
                        "trialsPlanned": .integer(Int64(entry.run.trialsPlanned)),
                        "trialsMissing": .integer(Int64(entry.gate.missing)),
                        "sentence": .string(entry.sentence),
                        "expectations": entry.expectations?.json ?? .null,
                    ]
                    for (key, value) in entry.gate.members { object[key] = value }
                    object["verdict"] = .string(entry.verdict.rawValue)
                    if let expectations = entry.expectations { object["reason"] = .string(expectations.reason) }
                    return .object(object)
                }),
        ]
    }
}

extension GateDocument.Entry {
    /// The verdict with what it rests on, in one line.
    package var sentence: String {
        if let expectations {
            switch expectations.verdict {
            case .pass: return "PASS: every policy came to what was expected of it"
            case .fail: return "FAIL: \(expectations.reason)"
            case .inconclusive: return "INCONCLUSIVE, which is not green: \(expectations.reason)"
            }
        }
        let lines = gate.lines
        let own = lines.filter { $0.verdict == gate.verdict }
        let first = own.first.map { "; first \($0.expression.text) of \($0.cell), \($0.shortReason)" } ?? ""
        switch gate.verdict {
        case .pass:
            return lines.isEmpty
                ? "PASS: all trials passed, and the experiment has no gate"
                : "PASS: \(lines.count == 1 ? "the condition is" : "all \(lines.count) conditions are") kept"
        case .fail:
            return lines.isEmpty
                ? "FAIL: trials failed, and the experiment has no gate"
                : "FAIL: \(own.count) of \(Numbers.count(lines.count, "condition")) broken\(first)"
        case .inconclusive:
            let parts = [
                gate.reason,
                own.isEmpty
                    ? "" : "\(own.count) of \(Numbers.count(lines.count, "condition")) undecided\(first)",
            ].filter { !$0.isEmpty }
            return
                "INCONCLUSIVE, which is not green: \(parts.isEmpty ? "trials showed nothing" : parts.joined(separator: "; "))"
        }
    }
}

extension GateReport.Line {
    /// The reason, and of a broken limit the value.
    var shortReason: String {
        guard verdict == .fail else { return reason }
        let bound = isAbove ? interval.lower : interval.upper
        // A total is what it is.
        if bound == value { return spell(value) }
        return isAbove
            ? "\(spell(value)) and at least \(spell(interval.lower))"
            : "\(spell(value)) and at most \(spell(interval.upper))"
    }

    /// On which side of its limit a broken condition lies.
    private var isAbove: Bool {
        switch expression.relation {
        case .atMost, .below: true
        case .atLeast, .above: false
        case .equal: interval.lower > expression.limit
        }
    }
}
