import Determinism
package import Faults
package import Kubernetes
package import Resilience

/// One thing that the subject wanted from the API.
package struct OperationRecord: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        case succeeded, failed
        /// The trial ended first.
        case unfinished
    }

    /// `RequestTrace.operation`: unique in its trial.
    package var id: String
    /// The place in the subject that wanted it: `agentPodCreate`, say.
    package var path: String
    package var identity: RequestIdentity
    /// On the trial's clock, as all times of a record.
    package var started: Duration
    package var finished: Duration?
    package var outcome: Outcome

    package init(
        id: String, path: String, identity: RequestIdentity, started: Duration, finished: Duration?, outcome: Outcome
    ) {
        self.id = id
        self.path = path
        self.identity = identity
        self.started = started
        self.finished = finished
        self.outcome = outcome
    }
}

/// One request of an operation, with what was decided after it and the fault that hit it.
package struct AttemptRecord: Hashable, Sendable {
    package var exchange: Exchange
    /// Nil where the attempt needed no decision.
    package var decision: RetryDecision?
    /// Into the trial's injections; nil where no fault hit it.
    package var injection: Int?
    /// Nil where the subject recorded its requests itself.
    package var seen: Seen?

    /// What a proxy saw of a request besides the exchange itself.
    package struct Seen: Hashable, Sendable {
        package var userAgent: String
        package var fieldManager: String
        /// What the server answered, whatever became of the answer; 0 where it was not asked, or gave none.
        package var upstreamStatus: Int
        /// Of a write, whether it changed something; nil where nobody knows.
        package var isChange: Bool?
        /// Of a create, the object's name, where the server gave it one.
        package var objectName: String?

        package init(
            userAgent: String, fieldManager: String, upstreamStatus: Int, isChange: Bool? = nil,
            objectName: String? = nil
        ) {
            self.userAgent = userAgent
            self.fieldManager = fieldManager
            self.upstreamStatus = upstreamStatus
            self.isChange = isChange
            self.objectName = objectName
        }
    }

    package init(
        exchange: Exchange, decision: RetryDecision? = nil, injection: Int? = nil, seen: Seen? = nil
    ) {
        self.exchange = exchange
        self.decision = decision
        self.injection = injection
        self.seen = seen
    }
}

/// The evidence that an invariant broke.
package struct Violation: Hashable, Sendable {
    package var invariant: Invariant
    /// What it is about: a workflow, an operation.
    package var subject: String
    package var at: Duration?
    package var evidence: String

    package init(_ invariant: Invariant, _ subject: String, at: Duration?, evidence: String) {
        self.invariant = invariant
        self.subject = subject
        self.at = at
        self.evidence = evidence
    }
}

/// One number of a trial.
package struct Sample: Hashable, Sendable {
    package var metric: Metric
    /// Of which part of what the metric counts; nil for the whole.
    package var breakdown: Breakdown?
    package var subject: String
    package var value: Double
    /// Whether the true value is larger, or infinite, and the value only what was seen of it: a workflow that failed or
    /// never finished.
    package var isCensored: Bool

    package init(
        _ metric: Metric, _ breakdown: Breakdown? = nil, subject: String = "", value: Double, isCensored: Bool = false
    ) {
        self.metric = metric
        self.breakdown = breakdown
        self.subject = subject
        self.value = value
        self.isCensored = isCensored
    }
}

/// What the harness gathered in one trial, before anybody judges it.
package struct TrialEvidence: Hashable, Sendable {
    package var exchanges: [Exchange]
    package var decisions: [RetryDecision]
    package var injections: [Injection]
    package var observations: [Observation]
    /// Of clients that are the subject themselves; their exchanges and decisions are then a part of all, or none.
    package var calls: CallEvidence?
    /// Of a process, which records nothing itself: what the proxy saw of its requests, in place of exchanges and decisions.
    package var proxied: [ProxiedExchange]
    /// When the harness stopped looking.
    package var ended: Duration

    package init(
        exchanges: [Exchange] = [], decisions: [RetryDecision] = [], injections: [Injection] = [],
        observations: [Observation] = [], calls: CallEvidence? = nil,
        proxied: [ProxiedExchange] = [], ended: Duration = .zero
    ) {
        self.exchanges = exchanges
        self.decisions = decisions
        self.injections = injections
        self.observations = observations
        self.calls = calls
        self.proxied = proxied
        self.ended = ended
    }
}

