import Determinism
package import Experiments
import Faults
package import Kubernetes
package import Recording
import Statistics

/// A run as a table: one line for each cell.
package struct RunReport: Hashable, Sendable {
    package let run: RunRecord
    package let cells: [CellSummary]
    package let gate: GateReport
    /// Nil where the experiment says nothing of what its policies are to come to.
    package let expectations: ExpectationReport?
    private let tallies: [TrialTally]

    /// - Parameters:
    ///   - baseline: What conditions against `baseline` are held against.
    ///   - looks: The looks at the run, where it was carried on until it was decided.
    package init(_ run: RunRecord, _ tallies: [TrialTally], baseline: Evidence? = nil, looks: [Look] = []) {
        self.run = run
        self.tallies = tallies.sorted { $0.number < $1.number }
        cells = CellSummary.cells(of: run, tallies)
        gate = GateReport(run, tallies, baseline: baseline, looks: looks)
        expectations = ExpectationReport(run, tallies, gate: gate)
    }

    /// What the exit code tells: whether the policies did what was expected of them, and without expectations, whether
    /// they did well.
    package var verdict: Verdict { expectations?.verdict ?? gate.verdict }

    /// What the verdict rests on, and the verdict in a sentence.
    private func conclusion(_ style: Style) -> String {
        let parts = [gate.conditions(style), expectations?.table(style) ?? ""].filter { !$0.isEmpty }
        let headline = Headline(self)
        let verdict = style.dressed(headline.verdict.shout, headline.verdict.ink)
        return parts.joined(separator: "\n") + "\(verdict): \(headline.sentence)\n"
    }

    /// `embedded v1.33.0`; a simulated server has no version but that it is one.
    var worldText: String {
        run.serverVersion.isEmpty || run.serverVersion == run.world ? run.world : "\(run.world) \(run.serverVersion)"
    }

    package func text(_ style: Style) -> String {
        var text = "run \(style.dressed(run.identifier, .bold))  \(run.experiment.name)  \(worldText)"
        text += run.label.isEmpty ? "" : "  label \(run.label)"
        text += "  seed \(run.seed)  \(tallies.count) of \(Numbers.count(run.trialsPlanned, "trial"))"
        text += "  \(Numbers.date(run.startedEpochMicroseconds))\n\n"
        text += subjectTable(style)
        text += run.experiment.isOfProcess ? "" : remarksOnSuccess
        text += weather.isEmpty ? "" : "weather: \(weather)\n"
        text += troubles(style)
        return text + "\n" + conclusion(style)
    }

    /// What makes intervals of success wider than so many workflows or operations by themselves would.
    private var remarksOnSuccess: String {
        var text = ""
        for cell in cells {
            guard let effect = cell.success.effectText else { continue }
            text +=
                "\(cell.policy)\(cell.variation.isEmpty ? "" : " \(cell.variation)"): trials differ more than chance "
            text += "makes them (design effect \(effect)), and the interval allows for it\n"
        }
        if cells.contains(where: { $0.success.clusters == 1 && $0.success.pooled.count > 1 }) {
            text += "one trial does not tell how much trials differ: its interval is the whole\n"
        }
        return text
    }

    /// The faults that there were to be, by who could be to blame for them: `conformant (crash, reset), degraded (status)`.
    private var weather: String {
        if run.experiment.isSwarm { return "drawn for each trial, conformant and degraded" }
        let kinds = faultKinds
        return Fault.Validity.allCases.compactMap { validity in
            let own = kinds.filter { $0.validity == validity }.map(\.rawValue)
            return own.isEmpty ? nil : "\(validity.rawValue) (\(own.joined(separator: ", ")))"
        }
        .joined(separator: ", ")
    }

    private var faultKinds: [Fault.Kind] {
        let named = Set(run.experiment.variations.flatMap(\.plan.rules).map(\.fault.kind))
        return Fault.Kind.allCases.filter(named.contains)
    }

    private func subjectTable(_ style: Style) -> String {
        if run.experiment.isOfClients { return clientTable(style) }
        return run.experiment.isOfProcess ? processTable(style) : workflowTable(style)
    }

    private func workflowTable(_ style: Style) -> String {
        var text = table(style)
        text +=
            "success: share of workflows, with its 95 % Wilson interval over trials (where nothing failed, each trial\n"
        text += "counts once); operations and attempts: all of the cell; amplification: attempts an operation"
        text += cells.contains { $0.missed != nil } ? "; missed: times without the workflow that was due;\n" : ";\n"
        text += "p50 to p99: nearest-rank seconds from submission to success, never where too many did not succeed\n"
        return text
    }

    private func table(_ style: Style) -> String {
        let isVaried = cells.contains { !$0.variation.isEmpty }
        var columns = [TextTable.Column("policy", .left)]
        if isVaried { columns.append(TextTable.Column("variation", .left)) }
        columns += [
            "trials", "workflows", "success", "", "operations", "attempts", "amplification", "p50", "p95", "p99",
        ].map { TextTable.Column($0) }
        let isScheduled = cells.contains { $0.missed != nil }
        if isScheduled { columns.append(TextTable.Column("missed")) }
        columns += ["faults", "violations"].map { TextTable.Column($0) }
        columns.append(TextTable.Column("verdict", .left))
        var table = TextTable(columns)
        for cell in cells {
            let success = cell.success
            let completions = cell.completions
            var row = [TextTable.Cell(cell.policy)]
            if isVaried { row.append(TextTable.Cell(cell.variation)) }
            row += [
                "\(cell.trials.count)", "\(cell.workflows)", TextTable.Cell(Numbers.percent(success.pooled.value)),
                TextTable.Cell(Numbers.text(success.wilson(), Numbers.percent), .dim),
                "\(cell.total(\.operations))", "\(cell.total(\.attempts))",
                TextTable.Cell(Numbers.decimal(cell.amplification.value, 2)),
            ]
            row += [0.5, 0.95, 0.99].map { q in
                TextTable.Cell(completions.quantile(q).map(Numbers.seconds) ?? "-")
            }
            if isScheduled { row.append(TextTable.Cell(cell.missed.map(String.init) ?? "-")) }
            row += ["\(cell.total(\.faults))", "\(cell.total(\.violations))"]
            row.append(TextTable.Cell(cell.verdict.rawValue, cell.verdict.ink))
            table.add(row)
        }
        return table.text(style)
    }

    /// The trials that did not pass, a few of each cell, each with the command that shows it.
    private func troubles(_ style: Style) -> String {
        let troubled = tallies.filter { $0.outcome != .pass }
        guard !troubled.isEmpty else { return "" }
        var text = "\n"
        for tally in troubled.prefix(Self.troublesMax) {
            let cell = [tally.key.policy, tally.key.variation].filter { !$0.isEmpty }.joined(separator: " ")
            let outcome = tally.outcome.rawValue
            let rest = " \(run.identifier)/\(tally.number) \(cell): \(tally.reason)"
            text += style.dressed(outcome, tally.outcome.ink)
            text += rest.oneLine(width: Self.troubleWidth - outcome.count) + "\n"
        }
        let more = troubled.count - Self.troublesMax
        if more > 0 { text += "and \(more) more; -o json has all\n" }
        return text + "boreas show \(run.identifier)/\(troubled[0].number) shows what happened\n"
    }

    private static let troublesMax = 10
    /// Characters of a trouble's line; the timeline has the whole of it.
    private static let troubleWidth = 200

    package var json: JSONValue {
        [
            "schema": "boreas.dev/run/v1", "run": .string(run.identifier), "experiment": .string(run.experiment.name),
            "world": .string(run.world), "serverVersion": .string(run.serverVersion),
            "boreasVersion": .string(run.boreasVersion), "seed": .integer(Int64(bitPattern: run.seed)),
            "started": .string(Numbers.date(run.startedEpochMicroseconds)),
            "finished": run.finishedEpochMicroseconds.map { .string(Numbers.date($0)) } ?? .null,
            "trialsPlanned": .integer(Int64(run.trialsPlanned)), "verdict": .string(verdict.rawValue),
            "validity": .array(
                Fault.Validity.allCases.filter { Set(faultKinds.map(\.validity)).contains($0) }
                    .map { .string($0.rawValue) }),
            "cells": .array(cells.map(\.json)), "gate": gate.json, "expectations": expectations?.json ?? .null,
            "trials": .array(tallies.map(\.json)),
        ]
    }
}

