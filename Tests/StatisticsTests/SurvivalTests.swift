import Testing

@testable import Statistics

/// Freireich's trial, with scipy's, lifelines' and hand-computed values.
struct SurvivalTests {
    let treated = KaplanMeier(Reference.treated)
    let placebo = KaplanMeier(Reference.placebo)

    @Test("steps count who is at risk, what happened and who left")
    func steps() {
        #expect(Reference.treated.events == 9)
        #expect(Reference.treated.censored == 12)
        let first = treated.steps.prefix(4).map {
            [$0.time, Double($0.atRisk), Double($0.events), Double($0.censored)]
        }
        #expect(first == [[6, 21, 3, 1], [7, 17, 1, 0], [9, 16, 0, 1], [10, 15, 1, 1]])
    }

    @Test(
        "the curve is the product of those who stay",
        arguments: [(5.9, 1.0), (6, 0.857143), (10, 0.752941), (11, 0.752941), (23, 0.448179), (99, 0.448179)])
    func survival(time: Double, expected: Double) { #expect(isNear(treated.survival(at: time), expected)) }

    @Test("without censoring the curve is the empirical one")
    func uncensored() {
        #expect(isNear(placebo.survival(at: 8), 8.0 / 21))
        #expect(placebo.survival(at: 23) == 0)
    }

    @Test("Greenwood's intervals, linear and log-log")
    func intervals() {
        #expect(isNear(treated.interval(at: 10, .twoSided95, .linear), 0.564099, 0.941783))
        #expect(isNear(treated.interval(at: 10), 0.503200, 0.889362))
        #expect(isNear(treated.interval(at: 6), 0.619718, 0.951552))
        #expect(isNear(placebo.interval(at: 8), 0.183067, 0.577789))
    }

    @Test("before the first event and after the last there are bounds too")
    func ends() {
        #expect(isNear(treated.interval(at: 1), Proportion(21, of: 21).clopperPearson(.twoSided95).lower, 1))
        #expect(placebo.interval(at: 23).lower == 0)
        #expect(placebo.interval(at: 23).upper == placebo.interval(at: 22).upper)
        #expect(KaplanMeier(SurvivalSample([])).interval(at: 1) == Interval(0, 1))
    }

    @Test("medians and their intervals are lifelines'")
    func medians() {
        #expect(treated.median == 23)
        #expect(treated.medianInterval() == Interval(13, .infinity))
        #expect(placebo.median == 8)
        #expect(placebo.medianInterval() == Interval(4, 11))
        #expect(KaplanMeier(SurvivalSample([(3, true), (4, true)])).median == nil)
        #expect(KaplanMeier(SurvivalSample([(3, true), (4, true)])).medianInterval() == Interval(.infinity, .infinity))
    }

    @Test("restricted means are areas under the curve")
    func restrictedMean() {
        let mean = treated.restrictedMean(to: 20)
        #expect(isNear(mean.value, 16.116527))
        #expect(isNear(mean.standardError, 1.251560))
        #expect(isNear(treated.restrictedMean(to: 35).standardError, 2.827468))
        // Once all has happened it is the mean, with the error of a mean.
        #expect(isNear(placebo.restrictedMean(to: 50).value, 182.0 / 21))
        #expect(isNear(placebo.restrictedMean(to: 50).standardError, 1.377390))
        #expect(placebo.restrictedMean(to: 0.5).value == 0.5)
    }

    @Test("the log-rank test is the published one")
    func logRank() {
        let test = LogRank(Reference.treated, Reference.placebo)
        #expect(isNear(test.chiSquared, 16.792941))
        #expect(isNear(test.p, 4.16881e-5, 6e-11))
        #expect(test.excess < 0)
        #expect(isNear(LogRank(Reference.placebo, Reference.treated).chiSquared, test.chiSquared, 1e-9))
        #expect(LogRank(Reference.treated, Reference.treated).p == 1)
        #expect(LogRank(SurvivalSample([]), Reference.treated).p == 1)
    }

    @Test("pairs as strata are the sign test of which came first")
    func paired() {
        func one(_ time: Double, _ isCensored: Bool = false) -> SurvivalSample {
            SurvivalSample([(time: time, isCensored: isCensored)])
        }
        // Nine first, two second; a tie and a pair that neither finished tell nothing.
        let pairs = (1...9).map { (one(Double($0)), one(20)) } + [(one(20, true), one(3)), (one(9), one(8))]
        let test = LogRank(strata: pairs + [(one(4), one(4)), (one(5, true), one(5, true))])
        #expect(isNear(test.chiSquared, 49.0 / 11))
        #expect(isNear(test.excess, 3.5))
    }

    @Test("strata keep weather from being taken for a difference")
    func stratified() {
        let easy = SurvivalSample((1...20).map { (time: Double($0), isCensored: false) })
        let few = SurvivalSample((1...4).map { (time: Double($0) * 5, isCensored: false) })
        let hard = SurvivalSample((1...20).map { (time: 100 + Double($0), isCensored: false) })
        let fewHard = SurvivalSample((1...4).map { (time: 100 + Double($0) * 5, isCensored: false) })
        let pooled = LogRank(
            SurvivalSample(((1...20).map { Double($0) } + [105, 110, 115, 120]).map { (time: $0, isCensored: false) }),
            SurvivalSample(([5, 10, 15, 20] + (101...120).map { Double($0) }).map { (time: $0, isCensored: false) }))
        #expect(pooled.p < 0.01)
        #expect(LogRank(strata: [(easy, few), (fewHard, hard)]).p > 0.5)
    }
}
