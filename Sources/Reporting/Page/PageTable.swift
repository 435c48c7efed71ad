import Experiments

/// A table of a page: one cell of a row names it, usually the first.
struct PageTable: Hashable {
    struct Column: Hashable {
        var title: String
        var isNumber: Bool

        init(_ title: String, isNumber: Bool = true) {
            self.title = title
            self.isNumber = isNumber
        }

        static func words(_ title: String) -> Column { Column(title, isNumber: false) }
    }

    struct Cell: Hashable, ExpressibleByStringInterpolation {
        var text: String
        /// In whose colour the cell is.
        var verdict: Verdict?
        /// Whether the verdict's sign stands before the text.
        var isSigned: Bool
        /// Whether the text is to be typed as it stands.
        var isCode: Bool

        init(_ text: String, _ verdict: Verdict? = nil, isSigned: Bool = true, isCode: Bool = false) {
            self.text = text
            self.verdict = verdict
            self.isSigned = isSigned
            self.isCode = isCode
        }

        /// Whether it stays on one line.
        var isShort: Bool { text.count <= 30 }

        init(stringLiteral value: String) { self.init(value) }
    }

    struct Row: Hashable {
        var cells: [Cell]
        /// What there is to say of the row; it stands below it, because it is longer than the row.
        var remark: String
    }

    var caption: String
    let columns: [Column]
    private(set) var rows: [Row] = []
    /// How many rows there were no room for.
    private(set) var omitted = 0

    /// Which column names the rows.
    private let name: Int

    init(_ caption: String, _ columns: [Column], name: Int = 0) {
        precondition(columns.indices.contains(name), "a column names the rows (is \(name) of \(columns.count))")
        self.caption = caption
        self.columns = columns
        self.name = name
    }

    mutating func add(_ cells: [Cell], remark: String = "") {
        precondition(cells.count == columns.count, "a row of \(columns.count) cells is wanted (has \(cells.count))")
        if rows.count < Self.rowsMax { rows.append(Row(cells: cells, remark: remark)) } else { omitted += 1 }
    }

    /// A page is to be read: what a program wants to know, `-o json` has in full.
    static let rowsMax = 120

    /// What the template `table` takes.
    var model: [String: Any] {
        [
            "tableCaption": caption,
            "columns": columns.map { ["columnTitle": $0.title, "isNumber": $0.isNumber] as [String: Any] },
            "rows": rows.map { row in
                [
                    "cellsBefore": columns.indices.prefix(name).map { Self.model(row.cells[$0], columns[$0]) },
                    "rowHead": row.cells[name].text,
                    "cellsAfter": columns.indices.dropFirst(name + 1).map { Self.model(row.cells[$0], columns[$0]) },
                    "remark": row.remark.isEmpty
                        ? false : ["span": columns.count, "remarkText": row.remark] as [String: Any],
                    "isRemarked": !row.remark.isEmpty,
                ] as [String: Any]
            },
            "omission": omitted > 0
                ? ["omittedText": "\(Numbers.count(omitted, "more row")) left out; -o json has all."] as [String: Any]
                : false,
        ]
    }

    private static func styleClass(_ cell: Cell, _ column: Column) -> String? {
        if column.isNumber { return "number" }
        return cell.isShort ? "short" : cell.text.count > 60 ? "long" : nil
    }

    private static func model(_ cell: Cell, _ column: Column) -> [String: Any] {
        [
            "text": cell.text, "isCode": cell.isCode,
            "cellClass": Self.styleClass(cell, column).map { ["cellClassName": $0] as [String: Any] } ?? false,
            "mark": cell.verdict.map { ["markName": $0.rawValue] as [String: Any] } ?? false,
            "sign": cell.isSigned ? cell.verdict.map { ["signText": $0.tick] as [String: Any] } ?? false : false,
        ]
    }
}

extension Verdict {
    /// Told without colour, too.
    var tick: String {
        switch self {
        case .pass: "✓"
        case .fail: "✗"
        case .inconclusive: "?"
        }
    }
}
