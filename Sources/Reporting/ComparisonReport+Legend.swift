import Experiments

extension ComparisonReport {
    /// How to read the numbers of these rows: what was not used for any of them is not named.
    func legendLines(_ shown: [Row], isNarrow: Bool) -> [String] {
        let values = shown.map { Self.value($0, isNarrow) }.distinct
        var lines = ["value: " + values.joined(separator: "; ")]
        // What stands for all is named first, and what is of some, after it.
        let plain = shown.contains { $0.method == .ranks } ? ["by Hodges and Lehmann"] : []
        let change = plain + shown.compactMap(Self.change).distinct
        lines.append("vs base: change [its 95 % interval], \(change.joined(separator: ", ")); ~ no difference shown")
        for (isPaired, sizes) in [(true, "n: pairs of trials with one seed"), (false, "n+m: trials that are no pairs")]
        {
            let own = shown.filter { $0.isPaired == isPaired }
            guard !own.isEmpty else { continue }
            let tests = own.filter { $0.p != nil }.map(Self.test).distinct
            lines.append(sizes + (tests.isEmpty ? "" : "; p by " + tests.joined(separator: ", ")))
        }
        if shown.contains(where: { [.better, .worse, .different].contains($0.verdict) && $0.effect != nil }) {
            lines.append(
                "negligible, small, medium, large: Cliff's δ, how little both sides' trials overlap, not how big the change is"
            )
        }
        var last = family > 1 ? ["p: adjusted for the \(Numbers.count(family, "test")) of the table (Holm)"] : []
        if shown.contains(where: { $0.conclusion.hasPrefix("could show") }) {
            last.append("could show: with 80 % power")
        }
        if margin > 0 { last.append("equivalent: within \(Numbers.percent(margin))") }
        if !last.isEmpty { lines.append(last.joined(separator: "; ")) }
        return lines
    }

    private static func value(_ row: Row, _ isNarrow: Bool) -> String {
        switch (row.measure.metric.kind, row.method) {
        case (.share, _): "pooled share" + (isNarrow ? "" : " [95 % Wilson, by trials]")
        case (.total, _): "total of the trials"
        case (_, .means), (_, .meansAlone): "mean of the trials" + (isNarrow ? "" : " ± 95 % by Student")
        default: "median of the trials" + (isNarrow ? "" : " ± 95 % order-statistic interval")
        }
    }

    /// Nil for what is named before.
    private static func change(_ row: Row) -> String? {
        switch row.method {
        case .ranks: nil
        case .medians: "of medians with Hodges and Lehmann's interval"
        case .means, .meansAlone: "of means by \(row.isPaired ? "Student" : "Welch")"
        case .singles: "of shares by Newcombe"
        case .clusters: "of shares by \(row.isPaired ? "Student" : "Welch")"
        case .bounds: "of shares that are equal by Stringer"
        }
    }

    private static func test(_ row: Row) -> String {
        switch row.method {
        case .ranks, .medians, .means, .bounds: row.isPaired ? "Wilcoxon's signed ranks" : "Mann and Whitney"
        case .meansAlone: "\(row.isPaired ? "Student" : "Welch") of means"
        case .clusters: "\(row.isPaired ? "Student" : "Welch") of shares"
        case .singles:
            row.isPaired
                ? "McNemar of shares"
                : row.base.n + row.candidate.n > ComparisonTest.exactMax
                    ? "the score test of shares" : "Fisher of shares"
        }
    }
}
