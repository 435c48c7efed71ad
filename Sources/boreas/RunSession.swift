import ArgumentParser
import Determinism
import Experiments
import Faults
import Foundation
import Harness
import KubernetesClient
import Recording
import Reporting

/// One run from the experiment to its verdict: opens the archive, sets up the world, and keeps each trial as it ends.
struct RunSession: Sendable {
    enum Place: Sendable {
        case embedded
        case cluster(ClusterConnection)

        var kind: WorldKind {
            switch self {
            case .embedded: .embedded
            case .cluster: .cluster
            }
        }
    }

    var experiment: Experiment
    var database: String
    var seed: UInt64
    /// Trials in each cell.
    var trials: Int
    /// Goes on with a run of the same experiment that was stopped.
    var resumes = false

    /// - Returns: The run as the archive holds it.
    func run(in place: Place) async throws -> RunRecord {
        let archive = try RunArchive.open(at: database)
        do {
            let record = try await run(in: place, archive)
            try archive.close()
            return record
        } catch {
            try archive.close()
            throw error
        }
    }

    private func run(in place: Place, _ archive: RunArchive) async throws -> RunRecord {
        let specs = experiment.trialSpecs(seed: seed, trials: trials)
        let kind = place.kind.rawValue
        let earlier = resumes ? try await archive.unfinishedRun(of: experiment, world: kind, seed: seed) : nil
        let done: Set<TrialKey> =
            if let earlier { try await archive.finishedTrials(of: earlier.identifier) } else { [] }
        let identifier = earlier?.identifier ?? Self.makeIdentifier()
        let remaining = specs.filter { !done.contains($0.key) }
        Terminal.error("boreas: run \(identifier), seed \(seed), \(remaining.count) trials")
        let body: @Sendable (SocketWorld) async throws -> Void = { world in
            if earlier == nil {
                try await archive.begin(
                    RunRecord(
                        identifier: identifier, experiment: experiment, world: kind,
                        serverVersion: world.serverVersion, boreasVersion: Boreas.version, seed: seed,
                        trialsPlanned: specs.count, startedEpochMicroseconds: Self.epochMicrosecondsNow))
            }
            let executor = RunExecutor(
                world: world, runID: identifier, logger: Log.logger,
                onProgress: { spec, progress in show(progress, of: spec, in: specs.count) })
            try await executor.run(remaining) { trial in
                try await archive.record(trial, in: identifier)
                show(trial, of: identifier)
            }
        }
        switch place {
        case .embedded: try await SocketWorld.withEmbedded(logger: Log.logger, body)
        case .cluster(let connection):
            try await SocketWorld.withCluster(connection, runID: identifier, logger: Log.logger, body)
        }
        let report = RunReport(try await archive.run(identifier), try await archive.tallies(of: identifier))
        try await archive.finish(
            run: identifier, outcome: report.verdict, epochMicroseconds: Self.epochMicrosecondsNow)
        return try await archive.run(identifier)
    }

    private func show(_ progress: TrialProgress, of spec: TrialSpec, in count: Int) {
        let phase = progress.phase?.rawValue ?? "setting up"
        Terminal.progress(
            "trial \(spec.number)/\(count) \(name(of: spec.key)): \(phase) \(Int(progress.elapsed.seconds)) s, "
                + "\(progress.finished) of \(progress.expected) workflows ended, \(progress.faults) faults")
    }

    private func show(_ trial: TrialRecord, of run: String) {
        Terminal.progress("")
        let reason = trial.reason.isEmpty ? "" : ": \(trial.reason)"
        Terminal.error("\(run)/\(trial.number) \(name(of: trial.key)) \(trial.outcome.rawValue)\(reason)")
    }

    private func name(of key: TrialKey) -> String {
        [key.policy, key.variation, "#\(key.index)"].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static var epochMicrosecondsNow: Int64 { Int64(Date().timeIntervalSince1970 * 1e6) }

    /// Short enough to type, and a label value that Kubernetes takes.
    private static func makeIdentifier() -> String {
        let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
        return "r" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
