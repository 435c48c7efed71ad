import Experiments
import Recording
import Statistics

extension RunReport {
    /// The cells of a run whose subject is a process: what the proxy saw of it under each plan, after the calm trials that
    /// the others are held against.
    func processTable(_ style: Style) -> String {
        var table = TextTable([
            TextTable.Column("variation", .left), TextTable.Column("trials"), TextTable.Column("operations"),
            TextTable.Column("attempts"), TextTable.Column("amplification"), TextTable.Column("faults"),
            TextTable.Column("violations"), TextTable.Column("verdict", .left),
        ])
        for cell in cells {
            table.add([
                TextTable.Cell(cell.variation.isEmpty ? "-" : cell.variation), "\(cell.trials.count)",
                "\(cell.total(\.operations))", "\(cell.total(\.attempts))",
                TextTable.Cell(Numbers.decimal(cell.amplification.value, 2)), "\(cell.total(\.faults))",
                "\(cell.total(\.violations))", TextTable.Cell(cell.verdict.rawValue, cell.verdict.ink),
            ])
        }
        return table.text(style)
            + "calm: without faults, what the other trials are held against; operations and attempts: all of the cell; amplification:\n"
            + "attempts an operation\n"
    }
}
