import Experiments
package import Kubernetes
package import Recording

/// The runs of an archive.
package struct RunList: Hashable, Sendable {
    package let runs: [RunHeading]

    package init(_ runs: [RunHeading]) { self.runs = runs }

    package func text(_ style: Style) -> String {
        guard !runs.isEmpty else { return "no runs yet; boreas run makes one\n" }
        let isLabelled = runs.contains { !$0.label.isEmpty }
        var table = TextTable(
            [TextTable.Column("run", .left), TextTable.Column("experiment", .left), TextTable.Column("world", .left)]
                + (isLabelled ? [TextTable.Column("label", .left)] : []) + [
                    TextTable.Column("seed"), TextTable.Column("trials"), TextTable.Column("started", .left),
                    TextTable.Column("verdict", .left),
                ])
        for run in runs {
            table.add(
                [TextTable.Cell(run.identifier), TextTable.Cell(run.experiment), TextTable.Cell(run.world)]
                    + (isLabelled ? [TextTable.Cell(run.label)] : []) + [
                        "\(run.seed)", "\(run.trialsFinished)/\(run.trialsPlanned)",
                        TextTable.Cell(Numbers.date(run.startedEpochMicroseconds)),
                        TextTable.Cell(run.outcome?.rawValue ?? "unfinished", run.outcome?.ink ?? .dim),
                    ])
        }
        return table.text(style)
    }

    package var json: JSONValue {
        let list = runs.map { run -> JSONValue in
            [
                "run": .string(run.identifier), "experiment": .string(run.experiment), "world": .string(run.world),
                "label": .string(run.label),
                "seed": .integer(Int64(bitPattern: run.seed)), "trialsPlanned": .integer(Int64(run.trialsPlanned)),
                "trialsFinished": .integer(Int64(run.trialsFinished)),
                "started": .string(Numbers.date(run.startedEpochMicroseconds)),
                "verdict": run.outcome.map { .string($0.rawValue) } ?? .null,
            ]
        }
        return ["schema": "boreas.dev/runs/v1", "runs": .array(list)]
    }
}
