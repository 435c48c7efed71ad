/// The values of many trials in one order, so that a quantile over drawn trials takes one walk and no sorting.
package struct PooledSample: Hashable, Sendable {
    private let values: [Double]
    private let trials: [Int32]
    private let counts: [Int]

    /// - Parameter trials: The values of each trial.
    package init(_ trials: [[Double]]) {
        counts = trials.map(\.count)
        var pooled: [(value: Double, trial: Int32)] = []
        pooled.reserveCapacity(counts.reduce(0, +))
        for (index, values) in trials.enumerated() {
            for value in values { pooled.append((value, Int32(index))) }
        }
        pooled.sort { $0.value < $1.value }
        values = pooled.map(\.value)
        self.trials = pooled.map(\.trial)
    }

    /// The nearest-rank quantile of all values of the trials with these indices, which may repeat; nil if there are none.
    package func quantile(_ q: Double, of indices: [Int]) -> Double? {
        var weights = Array(repeating: 0, count: counts.count)
        var total = 0
        for index in indices {
            weights[index] += 1
            total += counts[index]
        }
        guard total > 0 else { return nil }
        // 0.95 · 20 is a little more than 19 in binary.
        let rank = min(max(Int((q * Double(total) - 1e-9).rounded(.up)), 1), total)
        return 2 * rank <= total ? fromBelow(rank, weights) : fromAbove(total - rank + 1, weights)
    }

    private func fromBelow(_ rank: Int, _ weights: [Int]) -> Double? {
        var reached = 0
        for position in values.indices {
            reached += weights[Int(trials[position])]
            if reached >= rank { return values[position] }
        }
        return nil
    }

    private func fromAbove(_ rank: Int, _ weights: [Int]) -> Double? {
        var reached = 0
        for position in values.indices.reversed() {
            reached += weights[Int(trials[position])]
            if reached >= rank { return values[position] }
        }
        return nil
    }
}
