import Experiments
import Faults
import Kubernetes
import Recording
import Reporting
import Resilience
import Statistics
import Testing

/// Runs whose counts are given and not measured.
enum Fixtures {
    static func policy(_ name: String) throws -> Policy {
        let json = """
            {"name": "\(name)", "description": "for tests",
             "call": {"backoff": {"formula": "none", "base": "0s", "factor": 2, "cap": "1h", "jitter": 0},
                      "maxAttempts": 4, "retryAfter": "ignore"},
             "classifier": {"rules": [], "otherwise": "transient"},
             "transport": {"maxRetryAfterRetries": 0, "retriesReadsOnReset": false},
             "batching": "0s",
             "reflector": {"backoff": {"formula": "none", "base": "0s", "factor": 1, "cap": "1s", "jitter": 0}, "watchTimeout": "5m"},
             "requeue": {"formula": "fixed", "base": "1s", "factor": 1, "cap": "1h", "jitter": 0},
             "paths": {"other": {"retriesInPlace": true, "onTransient": "requeue", "onPermanent": "failNode"}}}
            """
        let node = DocumentNode(json: try DocumentEncoder().encode(Policy.none))
            .overlaid(by: DocumentNode(json: try JSONValue(parsing: Array(json.utf8))))
        return try DocumentDecoder(file: "policy").decode(Policy.self, from: node)
    }

    static func run(_ gate: [String], policies: [String] = ["base"], trials: Int) throws -> RunRecord {
        let variation = Experiment.Variation(
            policies: try policies.map(policy), workload: [],
            phases: Experiment.Phases(calm: .zero, storm: .seconds(1), converge: .seconds(9)), plan: Plan())
        let experiment = Experiment(
            name: "churn", description: "", seed: 42, trials: trials, variations: [variation],
            gate: try gate.map { try GateExpression(parsing: $0) })
        return RunRecord(
            identifier: "3f9c", experiment: experiment, world: "embedded", serverVersion: "v1.33.0",
            boreasVersion: "0.1.0", seed: 42, trialsPlanned: trials * policies.count,
            startedEpochMicroseconds: 1_700_000_000_000_000)
    }

    static func tally(
        _ index: Int, policy: String = "base", failed: Int = 0, of workflows: Int = 24, seconds: Double = 1,
        operations: Int = 100, attempts: Int = 120, outcome: Verdict = .pass, reason: String = ""
    ) -> TrialTally {
        TrialTally(
            number: index, key: TrialKey(policy: policy, index: index), seed: UInt64(index),
            startedEpochMicroseconds: 0, duration: .seconds(12), outcome: outcome, reason: reason, digest: "d\(index)",
            operations: operations, attempts: attempts, faults: 5, violations: failed,
            samples: TrialTally.grouped(
                (0..<workflows).map {
                    Sample(
                        .workflowCompletion, subject: "wf-\($0)", value: seconds + Double($0) / 100,
                        isCensored: $0 < failed)
                }))
    }
}

