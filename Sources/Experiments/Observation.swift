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
        /// A node of the workflow `subject` ended in Failed or Error; `detail` is the node's id, and the message its own.
        case nodeFailed
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

        /// The workflow `subject`, or its node, asks by its spec for the lock `detail`; the message is the holder that it
        /// would be.
        case lockAsked
        /// The limit of the semaphore `subject` is `detail` from now on; `detail` is empty where it can't be read.
        case limitChanged
        /// By the status of its workflow, the holder `detail` waits for the lock `subject`.
        case permitAwaited
        /// By the status of its workflow, the holder `detail` has a permit of the lock `subject`.
        case permitHeld
        /// By the status of its workflow, the holder `detail` has its permit of the lock `subject` no more.
        case permitReleased
        /// A pod (the message) that the lock `subject` guards for the holder `detail` began to run.
        case guardedWorkBegan
        /// A pod (the message) that the lock `subject` guards for the holder `detail` ended.
        case guardedWorkEnded
        /// At the end of the trial the record, named by the message, still gave the holder `detail`, whose work is over, a
        /// permit of the lock `subject`.
        case permitRemained

        /// The CronWorkflow `subject` is due at the scheduled time `detail`; the message says what its schedule allows
        /// when that run does not come: nothing, or `may be skipped`.
        case cronTickDue
        /// A run of the CronWorkflow `subject` for the scheduled time `detail` was created; the message is the workflow.
        case cronRunCreated

        /// The pod `subject` of the workflow `detail` has been done with since its work ended: labelled or deleted as its
        /// podGC says; the message is the action.
        case podCleaned
        /// At the end of the trial the pod `subject` of the workflow `detail` had not been done with; the message is what
        /// was due.
        case podUncleaned
        /// The clean-up queue of the subject had `subject` items in line, the oldest of them `detail` milliseconds old.
        case cleanupSampled
        /// A pod `subject` was deleted while the workflow `detail` needed it; the message is its UID, which is not that of
        /// the pod that was to go.
        case newerPodDeleted

        /// The responder answered the call of `subject` (its path) with the status `detail`.
        case httpCallAnswered
        /// The agent of the workflow `subject` was given an answer to its call of `detail` (the URL).
        case httpCallReturned
        /// The result of the HTTP node `detail` of the workflow `subject` stands in its task set.
        case httpResultRecorded
        /// The HTTP node `detail` of the workflow `subject` has a result, and the phase in the message.
        case httpNodeFinished
        /// At the end of the trial the HTTP node `detail` of the workflow `subject` had no result; the message is its phase.
        case httpNodeUnfinished

        /// The subject's controller number `subject` was killed, by the rule `detail`.
        case subjectCrashed
        /// The subject's controller number `subject` was started, for the time that `detail` counts, from 1.
        case subjectStarted
        /// Of several, the subject's controller number `subject` leads from now on, in the life that `detail` counts.
        case subjectLeads
        /// The server's capacity is the factor `subject` of what it was, by the rule `detail`.
        case capacityChanged
        /// Of clients that call a server, in one second: so many attempts (`subject`), so many operations that succeeded
        /// (`detail`); the message has the rest.
        case loadSampled
        /// Everything has ended and nothing is left, so that nothing more is to be written.
        case settled

        /// The object `subject` (its key: `pods/web-1`, `websites.example.com/web`) is there; `detail` is its UID, and the
        /// message the key of the object that controls it, if one does.
        case objectCreated
        /// The object `subject`, of the UID `detail`, has another resourceVersion. The message is empty as long as it counts:
        /// else `being deleted`, or of a pod whose work is over `Succeeded` or `Failed`.
        case objectWritten
        /// The object `subject`, of the UID `detail`, is gone.
        case objectDeleted
        /// At the end of the trial the object `subject` was there; the message is its JSON, without what always differs.
        case endState

        /// The subject's process was started, for the time that `subject` counts, from 1; `detail` is its process id.
        case processStarted
        /// The process of the life `subject` ended, with `exit 1` or `signal 9` (`detail`); the message has the last lines
        /// of its output, or says that there were none. It is empty where the harness ended the process.
        case processExited
        /// In its life `subject`, the process wrote the message to `detail`, `stdout` or `stderr`.
        case processOutput
        /// The process has `subject` bytes of memory in use.
        case memorySampled

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
