import ArgumentParser
import Experiments
import Foundation
import Kubernetes
import Recording
import Reporting

struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compares policies, runs, builds or variations with a baseline.",
        discussion: """
            A difference is printed only where it is shown; ~ stands where it is not. Trials with the same seed are compared \
            in pairs. --baseline is a policy of the run, one of its variations, another run (or one of its policies, as \
            RUN:POLICY), the label of one, or a file that --save wrote; --by settles which, where a name is several.

              boreas compare --baseline none           policies of the latest run
              boreas compare r1f2 --baseline r9ab      a run with an earlier one
              boreas compare --save kept.json          keeps the latest run as a file
              boreas compare --baseline kept.json      the latest run with that
            """)

    @Argument(help: ArgumentHelp("The runs.", valueName: "run"))
    var references = ["latest"]

    @Option(help: ArgumentHelp("What the others are compared with.", valueName: "name"))
    var baseline: String?

    @Option(help: "What differs: policy, run, label or variation; without it, what the baseline is a name of.")
    var by: ComparisonPlan.Axis?

    @Option(help: ArgumentHelp("Write the run as a baseline that can be committed.", valueName: "file"))
    var save: String?

    @Option(
        help: ArgumentHelp(
            "What to compare, separated by commas: p95(workflow.completion), attempts{path=cron}, …",
            valueName: "a,b"))
    var metrics: String?

    @Option(
        help: ArgumentHelp(
            "A change up to this matters to nobody; of shares it is in points.", valueName: "5%"))
    var margin: String?

    @OptionGroup var archive: ArchiveOptions

    @Option(name: .customShort("o"), help: "The result's format.")
    var format = Format.text

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, csv, markdown }

    func validate() throws {
        guard baseline != nil || save != nil else {
            throw ValidationError("--baseline says what to compare with; without it, --save FILE keeps the run")
        }
        if save != nil, references.count != 1 { throw ValidationError("--save writes one run; name one") }
        if baseline == nil {
            let option = by != nil ? "--by" : metrics != nil ? "--metrics" : margin != nil ? "--margin" : nil
            if let option { throw ValidationError("\(option) goes with --baseline") }
        }
        _ = try measures()
        _ = try allowance()
    }

    func run() async throws {
        let measures = try measures()
        let margin = try allowance()
        try await Results.read(archive, .text) { results in
            let reader = EvidenceReader(archive: results.archive, measures: measures)
            var evidence: [Evidence] = []
            for reference in references {
                evidence.append(try await reader.run(reference, isWhole: save != nil))
            }
            if let save { try Self.write(evidence[0], to: save) }
            guard let baseline else { return }
            let (axis, base) = try await reader.baseline(baseline, of: evidence, by: by)
            let plan: ComparisonPlan
            do throws(ExperimentError) {
                plan = try ComparisonPlan(evidence, by: axis, baseline: base)
            } catch {
                throw CommandFailure(code: .usage, message: "--baseline: \(error.message)")
            }
            Terminal.result(text(of: ComparisonReport(plan, measures: measures, margin: margin)))
        }
    }

    private func text(of report: ComparisonReport) -> String {
        let text =
            switch format {
            case .text: report.text(Results.style)
            case .json: report.json.text
            case .csv: report.csv
            case .markdown: report.markdown
            }
        // The end of the last line is the terminal's.
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    private static func write(_ evidence: Evidence, to path: String) throws {
        do {
            try Data(StoredBaseline(evidence).text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                code: .usage, message: "--save: \(path) can't be written: \(error.localizedDescription)")
        }
        let trials = evidence.cells.reduce(0) { $0 + $1.trials.count }
        let planned = evidence.trialsPlanned
        let gap = trials < planned ? " (the run is not whole: \(planned) were planned)" : ""
        Terminal.error("boreas: \(path) holds \(trials) trials of \(evidence.name)\(gap)")
    }

    /// Nil is the usual ones.
    private func measures() throws -> [Measure]? {
        guard let metrics else { return nil }
        var isOpen = false
        let names = metrics.split { character in
            if character == "{" { isOpen = true }
            if character == "}" { isOpen = false }
            return character == "," && !isOpen
        }
        guard !names.isEmpty else { throw ValidationError("--metrics names none; boreas metrics lists them") }
        return try names.map { name in
            do throws(GateParseError) {
                return try Measure(parsing: String(name))
            } catch {
                throw ValidationError("--metrics: \(error)")
            }
        }
    }

    private func allowance() throws -> Double {
        guard let margin else { return 0 }
        guard margin.hasSuffix("%"), let percent = Double(margin.dropLast()), (0..<100).contains(percent) else {
            throw ValidationError("--margin is a percentage below 100, such as 5% (is \(margin))")
        }
        return percent / 100
    }
}

extension ComparisonPlan.Axis: ExpressibleByArgument {}
