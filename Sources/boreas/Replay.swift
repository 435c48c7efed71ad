import ArgumentParser
import Determinism
import Experiments
import Faults
import Harness
import Kubernetes
import Recording
import Reporting
import Resilience

struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Carries out a trial of the archive again, and shows its timeline.",
        discussion: """
            In the simulated world it goes the same way again, to the nanosecond; where it does not, boreas says so and \
            exits with 70. On sockets, time is real and it may go another way.

            With --shrink the trial is cut down to the fewest faults and the smallest workload that still break the \
            invariant that it broke first, and comes out as an experiment file.
            """)

    @Argument(help: ArgumentHelp("The trial, as RUN/NUMBER.", valueName: "run/trial"))
    var reference: String

    @Flag(help: "Print the smallest experiment that still fails in the same way.")
    var shrink = false

    @Option(help: ArgumentHelp("Where --shrink writes the experiment; else it goes to stdout.", valueName: "file"))
    var out: String?

    @Option(help: "Trials that --shrink may carry out.")
    var executions = 500

    @Flag(help: "Show operations that succeeded at once, too.")
    var all = false

    @Option(help: "Where the trial takes place; the run's own world without it.")
    var world: Run.WorldChoice?

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if out != nil, !shrink { throw ValidationError("--out goes with --shrink") }
        if all, shrink { throw ValidationError("--all goes with the timeline, and --shrink shows none") }
        guard (1...1_000_000).contains(executions) else {
            throw ValidationError("--executions is 1 to 1000000 (is \(executions))")
        }
        if world != .cluster, cluster.context != nil || cluster.kubeconfig != nil {
            throw ValidationError("--context and --kubeconfig go with --world cluster")
        }
    }

    func run() async throws {
        let original = try await archived()
        let place = try place(for: original.run)
        if shrink, original.trial.violations.isEmpty {
            throw CommandFailure(
                code: .usage,
                message: "trial \(original.name) broke no invariant (\(original.trial.outcome.rawValue)), "
                    + "so there is nothing to cut down")
        }
        if shrink, original.spec.variation.clients != nil {
            throw CommandFailure(
                code: .usage, message: "clients are the subject of trial \(original.name); --shrink needs a controller")
        }
        try await interruptible {
            try await TrialExecution.with(place) { execute in
                let again = try await execute(original.spec)
                if shrink {
                    try await cutDown(original, again, in: place.kind, execute)
                } else {
                    try show(original, again, in: place.kind)
                }
            }
        }
    }

    // MARK: The trial

    /// A trial as the archive has it, and what it was to be.
    private struct Original: Sendable {
        var run: RunRecord
        var trial: TrialRecord
        var spec: TrialSpec

        var name: String { "\(run.identifier)/\(trial.number)" }
    }

    private func archived() async throws -> Original {
        guard let reference = RunReference(parsing: reference), let number = reference.trial else {
            throw CommandFailure(
                code: .usage,
                message: "\(reference) is no trial; give RUN/NUMBER, as latest/1: boreas show lists those of a run")
        }
        let (run, trial) = try await RunArchive.withReading(at: archive.database) { archive in
            let run = try await archive.run(reference.run)
            return (run, try await archive.trial(number, of: run.identifier))
        }
        guard let spec = run.experiment.spec(of: trial, seed: run.seed) else {
            throw CommandFailure(
                code: .internalError,
                message: "trial \(run.identifier)/\(number) is not what its experiment comes to now "
                    + "(recorded by boreas \(run.boreasVersion), this is \(Boreas.version))")
        }
        return Original(run: run, trial: trial, spec: spec)
    }

    private func place(for run: RunRecord) throws -> RunSession.Place {
        guard let choice = world ?? Run.WorldChoice(rawValue: run.world) else {
            throw CommandFailure(
                code: .usage, message: "this boreas knows no world \(run.world); choose one by --world")
        }
        guard choice != .cluster || cluster.context != nil else {
            throw CommandFailure(
                code: .usage,
                message:
                    "the run took place on a cluster; name it by --world cluster --context, or choose another world"
            )
        }
        return try choice.place(jobs: 1, cluster)
    }

    // MARK: What comes of it

    private func show(_ original: Original, _ again: TrialRecord, in world: WorldKind) throws {
        let timeline = TrialTimeline(original.run, again.inMicroseconds)
        let isSame = original.trial.isSame(as: again, in: world)
        if output.format == .json {
            var json = timeline.json.object ?? JSONObject()
            json["replay"] = [
                "world": .string(world.rawValue), "archivedDigest": .string(original.trial.digest),
                "archivedHistoryDigest": .string(original.trial.historyDigest), "isSame": .bool(isSame),
            ]
            Terminal.result(JSONValue.object(json).text)
        } else {
            Terminal.result(timeline.text(Results.style, isComplete: all))
        }
        if isSame { return }
        let words = "trial \(original.name) went another way: digest \(again.digest), archived \(original.trial.digest)"
        guard world == .simulated, original.run.world == world.rawValue else {
            return Terminal.error("boreas: \(words); that may be where time is real, or the worlds differ")
        }
        throw CommandFailure(
            code: .internalError,
            message: "\(words) (history \(again.historyDigest), archived \(original.trial.historyDigest); "
                + "recorded by boreas \(original.run.boreasVersion), this is \(Boreas.version))")
    }

    private func cutDown(
        _ original: Original, _ again: TrialRecord, in world: WorldKind, _ execute: @escaping TrialExecutor
    ) async throws {
        guard let violation = again.violations.first else {
            throw CommandFailure(
                code: .inconclusive,
                message: "trial \(original.name) broke nothing this time, in the \(world.rawValue) world")
        }
        Terminal.error("boreas: \(violation.invariant.rawValue): \(violation.subject) \(violation.evidence)")
        let shrinker = Shrinker(
            executionsMax: executions,
            onProgress: { progress in
                Terminal.progress(
                    "\(progress.executions) executions, \(progress.faults) rules, \(progress.workflows) workflows")
            }, execute: execute)
        let shrinkage = try await shrinker.shrink(original.spec, violating: again)
        Terminal.progress("")
        let regression = Regression(
            of: original.run.experiment, shrinkage, seed: original.run.seed, world: world)
        let path = out ?? "\(regression.experiment.name).yaml"
        if out != nil { try regression.write(to: path) }
        if output.format == .json {
            var json = regression.json(at: path)
            json["schema"] = "boreas.dev/shrinkage/v1"
            json["trial"] = .string(original.name)
            json["text"] = .string(try regression.text(at: path))
            Terminal.result(JSONValue.object(json).text)
        } else if out == nil {
            // The text ends its last line itself.
            Terminal.result(String(try regression.text(at: path).dropLast()))
        }
        Terminal.error("boreas: \(regression.summary)\(out.map { "; written to \($0)" } ?? "")")
    }
}

