import Experiments
package import Kubernetes
import Recording
import Statistics

extension GateReport {
    /// One line a condition and cell: verdict, condition, value, bounds, n, and why.
    package func text(_ style: Style) -> String {
        let why = reason.isEmpty ? "" : ": \(reason)"
        return conditions(style) + "\(style.dressed(verdict.shout, verdict.ink))\(why)\n"
    }

    /// The lines without the verdict on them.
    func conditions(_ style: Style) -> String {
        var table = TextTable([
            TextTable.Column("gate", .left), TextTable.Column("condition", .left), TextTable.Column("policy", .left),
            TextTable.Column("value"), TextTable.Column("bounds"), TextTable.Column("limit"),
            TextTable.Column("n", .left),
        ])
        for line in lines {
            table.add([
                TextTable.Cell(line.verdict.shout, line.verdict.ink), TextTable.Cell(line.expression.text),
                TextTable.Cell(line.cell), TextTable.Cell(line.spell(line.value)),
                TextTable.Cell(line.intervalText), TextTable.Cell(line.limitText), TextTable.Cell(line.sampleText),
            ])
        }
        guard !lines.isEmpty else { return "" }
        // What there is to say of a line stands below it, because it is longer than the line.
        let rows = table.text(style).split(separator: "\n")
        var text = "\(rows[0])\n"
        for (row, line) in zip(rows.dropFirst(), lines) {
            text += "\(row)\n"
            for remark in [line.reason, line.power] where !remark.isEmpty {
                text += "  \(style.dressed(remark, .dim))\n"
            }
        }
        text += "bounds: \(levelText)\n"
        return baseline.map { text + "baseline: \($0.text)\n" } ?? text
    }

    /// At what level each bound holds, and why at that one.
    var levelText: String {
        guard let look else { return "one-sided 95 % each, of trials and not of what happens within them" }
        let words =
            "look \(look.number) of a run that is carried on, which spends 5 % in all by "
            + "\(Numbers.count(look.trialsMax, "trial")) a cell"
        // There is no bound at a level of 0.
        return level > 0 ? "one-sided \(Self.percent(1 - level)) each: \(words)" : "none yet: \(words)"
    }

    private static func percent(_ share: Double) -> String { Numbers.percent(share).replacing("%", with: " %") }

    /// What a run's report has of it.
    package var json: JSONValue {
        var object = JSONObject()
        for (key, value) in members { object[key] = value }
        return .object(object)
    }

    /// What both the report of a run and the document of a gate tell.
    var members: [(String, JSONValue)] {
        [
            ("verdict", .string(verdict.rawValue)), ("reason", .string(reason)), ("level", Numbers.json(level)),
            (
                "look",
                look.map { look -> JSONValue in
                    [
                        "number": .integer(Int64(look.number)), "trials": .integer(Int64(look.trials)),
                        "trialsMax": .integer(Int64(look.trialsMax)),
                    ]
                } ?? .null
            ), ("baseline", baseline?.json ?? .null), ("lines", .array(lines.map(\.json))),
        ]
    }
}

extension GateReport.Line {
    package var cell: String {
        [policy.isEmpty ? "-" : policy, variation].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// A value in the unit of the limit.
    func spell(_ value: Double) -> String {
        if value.isNaN { return "-" }
        let metric = expression.measure.metric
        switch expression.change {
        case nil: return Numbers.text(value, of: metric)
        case .points?: return Numbers.margin(value, "pt")
        case .relative?: return value == .infinity ? "never" : Numbers.margin(value, "%")
        case .absolute?:
            if value == .infinity { return "never" }
            return (value < 0 ? "-" : "+") + Numbers.text(abs(value), of: metric)
        }
    }

    var limitText: String { "\(expression.relation.rawValue) \(spell(expression.limit))" }

    var intervalText: String { value.isNaN ? "-" : Numbers.text(interval, spell) }

    /// `2000 workflows in 50 trials`.
    var sampleText: String {
        guard sampleUnit != "trials" else { return Numbers.count(n, "trial") }
        return "\(n) \(sampleUnit) in \(Numbers.count(trials, "trial"))"
    }

    /// Why it is no pass, and what the sample could have shown.
    var remarks: String { [reason, power].filter { !$0.isEmpty }.joined(separator: "; ") }

    var json: JSONValue {
        [
            "condition": .string(expression.text), "metric": .string(expression.measure.name),
            "baseline": expression.baseline.map { .string($0.name) } ?? .null, "policy": .string(policy),
            "variation": .string(variation), "value": Numbers.json(value), "interval": Numbers.json(interval),
            "limit": Numbers.json(expression.limit), "limitUnit": .string(limitUnit),
            "relation": .string(expression.relation.rawValue),
            "n": .integer(Int64(n)), "sampleUnit": .string(sampleUnit), "trials": .integer(Int64(trials)),
            "minimum": expression.minimum.map { .integer(Int64($0)) } ?? .null, "verdict": .string(verdict.rawValue),
            "reason": .string(reason), "power": .string(power), "isOpen": .bool(isOpen),
        ]
    }

    /// What value, interval and limit count in.
    private var limitUnit: String {
        switch expression.change {
        case .points?: return "share"
        case .relative?: return "relative"
        case .absolute?, nil: break
        }
        return switch expression.measure.metric.unit {
        case .share: "share"
        case .seconds: "seconds"
        case .ratio: "ratio"
        case .count: "count"
        case .perSecond: "perSecond"
        }
    }
}

extension Numbers {
    /// `+10%`, `-0.25pt`: a change in hundredths, with no more digits than it needs.
    static func margin(_ share: Double, _ unit: String) -> String {
        let text = trimmed(decimal(share * 100, abs(share) < 0.01 ? 2 : 1))
        return (share >= 0 ? "+" : "") + text + unit
    }
}
