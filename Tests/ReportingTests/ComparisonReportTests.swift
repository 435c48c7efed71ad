import Experiments
import Kubernetes
import Recording
import Reporting
import Statistics
import Testing

struct ComparisonReportTests {
    private typealias Row = ComparisonReport.Row

    private func report(_ trials: Int, attempts: (Int) -> Int, seconds: Double = 1) throws -> ComparisonReport {
        let run = try Fixtures.run([], policies: ["base", "ours"], trials: trials)
        let tallies = (1...trials).flatMap { index in
            [
                Fixtures.tally(index, attempts: 200 + index),
                Fixtures.tally(index, policy: "ours", seconds: seconds, attempts: attempts(index)),
            ]
        }
        return ComparisonReport(
            try ComparisonPlan([Evidence(run, tallies)], by: .policy, baseline: .policy("base")))
    }

    private func row(_ report: ComparisonReport, _ name: String) throws -> ComparisonReport.Row {
        try #require(report.rows.first { $0.measure.name == name })
    }

    private func only(_ report: ComparisonReport) throws -> ComparisonReport.Row {
        #expect(report.rows.count == 1)
        return try #require(report.rows.first)
    }

    @Test("a difference that the trials show is shown, with its size and its interval")
    func shown() throws {
        let row = try row(try report(9, attempts: { 100 + $0 }), "amplification")
        #expect(row.isShown && row.isPaired && row.n == 9)
        #expect(row.verdict == .better)
        #expect(abs(row.change + 0.4878) < 1e-3)
        let interval = try #require(row.changeInterval)
        #expect(interval.contains(row.change) && interval.upper < -0.48 && interval.lower > -0.5)
        #expect(row.effect?.magnitude == .large)
        #expect((row.p ?? 1) < 0.05)
    }

    @Test("what may be chance is a tilde, and so is what three trials say")
    func notShown() throws {
        let noise = try report(8, attempts: { 200 + ($0 * 5) % 9 })
        #expect(try !row(noise, "amplification").isShown)
        #expect(noise.text(.plain).contains("~ ["))
        let few = try row(try report(3, attempts: { 100 + $0 }), "amplification")
        #expect(!few.isShown && few.p == nil && few.verdict == .open)
        #expect(few.footnote == "fewer than 6 pairs: nothing can be shown")
    }

    @Test("one family of tests shares its error, so p is larger than that of one test alone")
    func adjusted() throws {
        let report = try report(9, attempts: { 100 + $0 }, seconds: 0.5)
        let row = try row(report, "amplification")
        // Two of the 2⁹ ways in which signs can fall.
        #expect(row.pAlone == 2.0 / 512)
        #expect(report.family == 4)
        #expect(try #require(row.p) == 4 * 2.0 / 512)
    }

