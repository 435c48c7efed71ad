import Determinism
import Experiments
import Recording
import Reporting
import Statistics
import Testing

/// How often gates are wrong about a product that sits exactly on its threshold, by seeded simulation: at most the 5 % that
/// they claim, up to three standard errors of the simulation.
struct GateErrorTests {
    /// How what happens within a trial hangs together.
    enum Fate: CaseIterable, Sendable {
        /// Each operation by itself.
        case independent
        /// A trial fails wholly, or not at all.
        case shared
        /// Half of the failures one by one, half of them by whole trials.
        case mixed
        /// Every trial has a rate of its own.
        case varying
        case single

        func successes(of size: Int, _ share: Double, _ stream: inout SplitMix64) -> Int {
            func each(_ share: Double) -> Int { (0..<size).count { _ in stream.uniform() < share } }
            switch self {
            case .independent, .single: return each(share)
            case .shared: return stream.uniform() < share ? size : 0
            case .mixed:
                let half = share.squareRoot()
                return stream.uniform() < half ? each(half) : 0
            case .varying: return each(1 - min(1, 2 * (1 - share) * stream.uniform()))
            }
        }
    }

    private static let repetitions = 1_000

    @Test(
        "a share on its threshold passes at most 5 % of the time, and fails at most 5 %",
        arguments: Fate.allCases, [(0.95, 80), (0.5, 20)])
    func share(fate: Fate, setting: (share: Double, trials: Int)) {
        var stream = SplitMix64(seed: 11)
        let size = fate == .single ? 1 : 8
        let repetitions = Self.repetitions
        var (passed, failed) = (0, 0)
        for _ in 0..<repetitions {
            let interval = TrialShare(
                (0..<setting.trials).map { _ in
                    (successes: Double(fate.successes(of: size, setting.share, &stream)), count: Double(size))
                }
            ).interval(.oneSided95)
            if interval.lower >= setting.share { passed += 1 }
            if interval.upper < setting.share { failed += 1 }
        }
        let most = Self.most(of: repetitions)
        #expect(passed <= most, "\(passed) of \(repetitions) passed")
        #expect(failed <= most, "\(failed) of \(repetitions) failed")
    }

    @Test("a quantile on its threshold does, too, whether trials share their fate or not", arguments: [false, true])
    func quantile(isShared: Bool) {
        var stream = SplitMix64(seed: 12)
        let repetitions = 200
        var (passed, failed) = (0, 0)
        for _ in 0..<repetitions {
            let sample = TrialQuantile(
                (0..<40).map { _ in
                    let common = stream.uniform()
                    return (0..<5).map { _ in isShared ? common : stream.uniform() }
                })
            let interval = sample.interval(0.9, .oneSided95)
            if interval.upper <= 0.9 { passed += 1 }
            if interval.lower >= 0.9 { failed += 1 }
        }
        #expect(passed <= Self.most(of: repetitions), "\(passed)")
        #expect(failed <= Self.most(of: repetitions), "\(failed)")
    }

    @Test("two policies that differ by just the margin are taken for no worse at most 5 % of the time")
    func nonInferiority() {
        var stream = SplitMix64(seed: 13)
        var passed = 0
        for _ in 0..<Self.repetitions {
            let pairs = (0..<100).map { _ in
                let luck = stream.uniform()
                // The same weather: whoever fails at 90 % fails at 95 %, too.
                return (
                    mine: (successes: luck < 0.9 ? 1.0 : 0, count: 1.0),
                    other: (successes: luck < 0.95 ? 1.0 : 0, count: 1.0)
                )
            }
            if TrialShareDifference(pairs: pairs).interval(.oneSided95).lower >= -0.05 { passed += 1 }
        }
        #expect(passed <= Self.most(of: Self.repetitions), "\(passed)")
    }

