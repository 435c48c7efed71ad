import Determinism
import Experiments
import Faults
import Kubernetes
import Recording
import Resilience

/// An archive of one large run of a controller, whose trials are drawn instead of carried out: as many rows, words and
/// samples as real trials have.
struct EvidenceArchive: Sendable {
    /// In each of four policies × three outages.
    let trialsPerCell: Int
    /// Whether trials have, beside the samples of the whole, those of its parts.
    var hasBreakdowns = true

    /// What a trial has on average.
    static let attemptsPerTrial = 100
    static let workflowsPerTrial = 10
    static let runIdentifier = "r0evidence"
    static let baseline = "argo-v3.6.0"
    static let candidates = ["argo-v4.1.2", "full-jitter", "boreas"]

    private static let outages = ["50ms", "310ms", "5s"]
    private static let startEpochMicroseconds: Int64 = 1_790_000_000_000_000
    private static let paths = ["agentPodCreate", "workflowUpdate", "taskSetStatus", "informer"]
    private static let resources = ["pods", "workflows", "workflowtasksets", "configmaps", "leases"]
    private static let phases = Experiment.Phases(calm: .seconds(3), storm: .seconds(6), converge: .seconds(40))

    /// For about so many attempts, and one trial a cell at least.
    init(attempts: Int) {
        trialsPerCell = max(1, attempts / Self.attemptsPerTrial / Self.outages.count / (Self.candidates.count + 1))
    }

    init(trialsPerCell: Int, hasBreakdowns: Bool) {
        self.trialsPerCell = trialsPerCell
        self.hasBreakdowns = hasBreakdowns
    }

    /// Writes the run, each trial as a run of Boreas does, in a transaction of its own.
    ///
    /// - Returns: How many trials and attempts it has.
    func write(to path: String) async throws -> (trials: Int, attempts: Int) {
        let experiment = try experiment()
        let specs = experiment.trialSpecs()
        let attempts = try await RunArchive.withWriting(at: path) { archive in
            try await write(specs, of: experiment, to: archive)
        }
        return (specs.count, attempts)
    }

    private func write(_ specs: [TrialSpec], of experiment: Experiment, to archive: RunArchive) async throws -> Int {
        try await archive.begin(
            RunRecord(
                identifier: Self.runIdentifier, experiment: experiment, world: "simulated", serverVersion: "v1.33.0",
                boreasVersion: "bench", seed: experiment.seed, trialsPlanned: specs.count,
                startedEpochMicroseconds: Self.startEpochMicroseconds))
        var attempts = 0
        for spec in specs {
            var draw = TrialDraw(spec, hasBreakdowns: hasBreakdowns)
            let trial = draw.trial()
            attempts += trial.attempts.count
            try await archive.record(trial, in: Self.runIdentifier)
        }
        try await archive.finish(
            run: Self.runIdentifier, outcome: .fail, epochMicroseconds: Self.startEpochMicroseconds + 1)
        return attempts
    }

    private func experiment() throws -> Experiment {
        let names = [Self.baseline] + Self.candidates
        let policies = names.compactMap { name in Policy.presets.first { $0.name == name } }
        let plan = Plan(rules: [Rule(name: "outage", fault: .status(Fault.ForgedStatus(code: 503)))])
        let variations = Self.outages.map { outage in
            Experiment.Variation(
                name: "outage=\(outage)", policies: policies,
                workload: [
                    Experiment.Load(manifest: "{}", count: Self.workflowsPerTrial, every: .milliseconds(500))
                ], phases: Self.phases, plan: plan)
        }
        let gate = [
            "success_rate >= 90% min 100", "p95(workflow.completion) < 30s", "amplification < 2", "violations == 0",
            "success_rate vs \(Self.baseline) >= -1pt", "attempts{path=agentPodCreate} < 100",
        ]
        return Experiment(
            name: "evidence", description: "Drawn, not carried out.", seed: 42, trials: trialsPerCell,
            variations: variations, gate: try gate.map { try GateExpression(parsing: $0, policies: names) })
    }

    /// Draws one trial.
    private struct TrialDraw {
        private let spec: TrialSpec
        private let hasBreakdowns: Bool
        private var random: SplitMix64
        private var operations: [OperationRecord] = []
        private var attempts: [AttemptRecord] = []
        private var injections: [Injection] = []

        init(_ spec: TrialSpec, hasBreakdowns: Bool) {
            self.spec = spec
            self.hasBreakdowns = hasBreakdowns
            random = RandomStreams(seed: spec.seed).stream(spec.policy.name, spec.variation.name)
        }

