/// The mean of a count that was seen so many times in all (Garwood, Biometrika 28, 1936): exact where what is counted
/// happens by itself, and far less sure of itself than Student's interval where hardly any was seen.
package struct PoissonMean: Hashable, Sendable {
    package let total: Double
    package let trials: Int

    package init(total: Double, trials: Int) {
        precondition(total >= 0 && trials > 0, "0 ≤ total and 0 < trials are wanted (total \(total), trials \(trials))")
        self.total = total
        self.trials = trials
    }

    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        func half(_ p: Double, _ total: Double) -> Double {
            ChiSquaredDistribution.quantile(p, degreesOfFreedom: 2 * total) / 2 / Double(trials)
        }
        // The quantile at 1 is infinite.
        guard confidence.tail > 0, 1 - confidence.tail < 1 else { return Interval(0, .infinity) }
        return Interval(total > 0 ? half(confidence.tail, total) : 0, half(1 - confidence.tail, total + 1))
    }
}
