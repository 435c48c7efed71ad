import Foundation

/// Wald's sequential probability ratio test of a good share against a bad one (Annals of Mathematical Statistics 16,
/// 1945). It claims nothing about shares between the two.
package struct SequentialProbabilityRatio: Hashable, Sendable {
    /// The share to pass.
    package let good: Double
    /// The share to refuse.
    package let bad: Double
    /// The chance of refusing the good.
    package let alpha: Double
    /// The chance of passing the bad.
    package let beta: Double

    package init(good: Double, bad: Double, alpha: Double = 0.05, beta: Double = 0.05) {
        precondition(0 < bad && bad < good && good < 1, "0 < bad < good < 1 is wanted (are \(bad), \(good))")
        self.good = good
        self.bad = bad
        self.alpha = alpha
        self.beta = beta
    }

    /// The log-likelihood ratio, bad to good, from which on the good is refused.
    package var upper: Double { log((1 - beta) / alpha) }

    /// The log-likelihood ratio down from which the bad is ruled out.
    package var lower: Double { log(beta / (1 - alpha)) }

    /// What one success adds to the log-likelihood ratio.
    package var success: Double { log(bad / good) }

    /// What one failure adds to the log-likelihood ratio.
    package var failure: Double { log((1 - bad) / (1 - good)) }

    /// What is decided so far.
    package enum Verdict: Hashable, Sendable {
        case good
        case bad
        case open
    }

    /// What so many of each decide.
    package func verdict(successes: Int, failures: Int) -> Verdict {
        let ratio = Double(successes) * success + Double(failures) * failure
        if ratio >= upper { return .bad }
        return ratio <= lower ? .good : .open
    }

    /// The fewest successes without a failure that pass.
    package var cleanCount: Int { Int((lower / success).rounded(.up)) }

    /// About how many trials it takes if the share is the good one (Wald, ibid.: what overshoots is not counted).
    package var expectedCountIfGood: Double {
        (alpha * upper + (1 - alpha) * lower) / (good * success + (1 - good) * failure)
    }

    /// About how many trials it takes if the share is the bad one.
    package var expectedCountIfBad: Double {
        ((1 - beta) * upper + beta * lower) / (bad * success + (1 - bad) * failure)
    }
}
