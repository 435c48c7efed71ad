import Testing

@testable import Statistics

/// Expected values from scipy 1.17.1 and, for ties, from benchstat.
struct MannWhitneyTests {
    static let go: [Double] = [3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062]
    static let gn: [Double] = [3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062]

    @Test("the normal approximation is scipy's, with and without the correction for continuity")
    func normal() {
        #expect(abs(MannWhitney.normal(Reference.a, Reference.b) - 0.021572) < 1e-6)
        #expect(abs(MannWhitney.normal(Reference.a, Reference.b, isCorrected: false) - 0.016294) < 1e-6)
    }

    @Test("ties are corrected for")
    func ties() {
        #expect(MannWhitney(Reference.c, Reference.d).u == 30)
        #expect(abs(MannWhitney.normal(Reference.c, Reference.d) - 0.137622) < 1e-6)
        #expect(abs(MannWhitney.normal(Reference.c, Reference.d, isCorrected: false) - 0.127815) < 1e-6)
    }

    @Test("with ties the exact p is benchstat's")
    func exactTies() {
        let test = MannWhitney(Self.go, Self.gn)
        #expect(test.u == 39.5)
        #expect(test.isExact)
        #expect(abs(test.p - 0.446102) < 1e-6)
        #expect(abs(MannWhitney.normal(Self.go, Self.gn) - 0.448667) < 1e-6)
    }

    @Test("samples that do not overlap give the smallest p there is")
    func disjoint() {
        let old: [Double] = [1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774]
        let new: [Double] = [1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425]
        let test = MannWhitney(old, new)
        #expect(test.u == 100)
        #expect(abs(test.p - 0.000011) < 1e-6)
        #expect(SortedSample(old).median == 1718)
        #expect(SortedSample(new).median == 1422.5)
    }

    @Test("the two-sided p of five against five follows the tabled null distribution")
    func smallNull() {
        let low: [Double] = [1, 2, 3, 4, 5]
        #expect(abs(MannWhitney(low, [6, 7, 8, 9, 10]).p - 2 * 0.003968) < 1e-6)
        #expect(abs(MannWhitney([1, 2, 3, 4, 6], [5, 7, 8, 9, 10]).p - 2 * 0.007937) < 1e-6)
        #expect(MannWhitney(low, low).p == 1)
    }

    @Test("infinite values are ties at the far end")
    func infinite() {
        #expect(MannWhitney([1, .infinity, .infinity], [.infinity, .infinity, .infinity]).p == 1)
    }

    @Test("large samples fall back to the approximation")
    func large() {
        let test = MannWhitney((0..<60).map(Double.init), (30..<90).map(Double.init))
        #expect(!test.isExact)
        #expect(test.p < 0.001)
    }

    @Test("the null distribution of U is the tabled one")
    func nullDistribution() {
        let tabled = [0.003968, 0.007937, 0.015873, 0.027778, 0.047619, 0.075397]
        for (u, expected) in tabled.enumerated() { #expect(isNear(RankSumNull.cumulative(u, 5, 5), expected)) }
        #expect(isNear(RankSumNull.cumulative(12, 5, 5), 0.5))
        #expect(RankSumNull.cumulative(25, 5, 5) == 1)
        #expect(RankSumNull.cumulative(7, 3, 9) == RankSumNull.cumulative(7, 9, 3))
    }

    @Test("without ties the exact p is twice the tail of the null distribution", arguments: [0.5, 2.5, 4.5, 6.5])
    func exactWithoutTies(shift: Double) {
        let first = [0, 1, 2, 3, 4, 5, 6].map { Double($0) }
        let test = MannWhitney(first, [0, 1, 2, 3, 4].map { Double($0) + shift })
        #expect(isNear(test.p, min(1, 2 * RankSumNull.cumulative(Int(min(test.u, 35 - test.u)), 7, 5)), 1e-12))
    }

    @Test(
        "fewer values per arm than the least can never show a difference, and the least can",
        arguments: [(0.05, 4), (0.01, 5), (0.001, 7)])
    func leastTrials(alpha: Double, n: Int) {
        #expect(MannWhitney.leastTrials(alpha: alpha) == n)
        func best(_ n: Int) -> Double { MannWhitney((0..<n).map { Double($0) }, (n..<2 * n).map { Double($0) }).p }
        #expect(best(n) < alpha)
        #expect(best(n - 1) >= alpha)
    }
}
