package import Experiments

/// One run, without its trials.
package struct RunRecord: Hashable, Sendable {
    /// Unique among all archives; what `boreas show` takes.
    package var identifier: String
    package var experiment: Experiment
    /// `embedded`, `cluster` or `simulated`.
    package var world: String
    package var serverVersion: String
    package var boreasVersion: String
    /// The seed that the run was started with.
    package var seed: UInt64
    /// In all cells together.
    package var trialsPlanned: Int
    /// Civil time, microseconds since 1970.
    package var startedEpochMicroseconds: Int64
    /// Nil while the run goes on, or for one that was stopped.
    package var finishedEpochMicroseconds: Int64?
    /// Nil as long as the run has not finished.
    package var outcome: Verdict?

    package init(
        identifier: String, experiment: Experiment, world: String, serverVersion: String, boreasVersion: String,
        seed: UInt64, trialsPlanned: Int, startedEpochMicroseconds: Int64, finishedEpochMicroseconds: Int64? = nil,
        outcome: Verdict? = nil
    ) {
        self.identifier = identifier
        self.experiment = experiment
        self.world = world
        self.serverVersion = serverVersion
        self.boreasVersion = boreasVersion
        self.seed = seed
        self.trialsPlanned = trialsPlanned
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.finishedEpochMicroseconds = finishedEpochMicroseconds
        self.outcome = outcome
    }
}

/// One line of the list of runs. It needs nothing of the stored experiment, so that a run whose experiment this Boreas
/// can't read hides no other.
package struct RunHeading: Hashable, Sendable {
    package var identifier: String
    /// The experiment's name.
    package var experiment: String
    package var world: String
    package var seed: UInt64
    package var trialsPlanned: Int
    package var trialsFinished: Int
    /// Civil time, microseconds since 1970.
    package var startedEpochMicroseconds: Int64
    /// Nil as long as the run has not finished.
    package var outcome: Verdict?

    package init(
        identifier: String, experiment: String, world: String, seed: UInt64, trialsPlanned: Int, trialsFinished: Int,
        startedEpochMicroseconds: Int64, outcome: Verdict?
    ) {
        self.identifier = identifier
        self.experiment = experiment
        self.world = world
        self.seed = seed
        self.trialsPlanned = trialsPlanned
        self.trialsFinished = trialsFinished
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.outcome = outcome
    }
}

/// One trial's counts, for tables and gates.
package struct TrialTally: Hashable, Sendable {
    package var number: Int
    package var key: TrialKey
    package var seed: UInt64
    package var startedEpochMicroseconds: Int64
    package var duration: Duration
    package var outcome: Verdict
    package var reason: String
    package var digest: String
    package var historyDigest: String
    package var operations: Int
    package var attempts: Int
    package var faults: Int
    package var violations: Int
    /// ``Metric/workflowCompletion`` of each workflow.
    package var completions: [Sample]
    /// The trial's other samples: of what it has of cron, locks and clean-up.
    package var otherSamples: [Sample]

    package init(
        number: Int, key: TrialKey, seed: UInt64, startedEpochMicroseconds: Int64, duration: Duration,
        outcome: Verdict, reason: String, digest: String, historyDigest: String = "", operations: Int, attempts: Int,
        faults: Int,
        violations: Int, completions: [Sample], otherSamples: [Sample] = []
    ) {
        self.number = number
        self.key = key
        self.seed = seed
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.duration = duration
        self.outcome = outcome
        self.reason = reason
        self.digest = digest
        self.historyDigest = historyDigest
        func counted(_ metric: Metric, _ listed: Int) -> Int {
            // Of clients that are the subject themselves, requests are counted and not listed.
            otherSamples.first { $0.metric == metric }.map { Int($0.value) } ?? listed
        }
        self.operations = counted(.operations, operations)
        self.attempts = counted(.attempts, attempts)
        self.faults = counted(.faults, faults)
        self.violations = violations
        self.completions = completions
        self.otherSamples = otherSamples
    }

    /// The counts of a trial that is at hand.
    package init(_ trial: TrialRecord) {
        self.init(
            number: trial.number, key: trial.key, seed: trial.seed,
            startedEpochMicroseconds: trial.startedEpochMicroseconds, duration: trial.duration,
            outcome: trial.outcome, reason: trial.reason, digest: trial.digest, historyDigest: trial.historyDigest,
            operations: trial.unlisted?.operations ?? trial.operations.count,
            attempts: trial.unlisted?.attempts ?? trial.attempts.count,
            faults: trial.unlisted?.injections ?? trial.injections.count, violations: trial.violations.count,
            completions: trial.samples.filter { $0.metric == .workflowCompletion },
            otherSamples: trial.samples.filter { $0.metric != .workflowCompletion })
    }

    /// The samples of one metric.
    package func samples(_ metric: Metric) -> [Sample] {
        metric == .workflowCompletion ? completions : otherSamples.filter { $0.metric == metric }
    }

    package var workflows: Int { completions.count }

    package var workflowsSucceeded: Int { completions.count { !$0.isCensored } }

    /// Whether clients were the subject, and no controller.
    package var isOfClients: Bool { clientOperationsSucceeded != nil }

    /// What the subject was to bring about: workflows, and where it consists of clients, operations.
    package var units: Int { clientOperationsSucceeded == nil ? workflows : operations }

    package var unitsSucceeded: Int { clientOperationsSucceeded ?? workflowsSucceeded }

    private var clientOperationsSucceeded: Int? { samples(.operationsSucceeded).first.map { Int($0.value) } }
}

/// What `show` and its like are asked for: `latest`, `3f9c`, `latest/7`.
package struct RunReference: Hashable, Sendable {
    /// A run's identifier, the beginning of one, or `latest`.
    package var run: String
    /// A trial's number.
    package var trial: Int?

    /// Nil for what is neither `RUN` nor `RUN/NUMBER`.
    package init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else { return nil }
        run = String(first)
        if parts.count == 2 {
            guard let number = Int(parts[1]), number > 0 else { return nil }
            trial = number
        }
    }
}
