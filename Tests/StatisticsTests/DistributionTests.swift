import Testing

@testable import Statistics

/// Expected values from scipy 1.17.1.
struct DistributionTests {
    @Test("normal quantiles are the tabled ones, far out too")
    func normal() {
        #expect(isNear(NormalDistribution.quantile(0.975), 1.9599639845, 1e-9))
        #expect(isNear(NormalDistribution.quantile(0.001), -3.0902323062, 1e-9))
        #expect(isNear(NormalDistribution.quantile(1e-50), -14.9333375347, 1e-8))
        #expect(isNear(NormalDistribution.twoSided(1.9599639845), 0.05, 1e-10))
        #expect(isNear(Confidence(tail: 1e-20).z, 9.2623400898, 1e-8))
    }

    @Test("Student's quantiles are the tabled ones")
    func student() {
        #expect(isNear(StudentDistribution.quantile(0.975, degreesOfFreedom: 4), 2.7764451052, 1e-9))
        #expect(isNear(StudentDistribution.quantile(0.95, degreesOfFreedom: 1), 6.3137515147, 1e-8))
        #expect(isNear(StudentDistribution.quantile(0.025, degreesOfFreedom: 9), -2.2621571628, 1e-9))
        #expect(isNear(StudentDistribution.twoSided(2.284415, degreesOfFreedom: 9), 0.0482126))
        #expect(isNear(2 * (1 - StudentDistribution.cumulative(2.284415, degreesOfFreedom: 9)), 0.0482126))
    }

    @Test("chi-squared tails are the tabled ones")
    func chiSquared() {
        #expect(isNear(ChiSquaredDistribution.upperTail(16.792941, degreesOfFreedom: 1), 4.168809e-5, 6e-12))
        #expect(isNear(ChiSquaredDistribution.upperTail(100, degreesOfFreedom: 50), 3.454931e-5, 6e-12))
        #expect(isNear(ChiSquaredDistribution.upperTail(3, degreesOfFreedom: 7), 0.885002))
        #expect(isNear(ChiSquaredDistribution.cumulative(3, degreesOfFreedom: 7), 0.114998))
        #expect(isNear(ChiSquaredDistribution.quantile(0.95, degreesOfFreedom: 3), 7.814728))
        #expect(ChiSquaredDistribution.upperTail(0, degreesOfFreedom: 3) == 1)
    }

    @Test("binomial tails add up to one")
    func binomial() {
        #expect(isNear(BinomialDistribution.cumulative(2, 10, 0.5), 56.0 / 1024, 1e-12))
        #expect(isNear(BinomialDistribution.upper(3, 10, 0.5), 968.0 / 1024, 1e-12))
        #expect(BinomialDistribution.cumulative(-1, 10, 0.5) == 0)
        #expect(BinomialDistribution.upper(11, 10, 0.5) == 0)
    }

    @Test(
        "a beta quantile is where the distribution has its chance, however skewed",
        arguments: [
            (1e-12, 1.0, 1.0), (1e-9, 0.5, 1000.0), (0.025, 1.0, 2994.0), (0.975, 1000.0, 0.5), (0.5, 5000.0, 5001.0),
            (0.99, 3.0, 1e6), (0.3, 0.1, 0.1), (0.999999999, 2995.0, 1.0),
        ])
    func beta(p: Double, a: Double, b: Double) {
        let x = BetaDistribution.quantile(p, a, b)
        #expect(abs(BetaDistribution.cumulative(x, a, b) - p) < 1e-11)
    }
}
