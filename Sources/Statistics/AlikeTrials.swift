import Foundation

/// Bounds of a mean over trials that all showed the same. Their standard error is 0, which is what the sample lacks and
/// nothing that it shows: whatever happens in a share of trials of up to 1 − tail^(1/n) may have been missed by n of them
/// (Clopper and Pearson's bound for none of n).
package struct AlikeTrials: Hashable, Sendable {
    /// How far trials that were missed may lie from the others.
    package enum Scale: Hashable, Sendable {
        /// Happenings in a trial: by as many as the bound of a Poisson mean of which none was seen (Garwood, Biometrika
        /// 28, 1936).
        case count
        /// Between 0 and 1.
        case share
        /// Between −1 and 1.
        case points
        /// Relative changes: by as much as the baseline itself.
        case relative
        /// By nobody knows how much: as for a median, so many trials are asked for that half of all can't lie elsewhere.
        case other
    }

    package let value: Double
    package let trials: Int
    private let scale: Scale

    package init(_ value: Double, trials: Int, scale: Scale) {
        self.value = value
        self.trials = trials
        self.scale = scale
    }

    /// The largest share of trials that may have been missed; 1 where nothing is claimed.
    package func missed(_ confidence: Confidence) -> Double { Self.missed(confidence, trials) }

    package func interval(_ confidence: Confidence = .twoSided95) -> Interval { interval(confidence, trials: trials) }

    /// The fewest trials, all alike, whose interval tells something; nil where none does.
    ///
    /// - Parameter isDecided: Once it holds for an interval, it does for narrower ones.
    package func trialsNeeded(_ confidence: Confidence, _ isDecided: (Interval) -> Bool) -> Int? {
        CountSearch.least(from: trials, to: TrialShare.trialsMax) { isDecided(interval(confidence, trials: $0)) }
    }

    private func interval(_ confidence: Confidence, trials: Int) -> Interval {
        guard trials > 0, confidence.tail > 0 else { return .unknown }
        let share = Self.missed(confidence, trials)
        switch scale {
        case .count:
            let most = -log(confidence.tail) / Double(trials)
            return Interval(value - most, value + most)
        case .share: return Interval(value * (1 - share), value + share * (1 - value))
        case .points: return Interval(value - share * (1 + value), value + share * (1 - value))
        case .relative: return Interval(value - share, value + share)
        case .other:
            return trials < SortedSample.countToBound(0.5, confidence) ? .unknown : Interval(value, value)
        }
    }

    private static func missed(_ confidence: Confidence, _ trials: Int) -> Double {
        trials > 0 ? 1 - pow(confidence.tail, 1 / Double(trials)) : 1
    }
}
