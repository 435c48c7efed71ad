import ArgumentParser
import Experiments
import Faults
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Recording
import Reporting
import Resilience

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Carries out experiments, and keeps what happened in the archive.",
        discussion: """
            Exits with 0 where all trials passed, 1 where one failed, 2 where one shows nothing. Where the experiment says \
            by expect what its policies are to come to, with 0 where they all did.
            """)

    @Argument(help: ArgumentHelp("Experiment files.", valueName: "experiment"))
    var files: [String]

    @Option(
        help: "Where the trials take place: simulated, embedded or cluster; clients are simulated, others embedded.")
    var world: WorldChoice?

    @Option(help: ArgumentHelp("Run these policies only, separated by commas.", valueName: "a,b"))
    var policy: String?

    @Option(help: "Trials in each cell, instead of the file's number.")
    var trials: Int?

    @Option(help: "Trials at a time, in the simulated world; as many as there are processors without it.")
    var jobs: Int?

    @Option(
        help: """
            What the archive keeps of the trials: all, or some, which is of each cell the first trial and the first \
            \(DetailSelection.failuresKept) that did not pass, and of the others a summary. Without it a simulated run of \
            more than \(DetailSelection.smallRun) trials keeps some.
            """)
    var details: DetailSelection.Rule?

    @Option(help: "The run's seed, instead of the file's.")
    var seed: UInt64?

    @Option(help: "What is under test, a commit or a build say: kept with the run, and named by compare --baseline.")
    var label: String?

    @Flag(help: "Draw for each trial which kinds of faults are on, and how hard; the same for every policy.")
    var swarm = false

    @Flag(help: "Go on with a run of the same experiment that was stopped.")
    var resume = false

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Option(help: BaselineReference.help)
    var baseline: String?

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var archive: ArchiveOptions
    @OptionGroup var output: OutputOptions

    enum WorldChoice: String, ExpressibleByArgument, CaseIterable { case simulated, embedded, cluster }

    func validate() throws {
        if let trials, !(1...1_000_000).contains(trials) {
            throw ValidationError("--trials is 1 to 1000000 (is \(trials))")
        }
        if let jobs {
            guard world == .simulated || world == nil else {
                throw ValidationError("--jobs goes with --world simulated: trials on sockets follow each other")
            }
            guard (1...1_024).contains(jobs) else { throw ValidationError("--jobs is 1 to 1024 (is \(jobs))") }
        }
        // As in a file: readers of JSON that keep numbers as doubles read it whole.
        if let seed, seed >= 1 << 53 { throw ValidationError("--seed has at most 53 bits (is \(seed))") }
        if let label, label.isEmpty || label.count > 200 || label.contains(where: \.isNewline) {
            throw ValidationError("--label is one line of at most 200 characters")
        }
        if let policy, policy.allSatisfy({ $0 == "," || $0.isWhitespace }) {
            throw ValidationError("--policy names no policy; boreas policies lists them")
        }
        switch world {
        case .cluster where cluster.context == nil:
            throw ValidationError("--world cluster needs --context: a cluster is never chosen by default")
        case .simulated where cluster.context != nil || cluster.kubeconfig != nil,
            nil where cluster.context != nil || cluster.kubeconfig != nil,
            .embedded where cluster.context != nil || cluster.kubeconfig != nil:
            throw ValidationError("--context and --kubeconfig go with --world cluster")
        default: break
        }
    }

    func run() async throws {
        let policies = policy?.split(separator: ",").map(String.init)
        let experiments = try files.map { file in
            let experiment = try ExperimentFile.experiment(at: file, policies: policies)
            return swarm ? experiment.asSwarm : experiment
        }
        let worlds = try experiments.map(world(of:))
        let baseline = try await BaselineReference.evidence(
            baseline, for: experiments.map(\.gate), database: archive.database)
        var verdicts: [Verdict] = []
        for (experiment, world) in zip(experiments, worlds) {
            let session = RunSession(
                experiment: experiment, database: archive.database, seed: seed ?? experiment.seed,
                trials: trials ?? experiment.trials, label: label ?? "", details: details, resumes: resume,
                baseline: baseline)
            if dryRun {
                Terminal.result(Self.plan(of: session, in: world))
                continue
            }
            let record = try await interruptible { try await session.run(in: world.place(jobs: jobs, cluster)) }
            try await Results.read(archive) { results in
                let report = try await results.report(on: record.identifier, baseline: baseline)
                Terminal.result(output.format == .json ? report.json.text : report.text(Results.style))
            }
            verdicts.append(record.outcome ?? .inconclusive)
        }
        if dryRun { return }
        try Exit.with(Verdict(all: verdicts))
    }

    /// Where an experiment takes place: where the command line says, or where it can.
    private func world(of experiment: Experiment) throws -> WorldChoice {
        let world = world ?? (experiment.isOfClients ? .simulated : .embedded)
        for variation in experiment.variations {
            guard
                let why = WorldKind(rawValue: world.rawValue).flatMap({
                    ClusterWeather.refusal(of: variation.plan, in: $0)
                })
            else { continue }
            throw CommandFailure(code: .usage, message: "\(experiment.name): \(why)")
        }
        guard world != .simulated else {
            if experiment.isOfProcess {
                throw CommandFailure(
                    code: .usage,
                    message: "\(experiment.name) is of a process, for which time is real; leave --world out")
            }
            try refuse(experiment, \.needsSockets, "which the simulated world does not have; leave --world out")
            return world
        }
        if jobs != nil {
            throw CommandFailure(
                code: .usage,
                message: "--jobs goes with the simulated world, and \(experiment.name) is for the \(world.rawValue) one"
            )
        }
        if experiment.isOfClients {
            throw CommandFailure(
                code: .usage,
                message:
                    "\(experiment.name) is of clients by themselves, and takes place in the simulated world alone; "
                    + "leave --world out")
        }
        try refuse(experiment, \.needsSimulation, "which the simulated world alone can bring about")
        return world
    }

    /// Refuses faults that a world cannot bring about.
    private func refuse(_ experiment: Experiment, _ isBeyond: (Fault.Kind) -> Bool, _ why: String) throws {
        let rules = experiment.variations.flatMap(\.plan.rules)
        guard let rule = rules.first(where: { isBeyond($0.fault.kind) }) else { return }
        throw CommandFailure(
            code: .usage,
            message: "\(experiment.name) has the fault \(rule.name), \(rule.fault.kind.rawValue), \(why)")
    }

    /// What a dry run says instead of a verdict.
    private static func plan(of session: RunSession, in world: WorldChoice) -> String {
        let experiment = session.experiment
        let specs = experiment.trialSpecs(seed: session.seed, trials: session.trials)
        var lines = ["NOT RUN: \(experiment.name), \(specs.count) trials in the \(world.rawValue) world"]
        for reference in experiment.references {
            lines.append("  \(reference.name): \(Experiment.referenceTrials) calm trials for reference")
        }
        for variation in experiment.variations {
            let name = variation.name.isEmpty ? "" : "\(variation.name): "
            lines.append("  \(name)policies \(variation.policies.map(\.name).joined(separator: ", "))")
            for expectation in experiment.expectations
            where expectation.variation == nil || expectation.variation == variation.name {
                lines.append("  \(name)\(expectation.policy) is to come to \(expectation.verdict.rawValue)")
            }
            if experiment.isSwarm { lines.append("  \(name)faults drawn for each trial") }
            for rule in variation.plan.rules where !experiment.isSwarm {
                let phase = rule.during.map { " during \($0.rawValue)" } ?? ""
                lines.append("  \(name)fault \(rule.name): \(rule.fault.kind.rawValue)\(phase)")
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension Run.WorldChoice {
    /// - Parameter jobs: Trials at a time in the simulated world; nil is as many as there are processors.
    func place(jobs: Int?, _ cluster: ClusterOptions) throws -> RunSession.Place {
        switch self {
        case .simulated: return .simulated(jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount)
        case .embedded: return .embedded
        case .cluster: break
        }
        let loader = KubeconfigLoader(
            explicitPath: cluster.kubeconfig, environment: ProcessInfo.processInfo.environment)
        return .cluster(try loader.connection(context: cluster.context))
    }
}

extension Experiment {
    /// The experiment with plans that are drawn; what its own was to lead to can't be expected of those, nor that it is
    /// over as soon.
    var asSwarm: Experiment {
        var swarm = self
        swarm.isSwarm = true
        swarm.expectations = []
        for index in swarm.variations.indices {
            let phases = swarm.variations[index].phases
            swarm.variations[index].phases.calm = max(phases.calm, Self.swarmCalm)
            swarm.variations[index].phases.converge = max(phases.converge, Self.swarmConverge)
        }
        return swarm
    }

    /// Lets the subject begin: nobody promises what is due before that.
    private static let swarmCalm = Duration.seconds(1)
    /// More than it takes to find out that a watch has died silently, and then to wait for the queue.
    private static let swarmConverge = Duration.seconds(60)
}

extension DetailSelection.Rule: ExpressibleByArgument {}

/// Turns verdicts into exit codes.
enum Exit {
    static func with(_ verdict: Verdict) throws {
        if verdict != .pass { throw ExitCode(verdict.exitCode) }
    }
}
