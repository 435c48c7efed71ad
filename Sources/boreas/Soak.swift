import ArgumentParser
import Determinism
import Experiments
import Foundation
import Harness
import Kubernetes
import Reporting
import Resilience
import Synchronization

struct Soak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hunts for violations under fresh seeds, and keeps what it finds as experiments.",
        discussion: """
            For each trial it is drawn which kinds of faults are on and how hard, as in boreas run --swarm. A trial that \
            breaks an invariant is cut down to its cause and written into the folder, as an experiment that is expected \
            to fail; when the bug is mended, its expect becomes pass, and it guards against the bug's return.

            Exits with 0 where nothing was found, 1 where something was, 130 where it was interrupted, and with 70 where \
            trials could not be carried out.
            """)

    @Argument(
        help: ArgumentHelp(
            "Experiment files, for their workloads; those of the folder experiments without any.",
            valueName: "experiment"))
    var files: [String] = []

    @Option(
        name: .customLong("for"), help: ArgumentHelp("How long, as 90s, 10m or 8h.", valueName: "span"),
        transform: { text in
            guard let span = Duration(text: text), span > .zero else {
                throw ValidationError("--for is a span such as 90s, 10m or 8h (is \(text))")
            }
            return span
        })
    var span = Duration.seconds(600)

    @Option(help: "Trials at a time, in the simulated world; as many as there are processors without it.")
    var jobs: Int?

    @Option(help: ArgumentHelp("The policies that are hunted, separated by commas.", valueName: "a,b"))
    var policy = "boreas"

    @Option(help: "The seed that all others follow from; a fresh one without it.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("The folder that findings are written to.", valueName: "folder"))
    var out = "experiments/regressions"

    @Option(help: "Trials that may be carried out to cut one finding down.")
    var executions = 500

    @Option(help: "Where the trials take place: simulated, embedded or cluster.")
    var world = Run.WorldChoice.simulated

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let jobs {
            guard world == .simulated else {
                throw ValidationError("--jobs goes with --world simulated: trials on sockets follow each other")
            }
            guard (1...1_024).contains(jobs) else { throw ValidationError("--jobs is 1 to 1024 (is \(jobs))") }
        }
        if let seed, seed >= 1 << 53 { throw ValidationError("--seed has at most 53 bits (is \(seed))") }
        guard (1...1_000_000).contains(executions) else {
            throw ValidationError("--executions is 1 to 1000000 (is \(executions))")
        }
        if policy.allSatisfy({ $0 == "," || $0.isWhitespace }) {
            throw ValidationError("--policy names no policy; boreas policies lists them")
        }
        if world == .cluster, cluster.context == nil {
            throw ValidationError("--world cluster needs --context: a cluster is never chosen by default")
        }
        if world != .cluster, cluster.context != nil || cluster.kubeconfig != nil {
            throw ValidationError("--context and --kubeconfig go with --world cluster")
        }
    }

    func run() async throws {
        let policies = policy.split(separator: ",").map(String.init)
        // Studies of clients have no controller that could be hunted.
        let experiments = try chosenFiles().map { try ExperimentFile.experiment(at: $0, policies: policies).asSwarm }
            .filter { !$0.isOfClients }
        guard !experiments.isEmpty else {
            throw CommandFailure(
                code: .usage, message: "clients are the subject of all of these; a hunt needs a controller")
        }
        let place = try world.place(jobs: jobs, cluster)
        let seed = seed ?? UInt64.random(in: 0..<1 << 53)
        let hunt = Hunt(experiments, seed: seed, world: place.kind, executionsMax: executions)
        let clock = ContinuousClock()
        let start = clock.now
        let isOver: @Sendable () -> Bool = { clock.now - start >= span }
        var isInterrupted = false
        do {
            try await interruptible {
                Terminal.error("boreas: soak, seed \(seed), \(place.kind.rawValue) world, \(span.text)")
                return try await TrialExecution.with(place) { execute in
                    try await hunt.run(
                        jobs: place.jobs, isOver: isOver, keep: { try keep($0, seed: $1) }, onTrial: Self.show,
                        execute: execute)
                }
            }
        } catch is CancellationError {
            isInterrupted = true
        }
        Terminal.progress("")
        let took = clock.now - start
        let report = hunt.report
        Terminal.result(output.format == .json ? json(report, seed: seed, took).text : text(report, seed: seed, took))
        if isInterrupted { throw ExitCode.interrupted }
        if !report.findings.isEmpty { throw ExitCode.failed }
        if !report.failures.isEmpty { throw ExitCode.internalError }
    }

    private func chosenFiles() throws -> [String] {
        guard files.isEmpty else { return files }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "experiments")) ?? []
        let found = names.filter { $0.hasSuffix(".yaml") }.sorted().map { "experiments/\($0)" }
        guard !found.isEmpty else {
            throw CommandFailure(code: .usage, message: "there is no experiment in the folder experiments; name some")
        }
        return found
    }

    /// Two findings under one name, from variations of one experiment, are told apart by a number.
    private func keep(_ regression: Regression, seed: UInt64) throws -> String {
        let base = "\(out)/\(regression.experiment.name)-\(seed)"
        let path = try Self.written.withLock { written in
            let candidates = ["\(base).yaml"] + (2...1_000).lazy.map { "\(base)-\($0).yaml" }
            guard let free = candidates.first(where: { !written.contains($0) }) else {
                throw CommandFailure(code: .internalError, message: "there are too many findings named \(base)")
            }
            written.insert(free)
            return free
        }
        try regression.write(to: path)
        Terminal.progress("")
        let violation = regression.shrinkage.violation
        Terminal.error(
            "\(path): \(regression.shrinkage.spec.policy.name) breaks \(regression.shrinkage.invariant.rawValue): "
                + "\(violation.subject) \(violation.evidence)")
        Terminal.error("  \(regression.summary)")
        Terminal.error("  boreas run \(path) --world \(regression.world.rawValue)")
        return path
    }

    /// The files of this process's hunt.
    private static let written = Mutex<Set<String>>([])

    private static func show(_ report: Hunt.Report) {
        Terminal.progress(
            "\(report.trials) trials, \(report.violations) violations, \(report.findings.count) findings")
    }

    // MARK: The result

    private func text(_ report: Hunt.Report, seed: UInt64, _ took: Duration) -> String {
        let seconds = Int(took.seconds.rounded())
        var lines = [
            "soak  seed \(seed)  \(world.rawValue)  \(seconds) s  trials \(report.trials)  "
                + "violations \(report.violations)  findings \(report.findings.count)"
        ]
        for finding in report.findings {
            let regression = finding.regression
            lines.append(
                "  \(finding.path)  \(regression.shrinkage.invariant.rawValue)  \(regression.size)  "
                    + "seen \(finding.count == 1 ? "once" : "\(finding.count) times")")
        }
        lines += report.failures.map { "  not carried out: \($0)".oneLine(width: 200) }
        return lines.joined(separator: "\n")
    }

    private func json(_ report: Hunt.Report, seed: UInt64, _ took: Duration) -> JSONValue {
        let findings = report.findings.map { finding -> JSONValue in
            var json = finding.regression.json(at: finding.path)
            json["count"] = .integer(Int64(finding.count))
            return .object(json)
        }
        return [
            "schema": "boreas.dev/soak/v1", "seed": .integer(Int64(seed)), "world": .string(world.rawValue),
            "tookMicroseconds": .integer(took.microseconds), "trials": .integer(Int64(report.trials)),
            "violations": .integer(Int64(report.violations)), "findings": .array(findings),
            "failures": .array(report.failures.map { .string($0) }),
        ]
    }
}
