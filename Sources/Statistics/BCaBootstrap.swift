import Determinism
import Foundation

/// The bootstrap over whole trials, for statistics that have no formula (Efron, Annals of Statistics 7, 1979), with
/// percentile and bias-corrected accelerated intervals (Efron, JASA 82, 1987).
///
/// Trials are drawn, and not what happened within them, because that hangs together. The draws come from a fixed seed,
/// so that the same trials give the same interval. It costs a call of the statistic for each draw and for each of at
/// most ``jackknifeGroupsMax`` trials left out.
package struct BCaBootstrap: Hashable, Sendable {
    /// Fewer trials than this allow too few different draws.
    package static let countMin = 5
    /// With more trials than this, whole groups of neighbours are left out to learn of the skewness: their influences
    /// add up, so that the acceleration estimates the same (Shao and Tu, The Jackknife and Bootstrap, §2.3 and §4.1).
    package static let jackknifeGroupsMax = 200
    /// Enough for bounds that move by a few hundredths of their distance with another seed.
    package static let drawsDefault = 2_000

    /// Which interval is made of the draws.
    package enum Method: Hashable, Sendable {
        /// The tails are cut off the draws.
        case percentile
        /// The tails are moved first, for bias and for skewness.
        case bca
    }

    /// Of the sample itself.
    package let value: Double
    /// Sorted; NaN is last. Empty where there are too few trials.
    package let replicates: [Double]
    /// Φ⁻¹ of the share of draws below the value, those equal to it counting half.
    package let bias: Double
    /// A sixth of the skewness of the jackknife's influences.
    package let acceleration: Double

    /// - Parameter statistic: Gives the value for the trials, or pairs of trials, with these indices, which may repeat.
    package init(
        count: Int, seed: UInt64 = 42, draws: Int = Self.drawsDefault, _ statistic: ([Int]) -> Double
    ) {
        self.init(counts: [count], seed: seed, draws: draws) { statistic($0[0]) }
    }

    /// Of two samples whose trials are no pairs: each is drawn from by itself.
    package init(
        counts first: Int, _ second: Int, seed: UInt64 = 42, draws: Int = Self.drawsDefault,
        _ statistic: ([Int], [Int]) -> Double
    ) {
        self.init(counts: [first, second], seed: seed, draws: draws) { statistic($0[0], $0[1]) }
    }

    private init(counts: [Int], seed: UInt64, draws: Int, _ statistic: ([[Int]]) -> Double) {
        let whole = counts.map { Array(0..<$0) }
        value = statistic(whole)
        guard counts.allSatisfy({ $0 >= Self.countMin }), !value.isNaN else {
            (replicates, bias, acceleration) = ([], 0, 0)
            return
        }
        var stream = SplitMix64(seed: seed)
        var drawn = whole
        var values: [Double] = []
        values.reserveCapacity(draws)
        for _ in 0..<draws {
            for sample in drawn.indices {
                let count = Double(counts[sample])
                for index in drawn[sample].indices { drawn[sample][index] = Int(count * stream.uniform()) }
            }
            values.append(statistic(drawn))
        }
        let value = value
        // Draws as large as the value count half, as scipy has it: quantiles are often drawn again, and that is no bias.
        let below = Double(values.count { $0 < value }) + Double(values.count { $0 == value }) / 2
        replicates = values.sorted { $0 < $1 || !$0.isNaN && $1.isNaN }
        bias = Self.deviate(below / Double(draws), draws)
        acceleration = Self.acceleration(whole, statistic)
    }

    /// The interval, unknown where there are too few trials or where the statistic has no value for some draw.
    package func interval(_ confidence: Confidence = .twoSided95, _ method: Method = .bca) -> Interval {
        guard let last = replicates.last, !last.isNaN else { return .unknown }
        let tails = tails(confidence, method)
        return Interval(quantile(tails.lower), quantile(tails.upper))
    }

    /// Which quantiles of the draws bound the value.
    package func tails(_ confidence: Confidence = .twoSided95, _ method: Method = .bca) -> (
        lower: Double, upper: Double
    ) {
        guard method == .bca else { return (confidence.tail, 1 - confidence.tail) }
        func moved(_ z: Double) -> Double {
            let shifted = bias + z
            let stretch = 1 - acceleration * shifted
            // Past its pole the formula says nothing; the end of the draws is as far as they tell.
            return stretch > 0 ? NormalDistribution.cumulative(bias + shifted / stretch) : (shifted > 0 ? 1 : 0)
        }
        return (moved(-confidence.z), moved(confidence.z))
    }

    /// The standard deviation of the draws.
    package var standardError: Double {
        let mean = replicates.reduce(0, +) / Double(replicates.count)
        let squares = replicates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(replicates.count - 1)).squareRoot()
    }

    /// Nearest rank: a value that was drawn.
    private func quantile(_ q: Double) -> Double {
        let rank = Int((q * Double(replicates.count) - 1e-9).rounded(.up))
        return replicates[min(max(rank, 1), replicates.count) - 1]
    }

    /// A share of none or of all draws has no deviate; half a draw has.
    private static func deviate(_ share: Double, _ draws: Int) -> Double {
        let half = 0.5 / Double(draws)
        return NormalDistribution.quantile(min(max(share, half), 1 - half))
    }

    /// Σu³ ÷ 6(Σu²)^1.5 over the influences u of single trials, which for two samples are divided by their sizes
    /// (Davison and Hinkley, Bootstrap Methods and their Application, §5.3).
    private static func acceleration(_ whole: [[Int]], _ statistic: ([[Int]]) -> Double) -> Double {
        var (squares, cubes) = (0.0, 0.0)
        for sample in whole.indices {
            let count = whole[sample].count
            let groups = min(count, jackknifeGroupsMax)
            let left = (0..<groups).map { group in
                var rest = whole
                rest[sample].removeSubrange(count * group / groups..<count * (group + 1) / groups)
                return statistic(rest)
            }
            let mean = left.reduce(0, +) / Double(groups)
            // (n − 1) ÷ n of a trial's influence on the whole sample; the same for each trial of a lone sample.
            for estimate in left {
                let influence = (mean - estimate) * Double(groups - 1) / Double(groups)
                squares += influence * influence
                cubes += influence * influence * influence
            }
        }
        let acceleration = cubes / (6 * (squares * squares * squares).squareRoot())
        // Infinite or equal estimates tell of no skewness.
        return acceleration.isFinite ? acceleration : 0
    }
}
