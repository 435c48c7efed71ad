import Experiments
import Kubernetes
import Recording
import Reporting
import Testing

struct ExpectationReportTests {
    private func run(
        _ expectations: [Experiment.Expectation], gate: [String] = [], policies: [String] = ["base", "ours"],
        trials: Int = 2
    ) throws -> RunRecord {
        var run = try Fixtures.run(gate, policies: policies, trials: trials)
        run.experiment.expectations = expectations
        return run
    }

    private func tallies(base: Verdict, ours: Verdict) -> [TrialTally] {
        (1...2).flatMap { index in
            [("base", base), ("ours", ours)].map { policy, outcome in
                Fixtures.tally(
                    index, policy: policy, outcome: index == 2 ? outcome : .pass,
                    reason: outcome == .pass || index == 1 ? "" : "why \(policy)")
            }
        }
    }

    private static let redAndGreen = [
        Experiment.Expectation(policy: "base", verdict: .fail), .init(policy: "ours", verdict: .pass),
    ]

    @Test(
        "the run passes when every verdict is as expected, fails when one is another, and a doubtful one decides nothing",
        arguments: [
            (Verdict.fail, Verdict.pass, Verdict.pass, ""), (.pass, .pass, .fail, "base was to fail and passed"),
            (.fail, .fail, .fail, "ours was to pass and failed"),
            (.fail, .inconclusive, .inconclusive, "ours was to pass and is inconclusive"),
            (.inconclusive, .fail, .fail, "base was to fail and is inconclusive; ours was to pass and failed"),
        ])
    func verdicts(base: Verdict, ours: Verdict, verdict: Verdict, reason: String) throws {
        let report = RunReport(try run(Self.redAndGreen), tallies(base: base, ours: ours))
        let expectations = try #require(report.expectations)
        #expect(report.verdict == verdict)
        #expect(expectations.verdict == verdict)
        #expect(expectations.reason == reason)
        #expect(expectations.lines.map(\.found) == [base, ours])
    }

    @Test("a condition of the gate counts for the policies that it judges")
    func gate() throws {
        let run = try run(Self.redAndGreen, gate: ["success_rate >= 60%"], trials: 6)
        let trials = (1...6).flatMap { index in
            [Fixtures.tally(index, policy: "base", failed: 24), Fixtures.tally(index, policy: "ours")]
        }
        let report = try #require(RunReport(run, trials).expectations)
        #expect(report.lines.map(\.found) == [.fail, .pass])
        #expect(report.verdict == .pass)
        #expect(report.lines[0].reason == "success_rate >= 60%: the limit is broken")
    }

    @Test("a condition that no policy could be held against keeps the run from passing")
    func homeless() throws {
        let run = try run(
            [.init(policy: "base", verdict: .pass)], gate: ["amplification vs base <= +5%"], policies: ["base"])
        let tallies = (1...2).map { Fixtures.tally($0, policy: "base") }
        let expectations = try #require(RunReport(run, tallies).expectations)
        #expect(expectations.verdict == .inconclusive)
        #expect(
            expectations.reason
                == "amplification vs base <= +5%: there is no other policy to compare with base")
    }

    @Test("who is not spoken of is shown and does not matter, and each variation may have a verdict of its own")
    func lines() throws {
        let silent = try #require(
            RunReport(try run([.init(policy: "ours", verdict: .pass)]), tallies(base: .fail, ours: .pass)).expectations)
        #expect(silent.verdict == .pass)
        #expect(silent.lines.map(\.expected) == [nil, .pass])
        let varied = try #require(
            RunReport(
                try run([.init(policy: "base", variation: "", verdict: .fail)]), tallies(base: .fail, ours: .fail)
            ).expectations)
        #expect(varied.lines.map(\.variation) == ["", nil])
        #expect(varied.verdict == .pass)
    }

    @Test("a run that lacks trials never passes, and one without expectations is judged by its own")
    func missing() throws {
        let report = RunReport(try run(Self.redAndGreen, trials: 3), tallies(base: .fail, ours: .pass))
        #expect(report.verdict == .inconclusive)
        #expect(report.expectations?.reason == "2 trials of 6 did not take place")
        let plain = RunReport(try run([]), tallies(base: .fail, ours: .pass))
        #expect(plain.expectations == nil)
        #expect(plain.verdict == .fail)
    }

    @Test("the table tells expected and found, and the last line the verdict")
    func text() throws {
        let report = RunReport(try run(Self.redAndGreen), tallies(base: .pass, ours: .pass))
        let text = report.text(.plain)
        #expect(text.contains("policy  expected  found\n") || text.contains("policy  expected  found "))
        #expect(text.contains("base    fail      pass   NOT AS EXPECTED\n"))
        #expect(text.contains("ours    pass      pass   as expected\n"))
        #expect(text.hasSuffix("FAIL: policy base was to fail and passed; expectations met: 1 of 2.\n"))
        let json = report.json.object?["expectations"]?.object
        #expect(json?["verdict"]?.string == "fail")
        #expect(json?["lines"]?.array?.count == 2)
    }

    @Test("gates judge cron, clean-up and locks by what trials have of them")
    func metrics() throws {
        let run = try Fixtures.run(
            ["cron.missed == 0", "cleanup.oldest < 30s", "p25(lock.wait) < 5s", "cron.duplicates == 0"], trials: 3)
        let trials = (1...3).map { index in
            var tally = Fixtures.tally(index)
            tally.samples = TrialTally.grouped(
                [Sample(.cronMissed, value: 2), Sample(.cleanupOldest, value: 4 + Double(index))]
                    + (0..<20).map { Sample(.lockWait, subject: "h\($0)", value: 0.1) })
            return tally
        }
        let lines = GateReport(run, trials).lines
        #expect(lines.map(\.verdict) == [.fail, .pass, .pass, .inconclusive])
        #expect(lines.map(\.value).prefix(3) == [2, 6, 0.1])
        #expect(lines[2].n == 60)
        #expect(lines[3].reason == "no samples: none of 3 trials has cron.duplicates")
    }
}
