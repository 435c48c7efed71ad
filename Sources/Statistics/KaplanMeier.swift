import Foundation

/// Kaplan and Meier's estimate of how many have not happened by a time (JASA 53, 1958).
package struct KaplanMeier: Hashable, Sendable {
    /// What is known from one time on.
    package struct Step: Hashable, Sendable {
        package var time: Double
        /// The share that has not happened by then.
        package var survival: Double
        /// How many had neither happened nor been censored before.
        package var atRisk: Int
        package var events: Int
        package var censored: Int
        /// Greenwood's Σ d ÷ n(n − d), the variance of ln S (Reports on Public Health 33, 1926); infinite once S is 0.
        package var logVariance: Double
    }

    /// How a bound is made of the standard error.
    package enum Band: Hashable, Sendable {
        /// S ± z·SE, cut off at 0 and 1.
        case linear
        /// On the scale of ln(−ln S), which stays within 0 and 1 and covers well in small samples (Borgan and Liestøl,
        /// Scand. J. Statist. 17, 1990).
        case logLog
    }

    /// By time.
    package let steps: [Step]
    /// How many there were at first.
    package let count: Int

    package init(_ sample: SurvivalSample) {
        var survival = 1.0
        var logVariance = 0.0
        steps = sample.steps.map { step in
            let (d, n) = (Double(step.events), Double(step.atRisk))
            if step.events > 0 {
                survival = step.events == step.atRisk ? 0 : survival * (1 - d / n)
                logVariance += d / (n * (n - d))
            }
            return Step(
                time: step.time, survival: survival, atRisk: step.atRisk, events: step.events,
                censored: step.censored, logVariance: logVariance)
        }
        count = sample.count
    }

    /// The share that has not happened by a time, its events among what has.
    package func survival(at time: Double) -> Double { index(time).map { steps[$0].survival } ?? 1 }

    /// The share's interval at a time.
    ///
    /// Before the first event there is no variance: the lower bound is then that of as many successes without a failure
    /// as are at risk (Clopper and Pearson, Biometrika 26, 1934). After the last one the upper bound stays where it was.
    package func interval(
        at time: Double, _ confidence: Confidence = .twoSided95, _ band: Band = .logLog
    ) -> Interval {
        guard count > 0 else { return Interval(0, 1) }
        return index(time).map { interval(of: $0, confidence, band) } ?? Self.untouched(count, confidence)
    }

    private func interval(of index: Int, _ confidence: Confidence, _ band: Band) -> Interval {
        let step = steps[index]
        let s = step.survival
        if s >= 1 { return Self.untouched(step.atRisk, confidence) }
        if s <= 0 { return Interval(0, lastUpper(before: index, confidence, band)) }
        let z = confidence.z
        switch band {
        case .linear:
            let half = z * s * step.logVariance.squareRoot()
            return Interval(max(0, s - half), min(1, s + half))
        case .logLog:
            let factor = exp(z * step.logVariance.squareRoot() / -log(s))
            return Interval(pow(s, factor), pow(s, 1 / factor))
        }
    }

    private func lastUpper(before index: Int, _ confidence: Confidence, _ band: Band) -> Double {
        guard let last = steps[..<index].lastIndex(where: { $0.survival > 0 }) else { return 1 }
        return interval(of: last, confidence, band).upper
    }

    private static func untouched(_ atRisk: Int, _ confidence: Confidence) -> Interval {
        Interval(pow(confidence.tail, 1 / Double(atRisk)), 1)
    }

    /// The first time by which half has happened; nil if that was not seen.
    package var median: Double? { quantile(0.5) }

    /// The first time by which a share has happened; nil if that was not seen.
    package func quantile(_ share: Double) -> Double? {
        steps.first { $0.survival <= 1 - share + 1e-12 }?.time
    }

    /// The times at which the band holds one half (Brookmeyer and Crowley, Biometrics 38, 1982); infinite where it
    /// never comes below.
    package func medianInterval(_ confidence: Confidence = .twoSided95, _ band: Band = .logLog) -> Interval {
        guard count > 0 else { return .unknown }
        // Only an event moves the curve; a time without one ends nothing.
        let moved = steps.indices.filter { steps[$0].events > 0 }
        let bounds = moved.map { interval(of: $0, confidence, band) }
        return Interval(
            bounds.firstIndex { $0.lower <= 0.5 }.map { steps[moved[$0]].time } ?? .infinity,
            bounds.firstIndex { $0.upper <= 0.5 }.map { steps[moved[$0]].time } ?? .infinity)
    }

    /// The mean time until a horizon, what has not happened by then counting as the horizon, with its standard error
    /// (Irwin, J. Hygiene 47, 1949; Klein and Moeschberger, Survival Analysis, §4.5).
    package func restrictedMean(to horizon: Double) -> (value: Double, standardError: Double) {
        precondition(horizon.isFinite, "a finite horizon is wanted (is \(horizon))")
        let used = steps.prefix { $0.time < horizon }
        // The area under the curve from each step to the horizon, and in the end from nothing.
        var area = 0.0
        var end = horizon
        var variance = 0.0
        for step in used.reversed() {
            area += step.survival * (end - step.time)
            end = step.time
            let (d, n) = (Double(step.events), Double(step.atRisk))
            if area > 0 { variance += area * area * d / (n * (n - d)) }
        }
        return (area + end, variance.squareRoot())
    }

    /// The last step up to a time.
    private func index(_ time: Double) -> Int? {
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }
}
