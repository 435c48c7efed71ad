import Foundation
import Testing

/// What the executable says to bad input. One after another, because each test starts processes on cores that the other
/// tests use too.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct RefusalTests {
    /// Runs it, and holds it to one line on stderr, nothing on stdout, and nothing left behind.
    private func expect(
        _ boreas: Executable, _ arguments: String..., code: Int, says parts: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try boreas.files()
        let outcome = try await boreas.run(arguments)
        #expect(outcome.code == code, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errorLines.count == 1, "\(outcome)", sourceLocation: sourceLocation)
        #expect(outcome.errors.hasPrefix("boreas: "), "\(outcome)", sourceLocation: sourceLocation)
        for part in parts {
            #expect(outcome.errors.contains(part), "\(outcome)", sourceLocation: sourceLocation)
        }
        #expect(outcome.output.isEmpty, "\(outcome)", sourceLocation: sourceLocation)
        #expect(try boreas.files() == before, sourceLocation: sourceLocation)
    }

    /// A mistake in a file: what replaces a piece of the tiny experiment, and what is then said.
    struct Mistake: CustomTestStringConvertible {
        var name: String
        var text: String
        var replacement: String
        var says: [String]

        var testDescription: String { name }

        static let all = [
            Mistake(
                name: "broken YAML", text: "trials: 1", replacement: "trials: [1",
                says: ["e.yaml:7:", "this is not YAML"]),
            Mistake(
                name: "an unknown policy", text: "[full-jitter, boreas]", replacement: "[ful-jitter, boreas]",
                says: ["e.yaml:8:14: spec.policies[0]: no policy is named ful-jitter; did you mean full-jitter?"]),
            Mistake(
                name: "no known fault", text: "latency: {fixed: 20ms}", replacement: "latancy: {fixed: 20ms}",
                says: [
                    "e.yaml:27:7: spec.faults[0]: the rule names no known fault (latancy is none; did you mean latency?); boreas faults lists them"
                ]),
            Mistake(
                name: "a rule without a fault", text: "latency: {fixed: 20ms}", replacement: "during: storm",
                says: ["e.yaml:27:", "spec.faults[0]", "names no known fault; boreas faults lists them"]),
            Mistake(
                name: "an unknown key", text: "trials: 1", replacement: "trails: 1",
                says: ["e.yaml:6:3: spec: unknown key trails; did you mean trials?"]),
            Mistake(
                name: "a gate on an unknown metric", text: "violations == 0", replacement: "violatoins == 0",
                says: ["e.yaml:31:", "spec.gate[0]", "violatoins", "violations"]),
            Mistake(
                name: "a manifest of another kind", text: "kind: Workflow", replacement: "kind: Pod",
                says: ["e.yaml:", "spec.workload[0].workflow", "must be Workflow, and is Pod"]),
        ]
    }

    @Test("a mistake in a file is refused with its place and its mend", arguments: Mistake.all)
    func file(mistake: Mistake) async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny(replacing: mistake.text, with: mistake.replacement), to: "e.yaml")
            for command in ["run", "validate"] {
                let before = try boreas.files()
                let outcome = try await boreas(command, "e.yaml")
                #expect(outcome.code == 65, "\(outcome)")
                #expect(outcome.errorLines.count == 1, "\(outcome)")
                for part in mistake.says { #expect(outcome.errors.contains(part), "\(outcome)") }
                #expect(outcome.output.isEmpty, "\(outcome)")
                #expect(try boreas.files() == before)
            }
        }
    }

    @Test("a missing file is invalid, and what the command line gets wrong is wrong usage")
    func commandLine() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            try await expect(boreas, "run", "no.yaml", code: 65, says: "no.yaml: there is no such file")
            try await expect(
                boreas, "run", "e.yaml", "--policy", "borea", code: 64,
                says: "--policy: no policy is named borea; did you mean boreas?")
            try await expect(boreas, "run", "e.yaml", "--policy", ",", code: 64, says: "--policy", "boreas policies")
            try await expect(
                boreas, "run", "e.yaml", "--trials", "0", code: 64, says: "--trials is 1 to", "boreas run --help")
            try await expect(boreas, "run", "e.yaml", "--seed", "18446744073709551615", code: 64, says: "--seed")
            try await expect(
                boreas, "run", "e.yaml", "--world", "cluster", code: 64, says: "--context", "boreas run --help")
            try await expect(boreas, "run", "e.yaml", "--context", "dev", code: 64, says: "--world cluster")
            try await expect(boreas, "run", "e.yaml", "--wrold", "cluster", code: 64, says: "--wrold")
            try await expect(boreas, "run", code: 64, says: "<experiment>", "boreas run --help")
            try await expect(boreas, "fly", code: 64, says: "fly", "boreas --help")
            try await expect(boreas, "policies", "borea", code: 64, says: "borea; did you mean boreas?")
        }
    }

    @Test("a cluster that does not answer, and a context that does not exist, are told apart")
    func cluster() async throws {
        let port = try LocalPort(listens: false)
        let kubeconfig = Texts.kubeconfig(port: port.number)
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            try boreas.write(kubeconfig, to: "kubeconfig")
            try await expect(
                boreas, "run", "e.yaml", "--world", "cluster", "--kubeconfig", "kubeconfig", "--context", "dev",
                code: 69, says: "https://127.0.0.1:", "connection refused", "check the context")
            try await expect(
                boreas, "run", "e.yaml", "--world", "cluster", "--kubeconfig", "kubeconfig", "--context", "prod",
                code: 64, says: "kubeconfig: context \"prod\" does not exist; the contexts are dev")
            try await expect(
                boreas, "run", "e.yaml", "--world", "cluster", "--kubeconfig", "nowhere", "--context", "dev",
                code: 64, says: "nowhere")
        }
    }

    @Test("an archive that can't be had is named, with the option that names another")
    func archive() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            try boreas.write("no database at all", to: "notes.txt")
            // Permissions do not bind root; below a file nobody can make one.
            try await expect(
                boreas, "run", "e.yaml", "--db", "notes.txt/a.sqlite", code: 64, says: "notes.txt/a.sqlite",
                "notes.txt is no folder", "--db")
            // A folder that is not there may be a slip.
            try await expect(
                boreas, "run", "e.yaml", "--db", "reslts/a.sqlite", code: 64, says: "reslts/a.sqlite",
                "there is no folder reslts; make it", "--db")
            try await expect(
                boreas, "run", "e.yaml", "--db", "notes.txt", code: 64, says: "notes.txt: ", "SQLite", "--db")
            for command in [["ls"], ["show"], ["gate"], ["compare", "--baseline", "boreas"]] {
                let outcome = try await boreas.run(command + ["--db", "notes.txt"])
                #expect(outcome.code == 64 && outcome.errorLines.count == 1, "\(outcome)")
                let missing = try await boreas.run(command)
                #expect(missing.code == 64 && missing.errorLines.count == 1, "\(missing)")
                #expect(missing.errors.contains("there is no archive here; boreas run makes one"), "\(missing)")
            }
            #expect(try boreas.files() == ["e.yaml", "notes.txt"])
        }
    }

    @Test("a port that is in use, or is none, is refused, and a kubeconfig that can't be written")
    func ports() async throws {
        let port = try LocalPort(listens: true)
        let number = port.number
        try await Executable.withFolder { boreas in
            try await expect(boreas, "serve", "--port", "\(number)", code: 64, says: "port \(number)", "in use")
            try await expect(boreas, "serve", "--port", "99999", code: 64, says: "--port is 0 to 65535")
            try await expect(boreas, "proxy", "--port", "99999", "--context", "c", code: 64, says: "--port")
            try boreas.write("", to: "file")
            try await expect(boreas, "serve", "--kubeconfig-out", "file/k", code: 64, says: "file/k: ")
        }
        // Held until here.
        #expect(port.number == number)
    }

    @Test("a dry run says that nothing was run, and makes nothing")
    func dryRun() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "e.yaml")
            let outcome = try await boreas("run", "e.yaml", "--dry-run")
            #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
            #expect(outcome.output.hasPrefix("NOT RUN: tiny, 2 trials"), "\(outcome)")
            #expect(try boreas.files() == ["e.yaml"])
        }
    }

    @Test("the experiments of the repository are valid, and the policies that they name are listed")
    func repository() async throws {
        let folder = Executable.package.appending(path: "experiments")
        let files = try ["", "hazards/"].flatMap { part in
            try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: part).path)
                .filter { $0.hasSuffix(".yaml") }.map { part + $0 }
        }
        try #require(!files.isEmpty)
        try await Executable.withFolder { boreas in
            let paths = files.sorted().map { folder.appending(path: $0).path }
            let outcome = try await boreas.run(["validate"] + paths)
            #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
            #expect(outcome.output.split(separator: "\n").count == files.count)
            let policies = try await boreas("policies")
            #expect(policies.code == 0 && policies.errors.isEmpty)
            for name in ["none", "exponential", "full-jitter", "argo-v3.4.17", "argo-v4.1.2", "boreas"] {
                #expect(policies.output.split(separator: "\n").contains { $0.hasPrefix("\(name) ") }, "\(policies)")
            }
        }
    }
}
