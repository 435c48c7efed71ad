/// A quantile of the values of many trials, with bounds that hold however much the values of a trial hang together: the
/// share of values below each of them is bounded as ``TrialShare`` does it, and the bounds are turned round (Woodruff, JASA
/// 47, 1952, 635). Where each trial has one value they are the order statistics that ``SortedSample`` gives.
package struct TrialQuantile: Hashable, Sendable {
    /// Of all trials together, sorted.
    private let values: [Double]
    /// Whose value each is.
    private let owners: [Int32]
    private let counts: [Int32]

    /// - Parameter trials: The values of each trial; infinite ones never came.
    package init(_ trials: [[Double]]) {
        let used = trials.filter { !$0.isEmpty }
        counts = used.map { Int32($0.count) }
        var pooled: [(value: Double, owner: Int32)] = []
        pooled.reserveCapacity(counts.reduce(0) { $0 + Int($1) })
        for (owner, values) in used.enumerated() {
            for value in values { pooled.append((value, Int32(owner))) }
        }
        pooled.sort { $0.value < $1.value }
        values = pooled.map(\.value)
        owners = pooled.map(\.owner)
    }

    package var count: Int { values.count }

    /// Trials that have a value.
    package var trials: Int { counts.count }

    /// The nearest-rank quantile, a value that was observed; nil for an empty sample.
    package func value(_ q: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        // 0.95 · 20 is a little more than 19 in binary.
        return values[min(max(Int((q * Double(count) - 1e-9).rounded(.up)), 1), count) - 1]
    }

    /// The share of values below a limit, or, where `includes` says so, not above it.
    package func share(below limit: Double, includes: Bool = false) -> TrialShare {
        share(of: rank(limit, includes: includes))
    }

    /// For each trial that has a value, the part of its values that is not above a limit.
    func parts(upTo limit: Double) -> [Double] {
        zip(smaller(rank(limit, includes: true)), counts).map { Double($0) / Double($1) }
    }

    package func interval(_ q: Double, _ confidence: Confidence = .twoSided95) -> Interval {
        guard confidence.tail > 0 else { return .unknown }
        // How many values are not above the upper bound, and how many lie below the lower.
        let upper = first { share(of: $0).interval(confidence).lower >= q - 1e-12 }
        let lower = first { share(of: $0).interval(confidence).upper > q + 1e-12 } - 1
        return Interval(
            values.indices.contains(lower) ? values[lower] : -.infinity,
            upper >= 1 && upper <= count ? values[upper - 1] : .infinity)
    }

    /// The least rank from which on a condition holds; one more than there are values if it holds for none.
    private func first(_ holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, count + 1)
        while low < high {
            let middle = (low + high) / 2
            if middle > count || holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func rank(_ limit: Double, includes: Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if includes ? values[middle] <= limit : values[middle] < limit { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Counts the smallest values for successes.
    private func share(of rank: Int) -> TrialShare {
        TrialShare(zip(smaller(rank), counts).map { (successes: Double($0), count: Double($1)) })
    }

    /// How many of so many smallest values are of each trial.
    private func smaller(_ rank: Int) -> [Int32] {
        var smaller = Array(repeating: Int32(0), count: counts.count)
        for position in 0..<rank { smaller[Int(owners[position])] += 1 }
        return smaller
    }
}
