import ArgumentParser
import Experiments
import Foundation
import Kubernetes
import Recording
import Reporting

/// Reads runs from the archive and prints what is asked of them.
struct Results {
    let archive: RunArchive

    static func read(_ options: ArchiveOptions, _ body: (Results) async throws -> Void) async throws {
        try await RunArchive.withReading(at: options.database) { try await body(Results(archive: $0)) }
    }

    static let style = Style(
        isTerminal: isatty(STDOUT_FILENO) == 1, noColor: ProcessInfo.processInfo.environment["NO_COLOR"])

    func report(on reference: String, baseline: Evidence? = nil) async throws -> RunReport {
        let run = try await archive.run(reference)
        return RunReport(
            run, try await archive.tallies(of: run.identifier), baseline: baseline,
            looks: try await archive.looks(of: run.identifier))
    }
}

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "Lists the runs of an archive.")

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await Results.read(archive) { results in
            let list = RunList(try await results.archive.runs())
            Terminal.result(output.format == .json ? list.json.text : list.text(Results.style))
        }
    }
}

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows a run, or the timeline of one of its trials.",
        discussion: "RUN is latest, a run's identifier or the beginning of one; RUN/3 is its third trial.")

    @Argument(help: ArgumentHelp("The run, or the trial.", valueName: "run[/trial]"))
    var reference = "latest"

    @Flag(help: "Show operations that succeeded at once, too.")
    var all = false

    @Option(help: BaselineReference.help)
    var baseline: String?

    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard let reference = RunReference(parsing: reference) else {
            throw CommandFailure(
                code: .usage, message: "\(reference) is no run; give latest, an identifier, or one with /NUMBER")
        }
        try await Results.read(archive) { results in
            guard let number = reference.trial else {
                let report = try await results.report(
                    on: reference.run, baseline: try await baseline(for: reference.run, results))
                Terminal.result(output.format == .json ? report.json.text : report.text(Results.style))
                return
            }
            guard baseline == nil else {
                throw CommandFailure(
                    code: .usage, message: "--baseline goes with a run, and not with one of its trials")
            }
            let run = try await results.archive.run(reference.run)
            let timeline = TrialTimeline(run, try await results.archive.trial(number, of: run.identifier))
            Terminal.result(
                output.format == .json ? timeline.json.text : timeline.text(Results.style, isComplete: all))
        }
    }

    private func baseline(for reference: String, _ results: Results) async throws -> Evidence? {
        guard let baseline else { return nil }
        let run = try await results.archive.run(reference)
        return try await BaselineReference.evidence(baseline, for: [run.experiment.gate], database: archive.database)
    }
}
