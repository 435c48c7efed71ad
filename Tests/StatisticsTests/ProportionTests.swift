import Foundation
import Testing

@testable import Statistics

/// Expected values from scipy 1.17.1 and Newcombe 1998, to six digits.
struct ProportionTests {
    @Test(
        "Wilson's interval is the published one",
        arguments: [
            (998, 1000, 0.992737, 0.999451), (0, 10, 0, 0.277533), (10, 10, 0.722467, 1),
            (999, 1000, 0.994357, 0.999823), (50, 100, 0.403832, 0.596168), (1, 1, 0.206549, 1),
        ])
    func wilson(k: Int, n: Int, lower: Double, upper: Double) {
        #expect(isNear(Proportion(k, of: n).wilson(), lower, upper))
    }

    @Test(
        "Clopper and Pearson's interval is the exact one",
        arguments: [
            (0, 10, 0, 0.308497), (10, 10, 0.691503, 1), (999, 1000, 0.994441, 0.999975),
            (50, 100, 0.398321, 0.601679), (1, 1, 0.025, 1),
        ])
    func clopperPearson(k: Int, n: Int, lower: Double, upper: Double) {
        #expect(isNear(Proportion(k, of: n).clopperPearson(), lower, upper))
    }

    @Test("intervals widen to 99 %")
    func widerConfidence() {
        let proportion = Proportion(998, of: 1000)
        let confidence = Confidence(tail: 0.005)
        #expect(isNear(proportion.wilson(confidence), 0.989826, 0.999609))
        #expect(isNear(proportion.clopperPearson(confidence), 0.990760, 0.999896))
    }

    @Test("Wilson's interval takes a continuity correction")
    func corrected() {
        #expect(isNear(Proportion(998, of: 1000).wilsonCorrected(), 0.991967, 0.999654))
    }

    @Test(
        "Newcombe's interval of a difference is the published one",
        arguments: [
            (998, 1000, 985, 1000, 0.005102, 0.022710), (9, 10, 3, 10, 0.170523, 0.809018),
            (10, 10, 0, 20, 0.679086, 1),
        ])
    func newcombe(k: Int, n: Int, l: Int, m: Int, lower: Double, upper: Double) {
        #expect(isNear(Proportion(k, of: n).difference(from: Proportion(l, of: m)), lower, upper))
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

    @Test("where nothing failed, or everything did, each trial counts as one operation", arguments: [0, 100])
    func clean(successes: Int) {
        let share = ClusteredProportion((0..<10).map { _ in Proportion(successes, of: 100) })
        #expect(share.designEffect == 1 && share.effective.count == 10)
        #expect(share.wilson() == Proportion(successes / 10, of: 10).wilson())
        let single = ClusteredProportion((0..<10).map { _ in Proportion(1, of: 1) })
        #expect(single.designEffect == 1 && single.wilson() == Proportion(10, of: 10).wilson())
    }

    @Test(
        "one-sided lower bounds: Wilson's promises more than the exact one",
        arguments: [(998, 1000, 0.993975), (1000, 1000, 0.997302), (9990, 10000, 0.998328)])
    func oneSided(k: Int, n: Int, wilson: Double) {
        let proportion = Proportion(k, of: n)
        #expect(isNear(proportion.wilson(.oneSided95).lower, wilson))
        #expect(proportion.clopperPearson(.oneSided95).lower < wilson)
        if k == n { #expect(isNear(proportion.clopperPearson(.oneSided95).lower, 0.997009)) }
    }

    @Test("Jeffreys' interval is scipy's beta quantiles, with exact ends")
    func jeffreys() {
        #expect(isNear(Proportion(998, of: 1000).jeffreys(), 0.993600, 0.999584))
        #expect(Proportion(0, of: 10).jeffreys().lower == 0)
        #expect(Proportion(10, of: 10).jeffreys().upper == 1)
    }

    @Test("the exact interval holds at levels that early looks have")
    func tinyTail() {
        let lower = Proportion(10, of: 10).clopperPearson(Confidence(tail: 1e-196)).lower
        #expect(isNear(lower / pow(10, -19.6), 1, 1e-9))
        #expect(Proportion(10, of: 10).clopperPearson(Confidence(tail: 0)) == Interval(0, 1))
        #expect(isNear(Proportion(95, of: 100).clopperPearson(Confidence(tail: 1e-15)).lower, 0.602430))
    }

    @Test("Fisher's p is scipy's")
    func fisher() {
        #expect(isNear(FisherExact((998, 1000), (985, 1000)).p, 0.00225757, 6e-9))
        #expect(isNear(FisherExact((3, 4), (1, 4)).p, 0.485714))
        #expect(isNear(FisherExact((8, 10), (1, 6)).p, 0.034965))
        #expect(isNear(FisherExact((5, 5), (7, 7)).p, 1, 1e-9))
    }

    @Test("the pooled test of two shares")
    func pooled() {
        let test = PooledProportionTest(Proportion(998, of: 1000), Proportion(985, of: 1000))
        #expect(isNear(test.z, 3.166449))
        #expect(isNear(test.p, 0.00154312, 6e-9))
        #expect(PooledProportionTest(Proportion(5, of: 5), Proportion(7, of: 7)).p == 1)
    }

    @Test("a clustered interval counts trials, and knows nothing of the variance of one")
    func clustered() {
        let trials = [9, 10, 4, 10, 7, 10].map { Proportion($0, of: 10) }
        let share = ClusteredProportion(trials)
        #expect(share.designEffect > 2)
        let (interval, naive) = (share.wilson(), share.pooled.wilson())
        #expect(interval.lower < naive.lower && interval.upper > naive.upper)
        #expect(ClusteredProportion([Proportion(10, of: 10)]).wilson() == Interval(0, 1))
        // Trials of one operation each are a plain sample.
        let single = ClusteredProportion([1, 1, 0, 1, 1, 1].map { Proportion($0, of: 1) })
        #expect(single.wilson() == Proportion(5, of: 6).wilson())
    }
}
