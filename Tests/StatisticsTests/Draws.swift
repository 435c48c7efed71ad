import Determinism

@testable import Statistics

/// Equal to six digits, as the reference values are given.
func isNear(_ value: Double, _ expected: Double, _ tolerance: Double = 6e-7) -> Bool {
    value == expected || abs(value - expected) < tolerance
}

func isNear(_ interval: Interval, _ lower: Double, _ upper: Double, _ tolerance: Double = 6e-7) -> Bool {
    isNear(interval.lower, lower, tolerance) && isNear(interval.upper, upper, tolerance)
}

extension SplitMix64 {
    mutating func normal() -> Double { normalPair().0 }

    mutating func normals(_ count: Int) -> [Double] {
        var values: [Double] = []
        while values.count < count {
            let pair = normalPair()
            values += [pair.0, pair.1]
        }
        return Array(values.prefix(count))
    }

    mutating func binomial(_ count: Int, _ chance: Double) -> Int {
        var successes = 0
        for _ in 0..<count where uniform() < chance { successes += 1 }
        return successes
    }

    mutating func index(_ count: Int) -> Int { Int(uniform() * Double(count)) }
}

/// The share of draws of which something holds.
func share(of draws: Int, seed: UInt64, _ holds: (inout SplitMix64) -> Bool) -> Double {
    var stream = SplitMix64(seed: seed)
    var count = 0
    for _ in 0..<draws where holds(&stream) { count += 1 }
    return Double(count) / Double(draws)
}

/// The sets of which the reference values were computed.
enum Reference {
    static let a = [12.1, 13.4, 11.8, 14.2, 12.9]
    static let b = [14.8, 15.1, 13.9, 16.0, 15.5]
    static let c: [Double] = [1, 2, 2, 3, 5, 5, 5, 8, 9, 10]
    static let d: [Double] = [2, 4, 5, 6, 7, 8, 8, 10, 11, 12]
    static let e = [9.8, 11.0, 10.1, 12.2, 10.7]
    static let differences = [6.1, 8.4, 1.3, 24.0, -8.1, 5.6, 9.2, -2.9, 6.8, 12.5]
    static let p = [0.01, 0.04, 0.03, 0.005, 0.2]

    /// Freireich's remission times under 6-MP (Blood 21, 1963); negative ones are censored.
    static let treated = SurvivalSample(
        [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
            .map { (time: abs($0), isCensored: $0 < 0) })
    /// And under placebo.
    static let placebo = SurvivalSample(
        [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map { (time: $0, isCensored: false) })
}