/// All that is kept of a trial.
package struct TrialRecord: Hashable, Sendable {
    /// The trial's place in its run, from 1.
    package var number: Int
    package var key: TrialKey
    package var seed: UInt64
    /// Civil time, microseconds since 1970.
    package var startedEpochMicroseconds: Int64
    package var duration: Duration
    package var operations: [OperationRecord]
    /// By start.
    package var attempts: [AttemptRecord]
    package var injections: [Injection]
    package var observations: [Observation]
    package var violations: [Violation]
    package var samples: [Sample]
    package var outcome: Verdict
    /// Why; empty for a pass.
    package var reason: String
    /// Over what was decided and what became of the workload: equal for equal trials in every world.
    package var digest: String
    /// Over all that is kept of the trial, to the nanosecond: equal for equal trials in the simulated world alone.
    package var historyDigest: String
    /// How many operations, attempts and injections there were, where an archive has counted and not kept them; with them
    /// the observations are missing. Nil where all are here.
    package var unlisted: Counts?

    package struct Counts: Hashable, Sendable {
        package var operations: Int
        package var attempts: Int
        package var injections: Int

        package init(operations: Int, attempts: Int, injections: Int) {
            self.operations = operations
            self.attempts = attempts
            self.injections = injections
        }
    }

    /// Joins and judges what a trial gathered.
    ///
    /// - Parameters:
    ///   - reference: What a trial of a process is judged against, unless it is itself one of the calm trials.
    ///   - missing: Why there is no reference, where there is none.
    package init(
        _ spec: TrialSpec, evidence: TrialEvidence, startedEpochMicroseconds: Int64,
        reference: CalmReference? = nil, missing: String = "not two of them passed"
    ) {
        let joined =
            evidence.proxied.isEmpty
            ? AttemptJoin(evidence, plan: spec.variation.plan)
            : AttemptJoin(proxied: evidence, plan: spec.variation.plan)
        let process = spec.variation.process
        let history = History(
            phases: spec.variation.phases, observations: evidence.observations, operations: joined.operations,
            attempts: joined.attempts, ended: evidence.ended, policy: process == nil ? spec.policy : nil,
            calls: evidence.calls, injections: joined.injections, process: process, reference: reference)
        number = spec.number
        key = spec.key
        seed = spec.seed
        self.startedEpochMicroseconds = startedEpochMicroseconds
        duration = evidence.ended
        operations = joined.operations
        attempts = joined.attempts
        injections = joined.injections
        observations = history.observations
        violations = Invariant.asked(of: spec, history).flatMap { $0.violations(in: history) }
        samples = history.samples + Self.samples(of: violations)
        let isUnreferenced = history.process != nil && !spec.isReference && reference == nil
        let judgement = Judgement(
            history: history, plan: spec.variation.plan, isSwarm: spec.isSwarm, injections: injections,
            violations: violations, missing: isUnreferenced ? missing : nil)
        outcome = judgement.verdict
        reason = judgement.reason
        digest = TrialDigest(injections: injections, history: history).text
        historyDigest = ""
        historyDigest = HistoryDigest(self).text
    }

    /// A record as an archive holds it.
    package init(
        number: Int, key: TrialKey, seed: UInt64, startedEpochMicroseconds: Int64, duration: Duration,
        operations: [OperationRecord], attempts: [AttemptRecord], injections: [Injection],
        observations: [Observation], violations: [Violation], samples: [Sample], outcome: Verdict, reason: String,
        digest: String, historyDigest: String = "", unlisted: Counts? = nil
    ) {
        self.number = number
        self.key = key
        self.seed = seed
        self.startedEpochMicroseconds = startedEpochMicroseconds
        self.duration = duration
        self.operations = operations
        self.attempts = attempts
        self.injections = injections
        self.observations = observations
        self.violations = violations
        self.samples = samples
        self.outcome = outcome
        self.reason = reason
        self.digest = digest
        self.historyDigest = historyDigest
        self.unlisted = unlisted
    }
}

extension TrialRecord {
    /// How often each invariant broke that did.
    private static func samples(of violations: [Violation]) -> [Sample] {
        Dictionary(grouping: violations, by: \.invariant.rawValue).sorted { $0.key < $1.key }.map {
            Sample(.violations, Breakdown(.invariant, $0.key), value: Double($0.value.count))
        }
    }
}

extension Invariant {
    fileprivate static func asked(of spec: TrialSpec, _ history: History) -> [Invariant] {
        if history.calls != nil { return ofClients }
        if history.process == nil { return ofControllers }
        return spec.isReference ? ofReferences : ofProcesses
    }
}

/// A hash over what a trial decided and what became of its workload, equal where nothing that matters differs.
///
/// In this order: of every request that the fault path hit, sorted, the rule, the fault, the verb, group, resource,
/// subresource and name of the request and its ordinal; then of every workflow, sorted by name, its last phase; then,
/// where clients are the subject, every event of theirs. Left out is what differs between equal trials on sockets: times,
/// namespaces (they name the run), and real quota conflicts.
struct TrialDigest {
    let text: String

    init(injections: [Injection], history: History) {
        var hash = StableHash()
        let decisions = injections.filter(\.kind.actsOnRequests).map { injection in
            let identity = injection.identity
            return [
                injection.rule, injection.kind.rawValue, identity.verb.rawValue, identity.group, identity.resource,
                identity.subresource, identity.name, "\(injection.ordinal)",
            ]
        }
        for decision in decisions.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            for part in decision { hash.combine(part) }
        }
        for workflow in history.workflows.values.sorted(by: { $0.name < $1.name }) {
            hash.combine(workflow.name)
            hash.combine(workflow.phase)
        }
        if let calls = history.calls { hash.combine(calls.digest) }
        text = hash.hexadecimal
    }
}
