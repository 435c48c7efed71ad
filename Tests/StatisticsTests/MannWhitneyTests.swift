import Testing

@testable import Statistics

/// Expected values from scipy 1.17.1 and, for ties, from benchstat.
struct MannWhitneyTests {
    static let a = [12.1, 13.4, 11.8, 14.2, 12.9]
    static let b = [14.8, 15.1, 13.9, 16.0, 15.5]
    static let c: [Double] = [1, 2, 2, 3, 5, 5, 5, 8, 9, 10]
    static let d: [Double] = [2, 4, 5, 6, 7, 8, 8, 10, 11, 12]
    static let go: [Double] = [3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062]
    static let gn: [Double] = [3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062]

    @Test("the normal approximation is scipy's, with and without the correction for continuity")
    func normal() {
        #expect(abs(MannWhitney.normal(Self.a, Self.b) - 0.021572) < 1e-6)
        #expect(abs(MannWhitney.normal(Self.a, Self.b, isCorrected: false) - 0.016294) < 1e-6)
    }

    @Test("ties are corrected for")
    func ties() {
        #expect(MannWhitney(Self.c, Self.d).u == 30)
        #expect(abs(MannWhitney.normal(Self.c, Self.d) - 0.137622) < 1e-6)
        #expect(abs(MannWhitney.normal(Self.c, Self.d, isCorrected: false) - 0.127815) < 1e-6)
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

    @Test("Holm's adjustment steps down")
    func holm() {
        let adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005, 0.2])
        for (value, expected) in zip(adjusted, [0.04, 0.09, 0.09, 0.025, 0.2]) {
            #expect(abs(value - expected) < 1e-12)
        }
    }
}
