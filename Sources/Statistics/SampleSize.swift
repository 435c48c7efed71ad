import Foundation

/// How many trials it takes to show something.
package enum SampleSize {
    /// The fewest trials that show a share of at least `share` although so many of them fail, by Clopper and Pearson's
    /// bound (Biometrika 26, 1934).
    package static func toShow(
        _ share: Double, failures: Int, _ confidence: Confidence = .oneSided95
    ) -> Int {
        precondition(0 < share && share < 1, "a share in (0, 1) is wanted (is \(share))")
        precondition(confidence.tail > 0, "a tail is wanted")
        // As many failures or fewer must be unlikely enough at the share itself.
        func shows(_ n: Int) -> Bool {
            BinomialDistribution.cumulative(failures, n, 1 - share) <= confidence.tail
        }
        var (low, high) = (failures, failures + 1)
        while !shows(high) { (low, high) = (high, 2 * high) }
        while high - low > 1 {
            let middle = (low + high) / 2
            if shows(middle) { high = middle } else { low = middle }
        }
        return high
    }

    /// Per arm, for two independent shares to be told apart (Fleiss, Statistical Methods for Rates and Proportions,
    /// §3.2, without a correction for continuity); alpha is two-sided.
    package static func perArm(_ first: Double, _ second: Double, power: Double = 0.8, alpha: Double = 0.05) -> Int {
        precondition(first != second, "two shares that differ are wanted (both are \(first))")
        return Int(exactPerArm(first, second, power: power, alpha: alpha).rounded(.up))
    }

    static func exactPerArm(_ first: Double, _ second: Double, power: Double, alpha: Double) -> Double {
        let mean = (first + second) / 2
        let root =
            deviate(alpha / 2) * (2 * mean * (1 - mean)).squareRoot()
            + deviate(1 - power) * (first * (1 - first) + second * (1 - second)).squareRoot()
        return root * root / ((first - second) * (first - second))
    }

    /// In both arms together, for Mann and Whitney's test to find P(X > Y) = `superiority` (Noether, JASA 82, 1987);
    /// alpha is two-sided.
    ///
    /// - Parameter share: Of all trials, those of the first arm.
    package static func total(
        superiority: Double, share: Double = 0.5, power: Double = 0.8, alpha: Double = 0.05
    ) -> Int {
        precondition(superiority != 0.5, "a superiority other than one half is wanted")
        let z = deviate(alpha / 2) + deviate(1 - power)
        let distance = superiority - 0.5
        return Int((z * z / (12 * share * (1 - share) * distance * distance)).rounded(.up))
    }

    /// The normal deviate that is exceeded with this chance.
    static func deviate(_ tail: Double) -> Double { -NormalDistribution.quantile(tail) }
}
