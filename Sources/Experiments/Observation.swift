package import Faults

/// One timestamped fact about a trial, as the harness saw it beside the fault path.
package struct Observation: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// `subject` is the phase.
        case phaseEntered
        /// The harness created the workflow `subject`.
        case workflowSubmitted
        /// The workflow `subject` reached a terminal phase (`detail`), with its own message.
        case workflowFinished
        /// The trial's time was up and the workflow `subject` was still in the phase `detail`.
        case workflowUnfinished
        /// The pod `subject` of the workflow `detail` appeared.
        case podAppeared
        /// The pod `subject` reached the phase `detail`.
        case podFinished
        /// The pod `subject` is gone.
        case podGone
        /// At the end of the trial the pod `subject`, the agent of the workflow `detail`, was still there.
        case podRemained
        /// At the end of the trial the task set `subject`, of the workflow `detail`, was still there, uncompleted.
        case taskSetRemained
        /// Calm did not bring a steady state; the message says what was missing.
        case steadyStateMissed
        /// The harness could not read or write what its judgement rests on; `subject` is what.
        case oracleFailed
        /// Anything else worth reading in a timeline.
        case note
    }

    /// On the trial's clock.
    package var at: Duration
    package var kind: Kind
    package var subject: String
    package var detail: String
    package var message: String

    package init(_ kind: Kind, _ subject: String, detail: String = "", message: String = "", at: Duration) {
        self.at = at
        self.kind = kind
        self.subject = subject
        self.detail = detail
        self.message = message
    }

    package static func entered(_ phase: Phase, at: Duration) -> Observation {
        Observation(.phaseEntered, phase.rawValue, at: at)
    }
}
