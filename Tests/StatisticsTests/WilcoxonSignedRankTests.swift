import Testing

@testable import Statistics

struct WilcoxonSignedRankTests {
    @Test("the exact p and the approximations are scipy's")
    func reference() {
        let test = WilcoxonSignedRank(Reference.differences)
        #expect(test.statistic == 47)
        #expect(test.isExact)
        #expect(isNear(test.p, 0.048828))
        #expect(isNear(WilcoxonSignedRank.normal(Reference.differences), 0.052787))
        #expect(isNear(WilcoxonSignedRank.normal(Reference.differences, isCorrected: false), 0.046853))
    }

    @Test("with ties and differences of nothing p is that of all signs")
    func ties() {
        let differences: [Double] = [1, 1, 2, -2, 3, 3, 3, -1, 4, 0, 5, -4]
        let test = WilcoxonSignedRank(differences)
        #expect(test.statistic == 50)
        #expect(test.count == 11)
        #expect(isNear(test.p, 0.150391))
        #expect(isNear(WilcoxonSignedRank.normal(differences), 0.140392))
    }

    @Test("many differences fall back to the approximation, with scipy's correction for ties")
    func large() {
        let differences: [Double] = (0..<80).map { (index: Int) -> Double in
            let whole = Double(index * 37 % 101 - 40)
            return whole + 0.5 * Double(index % 3)
        }
        let test = WilcoxonSignedRank(differences)
        #expect(!test.isExact)
        #expect(isNear(test.p, 0.004058))
        #expect(isNear(WilcoxonSignedRank.normal(differences, isCorrected: false), 0.004027))
    }

    @Test("what never came is a difference larger than all, and two that never came differ by nothing")
    func infinite() {
        let differences = Difference.pairs([1, 2, .infinity, 4, .infinity], [.infinity, 3, .infinity, 6, 5])
        #expect(differences == [.infinity, 1, 0, 2, -.infinity])
        let test = WilcoxonSignedRank(differences)
        // Ranks 3.5, 1, 2, and 3.5 with a minus.
        #expect(test.statistic == 6.5)
        #expect(test.count == 4)
        #expect(WilcoxonSignedRank(Array(repeating: .infinity, count: 8)).p == 2.0 / 256)
    }

    @Test("nothing differs")
    func empty() {
        #expect(WilcoxonSignedRank([]).p == 1)
        #expect(WilcoxonSignedRank([0, 0]).p == 1)
    }

    @Test(
        "fewer differences than the least can never show any, and the least can",
        arguments: [(0.05, 6), (0.01, 8), (0.001, 11)])
    func leastTrials(alpha: Double, n: Int) {
        #expect(WilcoxonSignedRank.leastTrials(alpha: alpha) == n)
        #expect(WilcoxonSignedRank((1...n).map { Double($0) }).p < alpha)
        #expect(WilcoxonSignedRank((1..<n).map { Double($0) }).p >= alpha)
    }

    @Test("the paired t test is scipy's")
    func pairedT() {
        let test = PairedT(Reference.differences)
        #expect(isNear(test.t, 2.284415))
        #expect(isNear(test.p, 0.048213))
        #expect(test.degreesOfFreedom == 9)
        #expect(PairedT([3]).p == 1)
        #expect(PairedT([0, 0, 0]).p == 1)
        #expect(PairedT([2, 2, 2]).p == 0)
    }
}