struct RunReportTests {
    @Test("the table of a run, word for word")
    func table() throws {
        let run = try Fixtures.run(["success_rate >= 80%"], policies: ["base", "ours"], trials: 2)
        let tallies = [
            Fixtures.tally(1),
            Fixtures.tally(2, policy: "ours", failed: 12, outcome: .fail, reason: "noPodLeaked: p was there"),
        ]
        let text = RunReport(run, tallies).text(.plain)
        #expect(
            text == """
                run 3f9c  churn  embedded v1.33.0  seed 42  2 of 4 trials  2023-11-14T22:13:20Z

                policy  trials  workflows  success              operations  attempts  amplification    p50    p95    p99  faults  violations  verdict
                base         1         24     100%  [0%, 100%]         100       120           1.20  1.11s  1.22s  1.23s       5           0  pass
                ours         1         24      50%  [0%, 100%]         100       120           1.20  1.23s  never  never       5          12  fail
                success: share of workflows, with its 95 % Wilson interval over trials (where nothing failed, each trial
                counts once); operations and attempts: all of the cell; amplification: attempts an operation;
                p50 to p99: nearest-rank seconds from submission to success, never where too many did not succeed
                one trial does not tell how much trials differ: its interval is the whole

                fail 3f9c/2 ours: noPodLeaked: p was there
                boreas show 3f9c/2 shows what happened

                gate          condition            policy  value         bounds   limit  n
                INCONCLUSIVE  success_rate >= 80%  base     100%     [5%, 100%]  >= 80%  24 workflows in 1 trial
                  the interval reaches over the limit; about 13 more trials like these would show that they keep it
                  1 trial without a failure would show 5%; this limit takes 14
                INCONCLUSIVE  success_rate >= 80%  ours      50%  [2.5%, 97.5%]  >= 80%  24 workflows in 1 trial
                  the interval reaches over the limit; about 3 more trials like these would show that they break it
                  1 trial without a failure would show 5%; this limit takes 14
                bounds: one-sided 95 % each, of trials and not of what happens within them
                INCONCLUSIVE: 2 trials of 4 did not take place; no condition is shown to be broken.

                """)
    }

    @Test("a simulated run is told so once, a label is named, and what chance would do is not spoken of")
    func header() throws {
        var run = try Fixtures.run([], trials: 4)
        (run.world, run.serverVersion, run.label) = ("simulated", "simulated", "v1.2")
        let even = (1...4).map { Fixtures.tally($0, failed: $0 == 1 ? 2 : 1) }
        let text = RunReport(run, even).text(.plain)
        #expect(text.contains("churn  simulated  label v1.2  seed 42") && !text.contains("design effect"))
        let uneven = (1...4).map { Fixtures.tally($0, failed: $0 == 1 ? 12 : 0) }
        let report = RunReport(run, uneven)
        #expect(report.text(.plain).contains("trials differ more than chance makes them (design effect 13.7)"))
        // As a comparison has it, and not as if so many workflows were independent.
        let interval = try #require(report.cells.first?.success.wilson())
        #expect(interval.lower < 0.5)
        let json = report.json.object?["cells"]?.array?.first?.object?["successRateInterval"]?.array?.first
        #expect(json == .number(interval.lower))
    }

    @Test("scheduled times without a workflow have a column where any are scheduled")
    func missed() throws {
        let run = try Fixtures.run([], trials: 2)
        var tallies = [Fixtures.tally(1), Fixtures.tally(2)]
        #expect(!RunReport(run, tallies).text(.plain).contains("missed"))
        for index in tallies.indices { tallies[index].set(SampleKey(.cronMissed), [.init(Double(10 + index))]) }
        let report = RunReport(run, tallies)
        let rows = report.text(.plain).split(separator: "\n").prefix(3).suffix(2).map {
            $0.split(separator: " ").map(String.init)
        }
        let column = try #require(rows[0].firstIndex(of: "missed"))
        // The interval is two words under a heading of none.
        #expect(rows[1][column + 2] == "21", "\(rows)")
    }

    @Test("a trouble is one line of at most 200 characters, dressed or not; JSON has all of it")
    func longTrouble() throws {
        let reason = "noPodLeaked: " + String(repeating: "evidence of several\nlines ", count: 40)
        let run = try Fixtures.run([], trials: 1)
        let report = RunReport(run, [Fixtures.tally(1, outcome: .fail, reason: reason)])
        for style in [Style.plain, Style(isTerminal: true, noColor: nil)] {
            let lines = report.text(style).split(whereSeparator: \.isNewline).map { line in
                line.replacing(/\u{1B}\[[0-9;]*m/, with: "")
            }
            let line = try #require(lines.first { $0.hasPrefix("fail 3f9c/1 base: noPodLeaked: evidence") })
            #expect(line.count == 200 && line.hasSuffix("…"))
            #expect(!lines.contains { $0.hasPrefix("lines") })
        }
        #expect(report.json.text.contains("several\\nlines"))
    }

    @Test(
        "text that fits stays as it is",
        arguments: [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("a\nb", 9, "a b"), ("", 1, "")])
    func oneLine(text: String, width: Int, expected: String) {
        #expect(text.oneLine(width: width) == expected)
    }

    @Test("colour is for terminals whose user has not asked for none")
    func colour() throws {
        let report = RunReport(try Fixtures.run([], trials: 1), [Fixtures.tally(1)])
        let coloured = report.text(Style(isTerminal: true, noColor: nil))
        #expect(coloured.contains("\u{1B}[32mpass\u{1B}[0m"))
        for style in [Style(isTerminal: false, noColor: nil), Style(isTerminal: true, noColor: "1")] {
            #expect(report.text(style) == report.text(.plain))
        }
        #expect(report.text(Style(isTerminal: true, noColor: "")) == coloured)
        #expect(!report.text(.plain).contains("\u{1B}"))
    }

    @Test("the JSON of a run carries each trial's cell, seed, outcome and digest")
    func json() throws {
        let report = RunReport(
            try Fixtures.run([], trials: 1), [Fixtures.tally(1, failed: 24, outcome: .fail, reason: "r")])
        let json = try #require(try JSONValue(parsing: report.json.bytes).object)
        #expect(json["schema"]?.string == "boreas.dev/run/v1")
        let trial = try #require(json["trials"]?.array?.first?.object)
        #expect(trial["policy"]?.string == "base")
        #expect(trial["variation"]?.string == "")
        #expect(trial["index"]?.integer == 1)
        #expect(trial["seed"]?.integer == 1)
        #expect(trial["outcome"]?.string == "fail")
        #expect(trial["digest"]?.string == "d1")
        // A time that never came is null, because JSON knows no infinity.
        let cell = try #require(json["cells"]?.array?.first?.object)
        #expect(cell["completionSeconds", "p95"]?.isNull == true)
    }

    @Test("the list of runs, and an empty one")
    func list() throws {
        var run = RunHeading(
            identifier: "3f9c", experiment: "churn", world: "embedded", seed: 42, trialsPlanned: 2, trialsFinished: 1,
            startedEpochMicroseconds: 1_700_000_000_000_000, outcome: nil)
        #expect(
            RunList([run]).text(.plain) == """
                run   experiment  world     seed  trials  started               verdict
                3f9c  churn       embedded    42     1/2  2023-11-14T22:13:20Z  unfinished

                """)
        run.outcome = .pass
        #expect(RunList([run]).text(.plain).contains("pass"))
        #expect(RunList([]).text(.plain) == "no runs yet; boreas run makes one\n")
    }
}

