import Foundation

/// The log-rank test of whether two samples of times differ (Mantel, Cancer Chemotherapy Reports 50, 1966; with the
/// hypergeometric variance).
package struct LogRank: Hashable, Sendable {
    /// Events of the first sample less those expected of it if the two did not differ.
    package let excess: Double
    /// The square of the excess by its variance.
    package let chiSquared: Double
    /// Of `chiSquared`, with one degree of freedom.
    package let p: Double

    package init(_ first: SurvivalSample, _ second: SurvivalSample) { self.init(strata: [(first, second)]) }

    /// Over strata, each of which is compared within itself (Mantel, ibid.).
    ///
    /// With trials that met the same weather in pairs, each pair is a stratum of one against one, and the test is the
    /// sign test of which of the two came first.
    package init(strata: [(first: SurvivalSample, second: SurvivalSample)]) {
        var (excess, variance) = (0.0, 0.0)
        for (first, second) in strata {
            let stratum = Self.compare(first, second)
            excess += stratum.excess
            variance += stratum.variance
        }
        self.excess = excess
        chiSquared = variance > 0 ? excess * excess / variance : 0
        p = ChiSquaredDistribution.upperTail(chiSquared, degreesOfFreedom: 1)
    }

    private static func compare(
        _ first: SurvivalSample, _ second: SurvivalSample
    ) -> (excess: Double, variance: Double) {
        var (i, j) = (0, 0)
        var (atRisk, otherAtRisk) = (first.count, second.count)
        var (excess, variance) = (0.0, 0.0)
        while i < first.steps.count || j < second.steps.count {
            let time = min(
                i < first.steps.count ? first.steps[i].time : .infinity,
                j < second.steps.count ? second.steps[j].time : .infinity)
            var (events, otherEvents, ended, otherEnded) = (0, 0, 0, 0)
            if i < first.steps.count, first.steps[i].time == time {
                events = first.steps[i].events
                ended = events + first.steps[i].censored
                i += 1
            }
            if j < second.steps.count, second.steps[j].time == time {
                otherEvents = second.steps[j].events
                otherEnded = otherEvents + second.steps[j].censored
                j += 1
            }
            let (d, n, share) = (
                Double(events + otherEvents), Double(atRisk + otherAtRisk),
                Double(atRisk) / Double(atRisk + otherAtRisk)
            )
            excess += Double(events) - d * share
            if n > 1 { variance += d * share * (1 - share) * (n - d) / (n - 1) }
            atRisk -= ended
            otherAtRisk -= otherEnded
        }
        return (excess, variance)
    }
}
