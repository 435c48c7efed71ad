import ArgumentParser
import Experiments
import Foundation
import Recording
import Reporting

/// What conditions against `baseline` are held against: a run of the archive, or a file that was saved of one.
enum BaselineReference {
    static let help = ArgumentHelp(
        "What conditions against baseline are held against: a run, its label, or a file made by boreas compare --save.",
        valueName: "run|label|file")

    /// Finds it, and refuses one that is missing where a condition needs it, that none needs, or that is judged itself.
    ///
    /// - Parameters:
    ///   - gates: Of all runs.
    ///   - runs: Those that are judged, in the order of the gates; none where they are yet to take place.
    static func evidence(
        _ name: String?, for gates: [[GateExpression]], of runs: [RunRecord] = [], database: String
    ) async throws -> Evidence? {
        let needy = gates.joined().filter { $0.baseline == .stored }
        guard let name else {
            guard let first = needy.first else { return nil }
            throw CommandFailure(
                code: .usage,
                message: "the condition \(first.text) needs --baseline: a run, or a file made by boreas compare --save")
        }
        guard !needy.isEmpty else {
            throw CommandFailure(
                code: .usage,
                message: "no condition is against baseline; leave --baseline out, or write one such as "
                    + "success_rate vs baseline >= -1%")
        }
        if EvidenceReader.isFile(name) { return try EvidenceReader.file(name) }
        let judged = zip(runs, gates).filter { $0.1.contains { $0.baseline == .stored } }.map(\.0)
        let evidence = try await evidence(name, judged, keys: GateReport.keys(of: needy), database: database)
        guard !judged.contains(where: { .run($0.identifier) == evidence.source }) else {
            throw CommandFailure(
                code: .usage,
                message: "--baseline: run \(evidence.name) is the baseline itself; name a run to hold against it")
        }
        return evidence
    }

    private static func evidence(
        _ name: String, _ judged: [RunRecord], keys: Set<SampleKey>, database: String
    ) async throws -> Evidence {
        guard FileManager.default.fileExists(atPath: database) else {
            throw CommandFailure(
                code: .usage,
                message: "--baseline: there is no file \(name), and no archive \(database) with such a run")
        }
        return try await RunArchive.withReading(at: database) { archive in
            let run = try await archive.run(named: name, besides: judged)
            return Evidence(run, try await archive.tallies(of: run.identifier, keys: keys))
        }
    }
}

extension RunArchive {
    /// The run that a user means by latest, an identifier or the beginning of one, else by a label.
    func run(named name: String, besides judged: [RunRecord] = []) async throws -> RunRecord {
        do {
            return try await run(name)
        } catch let error as ArchiveError where error.code == .missing {
            let meant = try await labelled(
                name, besides: Set(judged.map(\.identifier)), of: Set(judged.map(\.experiment.name)))
            guard let newest = meant.first else { throw error }
            return try await run(newest.identifier)
        }
    }

    /// The runs that may be meant by a label, newest first: those of the same experiments if there are any, that are not
    /// themselves judged or compared.
    func labelled(
        _ label: String, besides own: Set<String>, of experiments: Set<String>
    ) async throws -> [RunHeading] {
        let runs = try await runs().filter { !label.isEmpty && $0.label == label }
        let others = runs.filter { !own.contains($0.identifier) }
        let akin = others.filter { experiments.contains($0.experiment) }
        return akin.isEmpty ? others.isEmpty ? runs : others : akin
    }
}