struct TrialTimelineTests {
    @Test("a trial is told in the order of time, each attempt with its fault, wait and layer")
    func timeline() throws {
        let run = try Fixtures.run([], trials: 1)
        let identity = RequestIdentity(verb: .create, group: "", resource: "pods", namespace: "b-1", name: "wf-1-agent")
        func exchange(_ operation: String, _ attempt: Int, _ at: Duration, _ status: Int) -> Exchange {
            Exchange(
                trace: RequestTrace(operation: operation, attempt: attempt, path: "agentPodCreate"), identity: identity,
                started: at, duration: .milliseconds(12), httpStatus: status, reason: status == 201 ? "" : "Conflict",
                message: status == 201 ? "" : "try again")
        }
        let spec = TrialSpec(
            number: 1, policy: try Fixtures.policy("base"), variation: run.experiment.variations[0], index: 1, seed: 7)
        let trial = TrialRecord(
            spec,
            evidence: TrialEvidence(
                exchanges: [
                    exchange("op-1", 1, .seconds(2), 409), exchange("op-1", 2, .milliseconds(2_150), 201),
                    exchange("op-2", 1, .seconds(1), 201),
                ],
                decisions: [
                    RetryDecision(
                        requestID: "op-1.1", classification: .transient, layer: .call, wait: .milliseconds(138))
                ],
                injections: [
                    Injection(
                        rule: "churn", kind: .quotaConflict, identity: identity, ordinal: 1, requestID: "op-1.1",
                        at: .seconds(2))
                ],
                observations: [
                    Observation(.workflowSubmitted, "wf-1", at: .milliseconds(500)),
                    .entered(.converge, at: .seconds(3)),
                    Observation(.workflowFinished, "wf-1", detail: "Succeeded", at: .seconds(4)),
                ], ended: .seconds(8)), startedEpochMicroseconds: 0)
        let timeline = TrialTimeline(run, trial)
        #expect(
            timeline.text(.plain) == """
                trial 3f9c/1  churn  base  index 1  seed 7  digest \(trial.digest)
                pass

                    0.500s  workflow wf-1 submitted
                    2.000s  create pods b-1/wf-1-agent  (agentPodCreate)  succeeded after 162ms
                              attempt 1 at 2.000s  409 Conflict: try again  in 12ms  fault churn (quotaConflict)  transient, call waits 138ms
                              attempt 2 at 2.150s  201  in 12ms
                    3.000s  ── converge ──
                    4.000s  workflow wf-1 Succeeded
                1 operation that went well at once is left out; --all tells them too

                """)
        #expect(timeline.text(.plain, isComplete: true).contains("1.000s  create pods"))
        let json = try #require(try JSONValue(parsing: timeline.json.bytes).object)
        #expect(json["schema"]?.string == "boreas.dev/trial/v1")
        #expect(json["attempts"]?.array?[1].object?["fault"]?.string == "churn")
    }
}

extension TrialTally {
    /// Gives the trial samples of its own.
    mutating func set(_ key: SampleKey, _ values: [Value]) {
        var all = Dictionary(uniqueKeysWithValues: samples.keys.map { ($0, samples[$0] ?? []) })
        all[key] = values
        samples = TrialSamples(all)
    }
}
