import Kubernetes
package import Resilience
import Synchronization

/// A retry of a node, as far as it is told from others.
struct WorkflowRetryKey: Hashable, Sendable {
    var workflow: String
    var nodeID: String
}

extension CallRunner {
    /// Reports that a retryStrategy gives a failed node another try, and how long it waits before it: once for each node,
    /// however often the decision is made again from the same status.
    package func retriedByWorkflow(_ retry: WorkflowRetry) {
        let key = WorkflowRetryKey(workflow: retry.workflow, nodeID: retry.nodeID)
        guard workflowRetries.withLock({ $0.insert(key).inserted }) else { return }
        observer.onWorkflowRetry(retry)
        guard let requestID = retry.requestID, !requestID.isEmpty else { return }
        observer.onDecision(
            RetryDecision(requestID: requestID, classification: .transient, layer: .workflow, wait: retry.wait))
    }

    /// The workflow is over, or gone; without `key`, all are.
    func forgetWorkflowRetries(of key: ObjectKey?) {
        workflowRetries.withLock { retries in
            guard let key else { return retries.removeAll() }
            let workflow = "\(key)"
            retries = retries.filter { $0.workflow != workflow }
        }
    }
}
