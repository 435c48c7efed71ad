import Foundation
import Kubernetes
import Testing

/// Runs from the file to the verdict, by the executable. One after another, because trials take place in real time on
/// cores that the other tests use too.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RunTests {
    @Test("a run's JSON, exit code and archive agree, and every command reads the archive")
    func wholeRun() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            let run = try await boreas("run", "e.yaml", "-o", "json")
            let json = try run.json()
            #expect(json["schema"]?.string == "boreas.dev/run/v1")
            let trials = try #require(json["trials"]?.array).compactMap(\.object)
            #expect(trials.compactMap { $0["policy"]?.string } == ["full-jitter", "boreas"])
            for trial in trials {
                #expect(trial["variation"]?.string == "")
                #expect(trial["index"]?.integer == 1)
                #expect(trial["seed"]?.integer == trials[0]["seed"]?.integer)
                #expect(trial["seed"]?.integer ?? 0 > 0)
                #expect(["pass", "fail", "inconclusive"].contains(trial["outcome"]?.string), "\(run)")
                #expect(trial["digest"]?.string?.count == 16)
            }
            let codes = ["pass": 0, "fail": 1, "inconclusive": 2]
            #expect(run.code == codes[json["verdict"]?.string ?? ""], "\(run)")
            #expect(try boreas.files() == ["e.yaml", "results", "results/boreas.sqlite"])
            try await expectCommands(of: boreas, to: run, named: try #require(json["run"]?.string))
        }
    }

    private func expectCommands(of boreas: Executable, to run: Executable.Outcome, named name: String) async throws {
        let list = try await boreas("ls")
        #expect(list.code == 0 && list.errors.isEmpty && list.output.contains(name), "\(list)")
        let report = try await boreas("show", "latest")
        #expect(report.code == 0 && report.output.contains("run \(name)"), "\(report)")
        let again = try await boreas("show", "latest", "-o", "json")
        #expect(again.output == run.output)
        let timeline = try await boreas("show", "latest/1")
        #expect(timeline.code == 0 && timeline.output.hasPrefix("trial \(name)/1  tiny  full-jitter"), "\(timeline)")
        #expect(timeline.output.contains("slow"), "\(timeline)")
        let comparison = try await boreas("compare", "latest", "--baseline", "full-jitter")
        #expect(comparison.code == 0 && comparison.output.contains("success_rate"), "\(comparison)")
        let gate = try await boreas("gate", "latest")
        #expect(gate.code == run.code && gate.output.contains("violations == 0"), "\(gate)")
        let stranger = try await boreas("show", "r00000000x")
        #expect(stranger.code == 64 && stranger.errorLines.count == 1, "\(stranger)")
        #expect(stranger.errors.contains("there is no run r00000000x"), "\(stranger)")
        let missing = try await boreas("show", "latest/9")
        #expect(missing.code == 64 && missing.errors.contains("no trial 9; it has 2"), "\(missing)")
        let baseline = try await boreas("compare", "latest", "--baseline", "boraes")
        #expect(baseline.code == 64 && baseline.errors.contains("did you mean boreas?"), "\(baseline)")
        #expect(try boreas.files() == ["e.yaml", "results", "results/boreas.sqlite"])
    }

    @Test("an interrupt ends a run with 130, keeps the trials that had ended, and --resume does the rest")
    func interrupt() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            let run = try await boreas.interrupted("run", "e.yaml", "--trials", "3") { $0.contains("/2 ") }
            #expect(run.code == 130, "\(run)")
            #expect(run.errors.contains("interrupted; cleaning up"), "\(run)")
            #expect(try boreas.files() == ["e.yaml", "results", "results/boreas.sqlite"])
            let shown = try await boreas("show", "latest", "-o", "json").json()
            let kept = try #require(shown["trials"]?.array).count
            #expect((2...5).contains(kept))
            #expect(shown["verdict"]?.string != "pass")

            let rest = try await boreas("run", "e.yaml", "--trials", "3", "--resume", "-o", "json")
            let json = try rest.json()
            #expect(json["run"]?.string == shown["run"]?.string)
            #expect(json["trials"]?.array?.compactMap { $0.object?["number"]?.integer } == [1, 2, 3, 4, 5, 6])
            #expect(rest.errors.contains("\(6 - kept) trial"), "\(rest)")
        }
    }
}
