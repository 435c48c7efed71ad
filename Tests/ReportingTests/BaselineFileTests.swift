import Experiments
import Kubernetes
import Recording
import Reporting
import Resilience
import Testing

struct BaselineFileTests {
    private static func run(_ trials: Int = 7) throws -> (run: RunRecord, tallies: [TrialTally]) {
        var run = try Fixtures.run([], policies: ["base", "ours"], trials: trials)
        run.label = "v1 \"first\""
        run.world = "simulated"
        let tallies = (1...trials).flatMap { index in
            [
                Fixtures.tally(index, of: 3, attempts: 200 + index),
                Fixtures.tally(
                    index, policy: "ours", failed: index % 3, of: 3, seconds: 1.0 / 3, attempts: 300,
                    outcome: index == 2 ? .fail : .pass, reason: index == 2 ? "lost\nan answer" : ""),
            ]
        }
        return (run, tallies)
    }

    @Test("the file, to the byte")
    func text() throws {
        let run = try Fixtures.run([], trials: 2)
        var second = Fixtures.tally(2, failed: 1, of: 2, outcome: .inconclusive, reason: "no \"storm\"")
        second.set(SampleKey(.attempts, Breakdown(.path, "cron")), [.init(7)])
        let text = Evidence(run, [second, Fixtures.tally(1, of: 1, seconds: 1.25)]).text
        #expect(
            text == """
                {
                "schema":"boreas.dev/baseline/v1",
                "experiment":"churn",
                "world":"embedded",
                "seed":42,
                "boreasVersion":"0.1.0",
                "label":"",
                "trialsPlanned":2,
                "cells":[
                {"policy":"base","variation":"","conditions":"\(run.experiment.variations[0].conditions)",
                "samples":["attempts{path=cron}","workflow.completion"],
                "trials":[
                {"index":1,"seed":1,"outcome":"pass","operations":100,"attempts":120,"faults":5,"violations":0,"samples":[null,1.25]},
                {"index":2,"seed":2,"outcome":"inconclusive","reason":"no \\"storm\\"","operations":100,"attempts":120,"faults":5,"violations":1,"samples":[7,[{"over":1},1.01]]}
                ]}
                ]}

                """)
    }

    @Test("what is written is read, and the same bytes come of it again")
    func roundTrip() throws {
        let (run, tallies) = try Self.run()
        let stored = Evidence(run, tallies)
        let read = try Evidence(parsing: stored.text, file: "b.json")
        #expect(read.text == stored.text)
        #expect(read.label == run.label && read.seed == 42 && read.trialsPlanned == 14 && read.world == "simulated")
        #expect(read.cells.map(\.policy) == ["base", "ours"])
        for (cell, original) in zip(read.cells, stored.cells) {
            #expect(cell.trials.map(\.samples) == original.trials.map(\.samples))
            #expect(cell.trials.map(\.key) == original.trials.map(\.key))
            #expect(cell.trials.map(\.seed) == original.trials.map(\.seed))
            #expect(cell.trials.map(\.reason) == original.trials.map(\.reason))
            #expect(cell.success == original.success)
        }
    }

    @Test("the bytes know no date, no identifier and no order of writing")
    func bytes() throws {
        let (run, tallies) = try Self.run()
        var other = run
        other.identifier = "r77"
        other.startedEpochMicroseconds += 99
        other.finishedEpochMicroseconds = 5
        let later = tallies.shuffledByHand.map { tally in
            var tally = tally
            tally.startedEpochMicroseconds = 17
            return tally
        }
        #expect(Evidence(other, later).text == Evidence(run, tallies).text)
        #expect(!Evidence(run, tallies).text.contains("3f9c"))
    }

    @Test("a value of a third or of a million keeps every bit, and one without end is more than any")
    func values() throws {
        let values: [Double] = [1.0 / 3, 1e6, 0.1 + 0.2, 12_345_678.901234567, .leastNonzeroMagnitude, 1e300, -2.5, 0]
        let run = try Fixtures.run([], trials: 1)
        var tally = Fixtures.tally(1, of: 0)
        tally.samples = TrialSamples([
            SampleKey(.lockWait): values.map { .init($0) } + [.init(.infinity), .init(60, isCensored: true)]
        ])
        let read = try Evidence(parsing: Evidence(run, [tally]).text, file: "b.json")
        let samples = try #require(read.cells.first?.trials.first).samples(.lockWait)
        #expect(samples.prefix(values.count).map(\.value) == values)
        #expect(samples.suffix(2).map(\.reached) == [.infinity, .infinity])
        #expect(samples.last?.value == 60)
    }

    @Test("a live run against what was kept of it differs in nothing")
    func sameAgain() throws {
        let (run, tallies) = try Self.run(12)
        let live = Evidence(run, tallies)
        let text = live.text
        let kept = try Evidence(parsing: text, file: "results/kept.json")
        let plan = try ComparisonPlan([live], by: .run, baseline: .evidence(kept))
        let report = ComparisonReport(plan)
        #expect(report.baseline == "kept" && report.arms == ["base", "ours"])
        #expect(report.rows.count == 16)
        #expect(report.rows.allSatisfy { $0.isEqual && $0.verdict == .equal && $0.isPaired && $0.n == 12 })
        #expect(report.notes.isEmpty)
        #expect(report.text(.plain).contains("baseline: results/kept.json"))
        #expect(report.text(.plain).contains("equal in every trial"))
    }

    @Test("a baseline without a metric or a cell is told of, and nothing breaks")
    func lacking() throws {
        let (run, tallies) = try Self.run(12)
        var kept = Evidence(run, tallies.filter { $0.key.policy == "base" })
        kept.cells = kept.cells.map { cell in
            CellSummary(
                policy: cell.policy, variation: cell.variation,
                trials: cell.trials.map {
                    var trial = $0
                    trial.samples = TrialSamples([:])
                    return trial
                })
        }
        let read = try Evidence(parsing: kept.text, file: "kept.json")
        let plan = try ComparisonPlan(
            [Evidence(run, tallies)], by: .run, baseline: .evidence(read))
        let report = ComparisonReport(
            plan, measures: [Measure(.workflowCompletion, quantile: 0.5), Measure(.attempts), Measure(.makespan)])
        #expect(report.rows.map(\.measure.name) == ["p50(workflow.completion)", "attempts"])
        #expect(report.rows[0].footnote == "the baseline has no workflow.completion")
        #expect(report.rows[0].verdict == .open && report.rows[0].p == nil)
        #expect(
            report.notes == [
                "kept is not whole: 12 of 24 trials took place",
                "kept has no ours, which 3f9c has: not compared", "no trial has makespan",
            ])
        for text in [report.text(.plain), report.markdown, report.csv, report.json.text] {
            #expect(text.contains("the baseline has no workflow.completion"), "\(text)")
        }
    }

    @Test("runs of other seeds, worlds or experiments are no pairs")
    func pairs() throws {
        let (run, tallies) = try Self.run(12)
        func isPaired(_ change: (inout RunRecord) -> Void) throws -> Bool {
            var other = run
            other.identifier = "rother"
            change(&other)
            let plan = try ComparisonPlan(
                [Evidence(run, tallies)], by: .run, baseline: .evidence(Evidence(other, tallies)))
            return try #require(ComparisonReport(plan, measures: [Measure(.attempts)]).rows.first).isPaired
        }
        #expect(try isPaired { _ in })
        #expect(try isPaired { $0.boreasVersion = "0.0.9" })
        #expect(try !isPaired { $0.world = "embedded" })
    }

    @Test("cells that met other conditions are no pairs, which is said once, before the table")
    func conditions() throws {
        let (run, tallies) = try Self.run(12)
        func report(_ change: (inout Evidence) -> Void) throws -> ComparisonReport {
            var other = Evidence(run, tallies)
            other.source = .file("kept.json")
            change(&other)
            return ComparisonReport(
                try ComparisonPlan([Evidence(run, tallies)], by: .run, baseline: .evidence(other)),
                measures: [Measure(.attempts)])
        }
        #expect(try report { _ in }.warnings.isEmpty)
        let changed = try report { other in
            other.cells = other.cells.map {
                CellSummary(policy: $0.policy, variation: $0.variation, conditions: "other", trials: $0.trials)
            }
        }
        let warning =
            "the experiment's workload, phases or faults are others than the baseline's: not compared in pairs"
        #expect(changed.warnings == [warning] && changed.rows.allSatisfy { !$0.isPaired })
        let text = changed.text(.plain)
        let table = try #require(text.firstRange(of: "vs base"))
        #expect(try #require(text.firstRange(of: "! the experiment's workload")).lowerBound < table.lowerBound)
        #expect(changed.json.object?["notes"]?.array?.first?.string == warning)
        #expect(changed.markdown.contains("not compared in pairs"))
        let one = try report { other in
            let cell = other.cells[0]
            other.cells[0] = CellSummary(policy: cell.policy, variation: "", conditions: "other", trials: cell.trials)
        }
        #expect(one.warnings.count == 1 && one.rows.map(\.isPaired) == [false, true])
        #expect(
            try report { $0.experiment = "storm" }.warnings
                == ["the baseline is of the experiment storm: not compared in pairs"])
    }

    @Test("the one policy that two runs have in common is named above the table")
    func policy() throws {
        let (run, tallies) = try Self.run(8)
        let own = tallies.filter { $0.key.policy == "ours" }
        var other = Evidence(run, own)
        other.source = .file("kept.json")
        let report = ComparisonReport(
            try ComparisonPlan([Evidence(run, own)], by: .run, baseline: .evidence(other)),
            measures: [Measure(.attempts)])
        #expect(report.text(.plain).contains("policy: ours"), "\(report.text(.plain))")
    }

    @Test("the policy that others are compared with is the gate's, if it is here, else the first")
    func usual() throws {
        let (run, tallies) = try Self.run(2)
        let evidence = Evidence(run, tallies)
        func usual(_ gate: String...) throws -> String? {
            evidence.usualBaseline(try gate.map { try GateExpression(parsing: $0) })?.policy
        }
        #expect(try usual() == "base")
        #expect(try usual("violations == 0", "success_rate vs gone >= -1pt", "success_rate vs ours >= -1pt") == "ours")
    }

    @Test(
        "numbers that no count has are refused, and not counted",
        arguments: [
            (
                "\"operations\":100", "\"operations\":9223372036854775807",
                "operations: a count from 0 to 2^53 is wanted (is 9223372036854775807)"
            ),
            ("\"operations\":100", "\"operations\":1e30", "operations: a whole number from 0 on is wanted (is 1e+30)"),
            ("\"samples\":[7,", "\"samples\":[1e30,", "samples[0]: a count from 0 to 2^53 is wanted (is 1e+30)"),
            (
                "\"samples\":[7,", "\"samples\":[{\"over\":1e30},",
                "samples[0]: a count from 0 to 2^53 is wanted (is {\"over\":1e+30})"
            ),
            ("\"samples\":[7,", "\"samples\":[-1,", "samples[0]: a count from 0 to 2^53 is wanted (is -1)"),
        ])
    func counts(old: String, new: String, message: String) throws {
        let run = try Fixtures.run([], trials: 1)
        var tally = Fixtures.tally(1, of: 1)
        tally.set(SampleKey(.operations), [.init(7)])
        let text = Evidence(run, [tally]).text.replacing("\"operations\":7", with: "\"operations\":100")
        #expect(text.contains(old), "\(text)")
        let changed = text.replacing(old, with: new, maxReplacements: 1)
        let error = try #require(throws: ExperimentError.self) { try Evidence(parsing: changed, file: "b.json") }
        #expect(error.description == "b.json: cells[0].trials[0]." + message)
    }

    @Test("as many as a file may count do not overflow, however many trials there are")
    func large() throws {
        let most = 9_007_199_254_740_992
        let trials = (1...1_100).map { index in
            ComparisonFixtures.trial(
                index, [.operations: [Double(most)], .operationsSucceeded: [Double(most)], .attempts: [Double(most)]])
        }
        let cell = ComparisonFixtures.arm("base", trials)
        #expect(cell.total(\.attempts) == 1 << 62)
        let report = try ComparisonFixtures.report([cell, ComparisonFixtures.arm("ours", trials)])
        #expect(report.rows.allSatisfy { $0.isEqual })
    }

    @Test("what a broken file holds can't write to a terminal as it likes")
    func unprintable() throws {
        for text in [
            "{\"schema\":\"a\\nb\\u001b[2J\"}", "{\"a\\nb\":1,\"a\\nb\":1}", "{\u{1B}", "{\n\n]",
        ] {
            let error = try #require(throws: ExperimentError.self) { try Evidence(parsing: text, file: "b.json") }
            #expect(
                error.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
                "\(error.description.debugDescription)")
        }
    }

    @Test(
        "what is no baseline is refused, with its place and the mend",
        arguments: [
            (
                "{",
                "b.json:1:2: unexpected end of JSON input: the file is no JSON; make it again by boreas compare --save"
            ),
            (
                "{\n\"schema\":?",
                "b.json:2:10: invalid character '?' looking for beginning of value: the file is no JSON; make it again by boreas compare --save"
            ),
            ("[]", "b.json: an object is wanted (is array)"),
            ("{}", "b.json: schema: is missing; add it"),
            (
                "{\"schema\":\"boreas.dev/baseline/v2\"}",
                "b.json: schema: boreas.dev/baseline/v2 was written by a newer Boreas, and this one reads boreas.dev/baseline/v1; use that one, or save the baseline again"
            ),
            (
                "{\"schema\":\"boreas.dev/run/v1\"}",
                "b.json: schema: boreas.dev/run/v1 is no stored baseline; boreas compare --save writes boreas.dev/baseline/v1"
            ),
            ("{\"schema\":1,\"schema\":2}", "b.json: schema: is there twice; leave one out"),
        ])
    func refused(text: String, message: String) throws {
        let error = try #require(throws: ExperimentError.self) { try Evidence(parsing: text, file: "b.json") }
        #expect(error.description == message)
    }

    @Test(
        "what is wrong within one is refused by its path",
        arguments: [
            ("\"index\":2", "\"index\":1", "cells[0].trials[1].index: 1 is there twice; leave one out"),
            (
                "\"outcome\":\"pass\"", "\"outcome\":\"pas\"",
                "cells[0].trials[0].outcome: pas is no outcome; did you mean pass?"
            ),
            ("\"faults\":5", "\"faults\":-5", "cells[0].trials[0].faults: a whole number from 0 on is wanted (is -5)"),
            ("\"faults\":5", "\"fault\":5", "cells[0].trials[0].fault: is unknown; did you mean faults?"),
            (
                "\"workflow.completion\"", "\"workflow.completed\"",
                "cells[0].samples[0]: there is no metric \"workflow.completed\"; boreas metrics lists them, and a newer Boreas may know it"
            ),
            (
                "\"samples\":[1]", "\"samples\":[1,2]",
                "cells[0].trials[0].samples: the cell names 1 samples, and here are 2; write null for one that is missing"
            ),
            (
                "\"samples\":[1]", "\"samples\":[\"1\"]",
                "cells[0].trials[0].samples[0]: \"1\" is no sample; write a number, {\"over\": NUMBER}, an array of them, or null"
            ),
            ("\"seed\":42", "\"seed\":-1", "seed: a whole number from 0 on is wanted (is -1)"),
            ("\"label\"", "\"lable\"", "lable: is unknown; did you mean label?"),
        ])
    func refusedWithin(old: String, new: String, message: String) throws {
        let run = try Fixtures.run([], trials: 2)
        let text = Evidence(run, [Fixtures.tally(1, of: 1), Fixtures.tally(2, of: 1)]).text
        #expect(text.contains(old))
        let changed = text.replacing(old, with: new, maxReplacements: 1)
        let error = try #require(throws: ExperimentError.self) { try Evidence(parsing: changed, file: "b.json") }
        #expect(error.description == "b.json: " + message)
    }
}

extension [TrialTally] {
    fileprivate var shuffledByHand: [TrialTally] { sorted { ($0.key.index * 7) % 5 < ($1.key.index * 7) % 5 } }
}
