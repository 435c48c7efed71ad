import Experiments
import Kubernetes
import Statistics

extension ComparisonReport {
    /// What it comes to, and one row for each metric and arm; `~` where nothing is shown.
    package func text(_ style: Style) -> String {
        var footnotes = Footnotes()
        func told(_ notes: [String]) -> String { notes.map { Self.wrapped($0) + "\n" }.joined() }
        guard !rows.isEmpty else {
            return "nothing to compare with \(baseline)\n" + told((warnings + notes).map { "! \($0)" })
        }
        var text = style.dressed(Self.wrapped(summary), .bold) + "\n\n" + header
        if !warnings.isEmpty { text += told(warnings.map { "! \($0)" }) + "\n" }
        let shown = rows.filter { !isOld($0) }
        let old = rows.filter(isOld)
        var isNarrow = false
        if !shown.isEmpty {
            var table = ComparisonTable(self, shown, &footnotes)
            if table.width > Self.widthMax {
                isNarrow = true
                table = ComparisonTable(self, shown, &footnotes, isNarrow: true)
            }
            text += table.text(style) + "\n"
        }
        if let equal = equalInAll(old) { text += equal + "\n\n" }
        if !shown.isEmpty {
            let lines = legendLines(shown, isNarrow: isNarrow).map(Self.wrapped)
            text += style.dressed(lines.joined(separator: "\n") + "\n", .dim)
        }
        return text + told(footnotes.lines + notes.map { "! \($0)" })
    }

    /// Columns that a table may take before its values lose their own intervals.
    private static let widthMax = 120

    /// Whether nothing of a measure is news: both sides gave the same throughout, in every row. An equal share by itself is
    /// news, because with more trials it might not be; a whole page of them is told of in a line.
    private func isOld(_ row: Row) -> Bool {
        let own = rows.filter { $0.measure == row.measure }
        let isPage = Set(own.map(\.variation)).count > 1
        return own.allSatisfy(\.isEqual) && (row.measure.metric.kind != .share || isPage)
    }

    /// `equal in every trial: violations 0, faults 12`.
    private func equalInAll(_ old: [Row]) -> String? {
        var parts: [String] = []
        for row in old {
            let own = old.filter { $0.measure == row.measure }
            guard own.first == row else { continue }
            let values = Set(own.map { $0.measure.metric.kind == .share ? "" : $0.text($0.base) })
            var part = row.measure.name + (values.count == 1 && values != [""] ? " \(row.text(row.base))" : "")
            let detectable = own.compactMap(\.detectable).sorted().map { Numbers.decimal($0 * 100, 1) }
            if row.measure.metric.kind == .share, let first = detectable.first, let last = detectable.last {
                part += " (could show \(first == last ? first : "\(first) to \(last)") pt)"
            }
            parts.append(part)
        }
        return parts.isEmpty ? nil : Self.wrapped("equal in every trial: " + parts.joined(separator: ", "))
    }

    /// Lines of at most a hundred characters, broken at spaces.
    private static func wrapped(_ text: String) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count + 1 <= 100 {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append((lines.isEmpty ? "" : "  ") + word)
            }
        }
        return lines.joined(separator: "\n")
    }

    private var header: String {
        guard !facts.isEmpty else { return "" }
        var lines: [String] = []
        var line = ""
        for fact in facts where !fact.value.isEmpty {
            let part = "\(fact.name): \(fact.value)"
            if !line.isEmpty, line.count + part.count + 3 > 100 {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : "   ") + part
        }
        lines.append(line)
        return lines.map { $0 + "\n" }.joined() + "\n"
    }

    /// How to read the numbers of these rows, a line each.
    package func legend(_ shown: [Row]) -> String { legendLines(shown, isNarrow: false).map { $0 + "\n" }.joined() }

    /// Notes that several rows share, each told once.
    struct Footnotes {
        private(set) var lines: [String] = []
        private var texts: [String] = []

        /// The mark of a note.
        mutating func mark(_ note: String?) -> String {
            guard let note else { return "" }
            let index = texts.firstIndex(of: note) ?? texts.count
            let mark = Self.superscript(index + 1)
            if index == texts.count {
                texts.append(note)
                lines.append("\(mark) \(note)")
            }
            return " " + mark
        }

        private static func superscript(_ number: Int) -> String {
            let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
            return String("\(number)".compactMap { $0.wholeNumberValue.map { digits[$0] } })
        }
    }
}

