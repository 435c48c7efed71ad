/// What a call comes to whose attempts fail with one probability x each, independently of each other: with R retries,
/// (1 − x^(R+1)) ÷ (1 − x) attempts on the average, and a success with probability 1 − x^(R+1).
///
/// It is what a number of attempts buys, and costs, while failures come by chance. In an overload they do not: there
/// the attempts of all make those of each fail, and what bounds them is a ``RetryBudget``.
package struct CallOutlook: Hashable, Sendable {
    /// The mean number of attempts.
    package let attempts: Double
    /// The probability that one of them succeeds.
    package let success: Double

    /// - Parameters:
    ///   - attemptsMax: How many a call makes at most, the first included.
    ///   - failure: The probability x.
    package init(attemptsMax: Int, failure: Double) {
        precondition(attemptsMax >= 1, "there is a first attempt (attemptsMax is \(attemptsMax))")
        precondition((0...1).contains(failure), "a probability goes from 0 to 1 (is \(failure))")
        var allFail = 1.0
        var (square, rest) = (failure, attemptsMax)
        while rest > 0 {
            if rest % 2 == 1 { allFail *= square }
            square *= square
            rest /= 2
        }
        success = 1 - allFail
        attempts = failure < 1 ? success / (1 - failure) : Double(attemptsMax)
    }
}
