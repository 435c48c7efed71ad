/// A share that was counted in trials, with bounds that hold however much the units of a trial share their fate: for gates.
///
/// Trials are independent, and what happens within one hangs together, by how much nobody knows as long as hardly anything
/// fails: the standard error over trials is 0 when all went well, and a design effect can't be told. So each trial is one
/// observation between 0 and 1, the part of it that failed, and the bound is Stringer's, which auditors use for the same
/// question, errors that are rare, partial and in clusters (Bickel, "Inference and auditing: the Stringer bound",
/// International Statistical Review 60, 1992; asymptotically conservative by Pap and van Zuijlen, Statistics &
/// Probability Letters 27, 1996): U(0) + Σ (U(j) − U(j−1))·t(j), with U(j) the bound of Clopper and Pearson for j failures
/// among as many trials, and t(j) the j-th largest part.
///
/// Where each trial holds one unit, or fails wholly or not at all, it is the bound of Clopper and Pearson over trials; where
/// trials lose about equally much, it is little wider than their mean's. Operations that are independent of each other get no
/// credit for it, because a run can't tell them from others before it has seen what goes wrong.
package struct TrialShare: Hashable, Sendable {
    /// Successes of all, pooled over trials; NaN for an empty sample.
    package let value: Double
    /// Trials that hold any unit.
    package let trials: Int
    private let failed: Parts
    private let succeeded: Parts

    package init(_ trials: [(successes: Double, count: Double)]) {
        let used = trials.filter { $0.count > 0 }
        let total = used.reduce(0) { $0 + $1.count }
        let share = used.reduce(0) { $0 + $1.successes } / total
        value = share
        self.trials = used.count
        let mean = total / Double(max(1, used.count))
        let largest = used.reduce(0) { max($0, $1.count) }
        // The ratio is linearized (Cochran, Sampling Techniques, §6.3): a trial that is larger than others alone loses nothing.
        failed = Parts(
            used.map { ($0.count - $0.successes - (1 - share) * ($0.count - mean)) / largest }, scale: largest / mean)
        succeeded = Parts(used.map { ($0.successes - share * ($0.count - mean)) / largest }, scale: largest / mean)
    }

    /// The bounds, each wrong at most as often as the confidence's tail says.
    package func interval(_ confidence: Confidence = .twoSided95) -> Interval {
        interval(confidence, trials: Double(trials))
    }

    /// The bounds that so many trials would give in which things went the same way.
    package func interval(_ confidence: Confidence, trials: Double) -> Interval {
        guard trials > 0, self.trials > 0 else { return Interval(0, 1) }
        let stretch = trials / Double(self.trials)
        return Interval(
            max(0, 1 - failed.upper(confidence, trials, stretch)), min(1, succeeded.upper(confidence, trials, stretch)))
    }

    /// How many trials it would take until an interval tells something, if they went the same way; nil if none do.
    ///
    /// - Parameter isDecided: Once it holds for an interval, it does for narrower ones.
    package func trialsNeeded(_ confidence: Confidence, _ isDecided: (Interval) -> Bool) -> Int? {
        guard trials > 0, confidence.tail > 0 else { return nil }
        // A limit that the value itself sits on is out of reach, and finding that out by counting up takes long.
        let wide = interval(confidence)
        let lower = value - (value - wide.lower) * Self.narrowest
        guard isDecided(Interval(lower, value + (wide.upper - value) * Self.narrowest)) else { return nil }
        let coarse = TrialShare(value: value, trials: trials, failed: failed.coarse, succeeded: succeeded.coarse)
        return CountSearch.least(from: trials, to: Self.trialsMax) {
            isDecided(coarse.interval(confidence, trials: Double($0)))
        }
    }

    private init(value: Double, trials: Int, failed: Parts, succeeded: Parts) {
        self.value = value
        self.trials = trials
        self.failed = failed
        self.succeeded = succeeded
    }

    static let trialsMax = 1_000_000
    /// To what part of its width an interval is thought to narrow.
    private static let narrowest = 1e-4
}

/// The least number from which on a condition holds.
enum CountSearch {
    /// Doubles first, so that the cost grows with the answer's logarithm; nil where it holds nowhere.
    static func least(from start: Int, to end: Int, _ holds: (Int) -> Bool) -> Int? {
        var (low, high) = (max(1, start), max(1, start))
        while !holds(high) {
            guard high < end else { return nil }
            low = high + 1
            high = min(end, high * 2)
        }
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return high
    }
}

/// What parts of their trials were hit, the largest first, equal ones together.
private struct Parts: Hashable {
    private struct Group: Hashable {
        var part: Double
        /// Trials with this part or a larger one.
        var reached: Double
    }

    private var groups: [Group] = []
    /// The unit of the parts, of the share's own.
    private let scale: Double

    /// More different parts than this are taken for the largest of their neighbours: on the safe side, and cheap.
    private static let groupsMax = 1_000
    private static let coarseMax = 32

    init(_ parts: [Double], scale: Double) {
        self.scale = scale
        for part in parts.sorted(by: >) where part > 0 {
            let part = min(1, part)
            // A sum of fractions is not exact, and what is nothing must not look like something.
            if part < 1e-12 { break }
            if groups.last?.part == part {
                groups[groups.count - 1].reached += 1
            } else {
                groups.append(Group(part: part, reached: (groups.last?.reached ?? 0) + 1))
            }
        }
        merge(to: Self.groupsMax)
    }

    var coarse: Parts {
        var parts = self
        parts.merge(to: Self.coarseMax)
        return parts
    }

    private mutating func merge(to count: Int) {
        guard groups.count > count else { return }
        groups = (0..<count).map { index in
            let (first, end) = (index * groups.count / count, (index + 1) * groups.count / count)
            return Group(part: groups[first].part, reached: groups[end - 1].reached)
        }
    }

    /// Stringer's bound of the mean part, summed by parts.
    ///
    /// - Parameter stretch: How many times as many trials there are as were seen.
    func upper(_ confidence: Confidence, _ trials: Double, _ stretch: Double) -> Double {
        func bound(_ reached: Double) -> Double {
            guard confidence.tail > 0, reached < trials else { return 1 }
            return BetaDistribution.quantile(1 - confidence.tail, reached + 1, trials - reached)
        }
        var sum = bound(0) * (1 - (groups.first?.part ?? 0))
        for (index, group) in groups.enumerated() {
            let next = index + 1 < groups.count ? groups[index + 1].part : 0
            sum += bound(group.reached * stretch) * (group.part - next)
        }
        return min(1, sum * scale)
    }
}
