import Experiments
import Recording
import Reporting
import Statistics
import Testing

struct GateReportTests {
    private func line(
        _ gate: String, _ tallies: [TrialTally], baseline: Evidence? = nil
    ) throws -> GateReport.Line {
        let run = try Fixtures.run([gate], policies: ["base", "ours"], trials: 5)
        return try #require(GateReport(run, tallies, policies: ["ours"], baseline: baseline).lines.first)
    }

    /// Than a hundred times the index: on the whole, and not in each trial.
    private static func tenthLess(_ index: Int) -> Int { 90 * index + [1, -1, 0, 1, -1][index - 1] }

    private func trials(
        _ count: Int = 5, failed: Int = 0, of workflows: Int = 24, seconds: Double = 1,
        attempts: (Int) -> Int = { _ in 120 }, policy: String = "ours", seeds: Int = 0
    ) -> [TrialTally] {
        (1...count).map {
            var tally = Fixtures.tally(
                $0, policy: policy, failed: failed, of: workflows, seconds: seconds, attempts: attempts($0))
            tally.seed += UInt64(seeds)
            return tally
        }
    }

    @Test("a clean sample that is large enough passes, with its exact lower bound by trials")
    func pass() throws {
        let line = try line("success_rate >= 97% min 100", trials(99))
        #expect(line.verdict == .pass && line.reason.isEmpty)
        #expect(line.n == 99 * 24 && line.trials == 99)
        #expect(line.value == 1)
        // 0.05 to the power 1/99: that a trial went well tells of one trial.
        #expect(abs(line.interval.lower - 0.9701933) < 1e-6)
        #expect(line.power == "99 trials would pass with none of them lost")
        #expect(
            try self.line("success_rate >= 97%", trials(200)).power == "200 trials would pass with up to 1 of them lost"
        )
    }

    @Test("trials of one workflow each have the bound of Clopper and Pearson")
    func single() throws {
        let tallies = trials(98, of: 1) + [99, 100].map { Fixtures.tally($0, policy: "ours", failed: 1, of: 1) }
        let line = try line("success_rate >= 90%", tallies)
        #expect(abs(line.interval.lower - Proportion(98, of: 100).clopperPearson(.oneSided95).lower) < 1e-9)
        #expect(abs(line.interval.upper - Proportion(98, of: 100).clopperPearson(.oneSided95).upper) < 1e-9)
        #expect(line.verdict == .pass)
    }

    @Test(
        "too small a sample, too few for min, and a value near the limit are inconclusive, and say what it takes",
        arguments: [
            (
                "success_rate >= 99%",
                "the interval reaches over the limit; about 294 more trials like these would show that they keep it",
                "5 trials without a failure would show 54.9%; this limit takes 299"
            ),
            (
                "success_rate >= 50% min 150", "120 workflows, and 150 are asked for",
                "5 trials would pass with none of them lost"
            ),
            (
                "p99(workflow.completion) < 30s", "5 trials give no upper bound; 299 are needed",
                "an upper bound needs 299 trials"
            ),
        ])
    func inconclusive(gate: String, reason: String, power: String) throws {
        let line = try line(gate, trials())
        #expect(line.verdict == .inconclusive)
        #expect(line.reason == reason)
        #expect(line.power == power)
        #expect(line.isOpen)
    }

    @Test("as many trials as it says it takes, it takes")
    func needed() throws {
        #expect(try line("success_rate >= 99%", trials(299)).verdict == .pass)
        #expect(try line("success_rate >= 99%", trials(298)).verdict == .inconclusive)
        let half = try line("success_rate >= 60%", trials(8, failed: 6))
        let words = try #require(half.reason.firstMatch(of: /about (\d+) more/)?.1)
        let more = try #require(Int(words))
        #expect(try line("success_rate >= 60%", trials(8 + more, failed: 6)).verdict == .pass)
        #expect(try line("success_rate >= 60%", trials(7 + more, failed: 6)).verdict == .inconclusive)
    }

    @Test(
        "what is shown to break its limit fails, small as the sample may be",
        arguments: ["success_rate >= 95% min 1000", "violations == 0", "p50(workflow.completion) < 1s"])
    func fail(gate: String) throws {
        #expect(try line(gate, trials(failed: 12)).verdict == .fail)
    }

    @Test("workflows that failed never complete, so that giving up fast is no way through a time limit")
    func survivors() throws {
        let line = try line("p50(workflow.completion) < 30s", trials(failed: 13))
        #expect(line.value == .infinity)
        #expect(line.verdict == .fail || line.verdict == .inconclusive)
        #expect(try self.line("p50(workflow.completion) < 30s", trials()).verdict == .pass)
    }

    @Test("amplification takes its interval from the trials, and one trial has none")
    func amplification() throws {
        #expect(try line("amplification <= 1.3", trials(attempts: { 118 + $0 })).verdict == .pass)
        #expect(try line("amplification <= 1.1", trials(attempts: { 118 + $0 })).verdict == .fail)
        let single = try line("amplification <= 1.3", trials(1))
        #expect(single.verdict == .inconclusive && single.isOpen)
        #expect(single.reason == "one trial gives no interval; run at least two")
    }

    @Test("against a policy, trials are held against the trials of the same weather")
    func paired() throws {
        // Large differences from trial to trial, and always a tenth less than the baseline's.
        let base = trials(attempts: { 100 * $0 }, policy: "base")
        let mine = trials(attempts: Self.tenthLess)
        let line = try line("amplification vs base <= +0%", base + mine)
        #expect(line.verdict == .pass)
        #expect(abs(line.value + 0.1) < 1e-9)
        #expect(line.power.hasSuffix("5 pairs of trials"))
        #expect(try self.line("amplification vs base <= -20%", base + mine).verdict == .fail)
        #expect(try self.line("success_rate vs base >= -50%", base + mine).verdict == .pass)
        #expect(try self.line("p50(workflow.completion) vs base <= +20%", base + mine).verdict == .pass)
        #expect(try self.line("amplification vs base <= +0%", mine).reason == "no trial of base took place")
    }

    @Test("margins in the metric's own unit are differences, and those of shares points")
    func margins() throws {
        let base = trials(6, seconds: 2, attempts: { 150 + $0 }, policy: "base")
        let mine = trials(6, seconds: 2.4, attempts: { 160 + $0 })
        let attempts = try line("amplification vs base <= +0.2", base + mine)
        #expect(abs(attempts.value - 0.1) < 1e-9 && attempts.verdict == .pass)
        #expect(try line("amplification vs base <= +0.05", base + mine).verdict == .fail)
        let slower = try line("p50(workflow.completion) vs base <= +600ms", base + mine)
        #expect(abs(slower.value - 0.4) < 1e-9 && slower.verdict == .pass)
        #expect(try line("p50(workflow.completion) vs base <= +200ms", base + mine).verdict == .fail)
    }

    @Test("not worse by more than a margin is shown by the whole interval, and not by the lack of a difference")
    func nonInferiority() throws {
        func both(_ count: Int) -> [TrialTally] { trials(count, policy: "base") + trials(count) }
        let few = try line("success_rate vs base >= -1%", both(100))
        #expect(few.value == 0 && few.verdict == .inconclusive)
        #expect(few.power == "trials that differ nowhere would show 3.0 points; 100 pairs of trials")
        #expect(try line("success_rate vs base >= -1pt", both(299)).verdict == .pass)
        let worse = trials(299, policy: "base") + trials(299, failed: 2)
        #expect(try line("success_rate vs base >= -1pt", worse).verdict == .fail)
    }

    @Test("a stored baseline is paired by seed where the seeds match, and not where they don't")
    func stored() throws {
        let run = try Fixtures.run([], policies: ["ours"], trials: 5)
        func evidence(_ tallies: [TrialTally]) -> Evidence { Evidence(run, tallies) }
        let mine = trials(attempts: Self.tenthLess)
        let same = evidence(trials(attempts: { 100 * $0 }))
        let gate = "amplification vs baseline <= +0%"
        #expect(try line(gate, mine, baseline: same).verdict == .pass)
        let other = try line(gate, mine, baseline: evidence(trials(attempts: { 100 * $0 }, seeds: 7)))
        #expect(other.verdict == .inconclusive && abs(other.value + 0.1) < 1e-9)
        #expect(other.power.hasSuffix("trials of other seeds, unpaired"))
        #expect(
            try line("success_rate vs baseline >= -80pt", mine, baseline: evidence(trials(seeds: 7))).verdict == .pass)
        #expect(
            try line("p50(workflow.completion) vs baseline <= +20%", mine, baseline: evidence(trials(seeds: 7))).verdict
                == .pass)
        #expect(try line(gate, mine).reason == "no baseline is given; name a run or a file by --baseline")
        let strange = try line(gate, mine, baseline: evidence(trials(policy: "theirs")))
        #expect(strange.reason == "the baseline 3f9c has no trial of ours" && !strange.isOpen)
        let poor = try line("median(recovery) vs baseline <= +1s", withRecovery(mine), baseline: same)
        #expect(poor.verdict == .inconclusive)
        #expect(poor.reason == "no samples: none of 5 trials has p50(recovery) in the baseline")
    }

    private func withRecovery(_ tallies: [TrialTally]) -> [TrialTally] {
        tallies.map { tally in
            var tally = tally
            tally.set(SampleKey(.recovery), [TrialTally.Value(1)])
            return tally
        }
    }

    @Test("a baseline of nothing takes a margin, and no per cent")
    func zeroBaseline() throws {
        let base = trials(attempts: { _ in 0 }, policy: "base")
        let line = try line("attempts vs base <= +10%", base + trials())
        #expect(line.verdict == .inconclusive)
        #expect(line.reason == "the baseline's value is 0, and no change is a part of it; write a margin such as +1")
        #expect(try self.line("attempts vs base <= +130", base + trials()).verdict == .pass)
    }

    @Test(
        "what no trial counted does not pass for none, except of what must never happen",
        arguments: [
            ("attempts{path=nowhere} <= 3", "no samples: none of 5 trials has attempts{path=nowhere}"),
            ("amplification{layer=call} <= 3", "no samples: none of 5 trials has amplification{layer=call}"),
            ("cleanup.oldest < 3s", "no samples: none of 5 trials has cleanup.oldest"),
            ("cron.missed == 0", "no samples: none of 5 trials has cron.missed"),
        ])
    func silent(gate: String, reason: String) throws {
        let line = try line(gate, trials())
        #expect(line.verdict == .inconclusive && !line.isOpen)
        #expect(line.reason == reason)
        #expect(try self.line("violations{invariant=noPodLeaked} == 0", trials()).verdict == .pass)
    }

    @Test("a layer that waited for no request counts as none, where requests are told apart by layer")
    func layers() throws {
        let tallies = trials().map { tally in
            var tally = tally
            tally.set(SampleKey(.attempts, Breakdown(.layer, "first")), [TrialTally.Value(100)])
            return tally
        }
        #expect(try line("attempts{layer=transport} <= 3", tallies).verdict == .pass)
    }

    @Test("a trial that showed nothing keeps the gate from passing")
    func doubtful() throws {
        var tallies = trials()
        tallies[1].outcome = .inconclusive
        tallies[1].reason = "the fault churn never hit a request"
        let line = try line("success_rate >= 50%", tallies)
        #expect(line.verdict == .inconclusive && !line.isOpen)
        #expect(line.reason == "1 of 5 trials inconclusive: the fault churn never hit a request")
        var base = trials(policy: "base")
        base[0].outcome = .inconclusive
        base[0].reason = "no steady state"
        let against = try self.line("amplification vs base <= +5%", base + trials())
        #expect(against.reason == "1 of 5 trials of the baseline inconclusive: no steady state")
    }

    @Test("a run that lacks trials, or has none, is never green")
    func missingTrials() throws {
        let run = try Fixtures.run(["violations == 0"], trials: 5)
        let few = GateReport(run, trials(4, policy: "base"))
        #expect(few.lines.map(\.verdict) == [.pass])
        #expect(few.verdict == .inconclusive)
        #expect(few.reason == "1 trial of 5 did not take place")
        let none = GateReport(run, [])
        #expect(none.verdict == .inconclusive && none.reason == "no trial took place")
        #expect(none.lines.map(\.reason) == ["no trial took place"])
        #expect(GateReport(run, trials(5, policy: "base")).verdict == .pass)
    }

    @Test("a condition that no cell could be held against leaves the gate open, and does not vanish")
    func nothingToJudge() throws {
        let run = try Fixtures.run(["violations == 0", "amplification vs base <= +5%"], trials: 5)
        let report = GateReport(run, trials(5, policy: "base"))
        #expect(report.lines.map(\.verdict) == [.pass, .inconclusive])
        #expect(report.lines[1].reason == "there is no other policy to compare with base")
        #expect(report.verdict == .inconclusive)
    }

    @Test("without a gate the trials decide")
    func noGate() throws {
        let run = try Fixtures.run([], trials: 2)
        #expect(GateReport(run, trials(2, policy: "base")).verdict == .pass)
        let failing = trials(1, policy: "base") + [Fixtures.tally(2, outcome: .fail, reason: "x")]
        #expect(GateReport(run, failing).verdict == .fail)
    }

    @Test("what is loaded for a gate is enough for it")
    func keys() throws {
        let texts = [
            "success_rate >= 50%", "p50(workflow.completion) < 30s", "amplification <= 3", "attempts{layer=call} <= 3",
            "violations == 0",
        ]
        let gate = try texts.map { try GateExpression(parsing: $0) }
        let keys = GateReport.keys(of: gate)
        let run = try Fixtures.run(texts, policies: ["ours"], trials: 5)
        let whole = trials().map { tally in
            var tally = tally
            tally.set(SampleKey(.attempts, Breakdown(.layer, "first")), [TrialTally.Value(100)])
            tally.set(SampleKey(.recovery), [TrialTally.Value(1)])
            return tally
        }
        let part = whole.map { tally in
            var tally = tally
            for key in tally.samples.keys.subtracting(keys) { tally.set(key, []) }
            return tally
        }
        #expect(!keys.contains(SampleKey(.recovery)))
        #expect(GateReport(run, part).lines == GateReport(run, whole).lines)
    }
}
