import ArgumentParser
import Determinism
import Experiments
import Foundation
import Harness
import Kubernetes
import KubernetesClient
import Recording
import Reporting

struct Gate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decides whether a run keeps to its thresholds.",
        discussion: """
            Exits with 0 for pass, 1 for fail, 2 for inconclusive, which is never green. Where the experiment says by \
            expect what its policies are to come to, the verdict is whether they did; --policy or --thresholds judge \
            by conditions alone.

            A condition is VALUE [vs POLICY|baseline] RELATION LIMIT [min N], for example:
              success_rate >= 99% min 150
              p95(workflow.completion) < 30s
              amplification vs argo-v4.1.2 <= +10%
              p95(recovery) vs baseline <= +500ms
              success_rate vs baseline >= -1pt     not worse by more than a point; -1% means the same
              attempts{path=cronCreate} <= 40
              violations == 0
            boreas metrics lists the metrics. A condition passes where its whole one-sided 95 % interval keeps the limit, \
            and fails where the whole of it breaks it. Trials are the sample, not what happens within them.

            A file of thresholds holds apiVersion: boreas.dev/v1alpha1, kind: Thresholds, and spec: {gate: [...]}.

            --until-decided carries out more trials, and looks again whenever their number has doubled; 5 % is spent on \
            all looks together. What must never happen, as violations, passes at the last of them, or once min says that \
            there are enough trials. Decide for it before the verdict of a plain gate is known: that is a look, too.
            """)

    @Argument(help: ArgumentHelp("The runs: latest, identifiers, or labels.", valueName: "run"))
    var references = ["latest"]

    @Option(help: ArgumentHelp("Conditions of kind Thresholds, instead of the experiment's own.", valueName: "file"))
    var thresholds: String?

    @Option(help: BaselineReference.help)
    var baseline: String?

    @Option(help: ArgumentHelp("Judge these policies only, separated by commas.", valueName: "a,b"))
    var policy: String?

    @Flag(help: "Carry out more trials of the run until the gate is decided.")
    var untilDecided = false

    @Option(
        help: ArgumentHelp(
            "With --until-decided, the most trials in each cell; \(Gate.growthDefault) times as many as there are without it.",
            valueName: "n"))
    var maxTrials: Int?

    @Option(name: .customLong("for"), help: ArgumentHelp("With --until-decided, the most time.", valueName: "10m"))
    var time: String?

    @Option(help: "With --until-decided, trials at a time in the simulated world.")
    var jobs: Int?

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var archive: ArchiveOptions

    @Option(name: .customShort("o"), help: "The result's format.")
    var format = Format.text

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, junit, github, markdown }

    static let growthDefault = 16

    func validate() throws {
        if !untilDecided, maxTrials != nil || time != nil || jobs != nil {
            throw ValidationError("--max-trials, --for and --jobs go with --until-decided")
        }
        if let maxTrials, !(1...1_000_000).contains(maxTrials) {
            throw ValidationError("--max-trials is 1 to 1000000 (is \(maxTrials))")
        }
        if let jobs, !(1...1_024).contains(jobs) { throw ValidationError("--jobs is 1 to 1024 (is \(jobs))") }
        if let time, Duration(text: time).map({ $0 <= .zero }) ?? true {
            throw ValidationError("--for is a duration such as 10m (is \(time))")
        }
        if let policy, policy.allSatisfy({ $0 == "," || $0.isWhitespace }) {
            throw ValidationError("--policy names no policy; boreas show lists them")
        }
        if !untilDecided, cluster.context != nil || cluster.kubeconfig != nil {
            throw ValidationError("--context and --kubeconfig go with --until-decided of a run in a cluster")
        }
    }

    func run() async throws {
        let thresholds = try thresholds.map { try ExperimentFile.thresholds(at: $0) }
        let runs = try await runs()
        for run in runs { try thresholds?.check(in: run.experiment) }
        let gates = runs.map { thresholds?.expressions ?? $0.experiment.gate }
        let baseline = try await BaselineReference.evidence(
            baseline, for: gates, of: runs, database: archive.database)
        let questions = try zip(runs, gates).map { run, gate in
            GateQuestion(
                gate: gate, policies: try policy.map { try Self.policies($0, of: run) }, baseline: baseline,
                isByConditions: policy != nil || thresholds != nil)
        }
        if untilDecided {
            for (run, question) in zip(runs, questions) { try await pursue(run, question) }
        }
        var entries: [GateDocument.Entry] = []
        try await Results.read(archive) { results in
            for (run, question) in zip(runs, questions) {
                entries.append(try await question.entry(for: run.identifier, in: results.archive))
            }
        }
        let document = GateDocument(entries)
        Terminal.result(String(text(of: document).dropLast()))
        try Exit.with(document.verdict)
    }

    private func text(of document: GateDocument) -> String {
        switch format {
        case .text: document.text(Results.style)
        case .json: document.json.text + "\n"
        case .junit: document.junit
        case .github: document.github
        case .markdown: document.markdown
        }
    }

    /// Each run once, in the order of the command line.
    private func runs() async throws -> [RunRecord] {
        var runs: [RunRecord] = []
        try await Results.read(archive) { results in
            for reference in references {
                let run = try await results.archive.run(named: reference)
                if !runs.contains(where: { $0.identifier == run.identifier }) { runs.append(run) }
            }
        }
        return runs
    }

    private static func policies(_ list: String, of run: RunRecord) throws -> [String] {
        let names = list.split(separator: ",").map(String.init)
        for name in names where !run.experiment.policyNames.contains(name) {
            let mend = Spelling.mend(name, among: run.experiment.policyNames)
            throw CommandFailure(code: .usage, message: "run \(run.identifier) has no policy \(name)\(mend)")
        }
        return names
    }

    private func pursue(_ run: RunRecord, _ question: GateQuestion) async throws {
        guard !question.gate.isEmpty else {
            throw CommandFailure(
                code: .usage, message: "run \(run.identifier) has no gate to decide; name conditions by --thresholds")
        }
        guard run.boreasVersion == Boreas.version else {
            throw CommandFailure(
                code: .usage,
                message:
                    "run \(run.identifier) is of Boreas \(run.boreasVersion), and trials of \(Boreas.version) are no "
                    + "more of the same; run the experiment anew")
        }
        let pursuit = RunPursuit(
            session: RunSession(
                experiment: run.experiment, database: archive.database, seed: run.seed, trials: run.experiment.trials),
            run: run.identifier, question: question, maxTrials: maxTrials,
            time: time.flatMap { Duration(text: $0) })
        try await interruptible { [place = try place(of: run)] in try await pursuit.carryOn(in: place) }
    }

    /// Where the run took place before.
    private func place(of run: RunRecord) throws -> RunSession.Place {
        guard let world = Run.WorldChoice(rawValue: run.world) else {
            throw CommandFailure(code: .usage, message: "run \(run.identifier) is of an unknown world, \(run.world)")
        }
        if world == .cluster, cluster.context == nil {
            throw CommandFailure(
                code: .usage,
                message:
                    "run \(run.identifier) took place in a cluster, and more of it needs --context: a cluster is never "
                    + "chosen by default")
        }
        if world != .cluster, cluster.context != nil || cluster.kubeconfig != nil {
            throw CommandFailure(
                code: .usage,
                message:
                    "run \(run.identifier) took place in the \(run.world) world; leave --context and --kubeconfig out")
        }
        if jobs != nil, world != .simulated {
            throw CommandFailure(
                code: .usage, message: "--jobs goes with the simulated world, and run \(run.identifier) is \(run.world)"
            )
        }
        return try world.place(jobs: jobs, cluster)
    }
}

/// What a gate is asked about a run.
struct GateQuestion: Sendable {
    var gate: [GateExpression]
    /// Only these; nil is all.
    var policies: [String]?
    var baseline: Evidence?
    /// Whether conditions decide, whatever the experiment expects.
    var isByConditions: Bool

    /// Reads what is needed for the answer, and no more.
    ///
    /// - Parameter look: Instead of the last look at the run.
    func entry(for identifier: String, in archive: RunArchive, look: Look? = nil) async throws -> GateDocument.Entry {
        let run = try await archive.run(identifier)
        let tallies = try await archive.tallies(of: identifier, keys: GateReport.keys(of: gate))
        let looks = if let look { [look] } else { try await archive.looks(of: identifier) }
        let report = GateReport(
            run, tallies, gate: gate, policies: policies, baseline: baseline, looks: looks)
        return GateDocument.Entry(
            run: run, gate: report,
            expectations: isByConditions ? nil : ExpectationReport(run, tallies, gate: report))
    }
}
