/// Hodges and Lehmann's estimates of a shift (Annals of Mathematical Statistics 34, 1963), with the intervals that
/// their rank tests invert to (Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, §3.3 and §4.3).
///
/// With ties the intervals hold at least as often as they say (Noether, JASA 62, 1967). Infinite values, of what never
/// came, may be among them. Pairs of values are never listed, so that 10,000 values against 10,000 take milliseconds.
package enum HodgesLehmann {
    /// The median of all differences of a value of `to` and one of `from`; NaN if either is empty.
    package static func shift(_ from: [Double], _ to: [Double]) -> Double { PairwiseDifferences(from, to).median }

    /// The shift's interval by Mann and Whitney's test; unknown where the samples are too small for any.
    package static func shiftInterval(
        _ from: [Double], _ to: [Double], _ confidence: Confidence = .twoSided95
    ) -> Interval {
        PairwiseDifferences(from, to)
            .interval(RankSumNull.criticalCount(from.count, to.count, tail: confidence.tail))
    }

    /// The median of Walsh's averages of paired differences; NaN for none.
    package static func pseudoMedian(_ differences: [Double]) -> Double { WalshAverages(differences).median }

    /// The pseudo-median's interval by Wilcoxon's signed-rank test; unknown where there are too few pairs for any.
    package static func pseudoMedianInterval(
        _ differences: [Double], _ confidence: Confidence = .twoSided95
    ) -> Interval {
        WalshAverages(differences).interval(SignedRankNull.criticalSum(differences.count, tail: confidence.tail))
    }
}
