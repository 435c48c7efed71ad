import Testing

@testable import Statistics

struct SampleSizeTests {
    @Test(
        "two arms of the tabled size tell two shares apart",
        arguments: [
            (0.999, 0.99, 1059, 1418), (0.999, 0.995, 2934, 3927), (0.999, 0.998, 23511, 31473), (0.99, 0.95, 285, 381),
            (0.95, 0.90, 435, 582),
        ])
    func shares(first: Double, second: Double, n: Int, more: Int) {
        #expect(SampleSize.perArm(first, second) == n)
        #expect(SampleSize.perArm(first, second, power: 0.9) == more)
    }

    @Test(
        "trials with failures show a share at the tabled sizes",
        arguments: [
            (0.99, 0.05, [299, 473, 628, 773, 913, 1_049]), (0.995, 0.05, [598, 947, 1_258, 1_549, 1_829, 2_100]),
            (0.999, 0.05, [2_995, 4_742, 6_294, 7_752, 9_151, 10_511]),
            (0.9995, 0.05, [5_990, 9_486, 12_590, 15_505, 18_305, 21_024]),
            (0.9999, 0.05, [29_956, 47_437, 62_956, 77_535, 91_533, 105_128]), (0.99, 0.01, [459, 662, 838]),
            (0.999, 0.01, [4_603, 6_636, 8_403]), (0.9999, 0.01, [46_050, 66_381, 84_057]),
        ])
    func toShow(share: Double, tail: Double, sizes: [Int]) {
        for (failures, n) in sizes.enumerated() {
            #expect(SampleSize.toShow(share, failures: failures, Confidence(tail: tail)) == n)
        }
    }

    @Test("Noether's totals are the tabled ones", arguments: [(0.55, 1047), (0.60, 262), (0.64, 134), (0.71, 60)])
    func noether(superiority: Double, total: Int) { #expect(SampleSize.total(superiority: superiority) == total) }

    @Test(
        "what arms could have shown is what takes their size",
        arguments: [(0.999, 0.99, 1059), (0.999, 0.995, 2934), (0.99, 0.95, 285), (0.95, 0.90, 435)])
    func difference(first: Double, second: Double, n: Int) {
        let shown = Detectable.difference(baseline: first, n: n)
        #expect(shown <= first - second)
        #expect(shown > 0.99 * (first - second))
        #expect(Detectable.difference(baseline: first, n: n, power: 0.9) > first - second)
    }

    @Test("samples too small could have shown nothing")
    func tooFew() {
        #expect(Detectable.difference(baseline: 0.9, n: 1) == .infinity)
        #expect(Detectable.difference(baseline: 0, n: 100) == .infinity)
        #expect(Detectable.superiority(n: 3, m: 3) == .infinity)
        #expect(Detectable.pairedSuperiority(n: 5) == .infinity)
        #expect(Detectable.pairedDifference(discordance: 0.1, n: 20) == .infinity)
    }

    @Test("superiority inverts Noether's totals", arguments: [0.6, 0.7])
    func superiority(value: Double) {
        let total = SampleSize.total(superiority: value)
        #expect(isNear(Detectable.superiority(n: total / 2, m: total - total / 2), value, 0.001))
    }

    @Test("shifts in standard deviations are Cohen's")
    func shifts() {
        // 64 per arm for a medium effect of 0.5 by t, 63 by the normal approximation; 34 pairs, 32 by it.
        #expect(isNear(Detectable.standardizedShift(n: 63, m: 63), 0.499, 0.001))
        #expect(isNear(Detectable.pairedStandardizedShift(n: 32), 0.495, 0.001))
        #expect(Detectable.standardizedShift(n: 50, m: 50, alpha: 0.01) > Detectable.standardizedShift(n: 50, m: 50))
    }

    @Test("pairs that agree more show smaller differences")
    func pairs() {
        // Connor: discordance 0.4, difference 0.2 takes 77 pairs at 80 %.
        #expect(Detectable.pairedDifference(discordance: 0.4, n: 77) < 0.2)
        #expect(Detectable.pairedDifference(discordance: 0.4, n: 76) > 0.2)
        #expect(
            Detectable.pairedDifference(discordance: 0.1, n: 400)
                < Detectable.pairedDifference(discordance: 0.2, n: 400))
        #expect(isNear(Detectable.pairedSuperiority(n: 100), 0.5 + 2.801585 / 300.0.squareRoot(), 1e-6))
    }
}
