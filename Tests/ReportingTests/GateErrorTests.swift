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
        let size = fate == .single ? 1 : 4
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
        let repetitions = 100
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

    /// What a trial may have of a quantity, with the mean on which the limit is set.
    enum Law: CaseIterable, Sendable {
        /// Happenings by themselves: one in five trials has one.
        case rare
        /// In a few trials everything is wasted, in the others nothing.
        case whole
        case wide

        var condition: String {
            switch self {
            case .rare: "conflicts <= 0.2"
            case .whole: "work.wasted <= 0.1"
            case .wide: "conflicts <= 50"
            }
        }

        var metric: Metric { self == .whole ? .workWasted : .conflicts }

        func draw(_ stream: inout SplitMix64) -> Double {
            switch self {
            case .rare: Double((0..<100).count { _ in stream.uniform() < 0.002 })
            case .whole: stream.uniform() < 0.1 ? 1 : 0
            case .wide: (100 * stream.uniform()).rounded(.down) + 0.5
            }
        }
    }

    @Test(
        "a mean on its threshold does, too, where hardly anything was seen as well", arguments: Law.allCases,
        [5, 30])
    func quantity(law: Law, trials: Int) throws {
        let run = try Fixtures.run([law.condition], trials: trials)
        var stream = SplitMix64(seed: 16)
        var (passed, failed) = (0, 0)
        for _ in 0..<Self.repetitions {
            let tallies = (1...trials).map { index in
                var tally = Fixtures.tally(index, of: 0)
                tally.set(SampleKey(law.metric), [TrialTally.Value(law.draw(&stream))])
                return tally
            }
            switch GateReport(run, tallies).verdict {
            case .pass: passed += 1
            case .fail: failed += 1
            case .inconclusive: break
            }
        }
        #expect(passed <= Self.most(of: Self.repetitions), "\(passed) passed")
        #expect(failed <= Self.most(of: Self.repetitions), "\(failed) failed")
    }

    @Test("a change of a mean that is as large as its margin does, too", arguments: [2, 5, 30])
    func change(trials: Int) throws {
        let run = try Fixtures.run(["attempts vs base <= +10%"], policies: ["base", "ours"], trials: trials)
        var stream = SplitMix64(seed: 17)
        var (passed, failed) = (0, 0)
        for _ in 0..<Self.repetitions {
            let tallies = (1...trials).flatMap { index in
                let weather = 1_000 + 500 * stream.uniform()
                func attempts(_ scale: Double) -> Int { Int(scale * weather * (0.8 + 0.4 * stream.uniform())) }
                return [
                    Fixtures.tally(index, policy: "base", of: 0, attempts: attempts(1)),
                    Fixtures.tally(index, policy: "ours", of: 0, attempts: attempts(1.1)),
                ]
            }
            switch GateReport(run, tallies, policies: ["ours"]).verdict {
            case .pass: passed += 1
            case .fail: failed += 1
            case .inconclusive: break
            }
        }
        #expect(passed <= Self.most(of: Self.repetitions), "\(passed) passed")
        #expect(failed <= Self.most(of: Self.repetitions), "\(failed) failed")
    }

    @Test(
        "a quantile's change that is as large as its margin does, from the fewest trials that bound it",
        arguments: [("p50", 5), ("p90", 29)])
    func quantileChange(quantile: String, trials: Int) throws {
        let run = try Fixtures.run(
            ["\(quantile)(recovery) vs base <= +10%"], policies: ["base", "ours"], trials: trials)
        var stream = SplitMix64(seed: 18)
        let repetitions = 200
        var passed = 0
        for _ in 0..<repetitions {
            let tallies = (1...trials).flatMap { index in
                let weather = 1 + stream.uniform()
                return [("base", 1.0), ("ours", 1.1)].map { policy, scale in
                    var tally = Fixtures.tally(index, policy: policy, of: 0)
                    let seconds = scale * weather * (0.9 + 0.2 * stream.uniform())
                    tally.set(SampleKey(.recovery), [TrialTally.Value(seconds)])
                    return tally
                }
            }
            if GateReport(run, tallies, policies: ["ours"]).verdict == .pass { passed += 1 }
        }
        #expect(passed <= Self.most(of: repetitions), "\(passed) passed")
    }

    @Test(
        "a run that is carried on until it is decided passes at most 5 % of the time on its threshold, and fails at most 5 %",
        arguments: [Fate.single, .shared, .independent])
    func looks(fate: Fate) throws {
        let repetitions = 1_000
        let run = try Fixtures.run(["success_rate >= 80%"], trials: 5)
        // The looks and their levels follow from the numbers of trials alone.
        var plan = LookPlan(trialsMax: 40)
        let looks = [5, 10, 20, 40].map { trials in
            let (number, level) = plan.look(at: trials)
            return Look(
                number: number, trials: trials, trialsMax: 40, nominalAlpha: level, verdict: .inconclusive,
                epochMicroseconds: 0)
        }
        var stream = SplitMix64(seed: 15)
        var ends: [Verdict: Int] = [:]
        for _ in 0..<repetitions {
            var tallies: [TrialTally] = []
            var verdict = Verdict.inconclusive
            for (index, look) in looks.enumerated() where verdict == .inconclusive {
                while tallies.count < look.trials {
                    let size = fate == .single ? 1 : 2
                    let failed = size - fate.successes(of: size, 0.8, &stream)
                    tallies.append(Fixtures.tally(tallies.count + 1, failed: failed, of: size))
                }
                var own = run
                own.trialsPlanned = look.trials
                verdict = GateReport(own, tallies, looks: Array(looks[...index])).verdict
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

    @Test("no look is taken so close to the last that it has hardly any error to spend")
    func close() {
        func look(_ trials: Int) -> Look {
            Look(
                number: 1, trials: trials, trialsMax: 400, nominalAlpha: 1e-4, verdict: .inconclusive,
                epochMicroseconds: 0)
        }
        let plan = LookPlan(trialsMax: 400, after: [look(100)])
        #expect(!plan.isWorthALook(at: 104) && plan.isWorthALook(at: 105) && plan.next(after: 104) == 200)
        let late = LookPlan(trialsMax: 400, after: [look(396)])
        #expect(!late.isWorthALook(at: 399) && late.isWorthALook(at: 400) && late.next(after: 399) == 400)
    }
}
