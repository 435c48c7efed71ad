import Experiments
import Kubernetes
import Statistics

extension ComparisonReport {
    /// One row for each metric and arm; `~` where nothing is shown.
    package func text(_ style: Style) -> String {
        guard !rows.isEmpty else { return "nothing to compare with \(baseline)\n" }
        var text = header(style)
        var footnotes = Footnotes()
        let shown = rows.filter { !isOld($0) }
        let old = rows.filter(isOld)
        if !shown.isEmpty { text += ComparisonTable(self, shown, &footnotes).text(style) + "\n" }
        if let equal = equalInAll(old) { text += equal + "\n\n" }
        if !shown.isEmpty { text += style.dressed(legend(shown), .dim) }
        for note in footnotes.lines + notes.map({ "! \($0)" }) { text += Self.wrapped(note) + "\n" }
        return text
    }

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

    private func header(_ style: Style) -> String {
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

    /// How to read the numbers.
    func legend(_ shown: [Row]) -> String {
        let hasShares = shown.contains { $0.measure.metric.kind == .share }
        let hasMedians = shown.contains { $0.measure.metric.kind != .share && $0.measure.metric.kind != .total }
        let hasPairs = shown.contains(where: \.isPaired)
        let hasOthers = shown.contains { !$0.isPaired }
        let areSingles = shown.allSatisfy {
            $0.measure.metric.kind != .share || $0.base.units <= $0.base.n && $0.candidate.units <= $0.candidate.n
        }
        var lines: [String] = []
        let values = [
            hasMedians ? "median of the trials ± 95 % order-statistic interval" : "",
            hasShares ? "pooled share [95 % Wilson, by trials]" : "",
        ].filter { !$0.isEmpty }
        if !values.isEmpty { lines.append("value: " + values.joined(separator: "; ")) }
        lines.append("vs base: change [its 95 % interval], by Hodges and Lehmann; ~ no difference shown")
        if hasPairs {
            let shares = hasShares ? ", of shares by \(areSingles ? "McNemar" : "Student")" : ""
            lines.append("n: pairs of trials with one seed; p by Wilcoxon's signed ranks\(shares)")
        }
        if hasOthers {
            let shares = hasShares ? ", of shares by \(areSingles ? "Fisher" : "Newcombe")" : ""
            lines.append("n+m: trials that are no pairs; p by Mann and Whitney\(shares)")
        }
        if family == 0 { return lines.map { $0 + "\n" }.joined() }
        lines.append(
            "p: adjusted for the \(Numbers.count(family, "test")) of the table (Holm)"
                + (hasShares ? "; could show: with 80 % power" : "")
                + (margin > 0 ? "; equivalent: within \(Numbers.percent(margin))" : ""))
        return lines.map { $0 + "\n" }.joined()
    }

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
    func text(_ estimate: ComparisonReport.Estimate) -> String {
        let metric = measure.metric
        if estimate.value.isNaN { return "-" }
        let value = Numbers.text(estimate.value, of: metric)
        let never = estimate.never > 0 && estimate.value.isFinite ? ", \(estimate.never)/\(estimate.units) never" : ""
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
        return p.map { "(p=\(Numbers.decimal($0, 3)) \(sizes))" } ?? "(\(sizes))"
    }

    /// What the row comes to, and where it comes to nothing, what it could have come to.
    var conclusion: String {
        switch verdict {
        case .better, .worse, .different:
            let effect = effect.map { ", \($0.magnitude.rawValue)" } ?? ""
            return verdict.rawValue + effect
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
        case .equivalent, .equal, .open: .dim
        }
    }
}
