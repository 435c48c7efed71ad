package import Kubernetes
package import Resilience

/// Told of what a controller decides and achieves; called from any task, and expected to return at once.
package struct ControllerObserver: Sendable {
    /// What was decided about a failed attempt.
    package var onDecision: @Sendable (RetryDecision) -> Void
    /// An operation is over.
    package var onOperation: @Sendable (OperationReport) -> Void
    /// A workflow's own retryStrategy gives a node another try.
    package var onWorkflowRetry: @Sendable (WorkflowRetry) -> Void
    /// A rate limit of the policy held an attempt back for a while, over and above the wait that was decided.
    package var onHeldBack: @Sendable (CallPath, Duration) -> Void

    package init(
        onDecision: @escaping @Sendable (RetryDecision) -> Void = { _ in },
        onOperation: @escaping @Sendable (OperationReport) -> Void = { _ in },
        onWorkflowRetry: @escaping @Sendable (WorkflowRetry) -> Void = { _ in },
        onHeldBack: @escaping @Sendable (CallPath, Duration) -> Void = { _, _ in }
    ) {
        self.onDecision = onDecision
        self.onOperation = onOperation
        self.onWorkflowRetry = onWorkflowRetry
        self.onHeldBack = onHeldBack
    }

    /// Tells both.
    package func joined(with other: ControllerObserver) -> ControllerObserver {
        ControllerObserver(
            onDecision: { decision in
                onDecision(decision)
                other.onDecision(decision)
            },
            onOperation: { report in
                onOperation(report)
                other.onOperation(report)
            },
            onWorkflowRetry: { retry in
                onWorkflowRetry(retry)
                other.onWorkflowRetry(retry)
            },
            onHeldBack: { path, wait in
                onHeldBack(path, wait)
                other.onHeldBack(path, wait)
            })
    }
}

/// One thing that a subject wanted from the API, and what became of it.
package struct OperationReport: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case succeeded
        /// The last failure, as the policy classified it; the operation is not taken up again.
        case failed(Retryability)
        /// The subject ended, or no longer wanted it, while it was unfinished.
        case abandoned
    }

    /// ``RequestTrace/operation`` of its requests.
    package var operation: String
    package var path: CallPath
    /// The request that the operation is about; it may have sent others on the way.
    package var identity: RequestIdentity
    /// On the trial's clock, the first request.
    package var started: Duration
    /// On the trial's clock.
    package var finished: Duration
    /// Requests sent, those that a transport added included.
    package var attempts: Int
    package var outcome: Outcome
    /// The words of the last failure; empty on success.
    package var message: String

    package init(
        operation: String, path: CallPath, identity: RequestIdentity, started: Duration, finished: Duration,
        attempts: Int, outcome: Outcome, message: String = ""
    ) {
        self.operation = operation
        self.path = path
        self.identity = identity
        self.started = started
        self.finished = finished
        self.attempts = attempts
        self.outcome = outcome
        self.message = message
    }
}
