import Foundation

/// Kolmogorov and Smirnov's test of whether two samples come from one distribution of any shape.
package struct KolmogorovSmirnov: Hashable, Sendable {
    /// The largest distance of the two empirical distribution functions.
    package let d: Double
    /// Two-sided.
    package let p: Double
    /// Whether p was counted over all splits, ties included, and not approximated.
    package let isExact: Bool

    /// Exact up to this many pairs of values.
    package static let exactPairsMax = 10_000

    package init(_ first: [Double], _ second: [Double]) {
        let (n, m) = (first.count, second.count)
        guard n > 0, m > 0 else {
            (d, p, isExact) = (0, 1, true)
            return
        }
        precondition(!first.contains { $0.isNaN } && !second.contains { $0.isNaN }, "numbers are wanted (one is none)")
        let pooled = (first.map { ($0, m) } + second.map { ($0, -n) }).sorted { $0.0 < $1.0 }
        // n·m times the distance, in whole numbers, looked at only where the pooled value changes.
        var isStep = Array(repeating: true, count: n + m + 1)
        var (height, highest) = (0, 0)
        for (index, element) in pooled.enumerated() {
            height += element.1
            isStep[index + 1] = index + 1 == pooled.count || pooled[index + 1].0 > element.0
            if isStep[index + 1] { highest = max(highest, abs(height)) }
        }
        d = Double(highest) / (Double(n) * Double(m))
        isExact = n * m <= Self.exactPairsMax
        p = isExact ? Self.exact(n, m, highest, isStep) : Self.limit(n, m, d)
    }

    /// The share of all splits that come as far apart at a step (Hodges, Arkiv för Matematik 3, 1958; with ties
    /// Schröer and Trenkler, Computational Statistics & Data Analysis 20, 1995).
    private static func exact(_ n: Int, _ m: Int, _ highest: Int, _ isStep: [Bool]) -> Double {
        var reached = Array(repeating: 0.0, count: m + 1)
        for i in 0...n {
            for j in 0...m {
                if isStep[i + j], i + j > 0, abs(i * m - j * n) >= highest {
                    reached[j] = 1
                } else if i + j > 0 {
                    // The last value of i + j is the first sample's in i of i + j cases.
                    let fromFirst = i > 0 ? reached[j] * Double(i) : 0
                    let fromSecond = j > 0 ? reached[j - 1] * Double(j) : 0
                    reached[j] = (fromFirst + fromSecond) / Double(i + j)
                }
            }
        }
        return min(1, reached[m])
    }

    /// Kolmogorov's limit (Smirnov, Annals of Mathematical Statistics 19, 1948).
    private static func limit(_ n: Int, _ m: Int, _ d: Double) -> Double {
        let lambda = d * (Double(n) * Double(m) / Double(n + m)).squareRoot()
        guard lambda > 0.2 else { return 1 }
        var sum = 0.0
        for k in 1...100 {
            let x = Double(k)
            let term = exp(-2 * x * x * lambda * lambda)
            sum += k % 2 == 1 ? term : -term
            if term < 1e-17 { break }
        }
        return min(1, max(0, 2 * sum))
    }
}
