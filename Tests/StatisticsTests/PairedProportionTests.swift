import Testing

@testable import Statistics

struct PairedProportionTests {
    @Test(
        "Newcombe's paired interval is that of his formula",
        arguments: [
            // The first is of his paper's tables: 0.0569 to 0.3404.
            (36, 12, 2, 0, 0.056930, 0.340428), (20, 12, 2, 16, 0.056156, 0.329207),
            (380, 15, 3, 2, 0.008910, 0.054518), (53, 0, 0, 1, -0.072938, 0.072938),
            (43, 0, 1, 0, -0.118077, 0.059718), (2, 14, 1, 83, 0.056455, 0.213292),
        ])
    func newcombe(both: Int, first: Int, second: Int, neither: Int, lower: Double, upper: Double) {
        let pairs = PairedProportion(both: both, first: first, second: second, neither: neither)
        #expect(isNear(pairs.difference(), lower, upper))
        #expect(pairs.difference().contains(pairs.value))
        let mirrored = PairedProportion(both: both, first: second, second: first, neither: neither)
        #expect(isNear(mirrored.difference(), -upper, -lower))
    }

    @Test("pairs that agree bound a difference closer than two samples do")
    func correlated() {
        let paired = PairedProportion(both: 70, first: 6, second: 2, neither: 22).difference()
        let unpaired = Proportion(76, of: 100).difference(from: Proportion(72, of: 100))
        #expect(paired.upper - paired.lower < 0.6 * (unpaired.upper - unpaired.lower))
    }

    @Test("no pairs bound nothing")
    func empty() {
        #expect(PairedProportion(both: 0, first: 0, second: 0, neither: 0).difference() == Interval(-1, 1))
        #expect(PairedProportion(both: 5, first: 0, second: 0, neither: 0).test.p == 1)
    }

    @Test("McNemar's exact p", arguments: [(9, 2, 0.065430), (15, 3, 0.007538), (10, 0, 0.001953), (4, 4, 1)])
    func mcNemar(first: Int, second: Int, p: Double) {
        #expect(isNear(McNemar(first, second).p, p))
        #expect(McNemar(second, first).p == McNemar(first, second).p)
        #expect(PairedProportion(both: 80, first: first, second: second, neither: 3).test == McNemar(first, second))
    }

    @Test("McNemar's corrected chi-squared")
    func mcNemarCorrected() {
        #expect(isNear(McNemar(9, 2).chiSquared, 3.272727))
        #expect(isNear(McNemar(9, 2).chiSquaredP, 0.070440))
        #expect(McNemar(0, 0).chiSquaredP == 1)
    }

    @Test("the sign test of eight against two")
    func sign() {
        #expect(isNear(signTest(positive: 8, negative: 2), 0.109375))
        #expect(signTest(positive: 0, negative: 0) == 1)
    }
}
