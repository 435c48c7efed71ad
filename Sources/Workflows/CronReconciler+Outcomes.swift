package import Kubernetes
package import Resilience

extension CronReconciler {
    /// What became of a submission.
    package enum Outcome: Hashable, Sendable {
        /// The run was created; or it was there already, of an earlier try whose answer was lost.
        case submitted(Workflow)
        /// Something of the run's name was there already, and the policy does not look what (Argo).
        case taken
        /// - Parameter message: The condition's: "Failed to submit Workflow: …".
        case failed(Policy.Disposition, message: String)
    }

    /// Writes what became of a submission into status and memory.
    package static func apply(
        _ outcome: Outcome, of run: Run, to cron: inout CronWorkflow, _ memory: inout Memory, settings: Settings
    ) {
        switch outcome {
        case .submitted(let workflow):
            memory.pending.removeAll { $0.tick == run.tick }
            memory.submissionError = nil
            note(workflow, tick: run.tick, in: &cron, &memory)
            cron.phase = .active
            cron[.submissionError] = nil
        case .taken: memory.pending.removeAll { $0.tick == run.tick }
        case .failed(.requeue, let message) where settings.keepsTicks:
            memory.submissionError = message
            cron[.submissionError] = message
            for index in memory.pending.indices where memory.pending[index].tick == run.tick {
                memory.pending[index].failure = message
            }
        case .failed(_, let message): giveUp(run.tick, message, in: &cron, &memory, settings: settings)
        }
    }

    /// A run is there.
    static func note(_ workflow: Workflow, tick: Timestamp, in cron: inout CronWorkflow, _ memory: inout Memory) {
        if !cron.active.contains(where: { $0.uid == workflow.metadata.uid }) {
            cron.active.append(ObjectReference(to: workflow))
        }
        cron.lastScheduledTime = max(tick, cron.lastScheduledTime ?? tick)
        memory.lastRun = max(tick, memory.lastRun ?? tick)
    }

    /// A tick gets no run.
    static func giveUp(
        _ tick: Timestamp, _ message: String, in cron: inout CronWorkflow, _ memory: inout Memory, settings: Settings
    ) {
        memory.pending.removeAll { $0.tick == tick }
        memory.submissionError = message
        // Argo takes it up again as a missed one, where a deadline lets it.
        if settings.keepsTicks { memory.lastGivenUp = max(tick, memory.lastGivenUp ?? tick) }
        cron[.submissionError] = message
        if settings.countsFailedSubmissions { cron.failed += 1 }
    }
}
