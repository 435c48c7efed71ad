import FaultProxy
import Faults

/// Draws what passes a proxy and what is hit as lines of a terminal.
struct ProxyTable {
    /// The terminal's size; no line is longer, and there are not more.
    let columns: Int
    let rows: Int
    let isColoured: Bool

    func lines(of overview: ProxyOverview) -> [String] {
        let rules = self.rules(of: overview)
        // The rules matter most, and there are few of them; both parts have a heading, and a line stands between.
        let room = max(4, rows - 2)
        let rulesRoom = min(rules.count, max(room / 2, room - 3 - overview.tally.rows.count))
        let kinds = self.kinds(of: overview.tally)
        let kindsRoom = max(1, room - rulesRoom - 4)
        var lines = [summary(overview), ""]
        lines.append(contentsOf: table(Self.kindColumns, Array(kinds.prefix(kindsRoom))))
        if kinds.count > kindsRoom { lines.append("and \(kinds.count - kindsRoom) more") }
        if !rules.isEmpty {
            lines.append("")
            lines.append(contentsOf: table(Self.ruleColumns, Array(rules.prefix(rulesRoom))))
        }
        return lines
    }

    private func summary(_ overview: ProxyOverview) -> String {
        let total = overview.tally.total
        let rate = overview.tally.rate(before: overview.now)
        let parts = [
            "\(Self.rounded(rate)) requests/s", "\(total.requests) requests", "\(total.faults) hit",
            "\(total.streams) streams", "\(overview.connections) connections", overview.phase.rawValue,
        ]
        let text = cut(parts.joined(separator: " · ") + (overview.isPaused ? " · PAUSED" : ""))
        return isColoured ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    // MARK: Cells

    private struct Column {
        var title: String
        /// Nil takes what is left.
        var width: Int?
    }

    private struct Line {
        var cells: [String]
        /// Whether it tells of faults.
        var isHit: Bool
    }

    private static let kindColumns = [
        Column(title: "REQUEST"), Column(title: "COUNT", width: 8), Column(title: "2XX", width: 8),
        Column(title: "4XX", width: 6), Column(title: "5XX", width: 6), Column(title: "NONE", width: 6),
        Column(title: "HIT", width: 6), Column(title: "OPEN", width: 5), Column(title: "P50", width: 8),
        Column(title: "P99", width: 8),
    ]

    private func kinds(of tally: ProxyTally) -> [Line] {
        tally.busiest.map { kind, row in
            func some(_ count: Int) -> String { count == 0 ? "-" : String(count) }
            return Line(
                cells: [
                    "\(kind.verb) \(kind.resource.isEmpty ? "(no resource)" : kind.resource)", String(row.requests),
                    some(row.answers(ofClass: 2)), some(row.answers(ofClass: 4)), some(row.answers(ofClass: 5)),
                    some(row.answers(ofClass: 0)), some(row.faults), some(row.open),
                    Self.text(row.latency.quantile(0.5)), Self.text(row.latency.quantile(0.99)),
                ], isHit: row.faults > 0)
        }
    }

    private static let ruleColumns = [
        Column(title: "RULE"), Column(title: "FAULT", width: 18), Column(title: "MATCHED", width: 9),
        Column(title: "HIT", width: 8), Column(title: "LAST HIT", width: 12),
    ]

    /// Those that hit most first, and then as they stand in the plan.
    private func rules(of overview: ProxyOverview) -> [Line] {
        overview.plan.rules.enumerated().map { index, rule in (index, rule, overview.tally.rules[rule.name]) }
            .sorted { left, right in
                let (leftHits, rightHits) = (left.2?.hit ?? 0, right.2?.hit ?? 0)
                return leftHits == rightHits ? left.0 < right.0 : leftHits > rightHits
            }
            .map { _, rule, count in
                let isAwake = !overview.isPaused && (rule.during == nil || rule.during == overview.phase)
                let last = count?.lastHit.map { "\(Self.text(overview.now - $0)) ago" } ?? "never"
                return Line(
                    cells: [
                        rule.name + (isAwake ? "" : " (asleep)"), rule.fault.kind.rawValue,
                        String(overview.matches[rule.name] ?? 0), String(count?.hit ?? 0), last,
                    ], isHit: count != nil)
            }
    }

    private func table(_ wanted: [Column], _ lines: [Line]) -> [String] {
        // The columns on the right go first where the terminal is narrow.
        var shown = wanted
        while shown.count > 2, shown.reduce(0, { $0 + ($1.width ?? 16) }) > columns { shown.removeLast() }
        let rest = max(8, columns - shown.reduce(0) { $0 + ($1.width ?? 0) })
        let first = min(rest, max(16, (lines.map { $0.cells[0].count }.max() ?? 0) + 1))
        func line(_ cells: [String]) -> String {
            zip(shown, cells).map { column, cell in
                column.width.map { Self.right(cell, $0) } ?? Self.left(cell, first)
            }.joined()
        }
        let heading = cut(line(wanted.map(\.title)))
        return [isColoured ? "\u{1B}[2m\(heading)\u{1B}[0m" : heading]
            + lines.map { item in
                let text = cut(line(item.cells))
                return isColoured && item.isHit ? "\u{1B}[33m\(text)\u{1B}[0m" : text
            }
    }

    private func cut(_ text: String) -> String { text.count <= columns ? text : String(text.prefix(columns - 1)) + "…" }

    private static func left(_ text: String, _ width: Int) -> String {
        // Names come from clients and plans, and a terminal obeys control characters.
        let text = String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
        guard text.count >= width else { return text + String(repeating: " ", count: width - text.count) }
        return String(text.prefix(width - 2)) + "… "
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }

    private static func rounded(_ number: Double) -> String {
        number < 10 ? "\((number * 10).rounded() / 10)" : "\(Int(number.rounded()))"
    }

    private static func text(_ span: Duration?) -> String {
        guard let span else { return "-" }
        let milliseconds = span / .milliseconds(1)
        if milliseconds < 10 { return "\((milliseconds * 10).rounded() / 10)ms" }
        if milliseconds < 1000 { return "\(Int(milliseconds.rounded()))ms" }
        if milliseconds < 60_000 { return "\((milliseconds / 100).rounded() / 10)s" }
        return "\(Int(milliseconds / 60_000))min"
    }
}
