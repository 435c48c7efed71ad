import Testing

@testable import Statistics

/// Expected values from scipy 1.17.1 and Newcombe 1998, to six digits.
struct ProportionTests {
    static func isNear(_ interval: Interval, _ lower: Double, _ upper: Double) -> Bool {
        abs(interval.lower - lower) < 6e-7 && abs(interval.upper - upper) < 6e-7
    }

    @Test(
        "Wilson's interval is the published one",
        arguments: [
            (998, 1000, 0.992737, 0.999451), (0, 10, 0, 0.277533), (10, 10, 0.722467, 1),
            (999, 1000, 0.994357, 0.999823), (50, 100, 0.403832, 0.596168), (1, 1, 0.206549, 1),
        ])
    func wilson(k: Int, n: Int, lower: Double, upper: Double) {
        #expect(Self.isNear(Proportion(k, of: n).wilson(), lower, upper))
    }

    @Test(
        "Clopper and Pearson's interval is the exact one",
        arguments: [
            (0, 10, 0, 0.308497), (10, 10, 0.691503, 1), (999, 1000, 0.994441, 0.999975),
            (50, 100, 0.398321, 0.601679), (1, 1, 0.025, 1),
        ])
    func clopperPearson(k: Int, n: Int, lower: Double, upper: Double) {
        #expect(Self.isNear(Proportion(k, of: n).clopperPearson(), lower, upper))
    }

    @Test("intervals widen to 99 %")
    func widerConfidence() {
        let proportion = Proportion(998, of: 1000)
        let confidence = Confidence(tail: 0.005)
        #expect(Self.isNear(proportion.wilson(confidence), 0.989826, 0.999609))
        #expect(Self.isNear(proportion.clopperPearson(confidence), 0.990760, 0.999896))
    }

    @Test("Wilson's interval takes a continuity correction")
    func corrected() {
        #expect(Self.isNear(Proportion(998, of: 1000).wilsonCorrected(), 0.991967, 0.999654))
    }

    @Test(
        "Newcombe's interval of a difference is the published one",
        arguments: [
            (998, 1000, 985, 1000, 0.005102, 0.022710), (9, 10, 3, 10, 0.170523, 0.809018),
            (10, 10, 0, 20, 0.679086, 1),
        ])
    func newcombe(k: Int, n: Int, l: Int, m: Int, lower: Double, upper: Double) {
        #expect(Self.isNear(Proportion(k, of: n).difference(from: Proportion(l, of: m)), lower, upper))
    }

    @Test("a share of 0.999 takes 2995 clean trials at 95 %, and 2994 do not do")
    func cleanCount() {
        #expect(Proportion.cleanCount(toShow: 0.999) == 2995)
        #expect(Proportion.cleanCount(toShow: 0.999, Confidence(tail: 0.01)) == 4603)
        #expect(Proportion(2995, of: 2995).clopperPearson(.oneSided95).lower >= 0.999)
        #expect(Proportion(2994, of: 2994).clopperPearson(.oneSided95).lower < 0.999)
    }

    @Test(
        "samples with failures certify a share at the tabled sizes",
        arguments: [(0.99, 1, 473), (0.99, 5, 1049), (0.999, 2, 6294), (0.9999, 1, 47437)])
    func sampleSizes(share: Double, failures: Int, n: Int) {
        #expect(Proportion(n - failures, of: n).clopperPearson(.oneSided95).lower >= share)
        #expect(Proportion(n - 1 - failures, of: n - 1).clopperPearson(.oneSided95).lower < share)
    }

    @Test("an empty sample bounds nothing")
    func empty() {
        #expect(Proportion(0, of: 0).wilson() == Interval(0, 1))
        #expect(Proportion(0, of: 0).clopperPearson() == Interval(0, 1))
        #expect(Proportion(0, of: 0).difference(from: Proportion(1, of: 2)) == Interval(-1, 1))
    }

    @Test("trials that differ more than chance makes them count for fewer operations")
    func designEffect() {
        let alike = ClusteredProportion([Proportion(19, of: 20), Proportion(20, of: 20), Proportion(19, of: 20)])
        #expect(alike.designEffect == 1)
        // p = 1/2, T = 4, n = 10 each: SE² = 4·(1/4)/(4·3) = 1/12 against (1/4)/40.
        let split = ClusteredProportion([0, 10, 0, 10].map { Proportion($0, of: 10) })
        #expect(abs(split.designEffect - (1.0 / 12) / (0.25 / 40)) < 1e-12)
        #expect(abs(split.effective.count - 3) < 1e-9)
        #expect(ClusteredProportion([Proportion(5, of: 10)]).designEffect == 1)
    }

    @Test("Student's and the normal quantiles are the tabled ones")
    func quantiles() {
        #expect(abs(NormalDistribution.quantile(0.975) - 1.9599639845) < 1e-9)
        #expect(abs(NormalDistribution.quantile(0.001) + 3.0902323062) < 1e-9)
        #expect(abs(StudentDistribution.quantile(0.975, degreesOfFreedom: 4) - 2.7764451052) < 1e-9)
        #expect(abs(StudentDistribution.quantile(0.95, degreesOfFreedom: 1) - 6.3137515147) < 1e-8)
        // scipy: the two-sided p of t = 2.284415 with nine degrees of freedom.
        #expect(abs(2 * (1 - StudentDistribution.cumulative(2.284415, degreesOfFreedom: 9)) - 0.0482126) < 1e-6)
    }
}
