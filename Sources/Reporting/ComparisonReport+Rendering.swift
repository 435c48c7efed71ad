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
        if !shown.isEmpty { text += ComparisonTable(self, shown, &footnotes).text(style) + "\n" }
        if let equal = equalInAll { text += equal + "\n" }
        if !shown.isEmpty { text += style.dressed(legend(shown), .dim) }
        for note in footnotes.lines + notes.map({ "! \($0)" }) { text += note + "\n" }
        return text
    }

    /// Whether nothing of a row is news: both sides gave the same throughout. Equal shares are news: they might not be.
    private func isOld(_ row: Row) -> Bool { row.isEqual && row.measure.metric.kind != .share }

    /// `equal in all: violations 0, faults 12`.
    private var equalInAll: String? {
        var measures: [Measure] = []
        for row in rows where isOld(row) && !measures.contains(row.measure) { measures.append(row.measure) }
        let parts = measures.map { measure in
            let own = rows.filter { $0.measure == measure }
            let equal = own.filter(isOld)
            let values = Set(equal.map { row in Numbers.text(row.base.value, of: measure.metric) })
            let value = values.count == 1 ? " \(values.first ?? "")" : ""
            return measure.name + value + (equal.count < own.count ? " (in \(equal.count) of \(own.count) rows)" : "")
        }
        return parts.isEmpty ? nil : "equal in every trial: \(parts.joined(separator: ", "))"
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
    private func legend(_ shown: [Row]) -> String {
        let hasShares = shown.contains { $0.measure.metric.kind == .share }
        let hasMedians = shown.contains { $0.measure.metric.kind != .share && $0.measure.metric.kind != .total }
        let hasPairs = shown.contains(where: \.isPaired)
        let hasOthers = shown.contains { !$0.isPaired }
        var lines: [String] = []
        let values = [
            hasMedians ? "median of the trials ± its 95 % order-statistic interval" : "",
            hasShares ? "share of all with its 95 % Wilson interval, by trial" : "",
        ].filter { !$0.isEmpty }
        if !values.isEmpty { lines.append(values.joined(separator: "; ")) }
        let pairs =
            "n pairs of trials with one seed, Wilcoxon signed-rank and Hodges-Lehmann, shares by McNemar or Student"
        let others = "n+m trials, Mann-Whitney and Hodges-Lehmann, shares by Newcombe"
        lines.append("vs base: change with its 95 % interval; " + (hasPairs ? pairs : others))
        if hasPairs, hasOthers { lines.append("or " + others) }
        lines.append(
            "p: adjusted for \(Numbers.count(family, "test")) (Holm); ~ no difference shown at 5 %"
                + (hasShares ? "; could show: with 80 % power" : "")
                + (margin > 0 ? "; = within \(Numbers.percent(margin))" : ""))
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
        let never = estimate.never > 0 && estimate.value.isFinite ? ", \(estimate.never) never" : ""
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
        let interval = changeInterval.map { interval in
            interval.lower.isFinite || interval.upper.isFinite
                ? " [\(spell(interval.lower, of: interval)), "
                    + "\(spell(interval.upper, of: interval))]" : ""
        }
        return mark + (interval ?? "")
    }

    private var mark: String {
        if isEqual || verdict == .equivalent && !isShown { return "=" }
        guard isShown else { return "~" }
        if candidate.value.isInfinite, !base.value.isInfinite { return "never" }
        if base.value.isInfinite, !candidate.value.isInfinite { return "completes" }
        switch changeUnit {
        case .points: return Numbers.signed(change * 100, 2) + " pt"
        case .relative where !change.isFinite: return change > 0 ? "never" : "completes"
        case .relative:
            return Numbers.signed(change * 100, Swift.abs(change) < 1 ? 2 : Swift.abs(change) < 10 ? 1 : 0) + "%"
        case .absolute: return signed(change)
        }
    }

    /// A bound of the interval, as fine as the other one.
    private func spell(_ bound: Double, of interval: Interval) -> String {
        guard bound.isFinite else { return bound > 0 ? "∞" : "-∞" }
        guard changeUnit != .absolute else { return signed(bound) }
        let largest = [interval.lower, interval.upper].filter(\.isFinite).map { Swift.abs($0 * 100) }.max() ?? 0
        return Numbers.signed(bound * 100, largest < 10 ? 2 : largest < 100 ? 1 : 0)
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
        case .equivalent: return isEqual ? "" : "equivalent"
        case .open:
            guard changeUnit == .points, let detectable, p != nil else { return "" }
            return "could show \(Numbers.decimal(detectable * 100, 1)) pt"
        }
    }

    /// Green for better, red for worse.
    var ink: Style.Ink? {
        switch verdict {
        case .better: .green
        case .worse: .red
        case .different: nil
        case .equivalent, .open: .dim
        }
    }
}
