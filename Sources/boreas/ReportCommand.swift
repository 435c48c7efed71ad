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
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case html, markdown, json, junit }

    @Argument(help: ArgumentHelp("The runs.", valueName: "run"))
    var references = ["latest"]

    @Option(name: .customShort("o"), help: "The report's format.")
    var format = Format.html

    @Option(help: ArgumentHelp("Where to write the report; else it goes to stdout.", valueName: "file"))
    var out: String?

    @Option(
        help:
            "The policy that the others are compared with; else the one that the gate names, else the experiment's first."
    )
    var baseline: String?

    @Option(help: "The page's title.")
    var title: String?

    @Flag(help: "Leave identifiers and dates of runs out, so that equal runs give equal reports.")
    var reproducible = false

    @OptionGroup var archive: ArchiveOptions

    func run() async throws {
        try await Results.read(archive, .text) { results in
            var runs: [RunEvidence] = []
            for reference in references {
                do {
                    runs.append(try await RunEvidence.read(reference, from: results.archive, baseline: baseline))
                } catch let error as ExperimentError {
                    throw CommandFailure(code: .usage, message: "--baseline: \(error.message)")
                }
            }
            try write(text(of: runs))
        }
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