    @Test("independent arms that differ by just the margin, too")
    func unpaired() {
        var stream = SplitMix64(seed: 14)
        var passed = 0
        for _ in 0..<Self.repetitions {
            func arm(_ share: Double) -> TrialShare {
                TrialShare((0..<100).map { _ in (successes: stream.uniform() < share ? 1.0 : 0, count: 1.0) })
            }
            let mine = arm(0.9)
            if TrialShareDifference(mine, less: arm(0.95)).interval(.oneSided95).lower >= -0.05 { passed += 1 }
        }
        #expect(passed <= Self.most(of: Self.repetitions), "\(passed)")
    }

    @Test(
        "a run that is carried on until it is decided passes at most 5 % of the time on its threshold, and fails at most 5 %",
        arguments: [Fate.single, .shared, .independent])
    func looks(fate: Fate) throws {
        let repetitions = 1_000
        let run = try Fixtures.run(["success_rate >= 80%"], trials: 5)
        var stream = SplitMix64(seed: 15)
        var ends: [Verdict: Int] = [:]
        for _ in 0..<repetitions {
            var plan = LookPlan(trialsMax: 40)
            var tallies: [TrialTally] = []
            var verdict = Verdict.inconclusive
            var looks: [Look] = []
            while verdict == .inconclusive, let target = plan.next(after: max(5, tallies.count)) {
                while tallies.count < target {
                    let size = fate == .single ? 1 : 4
                    let failed = size - fate.successes(of: size, 0.8, &stream)
                    tallies.append(Fixtures.tally(tallies.count + 1, failed: failed, of: size))
                }
                let (number, level) = plan.look(at: target)
                var own = run
                own.trialsPlanned = target
                looks.append(
                    Look(
                        number: number, trials: target, trialsMax: 40, nominalAlpha: level, verdict: .inconclusive,
                        epochMicroseconds: 0))
                verdict = GateReport(own, tallies, looks: looks).verdict
            }
            ends[verdict, default: 0] += 1
        }
        #expect(ends[.pass, default: 0] <= Self.most(of: repetitions), "\(ends)")
        #expect(ends[.fail, default: 0] <= Self.most(of: repetitions), "\(ends)")
        // A single binomial look of this size would be right about as often as it claims; it must not be always silent.
        if fate == .single { #expect(ends[.pass, default: 0] > 0 && ends[.fail, default: 0] > 0, "\(ends)") }
    }

    /// Five in a hundred, and three standard errors more.
    private static func most(of repetitions: Int) -> Int {
        let n = Double(repetitions)
        return Int(0.05 * n + 3 * (0.05 * 0.95 * n).squareRoot())
    }
}

struct LookPlanTests {
    @Test("looks double from what there is up to the most, and their levels are Lan and DeMets'")
    func doubling() {
        var plan = LookPlan(trialsMax: 40)
        var looks: [(Int, Double)] = []
        var done = 5
        while let next = plan.next(after: done) {
            looks.append((next, plan.look(at: next).level))
            done = next
        }
        #expect(looks.map(\.0) == [5, 10, 20, 40])
        // 2 − 2Φ(1.96 ÷ √½) at half of the information.
        #expect(abs(looks[2].1 - 0.0056) < 1e-3)
        #expect(looks[0].1 < 1e-6 && looks[3].1 > 0.04 && looks[3].1 < 0.05)
        #expect(plan.isSpent)
    }

    @Test("a plan goes on where the looks of a run ended")
    func resumes() {
        func looks(_ count: Int) -> [Look] {
            var plan = LookPlan(trialsMax: 40)
            return [5, 10, 20, 40].prefix(count).map { trials in
                let (number, level) = plan.look(at: trials)
                return Look(
                    number: number, trials: trials, trialsMax: 40, nominalAlpha: level, verdict: .inconclusive,
                    epochMicroseconds: 0)
            }
        }
        var plan = LookPlan(trialsMax: 40, after: looks(2))
        #expect(plan.next(after: 10) == 20 && !plan.isSpent)
        let (number, level) = plan.look(at: 20)
        #expect(number == 3 && level == looks(3)[2].nominalAlpha)
        #expect(LookPlan(trialsMax: 40, after: looks(4)).next(after: 40) == nil)
        // Trials that came about otherwise are looked at as they are.
        #expect(LookPlan(trialsMax: 40, after: looks(1)).next(after: 7) == 7)
    }
}
