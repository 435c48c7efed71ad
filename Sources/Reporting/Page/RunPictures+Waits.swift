import Charts
import Determinism
import Experiments
import Recording
import Resilience
import Statistics

extension RunPictures {
    /// The waits before retries against what the policy's formula gives.
    var waits: PagePicture {
        let title = "Waits before retries, against the formula"
        let panels = waitPanels
        guard !panels.isEmpty else {
            return .omitted(
                title: title,
                reason: evidence.waits.isEmpty
                    ? "no call waited in the trials of which the archive keeps details"
                    : "no call waited by a formula that does wait")
        }
        let drawn = panels.prefix(Self.waitPanelsMax)
        let values = drawn.flatMap { $0.rows.flatMap { [$0.formula.p5, $0.formula.p95] } }.filter { $0 > 0 }
        let isLogarithmic = (values.max() ?? 1) / (values.min() ?? 1) >= 20
        let charts = drawn.map { $0.chart(colour: colour($0.policy), isLogarithmic: isLogarithmic) }
        var table = PageTable(
            "\(title)\(inDetail)",
            [.words("policy"), .init("retry"), .init("waits")]
                + ["p5", "median", "p95", "formula p5", "formula median", "formula p95"].map { .init($0) })
        for panel in panels {
            for row in panel.rows {
                let observed = row.observed
                table.add(
                    [.init(panel.title), .init("\(row.retry)"), .init("\(observed.count)")]
                        + [0.05, 0.5, 0.95].map { .init(observed.quantile($0).map(Numbers.seconds) ?? "-") }
                        + [row.formula.p5, row.formula.median, row.formula.p95].map { .init(Numbers.seconds($0)) })
            }
        }
        var caption = [
            "Dots: waits that the policy decided on before each retry of a call\(inDetail), at most "
                + "\(WaitPanel.dotsMax) of each, at equal ranks; dashes and band: the median and the middle 90 % of what "
                + "the formula gives.",
            "\(Numbers.grouped(panels.reduce(0) { $0 + $1.count })) waits of the detailed trials; those of the work queue and "
                + "of the transport follow formulas of their own, and are not among them.",
        ]
        if panels.contains(where: { $0.backoff.formula == .decorrelatedJitter }) {
            caption.append(
                "Late waits of a decorrelated jitter are of those calls that still failed, which short waits make likelier."
            )
        }
        if isLogarithmic { caption.append("A wait of zero has no place on the scale and is left out.") }
        if panels.count > drawn.count { caption.append("The table has \(panels.count - drawn.count) more.") }
        return self.drawn(
            "waits", title, charts: charts, caption: caption, words: [.formula, .orderStatistic], table: table)
    }

    private static let waitPanelsMax = 12

    /// One for each policy, and for each place in it that waits by a formula of its own.
    private var waitPanels: [WaitPanel] {
        let variation = run.experiment.variations.first { $0.name == evidence.detailed }
        return policies.flatMap { name -> [WaitPanel] in
            guard let policy = variation?.policies.first(where: { $0.name == name }) else { return [] }
            let own = evidence.waits.filter { $0.policy == name }
            let byBackoff = Dictionary(grouping: own) { Self.backoff(of: $0, policy) }
            let ordered = byBackoff.sorted { ($1.value.count, $0.key.text) < ($0.value.count, $1.key.text) }
            return ordered.prefix(2).compactMap { backoff, waits in
                WaitPanel(policy: name, backoff: backoff, waits: waits)
            }
        }
    }

    private static func backoff(of wait: CallWait, _ policy: Policy) -> Backoff {
        let call = CallPath(rawValue: wait.path).flatMap { policy.rule(for: $0).call } ?? policy.call
        return wait.isThrottled ? call.throttledBackoff ?? call.backoff : call.backoff
    }
}

