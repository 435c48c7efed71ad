import Experiments
import Faults
import Foundation
import Kubernetes
import Recording
import Testing

/// The exit code of `boreas gate`, by the executable. One after another, because the tests start processes on cores that
/// other tests use too.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct GateCommandTests {
    /// Clients that race for one object in the simulated world: a trial takes a millisecond.
    private static func race(_ gate: String..., policies: [String] = [patient], trials: Int = 5) -> String {
        """
        apiVersion: boreas.dev/v1alpha1
        kind: Experiment
        metadata: {name: race}
        spec:
          seed: 1
          trials: \(trials)
          subject: {clients: {}}
          policies:
        \(policies.map { "    - \($0)" }.joined(separator: "\n"))
          workload:
            - contend: {clients: 4, operations: 1, latency: {mean: 10ms}}
          phases: {calm: 0s, storm: 0s, converge: 1m}
          gate:
        \(gate.map { "    - \($0)" }.joined(separator: "\n"))

        """
    }

    private static let patient =
        "{name: patient, extends: none, call: {maxAttempts: 100, backoff: {formula: full-jitter, base: 10ms}}}"
    private static let other =
        "{name: other, extends: none, call: {maxAttempts: 100, backoff: {formula: full-jitter, base: 10ms}}}"

    private func expect(
        _ outcome: Executable.Outcome, _ code: Int, _ words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.code == code, "\(outcome)", sourceLocation: sourceLocation)
        for part in words {
            #expect(
                outcome.output.contains(part) || outcome.errors.contains(part), "\(part) in \(outcome)",
                sourceLocation: sourceLocation)
        }
    }

    @Test(
        "a kept condition passes, a broken one fails, and what shows nothing is inconclusive",
        arguments: [
            ("success_rate >= 50%", 0, "PASS"), ("attempts <= 1", 1, "the limit is broken"),
            ("success_rate >= 90%", 2, "about 24 more trials like these would show that they keep it"),
            ("success_rate >= 50% min 1000", 2, "20 operations, and 1000 are asked for"),
            ("p50(drain) < 1h", 2, "no samples: none of 5 trials has p50(drain)"),
        ])
    func verdicts(gate: String, code: Int, words: String) async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race(gate), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), code, words)
            expect(try await boreas("gate"), code, words)
        }
    }

    @Test("a run without trials, and one that was stopped before its end, are inconclusive")
    func fewTrials() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("violations == 0"), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 0)
            let archive = try RunArchive.open(at: boreas.folder.appending(path: "results/boreas.sqlite").path)
            var run = try await archive.run("latest")
            run.identifier = "rempty"
            run.startedEpochMicroseconds += 1
            try await archive.begin(run)
            try await archive.replan(run: try await firstRun(archive), trialsPlanned: 9)
            try archive.close()
            expect(try await boreas("gate", "rempty"), 2, "no trial took place")
            let list = try await boreas("ls", "-o", "json").json()
            let names = try #require(list["runs"]?.array).compactMap { $0.object?["run"]?.string }
            expect(try await boreas("gate", names[1]), 2, "4 trials of 9 did not take place")
        }
    }

    private func firstRun(_ archive: RunArchive) async throws -> String {
        try #require(try await archive.runs().map(\.identifier).first { $0 != "rempty" })
    }

    @Test("a fault that never fired, and a steady state that was never reached, are inconclusive")
    func vacuous() async throws {
        try await Executable.withFolder { boreas in
            let silent = try Texts.tiny(
                replacing: "match: {verb: [create], resource: pods}",
                with: "match: {verb: [delete], resource: configmaps}")
            try boreas.write(silent, to: "silent.yaml")
            expect(
                try await boreas("run", "silent.yaml", "--world", "simulated"), 2, "the fault slow never hit a request")
            expect(try await boreas("gate"), 2, "the fault slow never hit a request")
            let archive = try RunArchive.open(at: boreas.folder.appending(path: "results/boreas.sqlite").path)
            var run = try await archive.run("latest")
            run.identifier = "rhurried"
            try await archive.begin(run)
            for spec in run.experiment.trialSpecs() {
                let evidence = TrialEvidence(
                    observations: [
                        .entered(.calm, at: .zero),
                        Observation(.steadyStateMissed, "", message: "nothing was taken up", at: .seconds(1)),
                        .entered(.storm, at: .seconds(1)), .entered(.converge, at: .seconds(2)),
                    ], ended: .seconds(3))
                try await archive.record(
                    TrialRecord(spec, evidence: evidence, startedEpochMicroseconds: 0), in: "rhurried")
            }
            try archive.close()
            expect(
                try await boreas("gate", "rhurried"), 2, "no steady state before the storm: nothing was taken up")
        }
    }

    @Test("a process that exits before it is ready shows nothing")
    func crashed() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(
                """
                apiVersion: boreas.dev/v1alpha1
                kind: Experiment
                metadata: {name: crash}
                spec:
                  subject: {process: {command: [sh, -c, exit 3], ready: {log: ready}, readyWithin: 1s}}
                  workload:
                    - object:
                        inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}
                  phases: {calm: 0s, storm: 100ms, converge: 1s}
                  gate: [attempts <= 3, amplification <= 3]

                """, to: "e.yaml")
            let run = try await boreas("run", "e.yaml")
            expect(run, 2)
            let gate = try await boreas("gate")
            expect(gate, 2, "the subject was gone in 1 of 1 trial: processStaysUp: process ended by itself with exit 3")
        }
    }

    @Test("a baseline holds a run against another, and one without the cell or the metric decides nothing")
    func baseline() async throws {
        try await Executable.withFolder { boreas in
            // All pairs are alike, and five of them may have missed what happens in 45 % of pairs.
            let gate = ["success_rate vs baseline >= -60pt", "attempts vs baseline <= +50%"]
            try boreas.write(Self.race("violations == 0"), to: "first.yaml")
            try boreas.write(Self.race(gate[0], gate[1]), to: "same.yaml")
            try boreas.write(Self.race(gate[0], gate[1], policies: [Self.other]), to: "other.yaml")
            expect(try await boreas("run", "first.yaml"), 0)
            let first = try #require(try await boreas("show", "-o", "json").json()["run"]?.string)
            expect(try await boreas("run", "same.yaml", "--baseline", first), 0, "PASS")
            expect(
                try await boreas("gate", "--baseline", first), 0, "5 pairs of trials",
                "baseline: \(first): race, simulated world, seed 1")
            expect(
                try await boreas("gate", "--baseline", "latest"), 64, "is the baseline itself; name a run to hold")
            expect(
                try await boreas("gate", "--baseline", "nope.json"), 64,
                "there is no baseline nope.json; boreas compare --save nope.json writes one")
            expect(
                try await boreas("run", "other.yaml", "--baseline", first), 2,
                "the baseline \(first) has no trial of other")
            expect(try await boreas("gate", "--baseline", first), 2, "the baseline \(first) has no trial of other")
            try boreas.write(Self.thresholds("p50(drain) vs baseline <= +10%"), to: "t.yaml")
            expect(try await boreas("gate", "latest", "--thresholds", "t.yaml", "--baseline", first), 2, "no samples")
        }
    }

    @Test("runs and baselines go by their labels, and a baseline of another experiment decides nothing")
    func labels() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("violations == 0"), to: "first.yaml")
            try boreas.write(Self.race("success_rate vs baseline >= -60pt"), to: "same.yaml")
            try boreas.write(
                Self.race("success_rate vs baseline >= -60pt").replacing("name: race", with: "name: chase"),
                to: "other.yaml")
            expect(try await boreas("run", "first.yaml", "--label", "v1"), 0)
            expect(try await boreas("run", "same.yaml", "--label", "v2", "--baseline", "v1"), 0)
            expect(try await boreas("gate", "v2", "--baseline", "v1"), 0, "(v1): race, simulated world, seed 1")
            expect(try await boreas("gate", "v3"), 64, "there is no run v3")
            expect(
                try await boreas("run", "other.yaml", "--baseline", "v1"), 2,
                "the baseline is of the experiment race")
        }
    }

    @Test("a level that is nothing decides nothing, and stops nothing")
    func earlyLooks() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("makespan <= 1h", "violations == 0", trials: 1), to: "e.yaml")
            try boreas.write(Self.thresholds("violations == 0"), to: "t.yaml")
            expect(try await boreas("run", "e.yaml"), 2)
            let gate = try await boreas("gate", "--until-decided", "--max-trials", "64", "--thresholds", "t.yaml")
            expect(
                gate, 0, "look 1 of", "1 trial a cell, too early to decide anything but what is broken", "look 7 of",
                "64 trials a cell, level 0.04")
        }
    }

    private static func thresholds(_ condition: String) -> String {
        """
        apiVersion: boreas.dev/v1alpha1
        kind: Thresholds
        spec:
          gate:
            - \(condition)

        """
    }

    @Test("what can't be evaluated is refused before anything runs")
    func refused() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("success_rate vs baseline >= -1%"), to: "needy.yaml")
            expect(
                try await boreas("run", "needy.yaml"), 64,
                "the condition success_rate vs baseline >= -1% needs --baseline")
            expect(try await boreas("run", "needy.yaml", "--baseline", "rgone"), 64, "rgone")
            for (gate, words) in [
                ("succes_rate >= 90%", "did you mean success_rate?"), ("success_rate >= 101%", "can never hold"),
                ("p95(attempts) < 3", "attempts has one value"), ("cron.missed == 0", "tells nothing of clients"),
                ("attempts vs nobody <= +5%", "no policy nobody"),
                ("attempts{path=nowhere} <= 3", "attempts of clients is not told apart by path"),
                ("violations{invariant=noTickMissed} == 0", "clients can't break noTickMissed"),
            ] {
                try boreas.write(Self.race(gate), to: "bad.yaml")
                for command in ["run", "validate"] {
                    expect(try await boreas(command, "bad.yaml"), 65, "bad.yaml:14:7: spec.gate[0]", words)
                }
            }
            #expect(try boreas.files() == ["bad.yaml", "needy.yaml"])

            try boreas.write(Self.race("violations == 0"), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 0)
            for (condition, code, words) in [
                ("attempts <= 1", 1, "the limit is broken"), ("attempts <= 1000", 0, "PASS"),
                (
                    "violatoins == 0", 65,
                    "t.yaml:5:7: spec.gate[0]: unknown metric violatoins; did you mean violations?"
                ),
                ("attempts vs nobody <= +5%", 65, "t.yaml:5:7: spec.gate[0]: the experiment has no policy nobody"),
                ("cron.missed == 0", 65, "t.yaml:5:7: spec.gate[0]: cron.missed tells nothing of clients"),
                ("attempts vs baseline <= +5%", 64, "needs --baseline"),
            ] {
                try boreas.write(Self.thresholds(condition), to: "t.yaml")
                expect(try await boreas("gate", "--thresholds", "t.yaml"), code, words)
            }
            expect(try await boreas("validate", "t.yaml"), 0, "a gate of 1 condition")
            expect(try await boreas("gate", "--baseline", "latest"), 64, "no condition is against baseline")
            expect(try await boreas("gate", "--max-trials", "9"), 64, "go with --until-decided")
            expect(try await boreas("gate", "rgone"), 64, "there is no run rgone")
        }
    }

    @Test("every format tells the same verdict, of several runs at once")
    func formats() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("attempts <= 1"), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 1)
            expect(try await boreas("run", "e.yaml", "--seed", "2"), 1)
            let list = try await boreas("ls", "-o", "json").json()
            let names = try #require(list["runs"]?.array).compactMap { $0.object?["run"]?.string }
            for (format, words) in [
                ("text", "FAIL: 2 of 2 runs"), ("json", "boreas.dev/gate/v2"), ("junit", "failures=\"2\""),
                ("github", "::error title=boreas gate::FAIL"), ("markdown", "### ❌ FAIL: 2 of 2 runs"),
            ] {
                let gate = try await boreas.run(["gate"] + names + ["-o", format])
                expect(gate, 1, words)
                #expect(gate.errors.isEmpty, "\(gate)")
            }
        }
    }

    @Test("--until-decided carries a run on until it passes, and a later gate judges by its last look")
    func untilDecided() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("success_rate >= 90%"), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 2)
            let gate = try await boreas("gate", "--until-decided")
            expect(
                gate, 0, "look 1 of", "look 5 of", "80 trials a cell, level 0.0482: PASS",
                "one-sided 95.2 % each: look 5")
            #expect(gate.errorLines.count == 5, "\(gate)")
            let again = try await boreas("gate")
            expect(again, 0, "one-sided 95.2 % each: look 5 of a run that is carried on")
            let shown = try await boreas("show", "-o", "json").json()
            #expect(shown["trialsPlanned"]?.integer == 80 && shown["verdict"]?.string == "pass")
            // It is decided, and takes no more trials.
            expect(try await boreas("gate", "--until-decided"), 0)
            #expect(try await boreas("show", "-o", "json").json()["trialsPlanned"]?.integer == 80)
        }
    }

    @Test("a budget that ends first leaves it inconclusive, and the next call goes on spending where it stopped")
    func budget() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("success_rate >= 99%"), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 2)
            expect(try await boreas("gate", "--until-decided", "--max-trials", "3"), 64, "5 trials a cell already")
            let gate = try await boreas("gate", "--until-decided", "--max-trials", "20")
            expect(gate, 2, "look 3 of", "20 trials a cell", "level 0.048")
            let more = try await boreas("gate", "--until-decided", "--max-trials", "400")
            expect(more, 64, "spend their error by 20 trials a cell")
            expect(try await boreas("gate", "--until-decided"), 2, "has had its last look")
            // The run is finished, and nothing is left to resume.
            let resumed = try await boreas("run", "e.yaml", "--resume", "-o", "json").json()
            #expect(resumed["trialsPlanned"]?.integer == 5)
        }
    }

    @Test("time that is over ends it between trials, with as many in each cell")
    func time() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(
                Self.race("success_rate >= 99.99%", policies: [Self.patient, Self.other]), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 2)
            let gate = try await boreas("gate", "--until-decided", "--max-trials", "1000000", "--for", "1s")
            expect(gate, 2, "the time is over")
            let shown = try await boreas("show", "-o", "json").json()
            let trials = try #require(shown["trials"]?.array)
            #expect(trials.count % 2 == 0 && trials.count > 10)
            #expect(shown["trialsPlanned"]?.integer == Int64(trials.count))
            expect(try await boreas("gate", "--until-decided", "--for", "1s"), 2, "look")
        }
    }

    @Test("an interrupt leaves an archive that both gate and run go on with")
    func interrupted() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Self.race("success_rate >= 99.99%"), to: "e.yaml")
            expect(try await boreas("run", "e.yaml"), 2)
            let gate = try await boreas.interrupted("gate", "--until-decided", "--max-trials", "1000000") {
                $0.contains("look 8 of")
            }
            expect(gate, 130, "interrupted")
            let shown = try await boreas("show", "-o", "json").json()
            let (count, planned) = (shown["trials"]?.array?.count ?? 0, Int(shown["trialsPlanned"]?.integer ?? 0))
            #expect(count >= 5 * 128 && planned >= count, "\(count) of \(planned)")
            if count < planned {
                expect(try await boreas("gate"), 2, "did not take place")
                let resumed = try await boreas("run", "e.yaml", "--resume", "-o", "json")
                #expect(try resumed.json()["run"]?.string == shown["run"]?.string, "\(resumed.errors)")
                #expect(try resumed.json()["trials"]?.array?.count == planned)
            }
        }
    }
}
