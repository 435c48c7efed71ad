package import Determinism
package import Kubernetes
package import Resilience
import Synchronization

/// Turns what happens in a controller into the numbers of a ``MetricRegistry``.
///
/// Every method may be called from any task, and returns at once.
package final class ControllerMetrics: Sendable {
    /// An operation that is under way, as far as its requests tell.
    struct OpenOperation {
        var path: String
        /// Why its last request failed; nil where it did not.
        var lastReason: String?
    }

    struct State {
        var operations: [String: OpenOperation] = [:]
        /// In the order in which they began, for the oldest to be forgotten.
        var operationOrder: [String] = []
        var queues: [String: QueueState] = [:]
        var locks: [LockKey: LockState] = [:]
    }

    /// Operations that are remembered at a time; those of an informer never end.
    static let operationsMax = 8_192

    package let registry: MetricRegistry
    let clock: TrialClock
    let state = Mutex(State())

    package init(registry: MetricRegistry = MetricRegistry(), clock: TrialClock) {
        self.registry = registry
        self.clock = clock
    }

    /// The numbers in Prometheus's text format, as of now.
    package func exposition() -> String {
        refreshQueues()
        return registry.exposition()
    }

    /// The observer that reports to these metrics; to be joined with others.
    package var observer: ControllerObserver {
        ControllerObserver(
            onDecision: { self.decided($0) }, onOperation: { self.operationEnded($0) },
            onWorkflowRetry: { self.workflowRetried($0) }, onHeldBack: { self.heldBack($0, $1) })
    }

    // MARK: Requests and retries

    /// A request was answered, or ended without an answer.
    package func exchanged(_ exchange: Exchange) {
        let (kind, verb) = Self.argoNames(exchange.identity)
        if exchange.httpStatus > 0 {
            let labels = [kind, verb, String(exchange.httpStatus)]
            registry.add(to: .k8sRequestTotal, labels)
            registry.observe(exchange.duration.seconds, in: .k8sRequestDuration, labels)
        } else {
            registry.add(to: .transportErrorTotal, [kind, verb, Self.orOther(exchange.reason)])
        }
        countRetry(exchange)
        if exchange.identity.verb == .connect {
            execEnded(outcome: exchange.reason.isEmpty ? "succeeded" : exchange.reason, duration: exchange.duration)
        }
    }

    private func countRetry(_ exchange: Exchange) {
        let trace = exchange.trace
        let isFailure = exchange.httpStatus == 0 || exchange.httpStatus >= 400 || exchange.curlCode != 0
        let reason = Self.orOther(
            exchange.reason.isEmpty && exchange.httpStatus > 0 ? String(exchange.httpStatus) : exchange.reason)
        let previous = state.withLock { state -> String? in
            let previous = state.operations[trace.operation]?.lastReason
            state.remember(
                OpenOperation(path: trace.path, lastReason: isFailure ? reason : nil), as: trace.operation)
            return previous
        }
        guard trace.attempt > 1, let previous else { return }
        registry.add(to: .retryAttemptsTotal, [trace.path, previous, isFailure ? "failed" : "succeeded"])
    }

    /// It was decided who waits how long after a failure; a failure that is final waits for nothing.
    package func decided(_ decision: RetryDecision) {
        guard let layer = decision.layer else { return }
        // Operations are named by CallRunner, whose requests end in a full stop and their number.
        let operation = decision.requestID.lastIndex(of: ".").map { String(decision.requestID[..<$0]) } ?? ""
        let path = state.withLock { $0.operations[operation]?.path } ?? CallPath.other.rawValue
        registry.observe(decision.wait.seconds, in: .retryDelaySeconds, [path, layer.rawValue])
    }

    /// A retryStrategy waits; where a request is to blame, ``decided(_:)`` is told of it.
    package func workflowRetried(_ retry: WorkflowRetry) {
        guard retry.requestID ?? "" == "" else { return }
        registry.observe(
            retry.wait.seconds, in: .retryDelaySeconds, [CallPath.other.rawValue, RetryLayer.workflow.rawValue])
    }

    /// A rate limit of the policy held an attempt back.
    package func heldBack(_ path: CallPath, _ wait: Duration) {
        registry.observe(wait.seconds, in: .retryDelaySeconds, [path.rawValue, RetryLayer.call.rawValue])
    }

    /// The client's own rate limit, by QPS and burst, held a request back.
    package func rateLimited(_ wait: Duration) {
        registry.observe(wait.seconds, in: .clientRateLimiterLatency)
    }

    /// An operation is over.
    package func operationEnded(_ report: OperationReport) {
        let outcome =
            switch report.outcome {
            case .succeeded: "succeeded"
            case .failed(let retryability): retryability.rawValue
            case .abandoned: "abandoned"
            }
        registry.add(to: .operationsTotal, [report.path.rawValue, outcome])
        // Its decisions may still be on their way, but not its requests.
        state.withLock { $0.operations[report.operation]?.lastReason = nil }
    }

    /// An exec is over.
    ///
    /// - Parameter outcome: `succeeded` whatever the command's own end, or how the request failed: `timeout`, say.
    package func execEnded(outcome: String, duration: Duration) {
        registry.observe(duration.seconds, in: .execDurationSeconds, [outcome])
    }

    /// Argo's names of a request's kind and verb (`util/k8s/parse.go`).
    static func argoNames(_ identity: RequestIdentity) -> (kind: String, verb: String) {
        let verb =
            switch identity.verb {
            case .get: "Get"
            case .list: "List"
            case .watch: "Watch"
            // An exec is a POST.
            case .create, .connect: "Create"
            case .update: "Update"
            case .patch: "Patch"
            case .delete: "Delete"
            case .deleteCollection: "DeleteCollection"
            }
        let kind = [identity.resource, identity.subresource].filter { !$0.isEmpty }.joined(separator: "/")
        return (kind, verb)
    }

    private static func orOther(_ reason: String) -> String { reason.isEmpty ? "other" : reason }
}

extension ControllerMetrics.State {
    fileprivate mutating func remember(_ operation: ControllerMetrics.OpenOperation, as name: String) {
        if operations.updateValue(operation, forKey: name) == nil { operationOrder.append(name) }
        guard operationOrder.count > ControllerMetrics.operationsMax else { return }
        // Half at a time, so that forgetting costs little for each.
        for name in operationOrder.prefix(ControllerMetrics.operationsMax / 2) { operations[name] = nil }
        operationOrder.removeFirst(ControllerMetrics.operationsMax / 2)
    }
}
