import Determinism
package import Faults
import Kubernetes
package import Resilience

/// All that is known of a trial, in the order of time: what invariants are predicates over.
package struct History: Hashable, Sendable {
    package let phases: Experiment.Phases
    package let observations: [Observation]
    package let operations: [OperationRecord]
    package let attempts: [AttemptRecord]
    /// What the fault path and the harness did to the subject and around it.
    package let injections: [Injection]
    /// When the harness stopped looking.
    package let ended: Duration
    /// What became of each workflow, by name.
    package let workflows: [String: WorkflowFate]
    /// What the subject was bound to; nil where nothing is known of it, and nothing to be judged by it.
    package let policy: Policy?
    /// What clients came to that are the subject themselves; nil where a controller is.
    package let calls: CallEvidence?
    /// The program that was the subject; nil where none was.
    package let process: ProcessSubject?
    /// What calm trials of the same workload came to; nil where there are none to judge by.
    package let reference: CalmReference?

    package struct WorkflowFate: Hashable, Sendable {
        package var name: String
        package var submitted: Duration
        package var finished: Duration?
        /// The last one that was seen.
        package var phase: String
        package var message: String

        package var hasSucceeded: Bool { finished != nil && phase == Workflow.Phase.succeeded.rawValue }
    }

    package init(
        phases: Experiment.Phases, observations: [Observation], operations: [OperationRecord] = [],
        attempts: [AttemptRecord] = [], ended: Duration, policy: Policy? = nil,
        calls: CallEvidence? = nil, injections: [Injection] = [], process: ProcessSubject? = nil,
        reference: CalmReference? = nil
    ) {
        self.phases = phases
        self.observations = observations.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        self.operations = operations
        self.attempts = attempts
        self.injections = injections
        self.ended = ended
        self.policy = policy
        self.calls = calls
        self.process = process
        self.reference = reference
        workflows = Self.fates(self.observations)
    }

    private static func fates(_ observations: [Observation]) -> [String: WorkflowFate] {
        var fates: [String: WorkflowFate] = [:]
        for observation in observations {
            let name = observation.subject
            switch observation.kind {
            case .workflowSubmitted:
                // A watch may tell of the end before the create's answer has told of the beginning.
                fates[name, default: WorkflowFate(name: name, submitted: observation.at, phase: "", message: "")]
                    .submitted = observation.at
            case .workflowFinished, .workflowUnfinished:
                var fate =
                    fates[name] ?? WorkflowFate(name: name, submitted: observation.at, phase: "", message: "")
                if observation.kind == .workflowFinished, fate.finished == nil { fate.finished = observation.at }
                fate.phase = observation.detail
                fate.message = observation.message
                fates[name] = fate
            default: break
            }
        }
        return fates
    }

    var sortedWorkflows: [WorkflowFate] { workflows.values.sorted { $0.name < $1.name } }

    package func entered(_ phase: Phase) -> Duration? {
        observations.first { $0.kind == .phaseEntered && $0.subject == phase.rawValue }?.at
    }

    /// The instant by which everything must have finished; nil where the subject was never given a healthy world.
    package var convergeDeadline: Duration? { entered(.converge).map { $0 + phases.converge } }

    func observations(_ kind: Observation.Kind) -> [Observation] { observations.filter { $0.kind == kind } }

    /// Seconds from submission to success; workflows that failed or did not end are censored, never dropped.
    package var completionSamples: [Sample] {
        sortedWorkflows.map { fate in
            Sample(
                .workflowCompletion, subject: fate.name,
                value: max(.zero, (fate.finished ?? ended) - fate.submitted).seconds, isCensored: !fate.hasSucceeded)
        }
    }
}
