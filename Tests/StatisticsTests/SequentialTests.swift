import Determinism
import Testing

@testable import Statistics

struct SequentialTests {
    @Test("boundaries of five equal looks are the published ones")
    func published() {
        let looks = [0.2, 0.4, 0.6, 0.8, 1]
        let fleming = GroupSequential(looks: looks, alpha: 0.025, spending: .obrienFleming).boundaries
        for (boundary, expected) in zip(fleming, [4.877, 3.357, 2.680, 2.290, 2.031]) {
            #expect(isNear(boundary, expected, 5.1e-4))
        }
        let pocock = GroupSequential(looks: looks, alpha: 0.025, spending: .pocock).boundaries
        for (boundary, expected) in zip(pocock, [2.438, 2.427, 2.410, 2.397, 2.386]) {
            #expect(isNear(boundary, expected, 5.1e-4))
        }
    }

    @Test("one look spends all, at the level itself")
    func oneLook() {
        #expect(isNear(GroupSequential(looks: [1], alpha: 0.05).nominalAlpha[0], 0.05, 1e-12))
        #expect(isNear(GroupSequential(looks: [1.3], alpha: 0.05, spending: .pocock).nominalAlpha[0], 0.05, 1e-12))
    }

    @Test("levels follow from the looks up to them alone")
    func oneByOne() {
        let known = GroupSequential(looks: [0.1, 0.35, 0.8, 1], alpha: 0.05)
        var growing = GroupSequential(alpha: 0.05)
        let levels = [0.1, 0.35, 0.8, 1].map { growing.nominalAlpha(at: $0) }
        #expect(levels == known.nominalAlpha)
        #expect(growing == known)
        #expect(GroupSequential(looks: [0.1, 0.35], alpha: 0.05).nominalAlpha == Array(levels.prefix(2)))
    }

    @Test("a look too early to decide has no level, and costs the later ones nothing")
    func early() {
        let sequential = GroupSequential(looks: [0.001, 1], alpha: 0.05)
        #expect(sequential.nominalAlpha[0] == 0)
        #expect(sequential.boundaries[0] == .infinity)
        #expect(isNear(sequential.nominalAlpha[1], 0.05, 1e-6))
    }

    @Test("looks without an end spend no more than the error", arguments: GroupSequential.Spending.allCases)
    func brownianMotion(spending: GroupSequential.Spending) {
        let looks = [0.0625, 0.125, 0.25, 0.5, 1]
        let sequential = GroupSequential(looks: looks, alpha: 0.05, spending: spending)
        let rate = share(of: 20_000, seed: 5) { stream in
            var (motion, last) = (0.0, 0.0)
            for (look, boundary) in zip(looks, sequential.boundaries) {
                motion += (look - last).squareRoot() * stream.normal()
                last = look
                if motion / look.squareRoot() > boundary { return true }
            }
            return false
        }
        #expect(isNear(rate, 0.05, 0.005))
    }

    @Test("a share on the threshold passes at most as often as said, however often one looks")
    func onTheThreshold() {
        let threshold = 0.9
        let looks = [20, 40, 80, 160, 320]
        let sequential = GroupSequential(looks: looks.map { Double($0) / 320 }, alpha: 0.05)
        // The fewest successes that pass at each look, by the spent error and by one that forgets the other looks.
        func least(_ n: Int, _ alpha: Double) -> Int {
            (0...n).first {
                Proportion($0, of: n).clopperPearson(Confidence(tail: alpha)).lower >= threshold
            } ?? n + 1
        }
        let spent = zip(looks, sequential.nominalAlpha).map { least($0, $1) }
        let careless = looks.map { least($0, 0.05) }
        func rate(_ limits: [Int]) -> Double {
            share(of: 5_000, seed: 9) { stream in
                var (successes, count) = (0, 0)
                for (look, limit) in zip(looks, limits) {
                    successes += stream.binomial(look - count, threshold)
                    count = look
                    if successes >= limit { return true }
                }
                return false
            }
        }
        #expect(rate(spent) <= 0.05)
        #expect(rate(spent) > 0.01)
        #expect(rate(careless) > 0.06)
    }

    @Test("the clean passes of a bet are the tabled ones", arguments: [(0.9999, 3327), (0.9995, 5987), (1, 2995)])
    func eProcess(alternative: Double, n: Int) {
        let process = BernoulliEProcess(threshold: 0.999, alternative: alternative)
        #expect(process.cleanCount() == n)
        #expect(process.isDecided(successes: n, failures: 0))
        #expect(!process.isDecided(successes: n - 1, failures: 0))
    }

    @Test("a failure costs a bet as many successes as tabled", arguments: [(0.9999, 2557), (0.9995, 1385)])
    func eProcessFailure(alternative: Double, successes: Int) {
        let process = BernoulliEProcess(threshold: 0.999, alternative: alternative)
        #expect(Int((-process.failure / process.success).rounded()) == successes)
        #expect(BernoulliEProcess(threshold: 0.999, alternative: 1).logWealth(successes: 9, failures: 1) == -.infinity)
    }

    @Test("a bet on a lower share wins by failures")
    func eProcessBelow() {
        let process = BernoulliEProcess(threshold: 0.9, alternative: 0.5)
        #expect(process.isDecided(successes: 0, failures: 2))
        #expect(!process.isDecided(successes: 20, failures: 2))
        let rate = share(of: 2_000, seed: 2) { stream in
            var wealth = (successes: 0, failures: 0)
            for _ in 0..<100 {
                if stream.uniform() < 0.9 { wealth.successes += 1 } else { wealth.failures += 1 }
                if process.isDecided(successes: wealth.successes, failures: wealth.failures) { return true }
            }
            return false
        }
        #expect(rate <= 0.05 && rate > 0.01)
    }

    @Test("Wald's test is the computed one")
    func wald() {
        let test = SequentialProbabilityRatio(good: 0.999, bad: 0.99)
        #expect(isNear(test.upper, 2.944439))
        #expect(isNear(test.success, -0.009049836, 6e-10))
        #expect(isNear(test.failure, 2.302585))
        #expect(test.cleanCount == 326)
        #expect(isNear(test.expectedCountIfGood, 393.3, 0.05))
        #expect(isNear(test.expectedCountIfBad, 188.4, 0.05))
        #expect(test.verdict(successes: 326, failures: 0) == .good)
        #expect(test.verdict(successes: 325, failures: 0) == .open)
        #expect(test.verdict(successes: 10, failures: 2) == .bad)
    }

    @Test(
        "mixtures over a beta distribution bound a share at all times",
        arguments: [
            (ConfidenceSequence.jeffreys, 998, 1000, 0.987729, 0.999974),
            (.jeffreys, 1000, 1000, 0.993002, 1), (.jeffreys, 95, 100, 0.844206, 0.992851),
            (.uniform, 998, 1000, 0.985521, 0.999990), (.uniform, 95, 100, 0.839741, 0.993423),
        ])
    func confidenceSequence(sequence: ConfidenceSequence, k: Int, n: Int, lower: Double, upper: Double) {
        #expect(isNear(sequence.interval(Proportion(k, of: n)), lower, upper))
    }

    @Test("clean counts of the mixtures are the tabled ones")
    func confidenceSequenceCounts() {
        #expect(ConfidenceSequence.uniform.cleanCount(toShow: 0.999) == 12_417)
        #expect(ConfidenceSequence.jeffreys.cleanCount(toShow: 0.999) == 8_062)
        #expect(ConfidenceSequence.uniform.interval(Proportion(0, of: 0)) == Interval(0, 1))
    }
}
