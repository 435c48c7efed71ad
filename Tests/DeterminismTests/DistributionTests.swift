import Foundation
import Testing

@testable import Determinism

struct DistributionTests {
    @Test("the logarithm is the C library's, to the last few bits")
    func logarithm() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<10_000 {
            let x = random.uniform() * Double(UInt64(1) << (random.next() % 60))
            guard x > 0 else { continue }
            let wanted = Foundation.log(x)
            #expect(abs(SplitMix64.logarithm(x) - wanted) <= 4e-16 * max(1, abs(wanted)), "x = \(x)")
        }
        #expect(SplitMix64.logarithm(1) == 0)
    }

    @Test("exponential draws have mean 1, deviation 1, and the median ln 2")
    func exponential() {
        var random = SplitMix64(seed: 11)
        let draws = (0..<100_000).map { _ in random.exponential() }.sorted()
        let mean = draws.reduce(0, +) / 100_000
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 99_999
        // Four standard errors.
        #expect(abs(mean - 1) < 4 / 316.2)
        #expect(abs(variance - 1) < 4 * 2.83 / 316.2)
        #expect(abs(draws[50_000] - 0.6931) < 4 / 316.2)
        #expect(draws[0] >= 0)
    }

    @Test("normal draws have mean 0, deviation 1, normal tails, and no correlation within a pair")
    func normal() {
        var random = SplitMix64(seed: 13)
        let pairs = (0..<50_000).map { _ in random.normalPair() }
        let draws = pairs.flatMap { [$0.0, $0.1] }
        let mean = draws.reduce(0, +) / 100_000
        let square = draws.reduce(0) { $0 + $1 * $1 } / 100_000
        let product = pairs.reduce(0) { $0 + $1.0 * $1.1 } / 50_000
        #expect(abs(mean) < 4 / 316.2)
        #expect(abs(square - 1) < 4 * 1.414 / 316.2)
        #expect(abs(product) < 4 / 223.6)
        let beyond = Double(draws.count { abs($0) > 1.959_964 }) / 100_000
        #expect(abs(beyond - 0.05) < 4 * (0.05 * 0.95 / 100_000).squareRoot())
    }

    @Test("the draws of a seed are these, on every machine")
    func golden() {
        var random = SplitMix64(seed: 42)
        let pair = random.normalPair()
        let wait = random.exponential()
        #expect([pair.0.bitPattern, pair.1.bitPattern, wait.bitPattern] == Self.bits)
    }

    private static let bits: [UInt64] = [
        4_602_551_829_477_310_604, 13_827_798_303_728_586_361, 4_599_554_457_330_263_204,
    ]
}
