import Experiments
import Faults
import Foundation
import Kubernetes
import Resilience
import Testing

@testable import boreas

/// Trials done again, cut down and hunted for, by the executable, in the simulated world.
@Suite(.timeLimit(.minutes(5)))
struct ReplayTests {
    private static let canary =
        Executable.package.appending(path: "experiments/canaries/leaked-permit.yaml").path

    @Test("a failing trial prints the command that does it again, and that shows what the archive does")
    func sameTimeline() async throws {
        try await Executable.withFolder { boreas in
            let run = try await boreas("run", Self.canary, "--world", "simulated", "-o", "json")
            #expect(run.code == 0, "\(run)")
            let name = try #require(try run.json()["run"]?.string)
            #expect(run.errors.contains("\n  boreas replay \(name)/1\n"), "\(run)")
            let shown = try await boreas("show", "\(name)/1", "--all")
            let replayed = try await boreas("replay", "\(name)/1", "--all")
            #expect(replayed.code == 0 && replayed.errors.isEmpty, "\(replayed)")
            #expect(replayed.output == shown.output)
            let json = try await boreas("replay", "\(name)/1", "-o", "json").json()
            #expect(json["schema"]?.string == "boreas.dev/trial/v1")
            #expect(json["replay", "isSame"] == .bool(true))
        }
    }

    @Test("a trial that was cut down has at most two faults and two workflows, and fails as a file of its own")
    func shrink() async throws {
        try await Executable.withFolder { boreas in
            _ = try await boreas("run", Self.canary, "--world", "simulated")
            let shrunk = try await boreas("replay", "latest/1", "--shrink")
            #expect(shrunk.code == 0, "\(shrunk)")
            try boreas.write(shrunk.output, to: "shrunk.yaml")
            try expectSmall(boreas.folder.appending(path: "shrunk.yaml").path)
            #expect(shrunk.output.hasPrefix("# leaky breaks noPermitLeaked:\n"), "\(shrunk)")
            let again = try await boreas("run", "shrunk.yaml", "--world", "simulated")
            #expect(again.code == 0 && again.output.contains("as expected"), "\(again)")

            let written = try await boreas("replay", "latest/1", "--shrink", "--out", "a/b.yaml")
            #expect(written.code == 0 && written.output.isEmpty, "\(written)")
            try expectSmall(boreas.folder.appending(path: "a/b.yaml").path)
        }
    }

    private func expectSmall(_ file: String) throws {
        let experiment = try ExperimentFile.experiment(at: file)
        #expect(experiment.expectations == [Experiment.Expectation(policy: "leaky", verdict: .fail)])
        let variation = experiment.variations[0]
        #expect(variation.plan.rules.count <= 2)
        #expect(variation.workflowCount <= 2)
        #expect(variation.policies[0].locks.abandonsFailedRelease)
    }

    @Test("a swarm draws the same plans when its trials are done again")
    func swarm() async throws {
        try await Executable.withFolder { boreas in
            let run = try await boreas(
                "run", Self.canary, "--world", "simulated", "--swarm", "--trials", "3", "-o", "json")
            let trials = try #require(try run.json()["trials"]?.array).compactMap { $0.object?["digest"]?.string }
            #expect(trials.count == 3, "\(run)")
            for (index, digest) in trials.enumerated() {
                let again = try await boreas("replay", "latest/\(index + 1)", "-o", "json")
                #expect(again.code == 0, "\(again)")
                #expect(try again.json()["trial", "digest"]?.string == digest)
            }
        }
    }

    @Test("what is no trial is refused in the words of show")
    func references() async throws {
        try await Executable.withFolder { boreas in
            let text = try Texts.tiny(replacing: "[full-jitter, boreas]", with: "[boreas]")
            try boreas.write(text, to: "e.yaml")
            _ = try await boreas("run", "e.yaml", "--world", "simulated")
            for (reference, words) in [
                ("latest", "latest is no trial; give RUN/NUMBER"), ("latest/0", "is no trial"),
                ("latest/2", "has no trial 2; it has 1"), ("r0/1", "there is no run r0"),
            ] {
                let refused = try await boreas("replay", reference)
                #expect(refused.code == 64 && refused.errorLines.count == 1, "\(refused)")
                #expect(refused.errors.contains(words), "\(refused)")
            }
            let passed = try await boreas("replay", "latest/1", "--shrink")
            #expect(passed.code == 64 && passed.errors.contains("nothing to cut down"), "\(passed)")
        }
    }

    @Test("a hunt finds the planted bug, cuts it down, and keeps it as a file that shows it")
    func soak() async throws {
        try await Executable.withFolder { boreas in
            let soak = try await boreas(
                "soak", Self.canary, "--policy", "leaky", "--for", "15s", "--seed", "1", "--out", "found", "-o", "json")
            #expect(soak.code == 1, "\(soak)")
            let report = try soak.json()
            #expect(report["seed"]?.integer == 1)
            let findings = try #require(report["findings"]?.array).compactMap(\.object)
            let leak = try #require(findings.first { $0["invariant"]?.string == "noPermitLeaked" }, "\(soak)")
            let path = try #require(leak["file"]?.string)
            #expect(path.hasPrefix("found/leaked-permit-leaky-no-permit-leaked-"))
            try expectSmall(boreas.folder.appending(path: path).path)
            let again = try await boreas("run", path, "--world", "simulated")
            #expect(again.code == 0 && again.output.contains("as expected"), "\(again)")
        }
    }

    @Test(
        "what does not go together is refused",
        arguments: [
            ("replay latest/1 --out x.yaml", "--out goes with --shrink"),
            ("replay latest/1 --shrink --all", "--shrink shows none"),
            ("replay latest/1 --context c", "go with --world cluster"),
            ("replay latest/1", "results/boreas.sqlite"), ("soak e.yaml --for 0s", "--for is a span"),
            ("soak e.yaml --jobs 2 --world embedded", "--jobs goes with --world simulated"),
            ("soak e.yaml --policy nobody", "no policy is named nobody"),
            ("soak none.yaml --for 1s", "there is no such file"),
        ])
    func refusals(arguments: String, words: String) async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            let refused = try await boreas.run(arguments.split(separator: " ").map(String.init))
            #expect([64, 65].contains(refused.code), "\(refused)")
            #expect(refused.errorLines.count == 1 && refused.errors.contains(words), "\(refused)")
            #expect(try boreas.files() == ["e.yaml"])
        }
    }

    @Test("a hunt that finds nothing ends with 0, and one that is interrupted with 130 and what it has")
    func soakEnds() async throws {
        try await Executable.withFolder { boreas in
            let text = try Texts.tiny(replacing: "[full-jitter, boreas]", with: "[boreas]")
            try boreas.write(text, to: "e.yaml")
            let refused = try await boreas("soak", "--for", "1s")
            #expect(refused.code == 64 && refused.errors.contains("there is no experiment"), "\(refused)")
            let endless = try await boreas.interrupted("soak", "e.yaml", "--for", "1h", "--seed", "3") {
                $0.contains("soak, seed 3")
            }
            #expect(endless.code == 130, "\(endless)")
        }
    }
}
