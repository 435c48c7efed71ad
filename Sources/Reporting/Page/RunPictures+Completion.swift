import Charts
import Experiments
import Recording
import Statistics

extension RunPictures {
    /// How long workflows take, as distribution functions.
    var completions: PagePicture {
        let title = "Time to completion"
        guard !run.experiment.isOfClients, !run.experiment.isOfProcess else {
            return .omitted(title: title, reason: "workflows alone complete, and this run has none")
        }
        let chosen = Self.spread(variations, to: Self.completionPanels)
        let longest = report.cells.flatMap(\.completions.values).filter(\.isFinite)
        guard let least = longest.min(), let most = longest.max() else {
            return .omitted(title: title, reason: "no workflow succeeded")
        }
        let isLogarithmic = least > 0 && most / least >= 50
        let charts = chosen.map { variation in
            LineChart(
                title: variation.isEmpty ? title : Self.spell(variation),
                description: "The share of workflows that had succeeded by then, by policy.",
                x: Axis(
                    title: "since submission", scale: isLogarithmic ? .logarithmic : .linear, unit: .seconds),
                y: Axis(title: "workflows done", unit: .percent, extent: Extent(0, 1)),
                series: drawnPolicies.compactMap { policy in
                    cell(policy, variation).flatMap {
                        Self.distribution($0.completions, policy, colour(policy), until: most)
                    }
                })
        }
        var caption = [
            "The share of all workflows that had succeeded by then; a curve that ends below 100 % has workflows that "
                + "never completed."
        ]
        caption += lost(chosen)
        caption.append(trialsText(report.cells.filter { chosen.contains($0.variation) }))
        if chosen.count < variations.count {
            caption.append("\(chosen.count) of \(variations.count) variations are drawn; the table has all.")
        }
        caption += omittedLines
        return drawn(
            "completion", title, charts: charts, caption: caption,
            words: [.completion, .distribution, .orderStatistic],
            table: completionTable(title))
    }

    private static let completionPanels = 4
    /// Points of one curve: each is exact, and no eye tells more of them apart.
    private static let curvePoints = 200

    /// So many of the names, the first and the last among them, at equal distances.
    static func spread(_ names: [String], to count: Int) -> [String] {
        guard names.count > count, count > 1 else { return names }
        return (0..<count).map { names[$0 * (names.count - 1) / (count - 1)] }
    }

    /// Which share never completed, where any did not.
    private func lost(_ variations: [String]) -> [String] {
        let lost = variations.flatMap { variation in
            policies.compactMap { policy -> String? in
                guard let sample = cell(policy, variation)?.completions, sample.count > 0 else { return nil }
                let share = Double(sample.values.count { $0.isInfinite }) / Double(sample.count)
                let place = variation.isEmpty ? "" : " at \(Self.spell(variation))"
                return share > 0 ? "\(Numbers.percent(share)) under \(policy)\(place)" : nil
            }
        }
        guard !lost.isEmpty else { return ["All of them completed."] }
        let rest = lost.count > 6 ? " and others" : ""
        return ["Never completed: \(lost.prefix(6).joined(separator: ", "))\(rest)."]
    }

    /// The distribution function of a sample some of whose values never came.
    static func distribution(
        _ sample: SortedSample, _ name: String, _ colour: Int, until end: Double
    ) -> Series? {
        let finite = sample.values.prefix { $0.isFinite }
        guard let first = finite.first, let last = finite.last else { return nil }
        let n = Double(sample.count)
        let steps = min(finite.count, curvePoints)
        var points = [Point(x: first, y: 0, note: "\(name): from \(Numbers.seconds(first))")]
        for step in 1...steps {
            let rank = step * finite.count / steps
            let value = finite[rank - 1]
            let share = Double(rank) / n
            points.append(
                Point(
                    x: value, y: share,
                    note: "\(name): \(Numbers.percent(share)) within \(Numbers.seconds(value))"))
        }
        if last < end {
            let share = Double(finite.count) / n
            points.append(Point(x: end, y: share, note: "\(name): \(Numbers.percent(share)) in all"))
        }
        return Series(name: name, colour: colour, points: points, style: .step)
    }

    private func completionTable(_ title: String) -> PageTable {
        var table = PageTable(
            "\(title): nearest-rank percentiles of all workflows",
            [.words("policy"), .words("variation")]
                + ["workflows", "never", "p5", "p25", "p50", "p75", "p95", "p99"].map { .init($0) })
        for policy in policies {
            for variation in variations {
                guard let sample = cell(policy, variation)?.completions, sample.count > 0 else { continue }
                let never = sample.values.count { $0.isInfinite }
                table.add(
                    [
                        .init(policy), .init(Self.spell(variation)), .init("\(sample.count)"),
                        .init(never == 0 ? "0" : "\(never) (\(Numbers.percent(Double(never) / Double(sample.count))))"),
                    ]
                        + [0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map { q in
                            .init(sample.quantile(q).map(Numbers.seconds) ?? "-")
                        })
            }
        }
        return table
    }
}