extension ComparisonReport.Row {
    /// - Parameter isNarrow: Without the estimate's own interval.
    func text(_ estimate: ComparisonReport.Estimate, isNarrow: Bool = false) -> String {
        let metric = measure.metric
        if estimate.value.isNaN { return "-" }
        let value = Numbers.text(estimate.value, of: metric)
        let never = estimate.never > 0 && estimate.value.isFinite ? ", \(estimate.never)/\(estimate.units) never" : ""
        if isNarrow { return value + never }
        if metric.kind == .share {
            return "\(value) [\(Self.bound(estimate.interval.lower)), \(Self.bound(estimate.interval.upper))]"
        }
        guard estimate.value.isFinite, estimate.value != 0, metric.kind != .total else { return value + never }
        // As benchstat does: the farther bound, relative to the value.
        let spread =
            max(estimate.interval.upper - estimate.value, estimate.value - estimate.interval.lower) / estimate.value
        return "\(value) ± \(spread.isFinite ? Numbers.decimal(spread * 100, 0) + "%" : "∞")" + never
    }

    /// Of a share, in per cent without the sign.
    private static func bound(_ share: Double) -> String {
        share.isFinite ? String(Numbers.percent(share).dropLast()) : "-"
    }

    /// The change where it is shown, and its interval.
    var changeText: String {
        if change.isNaN { return "-" }
        if isEqual, measure.metric.kind != .share { return "=" }
        let sign = verdict == .equivalent && !isShown ? "=" : "~"
        guard isShown else { return sign + intervalText + (intervalText.isEmpty ? "" : unit) }
        if candidate.value.isInfinite || change == .infinity { return "never" }
        if base.value.isInfinite || change == -.infinity { return "completes" }
        if change == 0, tendency != 0 {
            let shares = (candidate.never, base.never)
            let points = Double(shares.0) / Double(candidate.units) - Double(shares.1) / Double(base.units)
            return Numbers.signed(points * 100, 1) + " pt never"
        }
        switch changeUnit {
        case .points: return Numbers.signed(change * 100, digits) + unit + intervalText
        case .relative: return Numbers.signed(change * 100, Swift.abs(change) < 1 ? 2 : digits) + "%" + intervalText
        case .absolute: return signed(change) + unit + intervalText
        }
    }

    private var unit: String {
        switch changeUnit {
        case .points: " pt"
        case .relative: " %"
        case .absolute: measure.metric.kind == .total ? " a trial" : ""
        }
    }

    /// ` [-2.1, +0.3]`; nothing where nothing is bounded.
    private var intervalText: String {
        guard let changeInterval, changeInterval.lower.isFinite || changeInterval.upper.isFinite else { return "" }
        return " [\(spell(changeInterval.lower)), \(spell(changeInterval.upper))]"
    }

    /// How fine the interval is spelled.
    private var digits: Int {
        let bounds = [change, changeInterval?.lower ?? 0, changeInterval?.upper ?? 0].filter(\.isFinite)
        let largest = bounds.map { Swift.abs($0 * 100) }.max() ?? 0
        return largest < (changeUnit == .points ? 1 : 10) ? 2 : largest < 100 ? 1 : 0
    }

    private func spell(_ bound: Double) -> String {
        guard bound.isFinite else { return bound > 0 ? "∞" : "-∞" }
        return changeUnit == .absolute ? signed(bound) : Numbers.signed(bound * 100, digits)
    }

    /// In the metric's own unit.
    private func signed(_ value: Double) -> String {
        (value > 0 ? "+" : "") + Numbers.text(value, of: measure.metric)
    }

    var evidence: String {
        let sizes = isPaired ? "n=\(n)" : "n=\(base.n)+\(candidate.n)"
        return p.map { "(p\(Self.spelled($0)) \(sizes))" } ?? "(\(sizes))"
    }

    /// `=0.012`, `<0.001`.
    private static func spelled(_ p: Double) -> String { p < 0.001 ? "<0.001" : "=\(Numbers.decimal(p, 3))" }

    /// `0.012`, `<0.001`, and nothing known: `-`.
    var pText: String {
        guard let p else { return "-" }
        let text = Self.spelled(p)
        return text.hasPrefix("=") ? String(text.dropFirst()) : text
    }

    /// What the row comes to, and where it comes to nothing, what it could have come to.
    var conclusion: String {
        let size = effect.map { ", \($0.magnitude.rawValue)" } ?? ""
        switch verdict {
        case .better, .worse, .different: return verdict.rawValue + size
        case .unsettled: return "\(side.rawValue); may be within \(Numbers.percent(margin))"
        case .equivalent: return "equivalent"
        case .equal, .open:
            guard changeUnit == .points, let detectable, p != nil || isEqual else { return "" }
            return "could show \(Numbers.decimal(detectable * 100, 1)) pt"
        }
    }

    /// Green for better, red for worse.
    var ink: Style.Ink? {
        switch verdict {
        case .better: .green
        case .worse: .red
        case .different: nil
        case .unsettled: .yellow
        case .equivalent, .equal, .open: .dim
        }
    }
}
