import ArgumentParser
import Experiments
import Foundation
import Kubernetes
import Recording
import Reporting

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Tells what runs came to, in one page with pictures.",
        discussion: """
            The page is one HTML file that needs no network: the verdict in a sentence, what was flown, results, \
            comparison, and pictures with the tables behind them.

            A report tells, and boreas gate judges: the exit code is 0 whatever the verdict, in every format.

            --baseline is a policy of the run, another run (or one of its policies, as RUN:POLICY), the label of one, or a \
            file that boreas compare --save wrote. Conditions against baseline are held against a run or a file, too.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case html, markdown, json, junit }

    @Argument(help: ArgumentHelp("The runs.", valueName: "run"))
    var references = ["latest"]

    @Option(name: .customShort("o"), help: "The report's format.")
    var format = Format.html

    @Option(help: ArgumentHelp("Where to write the report; else it goes to stdout.", valueName: "file"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "What the run is held against; else the policy that the gate names, else the experiment's first.",
            valueName: "name"))
    var baseline: String?

    @Option(help: "The page's title.")
    var title: String?

    @Flag(help: "Leave identifiers and dates of runs out, so that equal runs give equal reports.")
    var reproducible = false

    @OptionGroup var archive: ArchiveOptions

    func validate() throws {
        guard format == .junit else { return }
        if title != nil { throw ValidationError("--title goes with html, markdown and json: JUnit has no title") }
        if reproducible {
            throw ValidationError(
                "--reproducible goes with html, markdown and json: JUnit tells runs by their identifiers")
        }
    }

    func run() async throws {
        try await Results.read(archive) { results in
            var runs: [RunEvidence] = []
            for reference in references {
                do {
                    runs.append(
                        try await RunEvidence.read(
                            reference, from: results.archive, baseline: try await baseline(of: reference, results),
                            isReproducible: reproducible))
                } catch let error as ExperimentError where error.file == "--baseline" {
                    throw CommandFailure(code: .usage, message: "--baseline: \(error.message)")
                }
            }
            try write(text(of: runs))
        }
    }

    /// What the option means for a run: first a policy of it, then what `compare` takes it for.
    private func baseline(of reference: String, _ results: Results) async throws -> ComparisonPlan.Baseline? {
        guard let baseline else { return nil }
        let run = try await results.archive.run(reference)
        if run.experiment.policyNames.contains(baseline) { return .policy(baseline) }
        var reader = EvidenceReader(archive: results.archive, gate: run.experiment.gate)
        let own = try await reader.run(run.identifier)
        let (_, meant) = try await reader.baseline(baseline, of: [own], by: nil)
        for note in reader.notes { Terminal.error("boreas: \(note)") }
        if references.count == 1, case .evidence(let other) = meant, other.source == .run(run.identifier) {
            throw CommandFailure(
                code: .usage, message: "--baseline: \(run.identifier) is the run itself; name one to hold it against")
        }
        return meant
    }

    private func text(of runs: [RunEvidence]) throws -> String {
        let page = Page(runs, title: title, isReproducible: reproducible, version: Boreas.version)
        switch format {
        case .html: return try page.html()
        case .markdown: return page.markdown
        case .json: return page.json.text + "\n"
        case .junit: return page.junit
        }
    }

    private func write(_ text: String) throws {
        guard let out else {
            Terminal.result(text.hasSuffix("\n") ? String(text.dropLast()) : text)
            return
        }
        try TextFile.write(text, to: out, option: "--out")
    }
}
