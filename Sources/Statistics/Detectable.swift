import Foundation

/// The smallest effects that samples of a size could have shown, by the normal approximations that ``SampleSize``
/// inverts; alpha is two-sided.
///
/// They go by the size alone: the "power" of what was observed would only say p once more (Hoenig and Heisey, American
/// Statistician 55, 2001).
package enum Detectable {
    /// The smallest drop from a share that two arms of n could have shown (Fleiss, Statistical Methods for Rates and
    /// Proportions, §3.2); infinite if not even a drop to nothing is found that often.
    package static func difference(baseline p: Double, n: Int, power: Double = 0.8, alpha: Double = 0.05) -> Double {
        guard n > 0, p > 0 else { return .infinity }
        return least(0...p) { SampleSize.exactPerArm(p, p - $0, power: power, alpha: alpha) <= Double(n) }
    }

    /// The smallest shift, in standard deviations, that two samples could have shown (Cohen, Statistical Power Analysis,
    /// §2.4).
    package static func standardizedShift(n: Int, m: Int, power: Double = 0.8, alpha: Double = 0.05) -> Double {
        z(power, alpha) * (1 / Double(n) + 1 / Double(m)).squareRoot()
    }

    /// The smallest P(X > Y) above one half that Mann and Whitney's test could have shown (Noether, JASA 82, 1987);
    /// infinite if even 1 is not found that often.
    package static func superiority(n: Int, m: Int, power: Double = 0.8, alpha: Double = 0.05) -> Double {
        share(0.5 + z(power, alpha) * (Double(n + m) / (12 * Double(n) * Double(m))).squareRoot())
    }

    /// The smallest difference of two shares over the same n trials that McNemar's test could have shown (Connor,
    /// Biometrics 43, 1987); infinite if there is none.
    ///
    /// - Parameter discordance: The share of trials that differ, at least as large as any difference.
    package static func pairedDifference(
        discordance: Double, n: Int, power: Double = 0.8, alpha: Double = 0.05
    ) -> Double {
        guard n > 0, discordance > 0 else { return .infinity }
        return least(0...discordance) { difference in
            let root =
                SampleSize.deviate(alpha / 2) * discordance.squareRoot()
                + SampleSize.deviate(1 - power) * max(0, discordance - difference * difference).squareRoot()
            return root * root <= Double(n) * difference * difference
        }
    }

    /// The smallest mean difference, in standard deviations of the differences, that n pairs could have shown (Cohen,
    /// Statistical Power Analysis, §2.3).
    package static func pairedStandardizedShift(n: Int, power: Double = 0.8, alpha: Double = 0.05) -> Double {
        z(power, alpha) / Double(n).squareRoot()
    }

    /// The smallest chance above one half that the sum of two differences is positive that Wilcoxon's signed-rank test
    /// could have shown (Noether, ibid.); infinite if even 1 is not found that often.
    package static func pairedSuperiority(n: Int, power: Double = 0.8, alpha: Double = 0.05) -> Double {
        share(0.5 + z(power, alpha) / (3 * Double(n)).squareRoot())
    }

    private static func z(_ power: Double, _ alpha: Double) -> Double {
        SampleSize.deviate(alpha / 2) + SampleSize.deviate(1 - power)
    }

    private static func share(_ value: Double) -> Double { value <= 1 ? value : .infinity }

    /// The least value of a range from which on a condition holds, by bisection; infinite if it holds nowhere.
    private static func least(_ range: ClosedRange<Double>, _ holds: (Double) -> Bool) -> Double {
        guard holds(range.upperBound) else { return .infinity }
        var (low, high) = (range.lowerBound, range.upperBound)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { break }
            if holds(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
