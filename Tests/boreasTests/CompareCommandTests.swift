import Foundation
import Kubernetes
import Testing

/// `boreas compare` by the executable, over runs in the simulated world.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CompareCommandTests {
    private static let experiment = Executable.package.appending(path: "experiments/contention.yaml").path

    private func run(_ boreas: Executable, _ arguments: String...) async throws -> String {
        let outcome = try await boreas.run(
            ["run", Self.experiment, "--trials", "7", "--policy", "no-backoff,full-jitter-10ms", "-o", "json"]
                + arguments)
        return try #require(try outcome.json()["run"]?.string, "\(outcome)")
    }

    @Test("a run is kept as the same bytes whenever it is made, and compared with months later")
    func stored() async throws {
        try await Executable.withFolder { boreas in
            let first = try await run(boreas, "--label", "v1")
            let saved = try await boreas("compare", first, "--save", "one.json")
            #expect(saved.code == 0 && saved.output.isEmpty, "\(saved)")
            #expect(saved.errors.contains("one.json holds 112 trials of \(first)"), "\(saved)")
            let second = try await run(boreas, "--label", "v1")
            #expect(first != second)
            let again = try await boreas("compare", "latest", "--save", "two.json")
            #expect(again.code == 0)
            let bytes = try ["one.json", "two.json"].map { try Data(contentsOf: boreas.folder.appending(path: $0)) }
            #expect(bytes[0] == bytes[1] && bytes[0].count > 10_000)

            let same = try await boreas("compare", "--baseline", "one.json")
            #expect(same.code == 0 && same.errors.isEmpty, "\(same)")
            #expect(same.output.contains("equal in every trial: success_rate"), "\(same)")
            #expect(same.output.contains("baseline: one.json"), "\(same)")

            let other = try await run(boreas, "--label", "v2", "--seed", "7")
            let json = try await boreas("compare", other, "--baseline", "one.json", "-o", "json").json()
            #expect(json["schema"]?.string == "boreas.dev/comparison/v1" && json["by"]?.string == "run")
            let rows = try #require(json["rows"]?.array).compactMap(\.object)
            #expect(rows.allSatisfy { $0["isPaired"]?.bool == false })

            let labels = try await boreas("compare", other, "--baseline", "v1", "--metrics", "makespan,attempts")
            #expect(labels.code == 0, "\(labels)")
            #expect(labels.output.contains("seed: 42 (v1), 7 (v2)"), "\(labels)")
            let one = try await boreas("compare", other, "--baseline", "one.json:no-backoff", "--metrics", "makespan")
            #expect(one.code == 0 && one.output.contains("baseline: one.json:no-backoff"), "\(one)")

            let list = try await boreas("ls")
            #expect(list.output.contains("label") && list.output.contains("v2"), "\(list)")
            let shown = try await boreas("show", other)
            #expect(shown.output.split(separator: "\n").first?.contains("  label v2  ") == true, "\(shown)")
        }
    }

    @Test("policies and variations of a run, in every form")
    func axes() async throws {
        try await Executable.withFolder { boreas in
            let name = try await run(boreas)
            let policies = try await boreas("compare", "--baseline", "no-backoff", "--metrics", "makespan")
            #expect(policies.code == 0, "\(policies)")
            #expect(policies.output.contains("run: \(name)   baseline: no-backoff"), "\(policies)")
            #expect(policies.output.contains("clients=190"), "\(policies)")
            let variations = try await boreas(
                "compare", "--baseline", "clients=1", "--metrics", "makespan", "-o", "csv")
            let lines = variations.output.split(separator: "\n")
            #expect(lines.count == 15, "\(variations)")
            #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("makespan,clients=") })
            let markdown = try await boreas("compare", "--baseline", "no-backoff", "-o", "markdown")
            #expect(markdown.output.contains("| `makespan` |"), "\(markdown)")
            let margin = try await boreas("compare", "--baseline", "no-backoff", "--margin", "5%")
            #expect(margin.code == 0 && margin.output.contains("equivalent: within 5%"), "\(margin)")
        }
    }

    @Test("without a baseline the policies of a run are compared with the first, and a label names its newest run")
    func usual() async throws {
        try await Executable.withFolder { boreas in
            _ = try await run(boreas, "--label", "v1")
            let name = try await run(boreas, "--label", "v1")
            let usual = try await boreas("compare", "v1", "v1", "--metrics", "makespan,attempts,makespan")
            #expect(usual.code == 0 && usual.errors.isEmpty, "\(usual)")
            #expect(usual.output.contains("run: \(name)   baseline: no-backoff"), "\(usual)")
            #expect(usual.output.contains("compared with no-backoff, because it is the first"), "\(usual)")
            #expect(usual.output.contains("2 runs are labelled v1: \(name) is the newest"), "\(usual)")
            #expect(usual.output.split(separator: "\n").count { $0 == "makespan" } == 1, "\(usual)")
            #expect(usual.output.split(separator: "\n").count { $0.contains("runs are labelled") } == 1, "\(usual)")
            #expect(usual.output.hasPrefix("None of 13 differences is shown: with so few trials"), "\(usual)")

            // A file of a policy's name is not what is meant.
            try boreas.write("no baseline", to: "no-backoff")
            let named = try await boreas("compare", "--baseline", "no-backoff", "--metrics", "makespan")
            #expect(named.code == 0 && named.output.contains("baseline: no-backoff"), "\(named)")

            let absent = try await boreas("compare", "--metrics", "attempts{path=nowhere}")
            #expect(absent.code == 0 && absent.output.contains("no trial has attempts{path=nowhere}"), "\(absent)")

            // What is to be renewed may be of any version, or broken.
            try boreas.write("{\"schema\":\"boreas.dev/baseline/v0\",", to: "old.json")
            let renewed = try await boreas("compare", "--save", "old.json")
            #expect(renewed.code == 0 && renewed.errors.contains("old.json holds 112 trials"), "\(renewed)")
        }
    }

    @Test("a baseline that is not there is a usage error, with the nearest name")
    func refused() async throws {
        try await Executable.withFolder { boreas in
            let name = try await run(boreas, "--label", "v1.2.3")
            let other = try await run(boreas)
            try boreas.write("my notes", to: "notes.txt")
            try Data([0x7B, 0xFF]).write(to: boreas.folder.appending(path: "bytes.json"))
            try FileManager.default.createDirectory(
                at: boreas.folder.appending(path: "folder"), withIntermediateDirectories: false)
            #expect(try await boreas("compare", name, "--save", "kept.json").code == 0)
            let kept = try Data(contentsOf: boreas.folder.appending(path: "kept.json"))
            let cases: [([String], String)] = [
                (["compare", name, other], "--baseline says which of several runs the others are compared with"),
                (["compare", "--by", "variation"], "--by variation goes with --baseline"),
                (["compare", name, "--baseline", "kept.json", "--by", "policy"], "name one of the file's policies"),
                (["compare", name, "--baseline", "kept.json", "--save", "./kept.json"], "is the baseline itself"),
                (["compare", "--save", "notes.txt"], "notes.txt is there and is no baseline; choose another name"),
                (["compare", "--baseline", "bytes.json"], "bytes.json is no baseline: it is no text in UTF-8"),
                (["compare", "--baseline", "./folder"], "./folder is a folder, and no baseline"),
                (
                    ["compare", "--metrics", "workflow.completion,p50(workflow.completion)"],
                    "name a quantile: p95(workflow.completion)"
                ),
                (
                    ["compare", "--metrics", "p50(workflow.completion)"],
                    "workflow.completion tells nothing of clients; use one of success_rate"
                ),
                (["compare", "--baseline", "no-backof"], "did you mean no-backoff?"),
                (["compare", "--baseline", "v1.2.4"], "did you mean v1.2.3?"),
                (["compare", "--baseline", "missing.json"], "there is no baseline missing.json"),
                (
                    ["compare", "--baseline", "latest"],
                    "\(other) is the baseline itself; name a run to compare with it"
                ),
                (["compare", "--baseline", "clients=11", "--by", "variation"], "did you mean clients=1"),
                (
                    ["compare", name, other, "--baseline", "no-backoff"],
                    "write \(name):no-backoff or \(other):no-backoff"
                ),
                (["compare", "--baseline", "\(name):no-backof"], "has no policy no-backof; did you mean no-backoff?"),
                (["compare", "--baseline", "no-backoff", "--metrics", "makspan"], "did you mean makespan?"),
                (["compare", "--baseline", "no-backoff", "--metrics", "recovery"], "name a quantile: p95(recovery)"),
                (["compare", "--baseline", "no-backoff", "--margin", "5"], "--margin is a percentage below 100"),
                (["compare", name, other, "--save", "b.json"], "--save writes one run; name one"),
                (["compare", "--save", "b.json", "--metrics", "makespan"], "--metrics goes with --baseline"),
                (["compare", "--save", "nowhere/b.json"], "nowhere/b.json can't be written"),
                (["run", Self.experiment, "--label", ""], "--label is one line of at most 200 characters"),
            ]
            for (arguments, message) in cases {
                let outcome = try await boreas.run(arguments)
                #expect(outcome.code == 64, "\(arguments) \(outcome)")
                #expect(outcome.errors.contains(message), "\(arguments) \(outcome)")
                #expect(outcome.output.isEmpty, "\(outcome)")
            }
            #expect(try Data(contentsOf: boreas.folder.appending(path: "kept.json")) == kept)
            try boreas.write("{\"schema\":\"boreas.dev/baseline/v9\"}", to: "new.json")
            let newer = try await boreas("compare", "--baseline", "new.json")
            #expect(newer.code == 65 && newer.errors.contains("written by a newer Boreas"), "\(newer)")
        }
    }
}
