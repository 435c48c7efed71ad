import Experiments
package import Kubernetes

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
            TextTable.Column("value"), TextTable.Column("bounds"), TextTable.Column("limit"), TextTable.Column("n"),
            TextTable.Column("", .left),
        ])
        for line in lines {
            table.add([
                TextTable.Cell(line.verdict.shout, line.verdict.ink), TextTable.Cell(line.expression.text),
                TextTable.Cell(line.cell), TextTable.Cell(line.spell(line.value)),
                TextTable.Cell(Numbers.text(line.interval, line.spell)), TextTable.Cell(line.limitText),
                "\(line.n) \(line.sampleUnit)",
                TextTable.Cell([line.reason, line.power].filter { !$0.isEmpty }.joined(separator: "; "), .dim),
            ])
        }
        return lines.isEmpty ? "" : table.text(style) + "bounds: one-sided 95 % each\n"
    }

    package var json: JSONValue {
        [
            "schema": "boreas.dev/gate/v1", "verdict": .string(verdict.rawValue), "reason": .string(reason),
            "lines": .array(lines.map(\.json)),
        ]
    }
}

extension GateReport.Line {
    var cell: String { variation.isEmpty ? policy : "\(policy) \(variation)" }

    /// A value in the unit of the limit.
    func spell(_ value: Double) -> String {
        if value.isNaN { return "-" }
        guard expression.baseline != nil else { return Numbers.text(value, of: expression.measure.metric) }
        return expression.measure.metric.kind == .share ? Numbers.change(value, " points") : Numbers.change(value)
    }

    var limitText: String { "\(expression.relation.rawValue) \(spell(expression.limit))" }

    var json: JSONValue {
        [
            "condition": .string(expression.text), "metric": .string(expression.measure.name),
            "baseline": expression.baseline.map { .string($0.name) } ?? .null, "policy": .string(policy),
            "variation": .string(variation), "value": Numbers.json(value), "interval": Numbers.json(interval),
            "limit": Numbers.json(expression.limit), "relation": .string(expression.relation.rawValue),
            "n": .integer(Int64(n)), "sampleUnit": .string(sampleUnit),
            "minimum": expression.minimum.map { .integer(Int64($0)) } ?? .null, "verdict": .string(verdict.rawValue),
            "reason": .string(reason), "power": .string(power),
        ]
    }
}
