/// Which layer of a subject caused a wait; where layers retry on top of each other, attempts multiply.
package enum RetryLayer: String, Hashable, Sendable, Codable, CaseIterable {
    /// The HTTP client by itself, as client-go on Retry-After.
    case transport
    /// The call in place.
    case call
    /// The work queue.
    case requeue
    /// The informer's list-and-watch loop.
    case reflector
    /// The workflow's own retryStrategy.
    case workflow
    /// The subject itself, in a layer that nobody outside can tell.
    case subject
}

/// What was decided about a failed attempt.
package struct RetryDecision: Hashable, Sendable {
    /// The attempt that failed: its `RequestTrace.requestID`.
    package var requestID: String
    package var classification: Retryability
    /// Who waits before the next attempt; nil where there is none.
    package var layer: RetryLayer?
    /// How long; zero where there is no next attempt.
    package var wait: Duration

    package init(requestID: String, classification: Retryability, layer: RetryLayer?, wait: Duration) {
        self.requestID = requestID
        self.classification = classification
        self.layer = layer
        self.wait = wait
    }
}

/// A node of a workflow that its retryStrategy gives another try, as it was decided.
package struct WorkflowRetry: Hashable, Sendable {
    /// `namespace/name`.
    package var workflow: String
    /// The node that failed; its next try is another node.
    package var nodeID: String
    /// Why: the node's message.
    package var reason: String
    /// The last request of the call whose failure ended the node; nil where the node's own work failed.
    package var requestID: String?
    /// The strategy's backoff before the next try.
    package var wait: Duration

    package init(workflow: String, nodeID: String, reason: String = "", requestID: String? = nil, wait: Duration) {
        self.workflow = workflow
        self.nodeID = nodeID
        self.reason = reason
        self.requestID = requestID
        self.wait = wait
    }
}
