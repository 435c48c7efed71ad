import Foundation
import Kubernetes
import Testing

/// `boreas report` from outside.
struct ReportCommandTests {
    private static func withRuns(_ count: Int, _ body: (Executable) async throws -> Void) async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "tiny.yaml")
            for _ in 0..<count {
                let run = try await boreas(
                    "run", "tiny.yaml", "--world", "simulated", "--trials", "2", "--db", "a.sqlite")
                try #require([0, 2].contains(run.code), "\(run)")
            }
            try await body(boreas)
        }
    }

    @Test("goes to stdout as HTML, and to a file on request")
    func html() async throws {
        try await Self.withRuns(1) { boreas in
            let page = try await boreas("report", "--db", "a.sqlite")
            #expect(page.code == 0 && page.output.hasPrefix("<!DOCTYPE html>") && page.errors.isEmpty, "\(page.errors)")
            #expect(page.output.hasSuffix("</html>\n"))
            let file = try await boreas("report", "--db", "a.sqlite", "--out", "page.html", "--title", "Tiny & <small>")
            #expect(file.code == 0 && file.output.isEmpty)
            let text = try String(contentsOf: boreas.folder.appending(path: "page.html"), encoding: .utf8)
            #expect(text.contains("<h1>Tiny &amp; &lt;small&gt;</h1>"))
        }
    }

    @Test("runs that went the same way in virtual time give the same bytes, where identifiers and dates are left out")
    func reproducible() async throws {
        try await Self.withRuns(2) { boreas in
            let list = try await boreas("ls", "--db", "a.sqlite", "-o", "json").json()
            let names = (list["runs"]?.array ?? []).compactMap { $0.object?["run"]?.string }
            try #require(names.count == 2)
            let first = try await boreas("report", names[0], "--db", "a.sqlite", "--reproducible")
            let second = try await boreas("report", names[1], "--db", "a.sqlite", "--reproducible")
            #expect(first.output == second.output && !first.output.contains(names[0]))
            let both = try await boreas("report", names[0], names[1], "--db", "a.sqlite")
            #expect(names.allSatisfy { both.output.contains("Run \($0) of tiny") })
        }
    }

    @Test("what JUnit has no room for is refused, and JSON leaves out what tells equal runs apart")
    func reproducibleFormats() async throws {
        try await Self.withRuns(2) { boreas in
            for option in [["--reproducible"], ["--title", "Tiny"]] {
                let junit = try await boreas.run(["report", "--db", "a.sqlite", "-o", "junit"] + option)
                #expect(junit.code == 64 && junit.errors.contains("\(option[0]) goes with"), "\(junit)")
            }
            let list = try await boreas("ls", "--db", "a.sqlite", "-o", "json").json()
            let names = (list["runs"]?.array ?? []).compactMap { $0.object?["run"]?.string }
            let first = try await boreas("report", names[0], "--db", "a.sqlite", "--reproducible", "-o", "json")
            let second = try await boreas("report", names[1], "--db", "a.sqlite", "--reproducible", "-o", "json")
            #expect(first.output == second.output && first.output.contains("\"headline\""))
        }
    }

    @Test("a file or another run is what the gate holds a run against, and what it is compared with")
    func baseline() async throws {
        try await Executable.withFolder { boreas in
            try boreas.write(Texts.tiny, to: "tiny.yaml")
            let gated = try Texts.tiny(
                replacing: "    - violations == 0", with: "    - success_rate vs baseline >= -99pt")
            try boreas.write(gated, to: "gated.yaml")
            let simulated = ["--world", "simulated", "--trials", "6"]
            try #require(try await boreas.run(["run", "tiny.yaml"] + simulated).code == 0)
            let first = try #require(try await boreas("show", "-o", "json").json()["run"]?.string)
            try #require(try await boreas("compare", "--save", "kept.json").code == 0)
            let run = try await boreas.run(["run", "gated.yaml", "--baseline", "kept.json"] + simulated)
            try #require(run.code == 0, "\(run)")

            for name in ["kept.json", first] {
                let report = try await boreas("report", "-o", "markdown", "--baseline", name)
                #expect(report.output.contains("**PASS**: both policies keep `success_rate vs baseline"), "\(report)")
                let title = name == first ? first : "kept"
                #expect(report.output.contains("### Comparison with \(title)"), "\(report)")
                let shown = try await boreas("show", "--baseline", name)
                #expect(shown.code == 0 && shown.output.contains("\nPASS: both policies keep"), "\(shown)")
                let junit = try await boreas("report", "-o", "junit", "--baseline", name)
                #expect(junit.output == (try await boreas("gate", "-o", "junit", "--baseline", name)).output)
            }
            let page = try await boreas("report", "--baseline", "kept.json")
            #expect(page.output.contains("boreas compare ") && page.output.contains(" --baseline kept.json"))
            // Without one the line is open, and says what it was when there was one.
            let words =
                "the run was judged pass against a baseline when it was flown, and --baseline RUN or FILE judges it"
            for outcome in [try await boreas("report", "-o", "markdown"), try await boreas("show")] {
                #expect(outcome.output.contains("INCONCLUSIVE") && outcome.output.contains(words), "\(outcome)")
            }
            let policy = try await boreas("report", "-o", "markdown", "--baseline", "full-jitter")
            #expect(policy.output.contains("### Comparison with full-jitter"), "\(policy)")
            let itself = try await boreas("report", "--baseline", "latest")
            #expect(itself.code == 64 && itself.errors.contains("is the run itself"), "\(itself)")
        }
    }

    @Test("other formats hold the same verdict")
    func formats() async throws {
        try await Self.withRuns(1) { boreas in
            let markdown = try await boreas("report", "--db", "a.sqlite", "-o", "markdown")
            #expect(markdown.code == 0 && markdown.output.hasPrefix("# How tiny went\n"))
            #expect(markdown.output.contains("**PASS**: both policies keep `violations == 0`."))
            let json = try await boreas("report", "--db", "a.sqlite", "-o", "json").json()
            #expect(json["schema"] == "boreas.dev/report/v1")
            let junit = try await boreas("report", "--db", "a.sqlite", "-o", "junit")
            let gate = try await boreas("gate", "--db", "a.sqlite", "-o", "junit")
            #expect(junit.code == 0 && junit.output == gate.output && junit.output.contains("<testsuite"))
        }
    }

    @Test("what is not there is refused by name, with a way out")
    func refusals() async throws {
        try await Self.withRuns(1) { boreas in
            let baseline = try await boreas("report", "--db", "a.sqlite", "--baseline", "borea")
            #expect(baseline.code == 64 && baseline.errors.contains("did you mean boreas?"), "\(baseline)")
            let run = try await boreas("report", "zzzz", "--db", "a.sqlite")
            #expect(run.code == 64 && run.errors.contains("there is no run zzzz"))
            let out = try await boreas("report", "--db", "a.sqlite", "--out", "none/page.html")
            let missing = "--out: none/page.html can't be written: there is no folder none\n"
            #expect(out.code == 64 && out.errors.contains(missing), "\(out)")
            let within = try await boreas("report", "--db", "a.sqlite", "--out", "a.sqlite/page.html")
            #expect(within.code == 64 && within.errors.contains("a.sqlite is no folder"), "\(within)")
            let folder = try await boreas("report", "--db", "a.sqlite", "--out", ".")
            #expect(
                folder.code == 64 && folder.errors.contains("--out: . can't be written: it is a folder"), "\(folder)")
        }
    }
}