        mutating func trial() -> TrialRecord {
            for number in 1...85 { addOperation(number) }
            let lost = random.uniform() < lossShare ? 1 : 0
            let completions = (1...workflowsPerTrial).map { number in
                Sample(
                    .workflowCompletion, subject: name(number), value: 0.2 + 2 * random.exponential(),
                    isCensored: number <= lost)
            }
            let violations = (0..<lost).map { index in
                Violation(
                    .noWorkflowFailedByTransientCause, name(index + 1), at: .seconds(5),
                    evidence: "\(name(index + 1)) ended in Error: the server is currently unable to handle the request")
            }
            var hash = StableHash()
            hash.combine(spec.seed)
            hash.combine(UInt64(attempts.count))
            return TrialRecord(
                number: spec.number, key: spec.key, seed: spec.seed,
                startedEpochMicroseconds: startEpochMicroseconds + Int64(spec.number) * 1_000,
                duration: .milliseconds(20_000 + Int64(20_000 * random.uniform())), operations: operations,
                attempts: attempts, injections: injections, observations: observations(), violations: violations,
                samples: completions + wholes() + (hasBreakdowns ? parts() : []),
                outcome: lost == 0 ? .pass : .fail,
                reason: lost == 0 ? "" : "noWorkflowFailedByTransientCause: \(name(1)) ended in Error",
                digest: hash.hexadecimal, historyDigest: hash.hexadecimal)
        }

        /// How many trials lose a workflow: the longer the outage and the simpler the policy, the more.
        private var lossShare: Double {
            let outage = Double((outages.firstIndex { "outage=\($0)" == spec.variation.name } ?? 0) + 1)
            return spec.policy.name == "boreas" ? 0.01 * outage : 0.08 * outage
        }

        private func name(_ number: Int) -> String { "http-agent-1-00\(number < 10 ? "0" : "")\(number)" }

        private mutating func addOperation(_ number: Int) {
            let path = paths[number % paths.count]
            let id = "\(path)/\(name(number % workflowsPerTrial + 1))/\(number)"
            let identity = RequestIdentity(
                verb: number % 3 == 0 ? .create : .update, group: "", resource: resources[number % resources.count],
                namespace: "boreas-trial", name: name(number % workflowsPerTrial + 1))
            var at = Duration.microseconds(Int64(20_000_000 * random.uniform()))
            let start = at
            let failures = random.uniform() < 0.12 ? 1 + Int(random.next() % 2) : 0
            for attempt in 1...failures + 1 {
                let length = Duration.microseconds(1_000 + Int64(9_000 * random.exponential()))
                let wait = Duration.microseconds(Int64(400_000 * random.uniform()))
                let isLast = attempt == failures + 1
                let trace = RequestTrace(operation: id, attempt: attempt, path: path)
                let exchange = Exchange(
                    trace: trace, identity: identity, started: at, duration: length,
                    httpStatus: isLast ? 200 : 503, reason: isLast ? "" : "ServiceUnavailable",
                    message: isLast ? "" : "the server is currently unable to handle the request")
                var record = AttemptRecord(exchange: exchange)
                if !isLast {
                    record.injection = injections.count
                    injections.append(
                        Injection(
                            rule: "outage", kind: .status, identity: identity, ordinal: attempt,
                            requestID: trace.requestID, at: at))
                    record.decision = RetryDecision(
                        requestID: trace.requestID, classification: .transient,
                        layer: attempt == 1 ? .call : .requeue, wait: wait)
                }
                attempts.append(record)
                at += length + (isLast ? .zero : wait)
            }
            operations.append(
                OperationRecord(
                    id: id, path: path, identity: identity, started: start, finished: at, outcome: .succeeded))
        }

        private func observations() -> [Observation] {
            let phases = [
                Observation.entered(.calm, at: .zero), .entered(.storm, at: .seconds(3)),
                .entered(.converge, at: .seconds(9)),
            ]
            return phases
                + (1...workflowsPerTrial).flatMap { number in
                    [
                        Observation(.workflowSubmitted, name(number), at: .milliseconds(500 * number)),
                        Observation(
                            .workflowFinished, name(number), detail: "Succeeded", at: .milliseconds(600 * number)),
                    ]
                }
        }

        /// What a controller's trial has once.
        private mutating func wholes() -> [Sample] {
            let metrics: [Metric] = [
                .operationsSucceeded, .attemptsSucceeded, .retryWait, .workWasted, .conflicts, .quotaPressure,
                .recovery, .drain, .goodputRate, .herd, .cleanupOldest,
            ]
            return metrics.map { Sample($0, value: 10 * random.uniform()) }
                + (1...4).map { Sample(.lockWait, subject: "lock-\($0)", value: random.exponential()) }
        }

        /// Sixty, by kind, path, phase and layer.
        private mutating func parts() -> [Sample] {
            let counts: [Metric] = [.operations, .operationsSucceeded, .attempts, .attemptsSucceeded]
            let kinds = resources.map { Breakdown(.kind, "update \($0)") }
            let places = paths.map { Breakdown(.path, $0) }
            let times = ["calm", "storm", "converge"].map { Breakdown(.phase, $0) }
            let layers = ["first", "call", "requeue"].map { Breakdown(.layer, $0) }
            var samples: [Sample] = []
            for metric in counts {
                for part in kinds + places + times {
                    samples.append(Sample(metric, part, value: Double(random.next() % 40)))
                }
            }
            for part in kinds + places { samples.append(Sample(.retryWait, part, value: random.exponential())) }
            return samples + layers.map { Sample(.attempts, $0, value: Double(random.next() % 40)) }
        }
    }
}
