import Determinism
import Testing

@testable import Statistics

struct BCaBootstrapTests {
    static func median(_ values: [Double], _ indices: [Int]) -> Double {
        SortedSample(indices.map { values[$0] }).median ?? .nan
    }

    static func mean(_ values: [Double], _ indices: [Int]) -> Double {
        indices.reduce(0) { $0 + values[$1] } / Double(indices.count)
    }

    @Test("draws come from SplitMix64, so that anybody can make them again")
    func draws() {
        var stream = SplitMix64(seed: 1_234_567)
        #expect(
            [stream.next(), stream.next(), stream.next()]
                == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
        var first: [Double] = []
        let bootstrap = BCaBootstrap(counts: 5, 5, seed: 42, draws: 10_000) { mine, others in
            let difference = Self.median(Reference.b, others) - Self.median(Reference.a, mine)
            if first.count < 6 { first.append(difference) }
            return difference
        }
        // The first is of the samples themselves.
        for (value, expected) in zip(first.dropFirst(), [2.1, 3.0, 3.9, 0.9, 1.4]) {
            #expect(isNear(value, expected))
        }
        #expect(isNear(bootstrap.replicates.reduce(0, +) / 10_000, 2.280710))
        #expect(isNear(bootstrap.interval(.twoSided95, .percentile), 0.6, 3.7))
    }

    @Test("the mean difference has the reference error and interval")
    func meanDifference() {
        let bootstrap = BCaBootstrap(counts: 5, 5, seed: 42, draws: 10_000) {
            Self.mean(Reference.b, $1) - Self.mean(Reference.a, $0)
        }
        #expect(isNear(bootstrap.standardError, 0.506035))
        #expect(isNear(bootstrap.interval(.twoSided95, .percentile), 1.18, 3.14))
    }

    @Test("tails are moved for bias and skewness as Efron says")
    func bca() {
        // The sample's mean as numpy adds it, 6.29 but for the last bit. The reference counts draws strictly below it, so
        // that here no draw may be equal to it, which would count half.
        let whole = Array(0..<10)
        let value = 6.289999999999999
        let bootstrap = BCaBootstrap(count: 10, seed: 7, draws: 20_000) { indices in
            if indices == whole { return value }
            let mean = Self.mean(Reference.differences, indices)
            return mean < value ? mean : mean + 1e-9
        }
        #expect(isNear(Double(bootstrap.replicates.count { $0 < bootstrap.value }) / 20_000, 0.505350))
        #expect(isNear(bootstrap.bias, 0.013411))
        #expect(isNear(bootstrap.acceleration, 0.018214))
        #expect(isNear(bootstrap.tails().lower, 0.030986))
        #expect(isNear(bootstrap.tails().upper, 0.980318))
        #expect(isNear(bootstrap.interval(), 1.58, 11.89))
        #expect(isNear(bootstrap.interval(.twoSided95, .percentile), 1.35, 11.60))
    }

    @Test("draws of a median are distributed as all resamples are")
    func exactMedian() {
        let values = [1.0, 2, 4, 8, 1, 2, 4, 8]
        // Of eight values any four are drawn like four of four; the exact bootstrap has SE 1.792181 and P(≤ 2) 5/16.
        let bootstrap = BCaBootstrap(count: 8, seed: 1, draws: 20_000) { Self.median(values, Array($0.prefix(4))) }
        #expect(isNear(bootstrap.standardError, 1.792181, 0.03))
        #expect(isNear(Double(bootstrap.replicates.count { $0 <= 2 }) / 20_000, 0.3125, 0.01))
    }

    @Test("the same trials give the same interval, and too few none")
    func repeatable() {
        let values = [1.0, 2, 3, 4, 5, 6]
        let first = BCaBootstrap(count: 6) { Self.mean(values, $0) }
        #expect(first.value == 3.5)
        #expect(first == BCaBootstrap(count: 6) { Self.mean(values, $0) })
        #expect(first.interval().lower > 1 && first.interval().upper < 6)
        #expect(BCaBootstrap(count: 4) { Self.mean(values, $0) }.interval() == .unknown)
        #expect(BCaBootstrap(count: 6) { $0.contains(0) ? .nan : 1 }.interval() == .unknown)
        let constant = BCaBootstrap(count: 6) { _ in 1 }
        #expect(constant.interval(.twoSided95, .percentile) == Interval(1, 1))
        #expect(constant.interval() == Interval(1, 1))
    }

    @Test("draws that equal the value tell of no bias")
    func ties() {
        // Most draws of a median of whole numbers are that median again.
        let values = (0..<21).map { Double($0 / 7) }
        let bootstrap = BCaBootstrap(count: 21) { Self.median(values, $0) }
        #expect(bootstrap.value == 1)
        #expect(abs(bootstrap.bias) < 0.1)
        #expect(BCaBootstrap(count: 21) { _ in 1 }.bias == 0)
    }

    @Test("leaving out groups learns of about the same skewness as leaving out each")
    func grouped() {
        var stream = SplitMix64(seed: 11)
        var (grouped, single) = (0.0, 0.0)
        for _ in 0..<30 {
            let values = (0..<600).map { _ in stream.exponential() }
            let mean = values.reduce(0, +) / 600
            grouped += BCaBootstrap(count: 600, draws: 2) { Self.mean(values, $0) }.acceleration
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            let cubes = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * ($1 - mean) }
            single += cubes / (6 * (squares * squares * squares).squareRoot())
        }
        #expect(isNear(grouped / single, 1, 0.15))
    }
}
