import Experiments
import Foundation
import Kubernetes
import Subprocess
import Testing

@testable import boreas

/// The questions of results/README.md, asked of archives that the executable wrote, in the programs that people ask them in.
///
/// One archive serves each test as a whole, since making it takes longer than all of its questions.
struct QuestionTests {
    /// A question as README.md and datasette.yaml have it.
    struct Question: Hashable {
        var title: String
        var sql: String
    }

    static let results = Executable.package.appending(path: "results")

    static func text(_ name: String) throws -> String {
        try String(contentsOf: results.appending(path: name), encoding: .utf8)
    }

    /// Those under the headings `### 1. …`, in their order.
    static func documented() throws -> [Question] {
        let sections = try text("README.md").components(separatedBy: "\n### ").dropFirst()
        return sections.compactMap { section in
            guard section.first?.isNumber == true, let dot = section.range(of: ". "),
                let end = section.firstIndex(of: "\n"), let start = section.range(of: "```sql\n"),
                let stop = section.range(of: "\n```", range: start.upperBound..<section.endIndex)
            else { return nil }
            return Question(
                title: String(section[dot.upperBound..<end]),
                sql: String(section[start.upperBound..<stop.lowerBound]))
        }
    }

    /// By their names, in their order.
    static func canned() throws -> [(name: String, question: Question)] {
        let root = try YAMLDocument.node(parsing: try text("datasette.yaml"), file: "datasette.yaml")
        let queries = try #require(root["databases"]?["boreas"]?["queries"]?.members)
        return try queries.map { query in
            let title = try #require(query.value["title"]?.string)
            return (query.key, Question(title: title, sql: try #require(query.value["sql"]?.string)))
        }
    }

    @Test("README.md and Datasette ask the same ten questions, word for word")
    func sameQuestions() throws {
        let documented = try Self.documented()
        #expect(documented.count == 10)
        #expect(try Self.canned().map(\.question) == documented)
    }

    @Test(
        "the sqlite3 shell and Datasette give every question the same answer, and it is not empty",
        .enabled("no sqlite3, or no Python with the package datasette: set BOREAS_PYTHON") { await Asker.hasBoth() })
    func sameAnswers() async throws {
        try await Asker.withArchive { asker in
            for (name, question) in try Self.canned() {
                let rows = try await asker.shell(question.sql)
                #expect(!rows.isEmpty, "\(name)")
                #expect(try await asker.datasette(name) == rows, "\(name)")
            }
        }
    }

    @Test(
        "a question can be asked of another run and trial than the latest, by both",
        .enabled("no sqlite3, or no Python with the package datasette: set BOREAS_PYTHON") { await Asker.hasBoth() })
    func parameters() async throws {
        try await Asker.withArchive { asker in
            let runs = try await asker.shell("SELECT run, isLatest FROM runView ORDER BY isLatest")
            let first = try #require(runs.first?.object?["run"]?.string)
            let queries = try Dictionary(uniqueKeysWithValues: Self.canned().map { ($0.name, $0.question.sql) })
            let waits = try #require(queries["waits"])
            let older = try await asker.shell(waits, ["run": first])
            #expect(try await asker.shell(waits) != older)
            #expect(try await asker.datasette("waits", ["run": first]) == older)
            #expect(try await asker.shell(waits, ["run": "latest"]) == asker.shell(waits))
            #expect(try await asker.shell(waits, ["run": "r0"]).isEmpty)
            let timeline = try #require(queries["timeline"])
            let second = try await asker.shell(timeline, ["run": first, "trial": "2"])
            #expect(try await asker.shell(timeline, ["run": first]) != second)
            #expect(try await asker.datasette("timeline", ["run": first, "trial": "2"]) == second)
            let times = second.compactMap { $0.object?["atSeconds"]?.double }
            #expect(times == times.sorted() && times.count > 100)
        }
    }

    @Test(
        "Grafana's panels and variables have something to show",
        .enabled("no sqlite3") { await Asker.hasShell() })
    func dashboard() async throws {
        let dashboard = try #require(
            try JSONValue(parsing: Array(try Self.text("grafana-dashboard.json").utf8)).object)
        let panels = try #require(dashboard["panels"]?.array).compactMap(\.object)
        #expect(panels.count == 7)
        let variables = try #require(dashboard["templating"]?.object?["list"]?.array).compactMap(\.object)
        try await Asker.withArchive { asker in
            let runs = try await asker.shell(try #require(variables.first?["query"]?.string))
            let run = try #require(runs.first?.object?["run"]?.string)
            let trials = try await asker.shell(
                try #require(variables.last?["query"]?.string).replacing("$run", with: run))
            let numbers = trials.compactMap { $0.object?["trial"]?.integer }.map { "\($0)" }
            #expect(numbers == ["1", "2", "3"])
            for panel in panels {
                let target = try #require(panel["targets"]?.array?.first?.object)
                let sql = try #require(target["rawQueryText"]?.string)
                #expect(target["queryText"]?.string == sql)
                let rows = try await asker.shell(
                    Self.interpolated(sql, run: run, trials: numbers.joined(separator: ",")))
                #expect(!rows.isEmpty, "\(sql)")
                guard target["queryType"] == "time series" else { continue }
                let times = rows.compactMap { $0.object?["time"]?.double }
                #expect(times.count == rows.count && times == times.sorted() && times.allSatisfy { $0 > 1.6e9 })
                #expect(target["timeColumns"] == ["time"])
            }
        }
    }

    /// As Grafana replaces variables (`$__from` and `$__to` in milliseconds), and then the plugin its one macro.
    private static func interpolated(_ sql: String, run: String, trials: String) -> String {
        let replaced = sql.replacing("$__from", with: "0").replacing("$__to", with: "4000000000000")
            .replacing("$run", with: run).replacing("$trial", with: trials)
        return replaced.replacing(#/\$__unixEpochGroupSeconds\(([^,)]*), *([^,)]*)\)/#) { match in
            "cast((\(match.output.1) / \(match.output.2)) as int) * \(match.output.2)"
        }
    }

    @Test("what Datasette is told of tables and columns is true of the archive")
    func describedColumns() async throws {
        let root = try YAMLDocument.node(parsing: try Self.text("datasette.yaml"), file: "datasette.yaml")
        let tables = try #require(root["databases"]?["boreas"]?["tables"]?.members)
        #expect(tables.count == 23)
        let schema = try Self.text("README.md")
        for table in tables {
            let columns = try #require(table.value["columns"]?.members).map(\.key)
            let start = try #require(schema.range(of: "### `\(table.key)`\n"))
            let end = schema.range(of: "\n### ", range: start.upperBound..<schema.endIndex)?.lowerBound
            let section = schema[start.upperBound..<(end ?? schema.endIndex)]
            // README.md itself is held against the schema.
            for column in columns { #expect(section.contains("`\(column)`"), "\(table.key).\(column)") }
        }
    }
}

/// Asks one archive, by programs that have nothing of Boreas.
struct Asker {
    let archive: URL

    private static let python = ProcessInfo.processInfo.environment["BOREAS_PYTHON"] ?? "python3"

    static func hasShell() async -> Bool { await succeeds("sqlite3", ["--version"]) }

    static func hasBoth() async -> Bool {
        guard await hasShell() else { return false }
        return await succeeds(python, ["-m", "datasette", "--version"])
    }

    private static func succeeds(_ program: String, _ arguments: [String]) async -> Bool {
        (try? await output(program, arguments)) != nil
    }

    /// Two runs of one experiment under other seeds: in it quota conflicts, an outage, semaphores, and a policy that
    /// survives none of it.
    static func withArchive(_ body: (Asker) async throws -> Void) async throws {
        try await Executable.withFolder { boreas in
            try FileManager.default.copyItem(
                at: Executable.package.appending(path: "experiments/workflows"),
                to: boreas.folder.appending(path: "workflows"))
            try boreas.write(experiment, to: "e.yaml")
            for seed in ["42", "43"] {
                let run = try await boreas(
                    "run", "e.yaml", "--world", "simulated", "--details", "all", "--seed", seed)
                #expect(run.code == 1, "\(run)")
            }
            try await body(Asker(archive: boreas.folder.appending(path: "results/boreas.sqlite")))
        }
    }

    private static let experiment = """
        apiVersion: boreas.dev/v1alpha1
        kind: Experiment
        metadata: {name: questions}
        spec:
          trials: 1
          subject: {core: {}}
          policies: [argo-v3.4.17, argo-v3.6.0, boreas]
          workload:
            - manifest: {file: workflows/limits.yaml}
            - workflow: {file: workflows/http-agent.yaml, count: 16, every: 200ms}
            - workflow: {file: workflows/locked-semaphores.yaml, count: 6, every: 500ms}
          phases: {calm: 1s, storm: 4s, converge: 40s}
          faults:
            - name: churn
              during: storm
              quotaConflict: {quota: compute, writers: 8}
            - name: unreadable
              during: storm
              match: {verb: [get], resource: configmaps}
              when: {for: 300ms}
              status: {code: 503}

        """

    func shell(_ sql: String, _ parameters: [String: String] = [:]) async throws -> [JSONValue] {
        let settings = parameters.sorted { $0.key < $1.key }.map { ".parameter set :\($0.key) \($0.value)\n" }
        let text = try await Self.output(
            "sqlite3", ["-json", "-readonly", archive.path], input: settings.joined() + sql + "\n;\n")
        // No rows are no text.
        return text.isEmpty ? [] : try Self.rows(text)
    }

    /// The answer to a canned query.
    func datasette(_ name: String, _ parameters: [String: String] = [:]) async throws -> [JSONValue] {
        let query = parameters.sorted { $0.key < $1.key }.map { "&\($0.key)=\($0.value)" }.joined()
        let text = try await Self.output(
            Self.python,
            [
                "-m", "datasette", archive.path, "-m", QuestionTests.results.appending(path: "datasette.yaml").path,
                "--setting", "max_returned_rows", "100000", "--setting", "sql_time_limit_ms", "60000", "--get",
                "/boreas/\(name).json?_shape=array\(query)",
            ])
        return try Self.rows(text)
    }

    private static func rows(_ text: String) throws -> [JSONValue] {
        try #require(try JSONValue(parsing: Array(text.utf8)).array)
    }

    private struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static func output(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws -> String {
        let result = try await Subprocess.run(
            .name("sh"), arguments: Arguments(["-c", #"exec "$@""#, "sh", program] + arguments),
            input: .string(input), output: .string(limit: 1 << 26),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess, result.standardError.isEmpty else {
            throw Failure(description: "\(program): \(result.standardOutput.prefix(500))\n\(result.standardError)")
        }
        return result.standardOutput
    }
}
