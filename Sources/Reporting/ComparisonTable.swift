import Experiments

/// The rows of a comparison as lines: the baseline beside each candidate, or, where several are held against one, above
/// them.
struct ComparisonTable {
    /// What stands above a part of the table: the metric, where there are several variations to be read along.
    private var sections: [(title: String, columns: [TextTable.Column], rows: [[TextTable.Cell]])] = []

    /// Characters of a name above a narrow column.
    private static let nameMax = 20

    /// - Parameter isNarrow: With names cut short, and without the values' own intervals: that of the change remains.
    init(
        _ report: ComparisonReport, _ rows: [ComparisonReport.Row], _ footnotes: inout ComparisonReport.Footnotes,
        isNarrow: Bool = false
    ) {
        let isSharedBase = (report.axis == .policy || report.axis == .variation) && report.arms.count > 1
        func group(_ row: ComparisonReport.Row) -> String { report.axis == .variation ? row.policy : row.variation }
        let isGrouped = Set(report.rows.map(group)).count > 1
        let measures = rows.map(\.measure.name).distinct
        let groupTitle = report.axis == .variation ? "policy" : "variation"
        // Against another run, several arms are each held against their own.
        let armTitle =
            report.axis == .variation ? "variation" : report.candidate != nil || isSharedBase ? "policy" : "arm"
        let hasArms = isSharedBase || report.arms.count > 1
        let values =
            isSharedBase
            ? [TextTable.Column("value", .left)]
            : [report.baseline, report.candidate ?? "candidate"].map {
                TextTable.Column(isNarrow ? $0.oneLine(width: Self.nameMax) : $0, .left)
            }
        for measure in measures {
            let own = rows.filter { $0.measure.name == measure }
            var columns: [TextTable.Column] = [.init(isGrouped ? groupTitle : "metric", .left)]
            if hasArms { columns.append(.init(armTitle, .left)) }
            columns += values + [.init("vs base", .left), .init("", .left), .init("", .left)]
            var lines: [[TextTable.Cell]] = []
            for name in own.map(group).distinct {
                let block = own.filter { group($0) == name }
                let title = isGrouped ? (name.isEmpty ? "-" : name) : measure
                if isSharedBase, let first = block.first {
                    lines.append(
                        [
                            TextTable.Cell(title), TextTable.Cell(report.baseline),
                            TextTable.Cell(first.text(first.base, isNarrow: isNarrow)),
                        ]
                            + ["", "", ""])
                }
                for (index, row) in block.enumerated() {
                    var line = [TextTable.Cell(isSharedBase || index > 0 ? "" : title)]
                    if hasArms { line.append(TextTable.Cell(row.arm)) }
                    if !isSharedBase { line.append(TextTable.Cell(row.text(row.base, isNarrow: isNarrow))) }
                    line.append(TextTable.Cell(row.text(row.candidate, isNarrow: isNarrow)))
                    line.append(TextTable.Cell(row.changeText, row.ink))
                    let evidence = isNarrow ? String(row.evidence.dropFirst().dropLast()) : row.evidence
                    line.append(TextTable.Cell(evidence + footnotes.mark(row.footnote), .dim))
                    line.append(TextTable.Cell(row.conclusion, row.ink))
                    lines.append(line)
                }
            }
            if isGrouped || sections.isEmpty {
                sections.append((isGrouped ? measure : "", columns, lines))
            } else {
                sections[sections.count - 1].rows += lines
            }
        }
    }

    func text(_ style: Style) -> String {
        sections.map { section in
            var table = TextTable(section.columns)
            for row in section.rows { table.add(row) }
            let title = section.title.isEmpty ? "" : style.dressed(section.title, .bold) + "\n"
            return title + table.text(style)
        }
        .joined(separator: "\n")
    }

    /// Of the longest line.
    var width: Int { text(.plain).split(separator: "\n").map(\.count).max() ?? 0 }
}
