import Determinism
package import Kubernetes
package import Logging
import Resilience

/// Deletes finished workflows when their time to live is over.
package final class WorkflowCollector: Sendable {
    /// Finish times are cut to the second, and what the controller knows may be a moment old (Argo's gccontroller waits
    /// as long).
    private static let slack = Duration.seconds(1)

    private let runner: CallRunner
    private let workflows: @Sendable (ObjectKey) -> Workflow?
    private let logger: Logger
    private let queue: WorkQueueRunner<ObjectKey>

    /// - Parameter workflows: Gives a workflow as the controller knows it.
    package init(
        runner: CallRunner, workflows: @escaping @Sendable (ObjectKey) -> Workflow?,
        observer: WorkQueueObserver = WorkQueueObserver(), logger: Logger = Logger(label: "boreas.workflows")
    ) {
        self.runner = runner
        self.workflows = workflows
        self.logger = logger
        queue = WorkQueueRunner(
            name: "time-to-live", workers: runner.policy.workers.timeToLive, backoff: runner.policy.requeue,
            clock: runner.clock, streams: runner.streams, observer: observer)
    }

    /// Workflows to be deleted: in line, being worked on, and waiting for their time.
    package var counts: (ready: Int, processing: Int, waiting: Int) { queue.counts }

    /// Plans the end of a workflow that is over, and has one. To be told of every change.
    package func observed(_ workflow: Workflow) {
        guard let wait = wait(for: workflow) else { return }
        queue.add(workflow.metadata.key, after: wait)
    }

    /// Works until the task is cancelled. To be called once.
    package func run() async throws { try await queue.run { try await self.collect($0) } }

    private func wait(for workflow: Workflow) -> Duration? {
        guard let deadline = TimeToLive.deadline(of: workflow) else { return nil }
        let now = Timestamp(microsecondsSinceEpoch: runner.clock.epochMicrosecondsNow)
        return max(.zero, deadline + Self.slack - now)
    }

    private func collect(_ key: ObjectKey) async throws -> WorkQueueRunner<ObjectKey>.Outcome {
        // Gone; or tried again since, and not over any more; or with a later end.
        guard let workflow = workflows(key), let wait = wait(for: workflow) else { return .done(again: nil) }
        guard wait <= .zero else { return .done(again: wait) }
        do {
            try await runner.delete(Workflow.resource, key, uid: workflow.metadata.uid, .workflowDelete)
        } catch let failure as CallFailed {
            logger.debug("workflow not deleted", metadata: ["workflow": "\(key)", "error": "\(failure.error)"])
            guard failure.disposition == .requeue else { return .done(again: nil) }
            return .retry(onWait: { [runner] in runner.requeued([failure], wait: $0) })
        }
        return .done(again: nil)
    }
}
