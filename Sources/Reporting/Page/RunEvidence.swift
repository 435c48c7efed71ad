import Determinism
package import Experiments
package import Recording
import Statistics

/// What a page tells of one run.
package struct RunEvidence: Sendable {
    package var run: RunRecord
    package var report: RunReport
    /// Nil where there is one policy alone, or nothing to compare.
    package var comparison: ComparisonReport?
    /// What the run is held against as somebody wished; nil leaves it to ``Evidence/usualBaseline(_:)``.
    package var baseline: ComparisonPlan.Baseline?
    /// The variation that the pictures of one variation show: where the policies differ most.
    package var focus: String
    /// The variation whose attempts are drawn: the focus, where the archive keeps any of it.
    package var detailed: String
    /// Of its detailed trials.
    package var loads: [TrialLoad]
    package var loadWidth: Duration
    package var waits: [CallWait]
    /// The detailed trial that teaches most; nil where the archive keeps none.
    package var lesson: TrialRecord?
    /// The invariants that broke, by cell.
    package var broken: [BrokenInvariant]

    /// - Parameters:
    ///   - baseline: What the run is held against: a run or a file by the conditions against `baseline`, too.
    ///   - looks: The looks at the run, where it was carried on until it was decided.
    package init(
        _ run: RunRecord, _ tallies: [TrialTally], comparison: ComparisonReport? = nil,
        baseline: ComparisonPlan.Baseline? = nil, looks: [Look] = []
    ) {
        self.run = run
        self.baseline = baseline
        report = RunReport(run, tallies, baseline: baseline?.evidence, looks: looks)
        self.comparison = comparison
        focus = Self.focus(of: report)
        detailed = focus
        loads = []
        loadWidth = .seconds(1)
        waits = []
        broken = []
    }

    /// One policy keeps one colour on the whole page.
    func colour(_ policy: String) -> Int { run.experiment.policyNames.firstIndex(of: policy) ?? 0 }

    /// Reads a run with what its pictures need: its summaries whole, and of its details a bounded part.
    ///
    /// - Parameters:
    ///   - reference: As ``RunArchive/run(_:)`` takes it.
    ///   - baseline: What the run is compared with, a policy of its own, another run or a file; nil is
    ///     ``Evidence/usualBaseline(_:)``. A run or a file is what conditions against `baseline` are held against, too.
    ///   - isReproducible: Whether nothing may tell the run from one that went the same way.
    /// - Throws: `ArchiveError`; ``ExperimentError`` for a baseline that the run can't be compared with.
    package static func read(
        _ reference: String, from archive: RunArchive, baseline: ComparisonPlan.Baseline? = nil,
        isReproducible: Bool = false
    ) async throws -> RunEvidence {
        let run = try await archive.run(reference)
        let tallies = try await archive.tallies(of: run.identifier, keys: keys(of: run))
        var evidence = RunEvidence(
            run, tallies, baseline: baseline, looks: try await archive.looks(of: run.identifier))
        var own = Evidence(run, tallies)
        if isReproducible { own.source = .run("latest") }
        evidence.comparison = try comparison(of: own, run, baseline: baseline)
        try await evidence.readDetails(from: archive)
        // Of clients, the archive lists the requests of small trials alone.
        if evidence.loads.allSatisfy(\.bins.isEmpty), let busiest = try await archive.busiestDetails(of: run.identifier)
        {
            evidence.detailed = busiest
            try await evidence.readDetails(from: archive)
        }
        if let lesson = try await archive.instructiveTrial(of: run.identifier, attemptsMax: lessonMax) {
            evidence.lesson = try await archive.trial(lesson, of: run.identifier)
        }
        evidence.broken = try await archive.brokenInvariants(of: run.identifier, limit: PageTable.rowsMax)
        return evidence
    }

    /// The samples that a page tells of: the whole of each metric, and the parts that the gate asks for.
    private static func keys(of run: RunRecord) -> Set<SampleKey> {
        // Of metrics with many values a trial, these alone are drawn.
        let drawn: Set<Metric> = [.workflowCompletion, .recovery, .drain]
        let whole = Metric.allCases.filter { $0.kind != .distribution || drawn.contains($0) }.map { SampleKey($0) }
        return Set(whole).union(GateReport.keys(of: run.experiment.gate))
    }

    private mutating func readDetails(from archive: RunArchive) async throws {
        let trials = try await archive.detailedTrials(
            of: run.identifier, variation: detailed, perPolicy: Self.trialsMax, attemptsMax: Self.attemptsMax)
        loadWidth = Self.width(of: trials)
        loads = try await archive.loads(of: run.identifier, trials, width: loadWidth)
        waits = try await archive.callWaits(of: run.identifier, trials, perTrial: Self.waitsMax)
    }

    /// Detailed trials of a policy that are drawn.
    static let trialsMax = 20
    /// So many attempts of a policy are counted, but for those of its first trial.
    private static let attemptsMax = 200_000
    /// Waits that are read of a trial.
    private static let waitsMax = 2_000
    /// A trial that lists more attempts is not told on a page.
    private static let lessonMax = 20_000

    private static func comparison(
        of own: Evidence, _ run: RunRecord, baseline: ComparisonPlan.Baseline?
    ) throws -> ComparisonReport? {
        switch baseline {
        case .policy(let name)?:
            guard own.policies.contains(name) else { throw ComparisonPlan.unknown(name, among: own.policies) }
            return ComparisonReport(try ComparisonPlan([own], by: .policy, baseline: .policy(name)))
        case .variation(let name)?:
            throw ExperimentError(
                file: "--baseline", position: nil, path: "",
                message:
                    "\(name) is a variation, and a report compares policies, or with a run or a file; boreas compare "
                    + "compares variations")
        // Of several runs one may be what the others are held against.
        case .evidence(let other)? where other.source == .run(run.identifier): break
        case .evidence?, .policyOf?:
            return try baseline.map { ComparisonReport(try ComparisonPlan([own], by: .run, baseline: $0)) }
        case nil: break
        }
        guard own.policies.count > 1, let usual = own.usualBaseline(run.experiment.gate) else { return nil }
        return ComparisonReport(try ComparisonPlan([own], by: .policy, baseline: .policy(usual.policy)))
    }

    /// Equal spans, a round number of seconds long, of which a trial has at most two hundred.
    static func width(of trials: [DetailedTrial]) -> Duration {
        let longest = trials.map(\.duration).max() ?? .seconds(1)
        let steps: [Duration] = [
            .milliseconds(10), .milliseconds(20), .milliseconds(50), .milliseconds(100), .milliseconds(200),
            .milliseconds(500), .seconds(1), .seconds(2), .seconds(5), .seconds(10), .seconds(20), .seconds(60),
            .seconds(120), .seconds(300), .seconds(600), .seconds(3600),
        ]
        return steps.first { longest / 200 <= $0 } ?? .seconds(86_400)
    }

    /// Where shares of success differ most, else where most is tried again, else the last.
    private static func focus(of report: RunReport) -> String {
        func spread(_ variation: String) -> (Double, Int) {
            let cells = report.cells.filter { $0.variation == variation && !$0.trials.isEmpty }
            let shares = cells.map(\.success.pooled.value).filter { !$0.isNaN }
            let retries = cells.reduce(0) { $0 + $1.total(\.attempts) - $1.total(\.operations) }
            return ((shares.max() ?? 0) - (shares.min() ?? 0), retries)
        }
        var best: (name: String, spread: (Double, Int))?
        for variation in report.run.experiment.variations.map(\.name) {
            let own = spread(variation)
            if best.map({ own >= $0.spread }) ?? true { best = (variation, own) }
        }
        return best?.name ?? ""
    }
}

extension ComparisonPlan.Baseline {
    /// A whole run or file, which a gate can hold another against.
    var evidence: Evidence? {
        guard case .evidence(let evidence) = self else { return nil }
        return evidence
    }

    /// As `--baseline` takes it.
    var name: String {
        func name(_ evidence: Evidence) -> String {
            switch evidence.source {
            case .run(let identifier): identifier
            case .file(let path): path
            }
        }
        switch self {
        case .policy(let name), .variation(let name): return name
        case .evidence(let evidence): return name(evidence)
        case .policyOf(let evidence, let policy): return "\(name(evidence)):\(policy)"
        }
    }
}
