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
            RUN:POLICY), the label of one, or a file that --save wrote; --by settles which, where a name is several. \
            Without it the policies of one run are compared with the one that its gate names, else with the first.

              boreas compare                             policies of the latest run
              boreas compare --baseline argo-v4.1.2      with one of them
              boreas compare r1f2 --baseline r9ab        a run with an earlier one
              boreas compare --save kept.json            keeps the latest run as a file
              boreas compare --baseline kept.json        the latest run with that
            """)

    @Argument(help: ArgumentHelp("The runs, by identifier or label.", valueName: "run"))
    var references = ["latest"]

    @Option(help: ArgumentHelp("What the others are compared with.", valueName: "name"))
    var baseline: String?

    @Option(help: "What differs: policy, run, label or variation; without it, what the baseline is a name of.")
    var by: ComparisonPlan.Axis?

    @Option(help: ArgumentHelp("Write the run as a baseline that can be committed.", valueName: "file"))
    var save: String?

    @Option(
        help: ArgumentHelp(
            "What to compare, separated by commas: p95(workflow.completion), attempts{path=cronCreate}, …",
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
        if save != nil, references.count != 1 { throw ValidationError("--save writes one run; name one") }
        if baseline == nil {
            let option = by != nil ? "--by" : metrics != nil ? "--metrics" : margin != nil ? "--margin" : nil
            if save != nil, let option { throw ValidationError("\(option) goes with --baseline") }
            if let by, by != .policy {
                throw ValidationError("--by \(by.rawValue) goes with --baseline, which says what to compare with")
            }
        }
        _ = try measures()
        _ = try allowance()
    }

    func run() async throws {
        let measures = try measures()
        let margin = try allowance()
        try await Results.read(archive) { results in
            var reader = EvidenceReader(archive: results.archive, measures: measures)
            let evidence = try await reader.runs(references, isWhole: save != nil)
            // A baseline is read before --save writes: who renews one compares with what it was.
            let plan = save != nil && baseline == nil ? nil : try await plan(evidence, &reader)
            if let save { try Self.write(evidence[0], to: save) }
            guard let plan else {
                for note in reader.notes { Terminal.error("boreas: \(note)") }
                return
            }
            Terminal.result(
                text(of: ComparisonReport(plan, measures: measures, margin: margin, remarks: reader.notes)))
        }
    }

    private func plan(_ evidence: [Evidence], _ reader: inout EvidenceReader) async throws -> ComparisonPlan {
        let (axis, base): (ComparisonPlan.Axis, ComparisonPlan.Baseline)
        if let baseline {
            (axis, base) = try await reader.baseline(baseline, of: evidence, by: by)
        } else if evidence.count == 1 {
            (axis, base) = (.policy, .policy(try await reader.usualBaseline(of: evidence[0])))
        } else {
            throw CommandFailure(
                code: .usage,
                message:
                    "--baseline says which of several runs the others are compared with, such as \(evidence[0].name)"
            )
        }
        if let save, let file = base.file, Self.isSame(save, file) {
            throw CommandFailure(
                code: .usage,
                message: "--save: \(save) is the baseline itself; compare with it, and renew it by a second command")
        }
        do throws(ExperimentError) {
            return try ComparisonPlan(evidence, by: axis, baseline: base)
        } catch {
            throw CommandFailure(code: .usage, message: "--baseline: \(error.message)")
        }
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        URL(filePath: one).resolvingSymlinksInPath().standardizedFileURL
            == URL(filePath: other).resolvingSymlinksInPath().standardizedFileURL
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
        guard EvidenceReader.mayReplace(path) else {
            throw CommandFailure(
                code: .usage, message: "--save: \(path) is there and is no baseline; choose another name")
        }
        try TextFile.write(evidence.text, to: path, option: "--save")
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
        var measures: [Measure] = []
        for name in names {
            do throws(GateParseError) {
                let measure = try Measure(parsing: String(name))
                if !measures.contains(measure) { measures.append(measure) }
            } catch {
                throw ValidationError("--metrics: \(error)")
            }
        }
        return measures
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

extension ComparisonPlan.Baseline {
    /// The file that it was read from; nil for a run.
    fileprivate var file: String? {
        switch self {
        case .evidence(let evidence), .policyOf(let evidence, _):
            if case .file(let path) = evidence.source { path } else { nil }
        case .policy, .variation: nil
        }
    }
}
