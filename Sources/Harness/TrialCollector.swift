import Experiments
import Faults
import Kubernetes
import Resilience
import Synchronization

/// Gathers what the witnesses of one trial say: the client, the policy, the fault path, and the harness itself.
final class TrialCollector: Sendable {
    private struct State {
        var evidence = TrialEvidence()
        /// The last phase seen of each workflow that has not ended.
        var unfinished: [String: Workflow] = [:]
        var finished: Set<String> = []
    }

    private let state = Mutex(State())

    /// For the place in which the trial runs.
    var siteObserver: SiteObserver {
        SiteObserver(
            onExchange: { exchange in self.state.withLock { $0.evidence.exchanges.append(exchange) } },
            onDecision: { decision in self.state.withLock { $0.evidence.decisions.append(decision) } },
            onInjection: { injection in self.state.withLock { $0.evidence.injections.append(injection) } })
    }

    func observe(_ observation: Observation) { state.withLock { $0.evidence.observations.append(observation) } }

    func decided(_ decision: RetryDecision) { state.withLock { $0.evidence.decisions.append(decision) } }

    func submitted(_ name: String, at time: Duration) { observe(Observation(.workflowSubmitted, name, at: time)) }

    /// The workflow as it stands; its end is recorded once.
    func saw(_ workflow: Workflow, at time: Duration) {
        let name = workflow.metadata.name
        state.withLock { state in
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

    var finishedCount: Int { state.withLock { $0.finished.count } }

    /// What is missing to a steady state: the subject has taken work up, and none of it has failed. That work is done
    /// already is not asked: an Argo controller takes ten seconds to look at a finished pod.
    var steadyStateDoubt: String? {
        state.withLock { state in
            let ended = state.evidence.observations.filter { $0.kind == .workflowFinished }
            if let failed = ended.first(where: { $0.detail != Workflow.Phase.succeeded.rawValue }) {
                return "\(failed.subject) ended in \(failed.detail) before any fault: \(failed.message)"
            }
            let isTakenUp = state.unfinished.values.contains { $0.phase == .running || $0.phase == .pending }
            return ended.isEmpty && !isTakenUp ? "the subject took no workflow up" : nil
        }
    }

    var faultCount: Int {
        state.withLock { state in
            let conflicts = state.evidence.exchanges.count {
                $0.httpStatus == 409 && $0.message.contains("on resourcequotas ")
            }
            return state.evidence.injections.count + conflicts
        }
    }

    /// The phase that was entered last.
    var phase: Phase? {
        state.withLock { state in
            state.evidence.observations.last { $0.kind == .phaseEntered }.flatMap { Phase(rawValue: $0.subject) }
        }
    }

    /// The harness has looked for the last time; what comes after belongs to the clean-up.
    func end(at time: Duration) { state.withLock { $0.evidence.ended = time } }

    /// All that was gathered, with the workflows that never ended.
    var evidence: TrialEvidence {
        state.withLock { state in
            var evidence = state.evidence
            let ended = evidence.ended
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
