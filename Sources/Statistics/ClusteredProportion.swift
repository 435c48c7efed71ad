import Foundation

/// A share that was counted in several trials, each with its own luck (Cochran, Sampling Techniques, §3.12; Kish, Survey
/// Sampling, §8.2, for the design effect).
package struct ClusteredProportion: Hashable, Sendable {
    /// All operations of all trials.
    package var pooled: Proportion
    /// Trials with an operation.
    package var clusters: Int
    /// How many times larger the variance is than if all were independent; at least 1, and 1 where it can't be told.
    package var designEffect: Double

    package init(_ clusters: [Proportion]) {
        let used = clusters.filter { $0.count > 0 }
        let n = used.reduce(0) { $0 + $1.count }
        pooled = Proportion(successes: used.reduce(0) { $0 + $1.successes }, count: n)
        self.clusters = used.count
        let t = Double(used.count)
        let p = pooled.value
        // Trials of one operation each are independent operations.
        guard used.count >= 2, n > t, p > 0, p < 1 else {
            designEffect = 1
            return
        }
        let mean = n / t
        let squares = used.reduce(0) { sum, cluster in
            let weight = cluster.count / mean
            return sum + weight * weight * (cluster.value - p) * (cluster.value - p)
        }
        designEffect = max(1, squares / (t * (t - 1)) / (p * (1 - p) / n))
    }

    /// Wilson's interval for the number of operations that the sample is worth, by Student's t of the trials: for display.
    package func wilson(_ confidence: Confidence = .twoSided95) -> Interval {
        worth(confidence).map { $0.wilson(confidence) } ?? Interval(0, 1)
    }

    /// The effective sample, shrunk by (t of n−1 ÷ t of T−1)² because the variance is known from T trials only (Korn and
    /// Graubard, Survey Methodology 24, 1998). Nil for a single trial of many operations, whose variance nobody knows.
    private func worth(_ confidence: Confidence) -> Proportion? {
        guard clusters > 1 || pooled.count <= 1 else { return nil }
        guard isMixed, pooled.count > Double(clusters), confidence.tail > 0 else { return effective }
        func t(_ count: Double) -> Double {
            StudentDistribution.quantile(1 - confidence.tail, degreesOfFreedom: count - 1)
        }
        let ratio = t(pooled.count) / t(Double(clusters))
        let effective = effective
        return Proportion(successes: effective.successes * ratio * ratio, count: effective.count * ratio * ratio)
    }

    /// Whether some failed and some did not.
    private var isMixed: Bool { pooled.successes > 0 && pooled.successes < pooled.count }

    /// The pooled share as if from the number of independent operations that it is worth. Where nothing failed, or all did,
    /// nobody knows how much the operations of a trial share their fate, and each trial is worth one.
    package var effective: Proportion {
        guard isMixed || clusters < 2 else {
            return Proportion(successes: pooled.successes > 0 ? Double(clusters) : 0, count: Double(clusters))
        }
        return Proportion(successes: pooled.successes / designEffect, count: pooled.count / designEffect)
    }
}
