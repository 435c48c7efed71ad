import Experiments
import Kubernetes
import Recording
import Reporting
import Statistics
import Testing

/// What must not pass for shown, and what must not pass for broken.
struct GateCautionTests {
    private func report(
        _ gate: String, _ tallies: [TrialTally], baseline: Evidence? = nil, look: Look? = nil,
        _ change: (inout RunRecord) -> Void = { _ in }
    ) throws -> GateReport {
        var run = try Fixtures.run([gate], policies: ["base", "ours"], trials: 5)
        change(&run)
        return GateReport(run, tallies, policies: ["ours"], baseline: baseline, looks: look.map { [$0] } ?? [])
    }

    private func line(
        _ gate: String, _ tallies: [TrialTally], baseline: Evidence? = nil, look: Look? = nil
    ) throws -> GateReport.Line {
        try #require(try report(gate, tallies, baseline: baseline, look: look).lines.first)
    }

    private func trials(
        _ count: Int = 5, policy: String = "ours", failed: Int = 0, seconds: Double = 1,
        _ change: (inout TrialTally) -> Void = { _ in }
    ) -> [TrialTally] {
        (1...count).map {
            var tally = Fixtures.tally($0, policy: policy, failed: failed, seconds: seconds)
            change(&tally)
            return tally
        }
    }

    private func evidence(
        _ tallies: [TrialTally], _ change: (inout RunRecord) -> Void = { _ in }
    ) throws -> Evidence {
        var run = try Fixtures.run([], policies: ["ours"], trials: tallies.count)
        run.identifier = "77aa"
        change(&run)
        return Evidence(run, tallies)
    }

    private func look(_ level: Double, at trials: Int, of trialsMax: Int) -> Look {
        Look(
            number: 1, trials: trials, trialsMax: trialsMax, nominalAlpha: level, verdict: .inconclusive,
            epochMicroseconds: 0)
    }

    // MARK: Looks

    @Test(
        "a look that may decide nothing decides nothing, whatever is asked",
        arguments: [
            "p95(workflow.completion) < 30s", "p50(workflow.completion) > 0.5s", "success_rate >= 1%",
            "attempts <= 900",
            "amplification <= 9", "violations == 0", "cron.missed == 0", "attempts == 120", "violations == 0 min 1",
            "p50(workflow.completion) vs base <= +10%", "attempts vs base <= +90%", "success_rate vs base >= -90pt",
        ])
    func levelZero(gate: String) throws {
        let counted = { (tally: inout TrialTally) in tally.set(SampleKey(.cronMissed), [TrialTally.Value(0)]) }
        let tallies = trials(1, policy: "base", counted) + trials(1, counted)
        let line = try line(gate, tallies, look: look(0, at: 1, of: 1000))
        #expect(line.verdict == .inconclusive && line.isOpen, "\(line)")
        #expect(line.reason == "this look is too early to decide anything")
    }

    @Test("what never may happen is kept at the last look, or once there are as many trials as min asks for")
    func totals() throws {
        let early = look(0.001, at: 5, of: 40)
        let open = try line("violations == 0", trials(), look: early)
        #expect(open.verdict == .inconclusive && open.isOpen)
        #expect(open.reason == "trials up to the last look may count more; min N would say that N are enough")
        #expect(open.interval == Interval(0, .infinity))
        #expect(try line("violations == 0 min 5", trials(), look: early).verdict == .pass)
        #expect(try line("violations == 0 min 6", trials(), look: early).verdict == .inconclusive)
        #expect(try line("violations == 0", trials(), look: look(0.04, at: 40, of: 40)).verdict == .pass)
        #expect(try line("violations == 0", trials(failed: 1), look: early).verdict == .fail)
        #expect(try line("violations == 0", trials(failed: 1), look: look(0, at: 1, of: 1000)).verdict == .fail)
        let single = try line("violations == 0", trials(1))
        #expect(single.verdict == .pass && single.power == "1 trial may miss what happens in 95% of trials")
    }

