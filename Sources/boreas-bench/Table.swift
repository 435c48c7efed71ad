import Foundation
import Statistics

/// Rows of text in columns, the first to the left and numbers to the right.
enum Table {
    static func text(title: String, _ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }
        return ([title] + lines.map { "  " + $0 }).joined(separator: "\n") + "\n"
    }
}

extension SortedSample {
    /// The median, as a whole number.
    var rate: String { String(format: "%.0f", median ?? .nan) }

    /// The median of spans in seconds, in milliseconds.
    var milliseconds: String { String(format: "%.3f ms", (median ?? .nan) * 1e3) }

    /// The median of differences in seconds, in milliseconds, with its sign.
    var addedMilliseconds: String { String(format: "%+.3f ms", (median ?? .nan) * 1e3) }

    /// The median and the range.
    var ratio: String {
        String(format: "%.2f (%.2f to %.2f)", median ?? .nan, values.first ?? .nan, values.last ?? .nan)
    }
}
