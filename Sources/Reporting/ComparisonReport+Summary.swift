import Experiments

extension ComparisonReport {
    /// What the table comes to, for who reads no more: `3 of 21 differences are shown. Worse: attempts (cron). Better: …`
    package var summary: String {
        let shown = rows.filter(\.isShown)
        let tested = rows.filter { $0.pAlone != nil }
        let isHopeless = !tested.isEmpty && tested.allSatisfy(\.isTooSmall)
        var sentences: [String] = []
        switch (family, shown.count) {
        case (0, _):
            sentences.append(
                rows.allSatisfy(\.isEqual)
                    ? "No difference: all trials gave the same." : "No difference could be tested; the notes say why.")
        case (1, 0): sentences.append("The one difference that was tested is not shown.")
        case (1, _): sentences.append("The one difference that was tested is shown.")
        case (_, 0):
            sentences.append(
                "None of \(family) differences is shown"
                    + (isHopeless ? ": with so few trials none could be." : "."))
        default: sentences.append("\(shown.count) of \(family) differences \(shown.count == 1 ? "is" : "are") shown.")
        }
        for (verdict, title) in [(Judgement.worse, "Worse"), (.better, "Better"), (.different, "Different")] {
            let own = rows.filter { $0.verdict == verdict }
            if !own.isEmpty { sentences.append("\(title): \(list(own)).") }
        }
        let unsettled = rows.filter { $0.verdict == .unsettled }
        let percent = Numbers.percent(margin)
        if !unsettled.isEmpty { sentences.append("Perhaps within \(percent): \(list(unsettled)).") }
        let equivalent = rows.count { $0.verdict == .equivalent }
        if equivalent > 0 {
            sentences.append("\(equivalent) \(equivalent == 1 ? "is" : "are") equivalent within \(percent).")
        }
        return sentences.joined(separator: " ")
    }

    /// Measures and places that are named before the rest is counted.
    private static let measuresMax = 5
    private static let placesMax = 3

    private func list(_ rows: [Row]) -> String {
        let measures = rows.map(\.measure).distinct
        let named = measures.prefix(Self.measuresMax).map { measure in
            let own = rows.filter { $0.measure == measure }
            guard self.rows.count(where: { $0.measure == measure }) > 1 else { return measure.name }
            let all = self.rows.count { $0.measure == measure }
            if own.count == all { return "\(measure.name) (all \(all))" }
            if own.count > Self.placesMax { return "\(measure.name) (\(own.count) of \(all))" }
            return "\(measure.name) (\(own.map(place).joined(separator: ", ")))"
        }
        let rest = measures.count - named.count
        return named.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// What tells the rows of one measure apart.
    private func place(_ row: Row) -> String {
        let other = axis == .variation ? row.policy : row.variation
        let isVaried = Set(rows.map { axis == .variation ? $0.policy : $0.variation }).count > 1
        return [arms.count > 1 ? row.arm : "", isVaried ? other : ""].filter { !$0.isEmpty }.joined(separator: " at ")
    }
}
