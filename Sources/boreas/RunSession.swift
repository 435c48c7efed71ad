import ArgumentParser
import Determinism
import Experiments
import Faults
import Foundation
import Glibc
import Harness
import KubernetesClient
import Recording
import Reporting

/// One run from the experiment to its verdict: opens the archive, sets up the world, and keeps each trial as it ends.
struct RunSession: Sendable {
    enum Place: Sendable {
        /// With so many trials at a time.
        case simulated(jobs: Int)
        case embedded
        case cluster(ClusterConnection)

        var kind: WorldKind {
            switch self {
            case .simulated: .simulated
            case .embedded: .embedded
            case .cluster: .cluster
            }
        }

        /// Trials at a time.
        var jobs: Int { if case .simulated(let jobs) = self { jobs } else { 1 } }
    }

    var experiment: Experiment
    var database: String
    var seed: UInt64
    /// Trials in each cell.
    var trials: Int
    /// What is under test, in the words of whoever starts the run.
    var label = ""
    /// Of which trials to keep details; nil leaves it to the run's size.
    var details: DetailSelection.Rule?
    /// Goes on with a run of the same experiment that was stopped.
    var resumes = false
    /// What conditions against `baseline` are held against.
    var baseline: Evidence?

    /// - Returns: The run as the archive holds it.
    func run(in place: Place) async throws -> RunRecord {
        // What cannot be written is refused before anything is touched, and made only when there is a world.
        try RunArchive.checkWritable(at: database, makesFolder: makesFolder)
        let earlier = try await earlierRun(in: place.kind)
        let identifier = earlier?.identifier ?? Self.makeIdentifier()
        return try await inWorld(place, of: identifier) { world, archive in
            if earlier == nil { try await archive.begin(record(of: identifier, in: world)) }
            return try await finish(identifier, in: world, jobs: place.jobs, archive)
        }
    }

    /// Sets up the world of a run, and opens the archive for writing.
    func inWorld<Result: Sendable>(
        _ place: Place, of identifier: String,
        _ body: @escaping @Sendable (any World, RunArchive) async throws -> Result
    ) async throws -> Result {
        let whole: @Sendable (any World) async throws -> Result = { world in
            try await RunArchive.withWriting(at: database, makesFolder: makesFolder) { try await body(world, $0) }
        }
        return switch place {
        case .simulated: try await whole(SimulatedWorld(logger: Log.logger))
        case .embedded: try await SocketWorld.withEmbedded(logger: Log.logger, whole)
        case .cluster(let connection):
            try await SocketWorld.withCluster(connection, runID: identifier, logger: Log.logger, whole)
        }
    }

    /// The run to go on with.
    private func earlierRun(in world: WorldKind) async throws -> RunRecord? {
        guard resumes, FileManager.default.fileExists(atPath: database) else { return nil }
        return try await RunArchive.withReading(at: database) { archive in
            try await archive.unfinishedRun(of: experiment, world: world.rawValue, seed: seed)
        }
    }

    /// Only the folder of the archive that nobody has named: another one is perhaps a slip.
    private var makesFolder: Bool { database == ArchiveOptions.databaseDefault }

    private func record(of identifier: String, in world: any World) -> RunRecord {
        RunRecord(
            identifier: identifier, experiment: experiment, world: world.kind.rawValue,
            serverVersion: world.serverVersion, boreasVersion: Boreas.version, label: label,
            seed: seed, trialsPlanned: experiment.trialSpecs(seed: seed, trials: trials).count,
            startedEpochMicroseconds: Self.epochMicrosecondsNow)
    }

    /// Carries out the trials that are missing, and gives the verdict.
    private func finish(
        _ identifier: String, in world: any World, jobs: Int, _ archive: RunArchive
    ) async throws -> RunRecord {
        // One that was carried on until it was decided has more trials than its experiment says.
        let planned = experiment.trialsPerCell(of: try await archive.run(identifier).trialsPlanned)
        let specs = experiment.trialSpecs(seed: seed, trials: max(trials, planned))
        var work = try await work(on: specs, of: identifier, in: world, jobs: jobs, archive)
        let trialCount = "\(work.remaining.count) \(work.remaining.count == 1 ? "trial" : "trials")"
        Terminal.error("boreas: run \(identifier), seed \(seed), \(trialCount)")
        let start = ContinuousClock.now
        let count = work.remaining.count
        try await carryOut(work.remaining, &work, archive)
        Terminal.progress("")
        if let world = world as? SimulatedWorld {
            Terminal.error(Self.pace(of: world.tally.sum, trials: count, since: start))
        }
        let report = RunReport(
            try await archive.run(identifier), try await archive.tallies(of: identifier), baseline: baseline,
            looks: try await archive.looks(of: identifier))
        try await archive.finish(
            run: identifier, outcome: report.verdict, epochMicroseconds: Self.epochMicrosecondsNow)
        return try await archive.run(identifier)
    }

    /// Trials of a run that are carried out by and by.
    struct Work {
        let run: String
        let executor: RunExecutor
        let specs: [TrialSpec]
        /// Of the specs, those that the archive does not have.
        let remaining: [TrialSpec]
        let isSmall: Bool
        var selection: DetailSelection
    }

