import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Synchronization

/// Gathers what the witnesses of one trial say: the client, the policy, the fault path, and the harness itself.
final class TrialCollector: Sendable {
    private struct State {
        var evidence = TrialEvidence()
        var witness = TrialWitness()
        /// The last phase seen of each workflow that has not ended.
        var unfinished: [String: Workflow] = [:]
        var finished: Set<String> = []
        var phase: Phase?
        var quotaConflicts = 0
        /// Objects that were seen to change.
        var sightings = 0
        /// Whether the clean-up queue was empty when it was looked at last.
        var isCleanupIdle = false
        /// Of a subject that records nothing itself.
        var writes = WriteLedger()
        var clock: TrialClock?

        /// Whether the subject has not taken up any workflow yet.
        var isIdle: Bool {
            finished.isEmpty && !unfinished.values.contains { $0.phase == .running || $0.phase == .pending }
        }
    }

    private let state = Mutex(State())

    /// The trial's clock, as soon as there is one.
    func use(_ clock: TrialClock) { state.withLock { $0.clock = clock } }

    /// For the place in which the trial runs.
    var siteObserver: SiteObserver {
        SiteObserver(
            onExchange: { self.exchanged($0) },
            onDecision: { decision in self.state.withLock { $0.evidence.decisions.append(decision) } },
            onInjection: { self.injected($0) },
            onCall: { method, path in
                let now = self.state.withLock { $0.clock?.now } ?? .zero
                self.observe(Observation(.httpCallAnswered, "\(method) \(path)", detail: "200", at: now))
            })
    }

    func observe(_ observation: Observation) {
        state.withLock { state in
            if observation.kind == .phaseEntered { state.phase = Phase(rawValue: observation.subject) }
            state.evidence.observations.append(observation)
        }
    }

    private func exchanged(_ exchange: Exchange) {
        // The churner works beside the fault path, so its hits are told by the server's own words.
        let isConflict = exchange.httpStatus == 409 && exchange.message.contains("on resourcequotas ")
        state.withLock { state in
            state.evidence.exchanges.append(exchange)
            if isConflict { state.quotaConflicts += 1 }
        }
    }

    /// What the fault path saw of one request of a subject that records nothing itself.
    func proxied(_ exchange: ProxiedExchange) {
        let isConflict = exchange.httpStatus == 409 && exchange.failureMessage.contains("on resourcequotas ")
        state.withLock { state in
            state.evidence.proxied.append(exchange)
            state.writes.saw(exchange)
            if isConflict { state.quotaConflicts += 1 }
        }
    }

    /// What those requests say of whether the subject is at rest.
    var writes: WriteLedger { state.withLock { $0.writes } }

    /// The subject's process has ended.
    func died() { state.withLock { $0.writes.died() } }

    func injected(_ injection: Injection) { state.withLock { $0.evidence.injections.append(injection) } }

    func decided(_ decision: RetryDecision) { state.withLock { $0.evidence.decisions.append(decision) } }

    func submitted(_ name: String, at time: Duration) { observe(Observation(.workflowSubmitted, name, at: time)) }

    /// How deep the subject's clean-up queue is, and how old its oldest item, as the subject says. A queue that stays empty
    /// is recorded once.
    func sampledCleanup(depth: Int, oldest: Duration, at time: Duration) {
        let isNews = state.withLock { state in
            defer { state.isCleanupIdle = depth == 0 }
            return depth > 0 || !state.isCleanupIdle
        }
        guard isNews else { return }
        observe(
            Observation(.cleanupSampled, "\(depth)", detail: "\(oldest.microseconds / 1_000)", at: time))
    }

    /// The workflow as it stands; its end is recorded once.
    func saw(_ workflow: Workflow, at time: Duration) {
        let name = workflow.metadata.name
        state.withLock { state in
            state.sightings += 1
            state.evidence.observations += state.witness.saw(workflow, at: time)
            guard !state.finished.contains(name) else { return }
            guard workflow.phase.isTerminal else {
                state.unfinished[name] = workflow
                return
            }
            state.unfinished[name] = nil
            state.finished.insert(name)
            state.evidence.observations.append(
                Observation(
                    .workflowFinished, name, detail: workflow.phase.rawValue, message: workflow.message ?? "", at: time)
            )
        }
    }

    /// A workflow that was deleted before its end is nothing to wait for.
    func sawDeletion(of workflow: Workflow, at time: Duration) {
        let name = workflow.metadata.name
        state.withLock { state in
            state.sightings += 1
            state.evidence.observations += state.witness.sawDeletion(of: workflow, at: time)
            guard let last = state.unfinished.removeValue(forKey: name) else { return }
            state.finished.insert(name)
            state.evidence.observations.append(
                Observation(
                    .workflowFinished, name, detail: last.phase.rawValue, message: "deleted", at: time))
        }
    }

    /// Whatever else the harness follows.
    func saw(_ look: (inout TrialWitness) -> [Observation]) {
        state.withLock { state in
            state.sightings += 1
            state.evidence.observations += look(&state.witness)
        }
    }

    /// What the witness makes of all that it has seen.
    func judged<Result>(_ look: (TrialWitness) -> Result) -> Result { state.withLock { look($0.witness) } }

    var finishedCount: Int { state.withLock { $0.finished.count } }

    /// Workflows that were seen, and have not ended.
    var unfinishedCount: Int { state.withLock { $0.unfinished.count } }

    /// What is missing to a steady state: the subject has taken work up, and none of it has failed. That work is done
    /// already is not asked: an Argo controller takes ten seconds to look at a finished pod.
    var steadyStateDoubt: String? {
        state.withLock { state in
            let ended = state.evidence.observations.filter { $0.kind == .workflowFinished }
            if let failed = ended.first(where: { $0.detail != Workflow.Phase.succeeded.rawValue }) {
                return "\(failed.subject) ended in \(failed.detail) before any fault: \(failed.message)"
            }
            return state.isIdle ? "the subject took no workflow up" : nil
        }
    }

    /// Whether the subject has not taken up any workflow yet.
    var isIdle: Bool { state.withLock { $0.isIdle } }

    var faultCount: Int {
        state.withLock { $0.evidence.injections.count + $0.quotaConflicts }
    }

    /// How many changes of objects were seen; it grows with each.
    var sightings: Int { state.withLock { $0.sightings } }

    /// The phase that was entered last.
    var phase: Phase? { state.withLock { $0.phase } }

    /// When a fact of a kind was first seen.
    func first(_ kind: Observation.Kind, _ subject: String? = nil) -> Duration? {
        state.withLock { state in
            state.evidence.observations.first { $0.kind == kind && (subject == nil || $0.subject == subject) }?.at
        }
    }

    /// The harness has looked for the last time; what comes after belongs to the clean-up.
    func end(at time: Duration) {
        state.withLock { state in
            guard state.evidence.ended == .zero else { return }
            state.evidence.ended = time
            state.evidence.observations += state.witness.guardedWork + state.witness.cleanups
        }
    }

    /// All that was gathered, with the workflows that never ended.
    var evidence: TrialEvidence {
        state.withLock { state in
            var evidence = state.evidence
            let ended = evidence.ended
            evidence.observations.removeAll { $0.at > ended }
            evidence.proxied.removeAll { $0.started > ended }
            for (name, workflow) in state.unfinished.sorted(by: { $0.key < $1.key }) {
                evidence.observations.append(
                    Observation(
                        .workflowUnfinished, name, detail: workflow.phase.rawValue, message: workflow.message ?? "",
                        at: ended))
            }
            return evidence
        }
    }
}