    @Test("with too few pairs for a table of so many tests, a row says so")
    func fewForFamily() throws {
        let row = try row(try report(7, attempts: { 100 + $0 }, seconds: 0.5), "amplification")
        #expect(row.pAlone == 2.0 / 128 && !row.isShown)
        #expect(
            row.footnote?.hasPrefix("with fewer than 8 pairs a rank test shows no difference among 4 tests") == true)
    }

    @Test("equal values are said to be equal, once")
    func equal() throws {
        let report = try report(6, attempts: { 100 + $0 })
        let row = try row(report, "operations")
        #expect(row.footnote == "all pairs equal")
        #expect(row.isEqual && !row.isShown && row.verdict == .equal && row.p == nil)
        let text = report.text(.plain)
        #expect(text.contains("equal in every trial: p50(workflow.completion) 1.11s ± 0%,"), "\(text)")
        #expect(text.contains("operations 100 ± 0%, violations 0, faults 5 ± 0%\n"), "\(text)")
        #expect(!text.contains("\noperations"))
        // Nobody failed, and with more trials somebody might.
        #expect(text.contains("success_rate"))
        #expect(text.contains("could show"))
    }

    @Test("an unknown baseline is refused with the nearest name")
    func unknownBaseline() throws {
        let run = try Fixtures.run([], policies: ["base", "ours"], trials: 1)
        let error = try #require(throws: ExperimentError.self) {
            try ComparisonPlan(
                [Evidence(run, [Fixtures.tally(1), Fixtures.tally(1, policy: "ours")])], by: .policy,
                baseline: .policy("bsae"))
        }
        #expect(error.description == "--baseline: nothing here is named bsae; did you mean base?")
    }

    // MARK: benchstat

    @Test("benchstat's own example is told as benchstat tells it")
    func benchstat() throws {
        let jo: [Double] = [1726, 1723, 1707, 1707, 1713, 1729, 1736, 1707, 1705, 1774]
        let jn: [Double] = [1423, 1416, 1411, 1413, 1412, 1426, 1422, 1424, 1447, 1425]
        let json = try ComparisonFixtures.report(.makespan, jo, jn, arePairs: false)
        #expect(
            json.text(.plain).contains("-17.20% [-18.0, -16.6]  (p<0.001 n=10+10)  better, large"),
            "\(json.text(.plain))")
        let row = try only(json)
        #expect(abs(try #require(row.p) - 0.0000108) < 1e-6)
        #expect(row.base.value == 1718 && row.candidate.value == 1422.5)

        let go: [Double] = [3069, 3075, 3069, 3067, 3207, 3064, 3064, 3058, 3059, 3062]
        let gn: [Double] = [3075, 3065, 3059, 3065, 3060, 3081, 3186, 3135, 3087, 3062]
        let gob = try ComparisonFixtures.report(.makespan, go, gn, arePairs: false)
        #expect(gob.text(.plain).contains("~ [-0.16, +0.75] %  (p=0.446 n=10+10)"), "\(gob.text(.plain))")
        #expect(try only(gob).verdict == .open)
    }

    // MARK: Pairs

    @Test("in pairs a small effect is shown that the weather hides from trials that are no pairs")
    func pairing() throws {
        let weather = (1...12).map { Double($0 * $0) }
        let ours = weather.enumerated().map { $0.element * (1.02 + Double($0.offset % 3) / 100) }
        let paired = try only(try ComparisonFixtures.report(.makespan, weather, ours))
        #expect(paired.isPaired && paired.isShown && paired.verdict == .worse)
        #expect(try #require(paired.changeInterval).lower > 0.02)
        let apart = try only(try ComparisonFixtures.report(.makespan, weather, ours, arePairs: false))
        #expect(!apart.isPaired && !apart.isShown)
    }

    @Test("trials without a partner are left out of the pairs, and told of; where few have one, there are no pairs")
    func unmatched() throws {
        let trials = (1...10).map { ComparisonFixtures.trial($0, [.makespan: [Double($0)]]) }
        func row(matching matched: Int) throws -> ComparisonReport.Row {
            let ours = trials.map { trial in
                var trial = trial
                trial.seed += trial.key.index > matched ? 1_000 : 0
                return trial
            }
            return try only(
                ComparisonFixtures.report(
                    [ComparisonFixtures.arm("base", trials), ComparisonFixtures.arm("ours", ours)],
                    measures: [Measure(.makespan)]))
        }
        let most = try row(matching: 8)
        #expect(most.isPaired && most.n == 8)
        #expect(most.footnote == "4 trials without a partner of the same seed left out")
        let few = try row(matching: 3)
        #expect(!few.isPaired && few.n == 10)
        #expect(few.footnote == "few trials have a partner with the same seed: not compared in pairs")
    }

    // MARK: Shares

    @Test("one operation a trial: McNemar's p and Newcombe's interval for pairs")
    func singles() throws {
        // 30 pairs: 15 succeed under ours alone, 3 under the baseline alone, 10 under both, 2 under neither.
        let outcomes =
            Array(repeating: (0, 1), count: 15) + Array(repeating: (1, 0), count: 3)
            + Array(repeating: (1, 1), count: 10) + Array(repeating: (0, 0), count: 2)
        let base = outcomes.enumerated().map {
            ComparisonFixtures.clients($0.offset + 1, succeeded: $0.element.0, of: 1)
        }
        let ours = outcomes.enumerated().map {
            ComparisonFixtures.clients($0.offset + 1, succeeded: $0.element.1, of: 1)
        }
        let row = try only(
            ComparisonFixtures.report(
                [ComparisonFixtures.arm("base", base), ComparisonFixtures.arm("ours", ours)],
                measures: [Measure(.successRate)]))
        #expect(abs(try #require(row.p) - 0.007538) < 1e-6)
        #expect(abs(row.change - 0.4) < 1e-12 && row.changeUnit == .points)
        #expect(
            row.changeInterval == PairedProportion(both: 10, first: 15, second: 3, neither: 2).difference())
        #expect(row.verdict == .better)
        #expect(row.base.units == 30)
    }

    @Test("operations of one trial share its luck: trials that fail as a whole count as trials, and not as operations")
    func clusters() throws {
        // 6 of 10 trials fail as a whole, and 3 of 10: with 1,000 operations a side a test by rows would be sure.
        func arm(_ label: String, failing: Int, shift: Int) -> CellSummary {
            ComparisonFixtures.arm(
                label,
                (1...10).map {
                    ComparisonFixtures.clients($0, succeeded: ($0 + shift) % 10 < failing ? 0 : 100, of: 100)
                })
        }
        let row = try only(
            ComparisonFixtures.report(
                [arm("base", failing: 6, shift: 0), arm("ours", failing: 3, shift: 4)],
                measures: [Measure(.successRate)]))
        #expect(row.base.units == 1_000 && row.n == 10)
        #expect(!row.isShown)
        let interval = try #require(row.changeInterval)
        #expect(interval.lower < -0.1 && interval.upper > 0.6)
        #expect(try #require(row.detectable) > 0.4)
    }

    @Test("one trial of ten that is lost as a whole is one trial, and no hundred operations, in pairs or not")
    func lostTrial() throws {
        func trials(lost: Int, seed: Int) -> [TrialTally] {
            (1...10).map {
                ComparisonFixtures.clients($0, seed: UInt64($0 + seed), succeeded: $0 == lost ? 0 : 100, of: 100)
            }
        }
        for seed in [0, 1_000] {
            let report = try ComparisonFixtures.report(
                [
                    ComparisonFixtures.arm("base", trials(lost: 0, seed: 0)),
                    ComparisonFixtures.arm("ours", trials(lost: 3, seed: seed)),
                ], measures: [Measure(.successRate)])
            let row = try only(report)
            #expect(row.isPaired == (seed == 0) && row.method == .clusters)
            #expect(try !row.isShown && abs(#require(row.p) - 0.3434) < 1e-3)
            #expect(abs(row.change + 0.1) < 1e-12)
            #expect(try #require(row.changeInterval).contains(0))
            #expect(report.legend(report.rows).contains(seed == 0 ? "of shares by Student" : "of shares by Welch"))
        }
    }

    @Test("arms that are each alike throughout, and are no pairs, are told apart by trials")
    func alikeApart() throws {
        func arm(_ label: String, _ succeeded: Int, seed: Int) -> CellSummary {
            ComparisonFixtures.arm(
                label,
                (1...6).map { ComparisonFixtures.clients($0, seed: UInt64($0 + seed), succeeded: succeeded, of: 30) })
        }
        let row = try only(
            ComparisonFixtures.report(
                [arm("base", 30, seed: 0), arm("ours", 15, seed: 100)], measures: [Measure(.successRate)]))
        #expect(row.method == .ranks && !row.isPaired && row.verdict == .worse)
        // The two of all C(12, 6) splits that are as far apart.
        #expect(abs(try #require(row.p) - 2.0 / 924) < 1e-9)
        #expect(row.changeInterval == Interval(-0.5, -0.5))
    }

    @Test("shares that are alike throughout are compared by ranks, and are not called equivalent where they are equal")
    func alike() throws {
        func arm(_ label: String, _ succeeded: Int) -> CellSummary {
            ComparisonFixtures.arm(label, (1...8).map { ComparisonFixtures.clients($0, succeeded: succeeded, of: 30) })
        }
        func row(_ succeeded: Int) throws -> ComparisonReport.Row {
            try only(
                ComparisonFixtures.report(
                    [arm("base", 30), arm("ours", succeeded)], measures: [Measure(.successRate)]))
        }
        let same = try row(30)
        #expect(same.verdict == .equal && same.method == .bounds && same.p == nil)
        #expect(try #require(same.changeInterval).lower < -0.005 && same.detectable != nil)
        let worse = try row(29)
        #expect(worse.verdict == .worse)
        #expect(worse.p == 2.0 / 256)
    }

    // MARK: Values

    @Test("what never came is told of, and not dropped")
    func never() throws {
        func arm(_ label: String, never: (Int) -> Int) -> CellSummary {
            ComparisonFixtures.arm(
                label,
                (1...8).map {
                    ComparisonFixtures.trial(
                        $0, [.workflowCompletion: [1, 2, 3 + Double($0)]], never: [.workflowCompletion: never($0)])
                })
        }
        let report = try ComparisonFixtures.report(
            [arm("base", never: { $0 == 1 ? 1 : 0 }), arm("ours", never: { _ in 2 })],
            measures: [Measure(.workflowCompletion, quantile: 0.5)])
        let row = try only(report)
        #expect(row.base.never == 1 && row.base.units == 24 && row.candidate.never == 16)
        #expect(row.candidate.value == .infinity && row.change == .infinity && row.verdict == .worse)
        #expect(report.text(.plain).contains("2.00s ± 100%, 1/24 never"), "\(report.text(.plain))")
        #expect(report.text(.plain).contains("never  never    (p=0.008 n=8)  worse, large"), "\(report.text(.plain))")
        #expect(report.csv.contains(",inf,"))
    }

    @Test(
        "what never came in one trial of five is worse, and not equivalent, though the rest is alike",
        arguments: [0, 0.1])
    func neverAtAll(margin: Double) throws {
        let base = Array(repeating: 1e-9, count: 100)
        let ours = (1...100).map { $0 <= 20 ? Double.infinity : 1e-9 }
        let report = try ComparisonFixtures.report(.recovery, base, ours, margin: margin)
        let row = try only(report)
        #expect(row.isShown && row.tendency == 1 && row.verdict == .worse, "\(row)")
        #expect(row.footnote == "never came: 0 of 100 with the baseline, 20 of 100 with what is compared")
        #expect(report.text(.plain).contains("+20.0 pt never"), "\(report.text(.plain))")
        let back = try only(try ComparisonFixtures.report(.recovery, ours, base, margin: margin))
        #expect(back.verdict == .better)
    }

    @Test(
        "where most trials go the one way and the mean the other, neither is claimed",
        arguments: [Metric.conflicts, .violations])
    func torn(metric: Metric) throws {
        let values: [Double] =
            Array(repeating: 0, count: 55) + Array(repeating: -1, count: 40) + Array(repeating: 100, count: 3)
        func arm(_ label: String, _ values: [Double]) -> CellSummary {
            ComparisonFixtures.arm(
                label,
                values.enumerated().map { index, value in
                    metric == .violations
                        ? ComparisonFixtures.trial(index + 1, [:], violations: Int(value))
                        : ComparisonFixtures.trial(index + 1, [metric: [value]])
                })
        }
        let row = try only(
            ComparisonFixtures.report(
                [arm("base", values.map { _ in 2 }), arm("ours", values.map { $0 + 2 })], measures: [Measure(metric)]))
        #expect(!row.isShown && row.verdict == .open, "\(row)")
        if metric == .violations {
            #expect(row.method == .meansAlone && abs(row.change - 260.0 / 98) < 1e-9)
            #expect(row.footnote?.contains("by ranks it is the other way round") == true)
        }
    }

    @Test("what could have been shown is nothing where nothing could")
    func undetectable() throws {
        func arm(_ label: String) -> CellSummary {
            ComparisonFixtures.arm(label, (1...3).map { ComparisonFixtures.clients($0, succeeded: 20, of: 20) })
        }
        let report = try ComparisonFixtures.report([arm("base"), arm("ours")], measures: [Measure(.successRate)])
        let row = try only(report)
        #expect(row.detectable == nil)
        #expect(row.footnote == "all pairs equal; fewer than 6 pairs: nothing can be shown")
        #expect(!report.text(.plain).contains("could show"))
        #expect(report.summary == "No difference: all trials gave the same.")
    }

    @Test("a part that no trial has is absent, and one that some have is nothing in the others")
    func parts() throws {
        func trials(_ attempts: Double?) -> [TrialTally] {
            (1...8).map { index in
                var trial = ComparisonFixtures.trial(index, [:])
                trial.samples = TrialSamples(
                    attempts.map { [SampleKey(.attempts, Breakdown(.path, "cronCreate")): [.init($0)]] } ?? [:])
                return trial
            }
        }
        let arms = [ComparisonFixtures.arm("base", trials(3)), ComparisonFixtures.arm("ours", trials(nil))]
        let report = try ComparisonFixtures.report(
            arms,
            measures: [
                Measure(.attempts, breakdown: Breakdown(.path, "cronCreate")),
                Measure(.attempts, breakdown: Breakdown(.path, "cron")),
            ])
        let row = try only(report)
        #expect(row.measure.name == "attempts{path=cronCreate}" && row.candidate.value == 0 && row.isShown)
        #expect(report.notes == ["no trial has attempts{path=cron}"])
        let none = try ComparisonFixtures.report(
            arms, measures: [Measure(.attempts, breakdown: Breakdown(.path, "cron"))])
        #expect(none.text(.plain) == "nothing to compare with base\n! no trial has attempts{path=cron}\n")
    }

    @Test("what differs in few trials is not hidden by medians of nothing")
    func means() throws {
        let base = Array(repeating: 0.0, count: 30)
        let ours = (1...30).map { $0 % 3 == 0 ? Double($0) : 0 }
        let report = try ComparisonFixtures.report(.conflicts, base, ours)
        let row = try only(report)
        #expect(row.isShown && row.verdict == .worse && row.changeUnit == .absolute)
        #expect(row.candidate.value == 5.5 && row.change == 5.5)
        #expect(row.footnote == "means: what differs, differs in few trials, and the medians hide it")
        #expect(report.text(.plain).contains("+5.50 [+"), "\(report.text(.plain))")
    }

    @Test("violations are totals, whose change is by the trial")
    func totals() throws {
        func arm(_ label: String, _ violations: (Int) -> Int) -> CellSummary {
            ComparisonFixtures.arm(
                label, (1...10).map { ComparisonFixtures.trial($0, [:], violations: violations($0)) })
        }
        let fewer = try ComparisonFixtures.report(
            [arm("base") { _ in 1 }, arm("ours") { _ in 0 }], measures: [Measure(.violations)], margin: 0.05)
        #expect(try only(fewer).verdict == .better)
        let report = try ComparisonFixtures.report(
            [arm("base") { _ in 0 }, arm("ours") { 1 + $0 % 2 }], measures: [Measure(.violations)])
        let row = try only(report)
        #expect(row.base.value == 0 && row.candidate.value == 15 && row.change == 1.5)
        #expect(row.verdict == .worse && row.footnote == nil)
        #expect(report.text(.plain).contains("+1.50 a trial [+1.12, +1.88]"), "\(report.text(.plain))")
    }

    // MARK: Margins

    @Test(
        "a margin decides what matters",
        arguments: [
            (1.001, 0.05, ComparisonReport.Judgement.equivalent), (1.001, 0, .worse), (1.2, 0.05, .worse),
            (0.8, 0.05, .better), (1.05, 0.05, .unsettled),
        ])
    func margin(factor: Double, margin: Double, verdict: ComparisonReport.Judgement) throws {
        let base = (1...12).map { 10 + Double($0) }
        let ours = base.enumerated().map { $0.element * (factor + Double($0.offset % 5 - 2) / 5_000) }
        let row = try only(try ComparisonFixtures.report(.makespan, base, ours, margin: margin))
        #expect(row.verdict == verdict, "\(row)")
    }

    @Test("small noise within no margin is open, and equivalent within one")
    func equivalence() throws {
        let base = (1...12).map { 10 + Double($0) }
        let ours = base.enumerated().map { $0.element * (1 + ($0.offset % 2 == 0 ? 0.01 : -0.01)) }
        #expect(try only(try ComparisonFixtures.report(.makespan, base, ours)).verdict == .open)
        let report = try ComparisonFixtures.report(.makespan, base, ours, margin: 0.03)
        #expect(try only(report).verdict == .equivalent)
        #expect(report.text(.plain).contains("= ["))
        #expect(report.text(.plain).contains("equivalent: within 3%"))
    }

    @Test("a difference that is shown, and may be within the margin, is called that")
    func unsettled() throws {
        let base = (1...12).map { 10 + Double($0) }
        let ours = base.enumerated().map { $0.element * (1.05 + Double($0.offset % 5 - 2) / 500) }
        let report = try ComparisonFixtures.report(.makespan, base, ours, margin: 0.05)
        #expect(try only(report).verdict == .unsettled)
        #expect(report.text(.plain).contains("worse; may be within 5%"), "\(report.text(.plain))")
        #expect(report.csv.contains(",true,") && report.csv.contains(",unsettled,"))
        #expect(report.summary == "The one difference that was tested is shown. Perhaps within 5%: makespan.")
    }

    // MARK: What is said of it

    @Test("the answer comes first, in a sentence that names what is shown")
    func summary() throws {
        let report = try report(9, attempts: { 100 + $0 }, seconds: 0.5)
        #expect(
            report.summary == "4 of 4 differences are shown. Better: p50(workflow.completion), "
                + "p95(workflow.completion), amplification, attempts.")
        #expect(report.text(.plain).hasPrefix("4 of 4 differences are shown. Better: "))
        #expect(report.markdown.hasPrefix("**4 of 4 differences are shown"))
        #expect(report.json.object?["summary"]?.string == report.summary)
        #expect(
            try self.report(7, attempts: { 100 + $0 }, seconds: 0.5).summary
                == "None of 4 differences is shown: with so few trials none could be.")
        let noise = try ComparisonFixtures.report(.makespan, [1, 2, 3, 4, 5, 6, 7], [2, 1, 3, 5, 4, 7, 6])
        #expect(noise.summary == "The one difference that was tested is not shown.")
    }

    @Test("the legend names what was used for the rows, and nothing else")
    func legend() throws {
        let means = try ComparisonFixtures.report(
            .conflicts, Array(repeating: 0, count: 30), (1...30).map { $0 % 3 == 0 ? Double($0) : 0 })
        #expect(
            means.legend(means.rows) == """
                value: mean of the trials ± 95 % by Student
                vs base: change [its 95 % interval], of means by Student; ~ no difference shown
                n: pairs of trials with one seed; p by Wilcoxon's signed ranks
                negligible, small, medium, large: Cliff's δ, how little both sides' trials overlap, not how big the change is

                """)
        let few = try report(3, attempts: { 100 + $0 })
        #expect(few.family == 0 && !few.legend(few.rows).contains("Holm") && !few.markdown.contains("Holm"))
    }

    // MARK: Forms

    @Test("fields of CSV are quoted by scalars, and numbers are left alone")
    func quoting() throws {
        let trials = (1...8).map { ComparisonFixtures.trial($0, [.makespan: [Double($0)]]) }
        let report = try ComparisonFixtures.report(
            [
                ComparisonFixtures.arm("base", trials), ComparisonFixtures.arm("a\r\nb", trials),
                ComparisonFixtures.arm("say \"hi\"", trials), ComparisonFixtures.arm("=1+1", trials),
            ], measures: [Measure(.makespan)])
        #expect(report.csv.contains(",\"a\r\nb\",\"a\r\nb\",4.5,"), "\(report.csv)")
        #expect(report.csv.contains(",\"say \"\"hi\"\"\",") && report.csv.contains(",=1+1,=1+1,4.5,"))
        #expect(
            report.markdown.split(separator: "\n").count { $0.hasPrefix("| `makespan`") } == 3, "\(report.markdown)")
    }

    @Test("JSON, CSV and Markdown hold every row")
    func forms() throws {
        let report = try report(9, attempts: { 100 + $0 })
        let json = try #require(report.json.object)
        #expect(json["schema"]?.string == "boreas.dev/comparison/v1")
        #expect(json["rows"]?.array?.count == report.rows.count)
        let lines = report.csv.split(separator: "\n")
        #expect(lines.count == report.rows.count + 1)
        let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false).count
        #expect(lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == columns })
        let table = report.markdown.split(separator: "\n").filter { $0.hasPrefix("|") }
        #expect(table.count == report.rows.count + 2)
        let bars = table.map { $0.count { $0 == "|" } }
        #expect(Set(bars).count == 1)
        #expect(
            report.markdown.contains("| `amplification` | ours | 2.05 ± 1% | 1.05 ± 3% | -48.79%"), "\(report.markdown)"
        )
    }

    @Test("a table of long names and values that never came drops the values' own intervals, and not its own")
    func narrow() throws {
        func arm(_ label: String, _ factor: Double) -> CellSummary {
            ComparisonFixtures.arm(
                label,
                (1...40).map {
                    ComparisonFixtures.trial(
                        $0,
                        [.workflowCompletion: [1, 2, 3].map { $0 * factor }, .recovery: [Double(200 + $0) * factor]],
                        never: [.recovery: $0 % 4 == 0 ? 1 : 0])
                })
        }
        var base = arm("base", 1)
        base = CellSummary(policy: "base", variation: "", trials: base.trials)
        let report = try ComparisonFixtures.report(
            [base, arm("exponential-with-full-jitter-and-a-cap", 1.5)],
            measures: [Measure(.workflowCompletion, quantile: 0.95), Measure(.recovery, quantile: 0.5)])
        let text = report.text(.plain)
        for line in text.split(separator: "\n") { #expect(line.count <= 120, "\(line.count): \(line)") }
        #expect(text.contains("10/40 never"), "\(text)")
    }

    @Test("rows are no wider than 110 columns, and what is said of them no wider than 100")
    func width() throws {
        for trials in [3, 9] {
            for line in try report(trials, attempts: { 100 + $0 }).text(.plain).split(separator: "\n") {
                #expect(line.count <= (line.contains("n=") ? 110 : 100), "\(line)")
            }
        }
    }
}
