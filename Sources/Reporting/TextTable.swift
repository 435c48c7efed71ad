/// Columns that line up, numbers to the right.
struct TextTable {
    enum Alignment { case left, right }

    struct Column {
        var title: String
        var alignment: Alignment

        init(_ title: String, _ alignment: Alignment = .right) {
            self.title = title
            self.alignment = alignment
        }
    }

    struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var ink: Style.Ink?

        init(_ text: String, _ ink: Style.Ink? = nil) {
            self.text = text
            self.ink = ink
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "a row of \(columns.count) cells is wanted (has \(cells.count))")
        rows.append(cells)
    }

    /// Lines without trailing spaces, each ended by a newline.
    func text(_ style: Style) -> String {
        let widths = columns.indices.map { column in
            rows.map { $0[column].text.count }.max().map { max($0, columns[column].title.count) }
                ?? columns[column].title.count
        }
        func line(_ cells: [Cell]) -> String {
            var line = ""
            for (column, cell) in cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.text.count)
                let text = style.dressed(cell.text, cell.ink)
                line += column > 0 ? "  " : ""
                line += columns[column].alignment == .right ? padding + text : text + padding
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        let isTitled = columns.contains { !$0.title.isEmpty }
        return (isTitled ? line(columns.map { Cell($0.title, .bold) }) : "") + rows.map(line).joined()
    }
}
