/// The difference of two shares, the first less the second, with bounds that hold as those of ``TrialShare`` do: for
/// non-inferiority.
package struct TrialShareDifference: Hashable, Sendable {
    private enum Arms: Hashable {
        /// Halfway up: a trial's difference of −1 is a part of 1 that failed.
        case paired(TrialShare, scale: Double)
        case apart(TrialShare, TrialShare)
    }

    /// Of the pooled shares.
    package let value: Double
    /// Pairs, or the trials of the smaller arm.
    package let trials: Int
    private let arms: Arms

    package typealias Count = (successes: Double, count: Double)

    /// Trials that met the same weather in pairs: each pair is one observation, the difference of its shares.
    package init(pairs: [(mine: Count, other: Count)]) {
        let used = pairs.filter { $0.mine.count > 0 && $0.other.count > 0 }
        let (mine, others) = (Linearized(used.map(\.mine)), Linearized(used.map(\.other)))
        let differences = zip(mine.values, others.values).map { $0 - $1 }
        // Trials of unequal size may differ by more than 1 of the mean one.
        let scale = differences.reduce(1) { max($0, abs($1)) }
        value = mine.share - others.share
        trials = used.count
        arms = .paired(
            TrialShare(differences.map { (successes: (1 + $0 / scale) / 2, count: 1) }), scale: scale)
    }

    /// Trials that have nothing to do with each other: the bounds of the two shares, put together by recovering their
    /// variances (Zou and Donner, Statistics in Medicine 27, 2008, 1693).
    package init(_ mine: TrialShare, less other: TrialShare) {
        value = mine.value - other.value
        trials = min(mine.trials, other.trials)
        arms = .apart(mine, other)
    }

    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        interval(confidence, stretch: 1)
    }

    private func interval(_ confidence: Confidence, stretch: Double) -> Interval {
        switch arms {
        case .paired(let share, let scale):
            let half = share.interval(confidence, trials: Double(share.trials) * stretch)
            return Interval((2 * half.lower - 1) * scale, (2 * half.upper - 1) * scale)
        case .apart(let mine, let other):
            guard mine.trials > 0, other.trials > 0 else { return Interval(-1, 1) }
            let one = mine.interval(confidence, trials: Double(mine.trials) * stretch)
            let two = other.interval(confidence, trials: Double(other.trials) * stretch)
            func joined(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
            return Interval(
                value - joined(mine.value - one.lower, two.upper - other.value),
                value + joined(one.upper - mine.value, other.value - two.lower))
        }
    }

    /// As ``TrialShare/trialsNeeded(_:_:)``.
    package func trialsNeeded(_ confidence: Confidence, _ isDecided: (Interval) -> Bool) -> Int? {
        guard trials > 0, confidence.tail > 0 else { return nil }
        return CountSearch.least(from: trials, to: TrialShare.trialsMax) {
            isDecided(interval(confidence, stretch: Double($0) / Double(trials)))
        }
    }

    /// What each trial adds to a pooled share, so that their mean is the share (Cochran, Sampling Techniques, §6.3).
    private struct Linearized {
        let share: Double
        let values: [Double]

        init(_ trials: [Count]) {
            let total = trials.reduce(0) { $0 + $1.count }
            let share = trials.reduce(0) { $0 + $1.successes } / total
            let mean = total / Double(max(1, trials.count))
            self.share = share
            values = trials.map { share + ($0.successes - share * $0.count) / mean }
        }
    }
}
