import Testing

@testable import Statistics

struct SeveralSamplesTests {
    @Test("Cliff's delta, Vargha and Delaney's A, and what they are called")
    func cliff() {
        let far = CliffsDelta(Reference.a, Reference.b)
        #expect(isNear(far.delta, -0.92))
        #expect(isNear(far.a12, 0.04))
        #expect(far.magnitude == .large)
        let near = CliffsDelta(Reference.c, Reference.d)
        #expect(isNear(near.delta, -0.4))
        #expect(isNear(near.a12, 0.3))
        #expect(near.magnitude == .medium)
        #expect(CliffsDelta([1, 2], [1, 2]).magnitude == .negligible)
        #expect(CliffsDelta([1, 1, 1, 1, 3], [2, 2, 0, 0, 1]).delta == 0.2)
        #expect(CliffsDelta([1, 1, 1, 1, 3], [2, 2, 0, 0, 1]).magnitude == .small)
        #expect(CliffsDelta([.infinity, 1], [.infinity, 2]).delta == -0.25)
        #expect(CliffsDelta([], [1]).delta.isNaN)
    }

    @Test("Cliff's delta is that of U")
    func cliffOfU() {
        let u = MannWhitney(Reference.d, Reference.a).u
        #expect(isNear(CliffsDelta(Reference.d, Reference.a).delta, 2 * u / 50 - 1, 1e-12))
    }

    @Test("Kruskal and Wallis' H is scipy's, with ties too")
    func kruskal() {
        let test = KruskalWallis([Reference.a, Reference.b, Reference.e])
        #expect(isNear(test.h, 11.06))
        #expect(isNear(test.p, 0.003966))
        #expect(test.degreesOfFreedom == 2)
        let tied = KruskalWallis([Reference.c, Reference.d, [1, 1, 2, 3]])
        #expect(isNear(tied.h, 8.276960))
        #expect(isNear(tied.p, 0.015947))
        #expect(KruskalWallis([[1, 1], [1, 1]]).p == 1)
        #expect(KruskalWallis([[1, 2]]).p == 1)
    }

    @Test("Friedman's chi-squared is scipy's, with ties too")
    func friedman() {
        let test = Friedman([Reference.a, Reference.b, Reference.e])
        #expect(isNear(test.chiSquared, 10))
        #expect(isNear(test.p, 0.006738))
        let tied = Friedman([[1, 1, 2, 3], [2, 1, 3, 4], [2, 3, 3, 5]])
        #expect(isNear(tied.chiSquared, 6.615385))
        #expect(isNear(tied.p, 0.036601))
        #expect(Friedman([[1, 1], [1, 1]]).p == 1)
        #expect(Friedman([]).p == 1)
    }

    @Test("Kolmogorov and Smirnov's p is counted over all splits")
    func kolmogorovSmirnov() {
        let test = KolmogorovSmirnov(Reference.a, Reference.b)
        #expect(isNear(test.d, 0.8))
        #expect(isNear(test.p, 0.079365))
        #expect(test.isExact)
        let tied = KolmogorovSmirnov([1, 2, 2, 3, 5, 5], [4, 5, 5, 8, 8, 10])
        #expect(isNear(tied.d, 0.666667))
        #expect(isNear(tied.p, 0.060606))
        #expect(KolmogorovSmirnov([1, 1], [1, 1]).p == 1)
        #expect(KolmogorovSmirnov([], [1]).p == 1)
    }

    @Test("large samples fall back to Kolmogorov's limit")
    func kolmogorovLimit() {
        let first = (0..<200).map { Double($0) }
        let test = KolmogorovSmirnov(first, first.map { $0 + 25 })
        #expect(!test.isExact)
        #expect(test.d == 0.125)
        #expect(isNear(test.p, 0.087866))
    }

    @Test("Holm's adjustment steps down, Benjamini and Hochberg's up")
    func adjusted() {
        for (value, expected) in zip(holmAdjusted(Reference.p), [0.04, 0.09, 0.09, 0.025, 0.2]) {
            #expect(isNear(value, expected, 1e-12))
        }
        for (value, expected) in zip(benjaminiHochbergAdjusted(Reference.p), [0.025, 0.05, 0.05, 0.025, 0.2]) {
            #expect(isNear(value, expected, 1e-12))
        }
        #expect(holmAdjusted([]) == [] && benjaminiHochbergAdjusted([]) == [])
        #expect(holmAdjusted([0.9, 0.8]) == [1, 1])
    }
}