    @Test("the bounds of a look without a level are none, and one trial is not several")
    func levelText() throws {
        #expect(
            try report("violations == 0", trials(1), look: look(0, at: 1, of: 1)).text(.plain).contains(
                "bounds: none yet: look 1 of a run that is carried on, which spends 5 % in all by 1 trial a cell\n"))
    }

    // MARK: Baselines

    @Test("a baseline of another experiment, another world or other faults is none, and says why")
    func obstacles() throws {
        let gate = "success_rate vs baseline >= -80pt"
        let same = try report(gate, trials(), baseline: try evidence(trials()))
        #expect(same.lines[0].verdict == .pass)
        #expect(same.text(.plain).contains("baseline: 77aa: churn, embedded world, seed 42\n"))
        #expect(same.json.object?["baseline"]?.object?["name"]?.string == "77aa")
        for (other, reason) in [
            (try evidence(trials()) { $0.experiment.name = "calm" }, "the baseline is of the experiment calm"),
            (try evidence(trials()) { $0.world = "simulated" }, "the baseline took place in the simulated world"),
            (
                try evidence(trials()) { $0.experiment.variations[0].phases.storm = .seconds(7) },
                "the experiment's workload, phases or faults are others than the baseline's"
            ),
        ] {
            let line = try line(gate, trials(), baseline: other)
            #expect(line.verdict == .inconclusive && !line.isOpen && line.reason == reason, "\(line)")
        }
    }

    @Test("a baseline that is not whole is to blame where this run has trials that it lacks")
    func gap() throws {
        let gate = "success_rate vs baseline >= -80pt"
        let part = try evidence(trials(5)) { $0.trialsPlanned = 8 }
        #expect(try line(gate, trials(5), baseline: part).verdict == .pass)
        let line = try line(gate, trials(8), baseline: part)
        #expect(line.verdict == .inconclusive && line.trials == 5)
        #expect(line.reason == "the baseline is not whole: 3 trials of 8 did not take place")
    }

    @Test("a baseline that showed nothing breaks nothing")
    func doubtfulBaseline() throws {
        let base = trials(policy: "base", failed: 0) { $0.outcome = .inconclusive }
        let line = try line("success_rate vs base >= -1pt", base + trials(failed: 24))
        #expect(line.verdict == .inconclusive)
        #expect(line.reason.hasPrefix("5 of 5 trials of the baseline inconclusive"))
    }

    @Test("a quantile's change from a handful of trials is bounded by nothing")
    func fewPairs() throws {
        let both = trials(5, policy: "base") + trials(5)
        let line = try line("p99(workflow.completion) vs base <= +10%", both)
        #expect(line.verdict == .inconclusive && line.interval == .unknown)
        #expect(line.reason == "5 pairs bound no p99(workflow.completion); 299 are needed")
        let many = trials(299, policy: "base") + trials(299)
        #expect(try self.line("p99(workflow.completion) vs base <= +10%", many).verdict == .pass)
        let low = try self.line("p5(workflow.completion) vs base <= +10%", both)
        #expect(low.reason == "5 pairs bound no p5(workflow.completion); 59 are needed")
    }

    @Test("only pairs count of which both trials have the metric, and what is said is said of them")
    func subset() throws {
        func recovery(_ seconds: Double, from first: Int, to last: Int) -> (inout TrialTally) -> Void {
            { tally in
                if (first...last).contains(tally.key.index) {
                    tally.set(SampleKey(.recovery), [TrialTally.Value(seconds)])
                }
            }
        }
        let base = trials(12, policy: "base", recovery(1, from: 1, to: 10))
        let mine = trials(12, recovery(1.02, from: 4, to: 12))
        let line = try line("p50(recovery) vs base <= +10% min 8", base + mine)
        #expect(line.n == 7 && line.trials == 7 && line.power == "7 pairs of trials")
        #expect(line.reason == "7 trials, and 8 are asked for")
        #expect(try self.line("p50(recovery) vs base <= +10% min 7", base + mine).verdict == .pass)
        let apart = trials(12, recovery(1, from: 11, to: 12))
        let none = try self.line("p50(recovery) vs base <= +10%", base + apart)
        #expect(none.reason == "no pair of trials has p50(recovery) on both sides" && none.n == 0)
    }

    @Test("more trials of a run have no pairs in one that is over, and are not asked for")
    func exhausted() throws {
        let noisy = { (tally: inout TrialTally) in tally.attempts = 100 + 7 * (tally.key.index % 3) }
        let base = try evidence(trials(5) { $0.attempts = 100 })
        let line = try line("attempts vs baseline <= +5%", trials(5, noisy), baseline: base)
        #expect(line.verdict == .inconclusive && !line.isOpen)
        #expect(line.reason == "the interval reaches over the limit, and the baseline has no more trials")
        let own = trials(5, policy: "base") { $0.attempts = 100 }
        #expect(try self.line("attempts vs base <= +5%", own + trials(5, noisy)).isOpen)
    }

    @Test("a change from no time at all is no change in per cent, and not endless")
    func fromNothing() throws {
        let gate = "p50(recovery) vs base <= "
        func recovered(_ seconds: Double) -> (inout TrialTally) -> Void {
            { $0.set(SampleKey(.recovery), [TrialTally.Value(seconds)]) }
        }
        let both = trials(policy: "base", recovered(0)) + trials(5, recovered(0.001))
        let line = try line(gate + "+10%", both)
        #expect(line.verdict == .inconclusive && line.value.isNaN)
        #expect(line.reason == "the baseline's value is 0, and no change is a part of it; write a margin such as +1")
        #expect(try self.line(gate + "+1s", both).verdict == .pass)
    }

    @Test("a bound that is not known shows nothing, and a value of nothing has no part in it")
    func unboundedProduct() throws {
        // At a level whose tail the bootstrap can't see, so that the bounds of both are put together.
        func recovered(_ seconds: Double) -> (inout TrialTally) -> Void {
            { $0.set(SampleKey(.recovery), [TrialTally.Value(seconds)]) }
        }
        let both = trials(12, policy: "base", recovered(1)) + trials(12, recovered(0))
        let line = try line("p50(recovery) vs base <= +10%", both, look: look(0.001, at: 12, of: 40))
        #expect(line.verdict == .pass && line.value == -1, "\(line)")
    }

    // MARK: Means

    @Test(
        "trials that were all alike may have missed others, and say how many",
        arguments: [
            ("work.wasted <= 10%", 2, Verdict.inconclusive), ("attempts <= 121", 2, .inconclusive),
            ("attempts <= 122", 2, .pass), ("attempts <= 118", 2, .fail), ("amplification <= 1.3", 4, .inconclusive),
            ("amplification <= 1.3", 5, .pass), ("attempts vs base <= +10%", 5, .inconclusive),
            ("attempts vs base <= +10%", 29, .pass), ("attempts == 120", 2, .pass), ("attempts == 119", 2, .fail),
        ])
    func alike(gate: String, count: Int, verdict: Verdict) throws {
        let gate = gate.replacing("10%", with: gate.hasPrefix("work") ? "0.1" : "10%")
        let wasteless = { (tally: inout TrialTally) in tally.set(SampleKey(.workWasted), [TrialTally.Value(0)]) }
        let line = try line(gate, trials(count, policy: "base", wasteless) + trials(count, wasteless))
        #expect(line.verdict == verdict, "\(line)")
    }

    @Test("as many alike as it says it takes, it takes")
    func alikeNeeded() throws {
        let few = try line("attempts vs base <= +10%", trials(5, policy: "base") + trials(5))
        #expect(few.reason == "5 pairs, all alike, are too few to show that others are like them; 29 are needed")
        #expect(few.power.hasPrefix("5 pairs, all alike, may miss what happens in 45.1% of pairs"))
        #expect(
            try line("attempts vs base <= +10%", trials(28, policy: "base") + trials(28)).verdict == .inconclusive)
    }

    @Test("a mean count of nothing says that nothing happened, and once is too often", arguments: ["== 0", "<= 0"])
    func none(limit: String) throws {
        func missed(_ count: Double, in index: Int) -> (inout TrialTally) -> Void {
            { $0.set(SampleKey(.cronMissed), [TrialTally.Value($0.key.index == index ? count : 0)]) }
        }
        let clean = try line("cron.missed \(limit)", trials(5, missed(1, in: 0)))
        #expect(clean.verdict == .pass && clean.power == "5 trials may miss what happens in 45.1% of trials")
        let broken = try line("cron.missed \(limit)", trials(5, missed(1, in: 3)))
        #expect(broken.verdict == .fail && broken.value == 0.2 && broken.interval.lower > 0)
    }

    @Test("a mean that is neither shown to be a number nor to be another is open, and one that lies below it says so")
    func equal() throws {
        let around = trials { $0.attempts = 118 + $0.key.index % 3 }
        #expect(try line("attempts == 119", around).verdict == .inconclusive)
        let report = try report("attempts == 200", around)
        #expect(report.lines[0].verdict == .fail)
        let entry = GateDocument.Entry(
            run: try Fixtures.run([], trials: 5), gate: report, expectations: nil)
        #expect(entry.sentence.hasSuffix("and at most 120"), "\(entry.sentence)")
    }

    @Test("what had not ended when the trial did takes longer than that")
    func endless() throws {
        func makespan(_ seconds: Double, endlessFrom first: Int) -> (inout TrialTally) -> Void {
            { tally in
                tally.set(
                    SampleKey(.makespan),
                    [TrialTally.Value(seconds + Double(tally.key.index), isCensored: tally.key.index >= first)])
            }
        }
        let line = try line("makespan <= 60s", trials(5, makespan(20, endlessFrom: 4)))
        #expect(line.verdict == .inconclusive && line.interval.upper == .infinity)
        #expect(line.reason == "2 of 5 trials never came to an end")
        #expect(try self.line("makespan >= 10s", trials(5, makespan(20, endlessFrom: 4))).verdict == .pass)
        #expect(try self.line("makespan <= 10s", trials(5, makespan(20, endlessFrom: 4))).verdict == .fail)
        let both = trials(policy: "base", makespan(20, endlessFrom: 9)) + trials(5, makespan(20, endlessFrom: 4))
        let change = try self.line("makespan vs base <= +90%", both)
        #expect(change.verdict == .inconclusive && change.interval == .unknown)
    }

    @Test("a count that a trial does not have is not nothing")
    func unknownNumerator() throws {
        let line = try line("attempt_success_rate vs base >= -1pt", trials(policy: "base") + trials())
        #expect(line.verdict == .inconclusive)
        #expect(line.reason == "no samples: none of 5 trials has attempt_success_rate")
        let succeeded = { (tally: inout TrialTally) in
            tally.set(SampleKey(.attemptsSucceeded), [TrialTally.Value(100)])
        }
        let bare = try self.line("attempt_success_rate vs base >= -1pt", trials(policy: "base") + trials(5, succeeded))
        #expect(bare.reason == "no samples: none of 5 trials has attempt_success_rate in the baseline")
    }

    // MARK: Trials that are no evidence

    @Test("a process that was gone is found by its violation, whatever else broke first")
    func crashed() throws {
        let key = SampleKey(.violations, Breakdown(.invariant, Invariant.processStaysUp.rawValue))
        let tallies = trials { tally in
            guard tally.key.index == 2 else { return }
            tally.set(key, [TrialTally.Value(1)])
            tally.outcome = .fail
            tally.reason = "everythingFinishedWithinConverge: w never ended (and 1 more)"
        }
        let line = try line("attempts <= 900", tallies)
        #expect(line.verdict == .inconclusive)
        #expect(line.reason.hasPrefix("the subject was gone in 1 of 5 trials: everythingFinished"))
        #expect(GateReport.keys(of: []).contains(key))
    }

    @Test("what a trial found broken is no reason for samples that it lacks; that it showed nothing is")
    func silence() throws {
        let failed = trials { ($0.outcome, $0.reason) = (.fail, "noPodLeaked: p remained") }
        #expect(try line("cron.missed == 0", failed).reason == "no samples: none of 5 trials has cron.missed")
        let broken = trials { ($0.outcome, $0.reason) = (.inconclusive, "no steady state before the storm") }
        #expect(
            try line("cron.missed == 0", broken).reason
                == "no samples: none of 5 trials has cron.missed; no steady state before the storm")
    }
}
