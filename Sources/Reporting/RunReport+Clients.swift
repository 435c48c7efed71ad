import Experiments
import Recording
import Statistics

extension RunReport {
    /// The cells of a run whose subject is clients: what their study measures, and not what workflows came to.
    func clientTable(_ style: Style) -> String {
        let isVaried = cells.contains { !$0.variation.isEmpty }
        let metrics = Metric.clientMetrics(in: cells)
        var columns = [TextTable.Column("policy", .left)]
        if isVaried { columns.append(TextTable.Column("variation", .left)) }
        columns += ["trials", "operations", "success", "", "amplification", "attempts"].map { TextTable.Column($0) }
        columns += metrics.map { TextTable.Column($0.rawValue) }
        columns.append(TextTable.Column("verdict", .left))
        var table = TextTable(columns)
        for cell in cells {
            let success = cell.success
            var row = [TextTable.Cell(cell.policy)]
            if isVaried { row.append(TextTable.Cell(cell.variation)) }
            row += [
                "\(cell.trials.count)", "\(cell.total(\.operations))",
                TextTable.Cell(Numbers.percent(success.pooled.value)),
                TextTable.Cell(Numbers.text(success.wilson(), Numbers.percent), .dim),
                TextTable.Cell(Numbers.decimal(cell.amplification.value, 2)), "\(cell.total(\.attempts))",
            ]
            row += metrics.map { TextTable.Cell(Numbers.text(cell.typical($0), of: $0)) }
            row.append(TextTable.Cell(cell.verdict.rawValue, cell.verdict.ink))
            table.add(row)
        }
        return table.text(style)
            + "success: share of operations, with its 95 % Wilson interval over trials (where nothing failed, each trial counts\n"
            + "once); amplification: attempts an operation;\n"
            + "operations and attempts: all of the cell; the columns after them are means of the trials, recovery and drain\n"
            + "their medians\n"
    }
}

extension Metric {
    /// Those that a table of clients has a column for, where any trial has a value.
    static func clientMetrics(in cells: [CellSummary]) -> [Metric] {
        [
            .conflicts, .makespan, .goodput, .recovery, .drain, .operationsLost, .attemptsPeak, .stormAmplification,
            .workWasted, .herd,
        ].filter { metric in cells.contains { $0.sampleCount(Measure(metric)) > 0 } }
    }
}

extension CellSummary {
    /// The mean of the trials, or the median of a metric some of whose values never came.
    func typical(_ metric: Metric) -> Double {
        metric.kind == .distribution
            ? distribution(Measure(metric)).quantile(0.5) ?? .nan : ratio(Measure(metric)).value
    }
}
