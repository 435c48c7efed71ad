import Experiments
import Faults
import Recording
import Reporting
import Statistics
import Testing

/// Runs whose subject is clients: their requests are counted, and not listed.
struct ClientReportTests {
    private func report(gate: [String] = [], recovery: [Double?]) throws -> RunReport {
        var run = try Fixtures.run(gate, trials: recovery.count)
        run.experiment.variations[0].clients = .call(
            ClientLoad.Calls(arrivals: .open(rate: 600), timeout: .seconds(1), server: ClientLoad.Server(rate: 1_000)))
        let tallies = recovery.enumerated().map { index, seconds in
            TrialTally(
                number: index + 1, key: TrialKey(policy: "base", index: index + 1), seed: UInt64(index),
                startedEpochMicroseconds: 0, duration: .seconds(300), outcome: seconds == nil ? .fail : .pass,
                reason: seconds == nil ? "goodputRecovers: clients" : "", digest: "", operations: 0, attempts: 0,
                faults: 1, violations: seconds == nil ? 1 : 0,
                samples: TrialTally.grouped([
                    Sample(.operations, value: 1_000), Sample(.operationsSucceeded, value: 900),
                    Sample(.attempts, value: 2_500),
                    Sample(.recovery, value: seconds ?? 230, isCensored: seconds == nil),
                ]))
        }
        return RunReport(run, tallies)
    }

    @Test("the counts of a trial stand for the requests that its record does not list")
    func counts() throws {
        let report = try report(recovery: [8, 9, 10])
        let cell = try #require(report.cells.first)
        #expect(cell.trials[0].operations == 1_000 && cell.trials[0].attempts == 2_500)
        #expect(cell.success.pooled.value == 0.9 && cell.amplification.value == 2.5)
        let text = report.text(.plain)
        #expect(text.contains("recovery") && text.contains("9.00s") && text.contains("3000"))
        #expect(!text.contains("workflows") && !text.contains("makespan"))
    }

    @Test("a recovery that never came is never, and not left out")
    func never() throws {
        #expect(try report(recovery: [8, nil, nil]).text(.plain).contains("never"))
        let gate = try report(gate: ["p50(recovery) < 30s"], recovery: [8, 9, 10, 9, 8, 9]).gate
        #expect(gate.verdict == .pass)
        let broken = try report(gate: ["p50(recovery) < 30s"], recovery: [nil, nil, nil, nil, nil, nil]).gate
        #expect(broken.verdict == .fail)
    }

    @Test("a gate on their success counts operations")
    func gate() throws {
        let line = try #require(try report(gate: ["success_rate >= 15% min 100"], recovery: [8, 9]).gate.lines.first)
        #expect(line.n == 2_000 && line.sampleUnit == "operations" && line.verdict == .pass)
    }

    @Test("a comparison has a row for each metric that was measured, and for no other")
    func comparison() throws {
        let report = try report(recovery: [8, 9, 10, 11])
        let trials = try #require(report.cells.first).trials
        let arms = [ComparisonFixtures.arm("base", trials), ComparisonFixtures.arm("ours", trials)]
        let names = try ComparisonFixtures.report(arms).rows.map(\.measure.name)
        #expect(names == ["success_rate", "amplification", "attempts", "p50(recovery)", "violations"])
    }
}
