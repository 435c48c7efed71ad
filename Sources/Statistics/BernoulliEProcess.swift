import Foundation

/// A bet against a share being at a threshold, whose wealth may be looked at at any time (Ville, 1939; Ramdas,
/// Grünwald, Vovk and Shafer, Statistical Science 38, 2023).
///
/// While the share is no better than the threshold (or, for an alternative below it, no worse), the wealth ever reaches
/// 1 ÷ α with a chance of α at most. It takes independent trials, or operations of a design effect near 1.
package struct BernoulliEProcess: Hashable, Sendable {
    /// The share that is doubted.
    package let threshold: Double
    /// The share that is bet on: above the threshold to show that it is kept, below it to show that it is broken.
    package let alternative: Double

    package init(threshold: Double, alternative: Double) {
        precondition(0 < threshold && threshold < 1, "a threshold in (0, 1) is wanted (is \(threshold))")
        precondition(
            0 <= alternative && alternative <= 1 && alternative != threshold,
            "another share in [0, 1] is wanted (is \(alternative))")
        self.threshold = threshold
        self.alternative = alternative
    }

    /// What one success multiplies the wealth by, as a logarithm.
    package var success: Double { log(alternative / threshold) }

    /// What one failure multiplies the wealth by, as a logarithm; all is lost if none was thought possible.
    package var failure: Double { log((1 - alternative) / (1 - threshold)) }

    /// The wealth after so many of each, as a logarithm.
    package func logWealth(successes: Int, failures: Int) -> Double {
        (successes > 0 ? Double(successes) * success : 0) + (failures > 0 ? Double(failures) * failure : 0)
    }

    /// Whether the threshold is left behind with an error of alpha at most.
    package func isDecided(successes: Int, failures: Int, alpha: Double = 0.05) -> Bool {
        logWealth(successes: successes, failures: failures) >= -log(alpha)
    }

    /// The fewest successes without a failure that decide for an alternative above the threshold.
    package func cleanCount(alpha: Double = 0.05) -> Int {
        precondition(alternative > threshold, "an alternative above the threshold is wanted (is \(alternative))")
        return Int((-log(alpha) / success).rounded(.up))
    }
}
