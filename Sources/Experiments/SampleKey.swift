/// What a sample is of: a metric, or a part of one.
package struct SampleKey: Hashable, Sendable {
    package var metric: Metric
    /// Nil for the whole.
    package var breakdown: Breakdown?

    package init(_ metric: Metric, _ breakdown: Breakdown? = nil) {
        self.metric = metric
        self.breakdown = breakdown
    }

    /// `attempts`, `attempts{path=cron}`.
    package var name: String { metric.rawValue + (breakdown.map { "{\($0)}" } ?? "") }

    /// Nil for what ``name`` does not give.
    package init?(parsing name: String) {
        let parts = name.split(separator: "{", maxSplits: 1, omittingEmptySubsequences: false)
        guard let metric = Metric(rawValue: String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(metric)
            return
        }
        guard parts[1].last == "}", let breakdown = Breakdown(parsing: String(parts[1].dropLast())) else { return nil }
        self.init(metric, breakdown)
    }
}
