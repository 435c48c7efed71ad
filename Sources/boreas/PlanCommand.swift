import ArgumentParser
import Experiments
import Faults
import Foundation
import Recording

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Proposes faults worth trying, from what the calm trials of a run did.",
        discussion: """
            What comes out is an experiment file, the run's own with a list of plans in it, each a variation of one trial \
            or more: boreas run carries them out. The subject is killed after each write that matters, and before it has \
            the answer; the answer of each create is lost; and states of watched objects are missed once, and seen too \
            long by a subject that was restarted. Manifests stand in the file itself, so that it can lie anywhere.

            Calm trials are those that a run of a process begins with; of other runs, trials without faults.
            """)

    @Argument(help: ArgumentHelp("The run: latest, its identifier or the beginning of it.", valueName: "run"))
    var reference = "latest"

    @Option(help: ArgumentHelp("Which calm trials, where the run has them of several workloads.", valueName: "name"))
    var variation: String?

    enum Format: String, ExpressibleByArgument, CaseIterable { case yaml, json }

    @Option(name: .customShort("o"), help: "The file's format; JSON has no comments.")
    var format = Format.yaml

    @Option(help: ArgumentHelp("Where to write the experiment; else it goes to stdout.", valueName: "file"))
    var out: String?

    @OptionGroup var archive: ArchiveOptions

    func run() async throws {
        let (run, calm) = try await calmTrials()
        for trial in calm.trials where trial.outcome != .pass {
            Terminal.error(
                "boreas: calm trial \(run.identifier)/\(trial.number) came to \(trial.outcome.rawValue): \(trial.reason)"
            )
        }
        let sweep = Sweep(run, calm)
        guard !sweep.proposals.proposals.isEmpty else {
            throw CommandFailure(
                code: .inconclusive, message: "nothing to propose from \(sweep.origin)\(sweep.prunedText)")
        }
        let text = format == .json ? try sweep.json() : try sweep.yaml(comment: out ?? "FILE")
        if let out {
            try Self.write(text, to: out)
        } else {
            // The text ends its last line itself.
            Terminal.result(String(text.dropLast()))
        }
        let count = sweep.proposals.proposals.count
        Terminal.error(
            "boreas: \(count) \(count == 1 ? "plan" : "plans") proposed from \(sweep.origin)\(sweep.prunedText)"
                + (out.map { "; written to \($0)" } ?? ""))
    }

    private static func write(_ text: String, to path: String) throws {
        let file = URL(filePath: path)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file, options: .atomic)
        } catch {
            throw CommandFailure(
                code: .usage,
                message: "\(path) can't be written: \(error.localizedDescription); choose another by --out")
        }
    }

    // MARK: The calm trials

    private func calmTrials() async throws -> (RunRecord, Sweep.Calm) {
        guard let reference = RunReference(parsing: reference), reference.trial == nil else {
            throw CommandFailure(
                code: .usage, message: "\(reference) is no run; give latest, or an identifier: boreas ls lists them")
        }
        return try await RunArchive.withReading(at: archive.database) { archive in
            let run = try await archive.run(reference.run)
            return (run, try await calm(of: run, in: archive))
        }
    }

    private func calm(of run: RunRecord, in archive: RunArchive) async throws -> Sweep.Calm {
        let tallies = try await archive.tallies(of: run.identifier)
        let variation = try chosen(among: Self.calmVariations(of: run.experiment, tallies), of: run)
        let policy = tallies.first { $0.key.variation == variation.name }?.key.policy
        var trials: [TrialRecord] = []
        for tally in tallies where tally.key.variation == variation.name && tally.key.policy == policy {
            guard trials.count < Experiment.referenceTrials else { break }
            let trial = try await archive.trial(tally.number, of: run.identifier)
            if trial.unlisted == nil { trials.append(trial) }
        }
        guard !trials.isEmpty else {
            throw CommandFailure(
                code: .usage,
                message: "of the calm trials of run \(run.identifier) no details were kept; run it with --details all")
        }
        return Sweep.Calm(variation: variation, trials: trials)
    }

    /// References, or else variations without faults of which there are trials.
    private static func calmVariations(
        of experiment: Experiment, _ tallies: [TrialTally]
    ) -> [Experiment.Variation] {
        let names = Set(tallies.map(\.key.variation))
        let own = experiment.isSwarm ? [] : experiment.variations.filter { $0.plan.rules.isEmpty && $0.clients == nil }
        return (experiment.references.isEmpty ? own : experiment.references).filter { names.contains($0.name) }
    }

    private func chosen(
        among calm: [Experiment.Variation], of run: RunRecord
    ) throws -> Experiment.Variation {
        if let variation {
            guard let found = calm.first(where: { $0.name == variation }) else {
                let mend = Spelling.mend(variation, among: calm.map(\.name))
                throw CommandFailure(
                    code: .usage, message: "run \(run.identifier) has no calm trials of \(variation)\(mend)")
            }
            return found
        }
        guard let first = calm.first else {
            throw CommandFailure(
                code: .usage,
                message: "run \(run.identifier) has no calm trials; run its experiment without faults, with --trials 2")
        }
        guard calm.count == 1 else {
            throw CommandFailure(
                code: .usage,
                message: "run \(run.identifier) has calm trials of several workloads; choose by --variation one of "
                    + calm.map(\.name).joined(separator: ", "))
        }
        return first
    }
}
