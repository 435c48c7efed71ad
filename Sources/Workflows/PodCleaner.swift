package import Kubernetes
package import Logging
import Resilience
import Synchronization

/// Cleans up after pods, with a bounded number of workers.
///
/// How long a worker may be held by one item follows from the policy: ``CleanupBound``. Without a time limit for execs one
/// that never answers holds its worker for ever, as it did in Argo before v3.6.
package final class PodCleaner: Sendable {
    /// Passes of SIGKILL over a pod before it is deleted instead, under a policy that looks at the failures of signals.
    package static let killPasses = 3

    private enum Escalation: Sendable {
        /// The pod is to be deleted, if its containers still run. Can move to `deleting`.
        case hopeless
        /// The deletion was sent, and is sent again until it is known to be done.
        case deleting
    }

    let runner: CallRunner
    let logger: Logger
    private let pods: @Sendable (ObjectKey) -> Pod?
    private let onFailure: @Sendable (PodCleanup.Action, APIError?) -> Void
    private let queue: WorkQueueRunner<PodCleanup>
    /// Kills that no signal will bring about.
    private let escalations = Mutex<[PodCleanup: Escalation]>([:])

    /// - Parameters:
    ///   - runner: Brings the policy, the clock and the streams.
    ///   - pods: Gives a pod as the controller knows it.
    ///   - onFailure: Told of each signal and each write that failed; without an error where the command did.
    package init(
        runner: CallRunner, pods: @escaping @Sendable (ObjectKey) -> Pod?,
        onFailure: @escaping @Sendable (PodCleanup.Action, APIError?) -> Void = { _, _ in },
        observer: WorkQueueObserver = WorkQueueObserver(), logger: Logger = Logger(label: "boreas.workflows")
    ) {
        self.runner = runner
        self.pods = pods
        self.onFailure = onFailure
        self.logger = logger
        let policy = runner.policy
        queue = WorkQueueRunner(
            name: "pod-cleanup", workers: policy.workers.podCleanup, backoff: policy.cleanup.backoff,
            forgetsFailures: policy.cleanup.forgetsFailures, rateLimit: policy.cleanup.rateLimit, clock: runner.clock,
            streams: runner.streams, observer: observer)
    }

    /// Asks for a clean-up. What is asked for a time to come is not held up by the rate limit, as in Argo.
    package func add(_ cleanup: PodCleanup, after wait: Duration = .zero) { queue.add(cleanup, after: wait) }

    /// Clean-ups in line, being worked on, and waiting for their time.
    package var counts: (ready: Int, processing: Int, waiting: Int) { queue.counts }

    /// How long ago the oldest clean-up came due that is not done yet, in line or being worked on; zero where none is.
    package var oldestAge: Duration { queue.oldestAge ?? .zero }

    /// Whether nothing is left to clean up, now or later.
    package var isIdle: Bool {
        let counts = queue.counts
        return counts.ready == 0 && counts.processing == 0 && counts.waiting == 0
    }

    /// Works until the task is cancelled. To be called once.
    package func run() async throws { try await queue.run { try await self.clean($0) } }

    private typealias Outcome = WorkQueueRunner<PodCleanup>.Outcome

    private func clean(_ cleanup: PodCleanup) async throws -> Outcome {
        switch cleanup.action {
        case .terminateContainers: try await terminate(cleanup)
        case .killContainers: try await kill(cleanup)
        case .labelPodCompleted: try await label(cleanup)
        case .deletePod: try await delete(cleanup)
        }
    }

    private func pod(of cleanup: PodCleanup) -> Pod? {
        // Another pod may have the name by now.
        guard let pod = pods(cleanup.pod), cleanup.uid.isEmpty || pod.metadata.uid == cleanup.uid else { return nil }
        return pod
    }

    /// Whether it is the first time that this clean-up is worked on since it was asked for.
    private func isFirstPass(_ cleanup: PodCleanup) -> Bool { queue.failureCount(of: cleanup) == 0 }

    // MARK: Signals

    private func terminate(_ cleanup: PodCleanup) async throws -> Outcome {
        guard let pod = pod(of: cleanup) else { return .done(again: nil) }
        guard pod.phase != .pending else {
            add(PodCleanup(pod: cleanup.pod, uid: cleanup.uid, action: .deletePod))
            return .done(again: nil)
        }
        guard !pod.runningContainers.isEmpty else { return .done(again: nil) }
        // SIGKILL follows whatever becomes of SIGTERM, which is not tried again.
        for setback in try await signal(.terminate, pod) {
            log(setback, cleanup)
            if let failure = setback.failure, failure.disposition == .requeue { runner.giveUp(failure) }
        }
        let grace = Duration.seconds(pod.json["spec", "terminationGracePeriodSeconds"]?.integer ?? 30)
        if grace > .zero || runner.policy.exec.killsWithoutGrace {
            add(PodCleanup(pod: cleanup.pod, uid: cleanup.uid, action: .killContainers), after: grace)
        }
        return .done(again: nil)
    }

    private func kill(_ cleanup: PodCleanup) async throws -> Outcome {
        let escalation = escalations.withLock { $0[cleanup] }
        if escalation == .deleting { return try await delete(cleanup, gracePeriodSeconds: 0) }
        guard let pod = pod(of: cleanup), !pod.runningContainers.isEmpty else {
            runner.abandon(about: cleanup.pod, at: .exec)
            settle(cleanup)
            return .done(again: nil)
        }
        if escalation == .hopeless {
            escalations.withLock { $0[cleanup] = .deleting }
            return try await delete(cleanup, gracePeriodSeconds: 0)
        }
        let setbacks = try await signal(.kill, pod)
        for setback in setbacks { log(setback, cleanup) }
        let isLasting = runner.policy.rule(for: .exec).onTransient == .requeue
        guard isLasting, !setbacks.isEmpty else { return .done(again: nil) }
        let failures = setbacks.compactMap(\.failure).filter { $0.disposition == .requeue }
        let isLast = queue.failureCount(of: cleanup) + 1 >= Self.killPasses
        guard isLast || failures.count < setbacks.count else {
            return .retry(onWait: { [runner] in runner.requeued(failures, wait: $0) })
        }
        // The backoff gives the pod's state time to arrive: the container may have ended after all.
        failures.forEach(runner.giveUp)
        escalations.withLock { $0[cleanup] = .hopeless }
        return .retry(onWait: { _ in })
    }

    private func settle(_ cleanup: PodCleanup) { escalations.withLock { $0[cleanup] = nil } }

    private func log(_ setback: Setback, _ cleanup: PodCleanup) {
        onFailure(cleanup.action, setback.failure?.error)
        logger.debug(
            "signal failed",
            metadata: [
                "cleanup": "\(cleanup)", "container": "\(setback.container)", "error": "\(setback.message)",
            ])
    }

    // MARK: Writes

    private func label(_ cleanup: PodCleanup) async throws -> Outcome {
        if isFirstPass(cleanup) {
            guard let pod = pod(of: cleanup), pod.metadata[label: WorkflowNames.completedLabel] != "true" else {
                return .done(again: nil)
            }
        }
        let labels: JSONObject = ["labels": .object(JSONObject([WorkflowNames.completedLabel: "true"]))]
        let request = APIRequest.patch(Pod.resource, cleanup.pod, ["metadata": .object(labels)])
        return try await write(request, .podLabel, cleanup, handling: [.notFound])
    }

    private func delete(_ cleanup: PodCleanup, gracePeriodSeconds: Int64? = nil) async throws -> Outcome {
        if isFirstPass(cleanup) {
            guard let pod = pod(of: cleanup), pod.metadata.deletionTimestamp == nil else { return .done(again: nil) }
        }
        let options = RequestOptions(
            gracePeriodSeconds: gracePeriodSeconds, propagationPolicy: "Background",
            preconditionUID: cleanup.uid.isEmpty ? nil : cleanup.uid)
        let request = APIRequest.delete(Pod.resource, cleanup.pod, options: options)
        // A conflict says that another pod has its name by now, which is not to be deleted.
        return try await write(request, .podDelete, cleanup, handling: [.notFound, .conflict])
    }

    /// - Parameter handled: Answers that say that there is nothing left to do.
    private func write(
        _ request: APIRequest, _ path: CallPath, _ cleanup: PodCleanup, handling handled: Set<APIError.Code>
    ) async throws -> Outcome {
        do {
            try await runner.perform(path, request.identity) { call in
                do {
                    _ = try await call.send(request, handling: handled)
                } catch let error as APIError where handled.contains(error.code) {
                    return
                }
            }
        } catch let failure as CallFailed {
            onFailure(cleanup.action, failure.error)
            logger.debug("clean-up failed", metadata: ["cleanup": "\(cleanup)", "error": "\(failure.error)"])
            if failure.disposition == .requeue {
                return .retry(onWait: { [runner] in runner.requeued([failure], wait: $0) })
            }
        }
        settle(cleanup)
        return .done(again: nil)
    }
}