extension Experiment {
    /// The specification by which a run came to a trial; nil where it comes to another one now.
    func spec(of trial: TrialRecord, seed: UInt64) -> TrialSpec? {
        let cells = variations.reduce(0) { $0 + $1.policies.count }
        guard cells > 0, trial.number >= 1 else { return nil }
        let specs = trialSpecs(seed: seed, trials: (trial.number - 1) / cells + 1)
        guard specs.indices.contains(trial.number - 1) else { return nil }
        let spec = specs[trial.number - 1]
        return spec.key == trial.key && spec.seed == trial.seed ? spec : nil
    }
}

extension TrialRecord {
    /// Whether two records tell of one course of things, as far as it repeats itself in a world.
    func isSame(as other: TrialRecord, in world: WorldKind) -> Bool {
        guard world == .simulated, !historyDigest.isEmpty else { return digest == other.digest }
        return digest == other.digest && historyDigest == other.historyDigest
    }
}

extension TrialRecord {
    /// The record with its times as an archive holds them, so that what is shown of both is the same.
    var inMicroseconds: TrialRecord {
        func whole(_ time: Duration) -> Duration { .microseconds(time.microseconds) }
        var record = self
        record.duration = whole(duration)
        for index in record.operations.indices {
            record.operations[index].started = whole(record.operations[index].started)
            record.operations[index].finished = record.operations[index].finished.map(whole)
        }
        for index in record.attempts.indices {
            record.attempts[index].exchange.started = whole(record.attempts[index].exchange.started)
            record.attempts[index].exchange.duration = whole(record.attempts[index].exchange.duration)
            if let decision = record.attempts[index].decision {
                record.attempts[index].decision?.wait = whole(decision.wait)
            }
        }
        for index in record.injections.indices { record.injections[index].at = whole(record.injections[index].at) }
        for index in record.observations.indices {
            record.observations[index].at = whole(record.observations[index].at)
        }
        for index in record.violations.indices { record.violations[index].at = record.violations[index].at.map(whole) }
        return record
    }
}
