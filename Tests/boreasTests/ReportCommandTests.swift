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

    @Test("other formats hold the same verdict")
    func formats() async throws {
        try await Self.withRuns(1) { boreas in
            let markdown = try await boreas("report", "--db", "a.sqlite", "-o", "markdown")
            #expect(markdown.code == 0 && markdown.output.hasPrefix("# How tiny went\n"))
            #expect(markdown.output.contains("**PASS**: both policies keep to the threshold."))
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
            let missing = "--out: none/page.html can't be written: there is no folder "
            #expect(out.code == 64 && out.errors.contains(missing), "\(out)")
            let folder = try await boreas("report", "--db", "a.sqlite", "--out", ".")
            #expect(
                folder.code == 64 && folder.errors.contains("--out: . can't be written: it is a folder"), "\(folder)")
        }
    }
}
