import Experiments
import Recording
import Statistics

/// What the trials of one cell give of one measure: one number each.
struct ComparisonSample {
    struct Trial {
        var index: Int
        var seed: UInt64
        var value: Double
        /// Of a share: what succeeded, and of how many.
        var part: Double
        var whole: Double
    }

    let measure: Measure
    /// By index; those without the measure are left out.
    let trials: [Trial]
    /// Trials without the measure.
    let absent: Int
    /// What was counted in all of them.
    let units: Int
    /// How many of those never came to an end.
    let never: Int
    private(set) var estimate = ComparisonReport.Estimate(value: .nan, interval: .unknown, n: 0, units: 0, never: 0)

    init(_ measure: Measure, _ cell: CellSummary) {
        self.measure = measure
        var trials: [Trial] = []
        trials.reserveCapacity(cell.trials.count)
        var (units, never) = (0.0, 0)
        let kind = measure.metric.kind
        let isRatio = measure.metric.ratio != nil
        // By position: a trial has many parts, which need not be copied.
        for position in cell.trials.indices {
            var (part, whole) = (0.0, 1.0)
            let value: Double?
            if let quantile = measure.quantile {
                let values = cell.trials[position].samples(measure.metric, measure.breakdown)
                units += Double(values.count)
                never += values.count(where: \.isCensored)
                value =
                    values.count == 1
                    ? values[0].reached : SortedSample(values.map(\.reached)).quantile(quantile)
            } else {
                (part, whole) = cell.trials[position].parts(measure)
                if kind == .share { part = min(part, whole) }
                units += kind == .share || isRatio ? whole : 1
                // Of what is measured once, a number that is known to be too small is none.
                let isOpen = cell.trials[position].isCensored(measure)
                never += isOpen ? 1 : 0
                value = whole > 0 ? (isOpen ? .infinity : part / whole) : nil
            }
            guard let value, !value.isNaN else { continue }
            trials.append(
                Trial(
                    index: cell.trials[position].key.index, seed: cell.trials[position].seed, value: value, part: part,
                    whole: whole))
        }
        self.trials = trials
        absent = cell.trials.count - trials.count
        self.units = trials.isEmpty ? 0 : CellSummary.whole(units)
        self.never = never
        estimate = makeEstimate()
    }

    var count: Int { trials.count }

    var values: [Double] { trials.map(\.value) }

    /// Whether each trial is one success or one failure.
    var isOfSingles: Bool { trials.allSatisfy { $0.whole == 1 } }

    var share: ClusteredProportion {
        ClusteredProportion(trials.map { Proportion(successes: $0.part, count: $0.whole) })
    }

    /// The pooled share, the median of the trials, or their total.
    private func makeEstimate() -> ComparisonReport.Estimate {
        switch measure.metric.kind {
        case .share:
            let share = share
            let interval = isOfSingles ? share.pooled.wilson() : share.wilson()
            return estimate(trials.isEmpty ? .nan : share.pooled.value, trials.isEmpty ? .unknown : interval)
        case .total: return estimate(trials.isEmpty ? .nan : trials.reduce(0) { $0 + $1.value }, .unknown)
        case .distribution, .quantity:
            let sample = SortedSample(values)
            return estimate(sample.median ?? .nan, sample.interval(0.5))
        }
    }

    /// The mean, where medians hide what differs.
    func estimateOfMean() -> ComparisonReport.Estimate {
        let mean = RatioEstimate(mean: values)
        return estimate(mean.value, mean.interval())
    }

    private func estimate(_ value: Double, _ interval: Interval) -> ComparisonReport.Estimate {
        ComparisonReport.Estimate(value: value, interval: interval, n: count, units: units, never: never)
    }
}

/// The trials of two cells that have the same index and seed.
struct ComparisonPairs {
    /// Places in the baseline's and in the candidate's trials.
    let places: [(base: Int, candidate: Int)]

    init(_ base: ComparisonSample, _ candidate: ComparisonSample) {
        var places: [(base: Int, candidate: Int)] = []
        var (left, right) = (0, 0)
        while left < base.count, right < candidate.count {
            let (one, other) = (base.trials[left], candidate.trials[right])
            if one.index == other.index, one.seed == other.seed { places.append((left, right)) }
            if one.index <= other.index { left += 1 }
            if other.index <= one.index { right += 1 }
        }
        self.places = places
    }
}
