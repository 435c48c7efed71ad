/// Values made of pairs of a sorted sample's or of two samples' values, too many to be listed, in an order by which
/// those up to a limit can be counted in one pass along a staircase (Johnson and Mizoguchi, SIAM J. Computing 7, 1978).
protocol PairOrder {
    /// How many values there are.
    var count: Int { get }
    /// The smallest and the largest; there is at least one value.
    var bounds: (Double, Double) { get }
    /// How many values are at most `limit`, and the smallest above it.
    func split(at limit: Double) -> (count: Int, next: Double)
    /// How many values are at most `limit`.
    func count(upTo limit: Double) -> Int
}

extension PairOrder {
    /// The value at a rank from 1: the least double that as many values do not exceed, found by bisection over the bits
    /// of doubles, in at most 64 passes.
    func value(at rank: Int) -> Double {
        var (low, high) = (Self.key(bounds.0), Self.key(bounds.1))
        while low < high {
            let middle = low + (high - low) / 2
            if count(upTo: Self.value(middle)) >= rank { high = middle } else { low = middle + 1 }
        }
        // No negative zero.
        return Self.value(low) + 0
    }

    /// The middle value, or halfway between the two; NaN if there is none.
    var median: Double {
        guard count > 0 else { return .nan }
        let lower = value(at: (count + 1) / 2)
        guard count % 2 == 0 else { return lower }
        let split = split(at: lower)
        return split.count > count / 2 ? lower : Difference.average(lower, split.next)
    }

    /// The values with k below the one and k above the other; no bounds without a k.
    func interval(_ k: Int?) -> Interval {
        guard let k, 2 * k < count else { return .unknown }
        return Interval(value(at: k + 1), value(at: count - k))
    }

    /// Whole numbers in the order of the doubles.
    private static func key(_ value: Double) -> UInt64 {
        let bits = value.bitPattern
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }

    private static func value(_ key: UInt64) -> Double {
        Double(bitPattern: key >> 63 == 1 ? key & ~(1 << 63) : ~key)
    }
}

/// All differences of a value of one sample and one of another.
struct PairwiseDifferences: PairOrder {
    private let from: [Double]
    private let to: [Double]

    init(_ from: [Double], _ to: [Double]) {
        precondition(!from.contains { $0.isNaN } && !to.contains { $0.isNaN }, "numbers are wanted (one is none)")
        self.from = from.sorted()
        self.to = to.sorted()
    }

    var count: Int { from.count * to.count }

    var bounds: (Double, Double) {
        (
            Difference.of(to[0], less: from[from.count - 1]),
            Difference.of(to[to.count - 1], less: from[0])
        )
    }

    func count(upTo limit: Double) -> Int {
        var total = 0
        var reached = 0
        for base in from {
            while reached < to.count, Difference.of(to[reached], less: base) <= limit { reached += 1 }
            total += reached
        }
        return total
    }

    func split(at limit: Double) -> (count: Int, next: Double) {
        var total = 0
        var reached = 0
        var next = Double.infinity
        for base in from {
            while reached < to.count, Difference.of(to[reached], less: base) <= limit { reached += 1 }
            total += reached
            if reached < to.count { next = min(next, Difference.of(to[reached], less: base)) }
        }
        return (total, next)
    }
}

/// Walsh's averages of a sample: of each value and itself, and of each two (Annals of Mathematical Statistics 20, 1949).
struct WalshAverages: PairOrder {
    private let values: [Double]

    init(_ values: [Double]) {
        precondition(!values.contains { $0.isNaN }, "numbers are wanted (one is none)")
        self.values = values.sorted()
    }

    var count: Int { values.count * (values.count + 1) / 2 }

    var bounds: (Double, Double) { (values[0], values[values.count - 1]) }

    func count(upTo limit: Double) -> Int {
        var total = 0
        var end = values.count
        for start in values.indices {
            while end > start, Difference.average(values[start], values[end - 1]) > limit { end -= 1 }
            if end <= start { break }
            total += end - start
        }
        return total
    }

    func split(at limit: Double) -> (count: Int, next: Double) {
        var total = 0
        var end = values.count
        var next = Double.infinity
        for start in values.indices {
            while end > start, Difference.average(values[start], values[end - 1]) > limit { end -= 1 }
            let after = max(end, start)
            if after < values.count { next = min(next, Difference.average(values[start], values[after])) }
            total += max(0, end - start)
        }
        return (total, next)
    }
}