extension ClusteredProportion {
    /// How many times larger the variance is than chance makes it; nil where nobody would see it.
    var effectText: String? {
        let text = Numbers.decimal(designEffect, 1)
        return designEffect > 1 && text != "1.0" ? text : nil
    }
}

extension CellSummary {
    /// Scheduled times for which no workflow came, in all trials; nil where nothing is scheduled.
    var missed: Int? {
        let counts = trials.flatMap { $0.samples(.cronMissed) }
        return counts.isEmpty ? nil : Int(counts.reduce(0) { $0 + $1.value })
    }

    var json: JSONValue {
        let completions = completions
        func quantile(_ q: Double) -> JSONValue { Numbers.json(completions.quantile(q)) }
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        return [
            "policy": .string(policy), "variation": .string(variation), "trials": integer(trials.count),
            "workflows": integer(workflows), "workflowsSucceeded": integer(total(\.workflowsSucceeded)),
            "successRate": Numbers.json(success.pooled.value),
            "successRateInterval": Numbers.json(success.wilson()),
            "designEffect": Numbers.json(success.designEffect), "operations": integer(total(\.operations)),
            "attempts": integer(total(\.attempts)), "amplification": Numbers.json(amplification.value),
            "cronMissed": missed.map(integer) ?? .null,
            "completionSeconds": ["p50": quantile(0.5), "p95": quantile(0.95), "p99": quantile(0.99)],
            "faults": integer(total(\.faults)), "violations": integer(total(\.violations)),
            "verdict": .string(verdict.rawValue),
        ]
    }
}

extension TrialTally {
    var json: JSONValue {
        func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        return [
            "number": integer(number), "policy": .string(key.policy), "variation": .string(key.variation),
            "index": integer(key.index), "seed": .integer(Int64(bitPattern: seed)),
            "outcome": .string(outcome.rawValue), "reason": .string(reason), "digest": .string(digest),
            "historyDigest": .string(historyDigest),
            "durationSeconds": .number(duration.seconds), "workflows": integer(workflows),
            "workflowsSucceeded": integer(workflowsSucceeded), "operations": integer(operations),
            "attempts": integer(attempts), "faults": integer(faults), "violations": integer(violations),
        ]
    }
}
