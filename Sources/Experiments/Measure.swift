/// One metric as a gate or a table looks at it: the metric itself, a part of it, or a quantile of a distribution.
package struct Measure: Hashable, Sendable {
    package var metric: Metric
    /// Between 0 and 1; present for distributions and for nothing else.
    package var quantile: Double?
    package var breakdown: Breakdown?

    package init(_ metric: Metric, quantile: Double? = nil, breakdown: Breakdown? = nil) {
        self.metric = metric
        self.quantile = quantile
        self.breakdown = breakdown
    }

    /// `p95(workflow.completion)`, `attempts{path=cron}`, or the metric's own name.
    package var name: String {
        let name = SampleKey(metric, breakdown).name
        guard let quantile else { return name }
        // 0.999 times 100 is 99.9 and a bit.
        var percent = "\((quantile * 1e6).rounded() / 1e4)"
        if percent.hasSuffix(".0") { percent.removeLast(2) }
        return "p\(percent)(\(name))"
    }

    /// The samples that its value is made of, where it is made of samples.
    package var keys: [SampleKey] {
        switch metric {
        case .successRate: return [.init(.workflowCompletion), .init(.operations), .init(.operationsSucceeded)]
        default: break
        }
        guard let (numerator, denominator) = metric.ratio else { return [SampleKey(metric, breakdown)] }
        return [SampleKey(numerator, breakdown), SampleKey(denominator, denominatorBreakdown)]
    }

    /// Every operation could have been waited for by any layer.
    package var denominatorBreakdown: Breakdown? { breakdown?.dimension == .layer ? nil : breakdown }
}