    func work(
        on specs: [TrialSpec], of identifier: String, in world: any World, jobs: Int, _ archive: RunArchive
    ) async throws -> Work {
        let done = try await archive.finishedTrials(of: identifier)
        let references = try await references(specs.filter { done.contains($0.key) }, of: identifier, archive)
        let executor = RunExecutor(
            world: world, runID: identifier, jobs: jobs, logger: Log.logger, references: references,
            onProgress: { spec, progress in show(progress, of: spec, in: specs.count) })
        let isSmall = world.kind != .simulated || specs.count <= DetailSelection.smallRun
        return Work(
            run: identifier, executor: executor, specs: specs, remaining: specs.filter { !done.contains($0.key) },
            isSmall: isSmall, selection: DetailSelection(details ?? (isSmall ? .all : .some)))
    }

    /// Carries out some of the trials, and keeps each as it ends.
    ///
    /// - Parameter isQuiet: Whether trials that end as they were to are not told of.
    func carryOut(
        _ specs: [TrialSpec], _ work: inout Work, _ archive: RunArchive, isQuiet: Bool = false
    ) async throws {
        let (run, isSmall) = (work.run, work.isSmall)
        let references = Set(work.specs.filter(\.isReference).map(\.number))
        var selection = work.selection
        try await work.executor.run(specs) { trial in
            // What others are judged by must be found again by whoever goes on with the run.
            let isKept = selection.keeps(trial) || references.contains(trial.number)
            try await archive.record(trial, in: run, isDetailed: isKept)
            // Of thousands, only those are told of that can be looked at: of each cell the first, and a few that failed.
            if isSmall || isKept, !isQuiet || !isExpected(trial) { show(trial, of: run) }
        }
        work.selection = selection
    }

    /// The calm trials of processes that a run which is gone on with has carried out.
    private func references(
        _ done: [TrialSpec], of identifier: String, _ archive: RunArchive
    ) async throws -> ReferenceShelf {
        let shelf = ReferenceShelf()
        for spec in done where spec.isReference {
            shelf.keep(try await archive.trial(spec.number, of: identifier), of: spec)
        }
        return shelf
    }

    /// How fast trials in virtual time went: so is it known what a campaign will take.
    private static func pace(of sum: SimulationTally.Sum, trials: Int, since start: ContinuousClock.Instant) -> String {
        let seconds = max(1e-6, (ContinuousClock.now - start).seconds)
        func rate(_ number: Double) -> String { String(format: number < 100 ? "%.1f" : "%.0f", number / seconds) }
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        var text = "boreas: \(String(format: "%.2f", seconds)) s, \(rate(Double(trials))) trials a second"
        if sum.events > 0 {
            text += ", \(rate(Double(sum.events))) events a second"
            text += ", \(rate(sum.time.seconds)) simulated seconds a second"
        }
        return text + ", at most \(usage.ru_maxrss / 1_024) MiB of memory"
    }

    private func show(_ progress: TrialProgress, of spec: TrialSpec, in count: Int) {
        let phase = progress.phase?.rawValue ?? "setting up"
        let ended =
            spec.variation.process == nil ? "\(progress.finished) of \(progress.expected) workflows ended, " : ""
        Terminal.progress(
            "trial \(spec.number)/\(count) \(name(of: spec.key)): \(phase) \(Int(progress.elapsed.seconds)) s, "
                + "\(ended)\(progress.faults) faults")
    }

    private func isExpected(_ trial: TrialRecord) -> Bool {
        let expected = experiment.expectations.first {
            $0.policy == trial.key.policy && ($0.variation ?? trial.key.variation) == trial.key.variation
        }
        return trial.outcome == expected?.verdict ?? .pass
    }

    private func show(_ trial: TrialRecord, of run: String) {
        Terminal.progress("")
        let reason = trial.reason.isEmpty ? "" : ": \(trial.reason)"
        let line = "\(run)/\(trial.number) \(name(of: trial.key)) \(trial.outcome.rawValue)\(reason)"
        Terminal.error(line.oneLine(width: 160))
        guard trial.outcome == .fail else { return }
        let archive = database == ArchiveOptions.databaseDefault ? "" : " --db \(database)"
        Terminal.error("  boreas replay \(run)/\(trial.number)\(archive)")
    }

    private func name(of key: TrialKey) -> String {
        [key.policy, key.variation, "#\(key.index)"].filter { !$0.isEmpty }.joined(separator: " ")
    }

    static var epochMicrosecondsNow: Int64 { Int64(Date().timeIntervalSince1970 * 1e6) }

    /// Short enough to type, and a label value that Kubernetes takes.
    static func makeIdentifier() -> String {
        let digits = String(UInt32.random(in: 0 ... .max), radix: 16)
        return "r" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension Experiment {
    /// Trials in each cell of a run with so many in all.
    func trialsPerCell(of planned: Int) -> Int {
        let cells = variations.reduce(0) { $0 + $1.policies.count }
        return max(0, planned - calmTrials) / max(1, cells)
    }

    /// Trials of a run with so many in each cell.
    func trialsPlanned(perCell trials: Int) -> Int {
        calmTrials + trials * variations.reduce(0) { $0 + $1.policies.count }
    }

    private var calmTrials: Int { references.reduce(0) { $0 + $1.policies.count * Self.referenceTrials } }
}