extension Backoff {
    /// `full-jitter 10ms ×2, at most 2s`.
    var text: String {
        guard formula != .none else { return "none" }
        guard formula != .fixed else { return "fixed \(base.text)" }
        let growth = formula == .decorrelatedJitter ? "" : " ×\(Numbers.plain(factor))"
        let spread = jitter > 0 ? ", jitter \(Numbers.plain(jitter))" : ""
        return "\(formula.rawValue) \(base.text)\(growth), at most \(cap.text)\(spread)"
    }
}

/// The waits of one formula, retry by retry.
private struct WaitPanel {
    struct Row {
        var retry: Int
        /// Seconds.
        var observed: SortedSample
        var formula: (p5: Double, median: Double, p95: Double)
    }

    let policy: String
    let title: String
    let backoff: Backoff
    let rows: [Row]

    var count: Int { rows.reduce(0) { $0 + $1.observed.count } }

    /// Dots of one retry.
    static let dotsMax = 15
    private static let retriesMax = 12

    /// Nil for a formula that never waits.
    init?(policy: String, backoff: Backoff, waits: [CallWait]) {
        guard backoff.formula != .none, !waits.isEmpty else { return nil }
        self.policy = policy
        title = "\(policy): \(backoff.text)"
        self.backoff = backoff
        let byRetry = Dictionary(grouping: waits, by: \.retry)
        let last = min(byRetry.keys.max() ?? 1, Self.retriesMax)
        let formula = Self.draws(backoff, retries: last)
        rows = (1...last).map { retry in
            Row(
                retry: retry, observed: SortedSample((byRetry[retry] ?? []).map(\.wait.seconds)),
                formula: formula[retry - 1])
        }
    }

    /// The distribution of each wait, by drawing whole sequences: some formulas build on the wait before.
    private static func draws(_ backoff: Backoff, retries: Int) -> [(p5: Double, median: Double, p95: Double)] {
        var generator = RandomStreams(seed: 42).stream("formula", backoff.text)
        var draws = Array(repeating: [Double](), count: retries)
        for _ in 0..<2_000 {
            var previous = Backoff.Previous()
            for retry in 1...retries {
                draws[retry - 1].append(
                    backoff.delay(retry: retry, previous: &previous, using: &generator).seconds)
            }
        }
        return draws.map { draws in
            let sample = SortedSample(draws)
            return (sample.quantile(0.05) ?? 0, sample.quantile(0.5) ?? 0, sample.quantile(0.95) ?? 0)
        }
    }

    func chart(colour: Int, isLogarithmic: Bool) -> LineChart {
        // A logarithm has no room for nothing.
        func place(_ seconds: Double) -> Double { isLogarithmic && seconds <= 0 ? .nan : seconds }
        let dots = rows.flatMap { row -> [Point] in
            let values = row.observed.values
            let count = min(values.count, Self.dotsMax)
            return (0..<count).compactMap { index in
                // In the middle of equal parts: the extremes would stretch the scale.
                let rank = (2 * index + 1) * values.count / (2 * count)
                guard !place(values[rank]).isNaN else { return nil }
                return Point(
                    x: Double(row.retry), y: values[rank],
                    note:
                        "retry \(row.retry): \(Numbers.seconds(values[rank])), \(rank + 1) of \(values.count) by length"
                )
            }
        }
        return LineChart(
            title: title, description: "Waits before each retry against the formula \(backoff.text).",
            x: Axis(title: "retry"),
            y: Axis(title: "wait", scale: isLogarithmic ? .logarithmic : .linear, unit: .seconds),
            series: [
                Series(
                    name: "formula", colour: colour,
                    points: rows.map { row in
                        Point(
                            x: Double(row.retry), y: place(row.formula.median),
                            note: "retry \(row.retry): median \(Numbers.seconds(row.formula.median)), "
                                + "\(Numbers.seconds(row.formula.p5)) to \(Numbers.seconds(row.formula.p95))")
                    },
                    band: rows.compactMap { row in
                        place(row.formula.p5).isNaN
                            ? nil
                            : BandPoint(x: Double(row.retry), lower: row.formula.p5, upper: row.formula.p95)
                    }, style: .dashed),
                Series(name: "waits", colour: colour, points: dots, style: .points),
            ])
    }
}
