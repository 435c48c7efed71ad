package import Kubernetes
package import Resilience

extension Reconciler {
    /// An effect that could not be had, and what the policy wants to become of the work.
    package struct Failure: Sendable {
        package var effect: Effect
        package var path: CallPath
        package var disposition: Policy.Disposition
        /// The server's or the transport's words.
        package var message: String

        package init(effect: Effect, path: CallPath, disposition: Policy.Disposition, message: String) {
            self.effect = effect
            self.path = path
            self.disposition = disposition
            self.message = message
        }
    }

    /// Puts a failure into the status, where the policy lets it go that far.
    ///
    /// - Returns: Whether nodes failed, so that others may have to follow.
    package static func apply(_ failure: Failure, to workflow: inout Workflow, now: Timestamp) -> Bool {
        switch failure.disposition {
        case .ignore: return false
        case .requeue:
            note(failure, in: &workflow)
            return false
        case .failNode:
            let message = failure.nodeMessage
            let nodes = failure.nodes(in: workflow)
            for var node in nodes {
                node.mark(.error, message: message, at: now)
                workflow.setNode(node)
            }
            return !nodes.isEmpty
        case .failWorkflow:
            finish(&workflow, .error, message: failure.workflowMessage, now: now)
            return true
        }
    }

    /// Tells the user why a node is still pending. Only once: messages of quotas differ from try to try, and each
    /// change of the status is an event that would bring the workflow back before its backoff is over.
    private static func note(_ failure: Failure, in workflow: inout Workflow) {
        for var node in failure.nodes(in: workflow) where node.message == nil {
            node.message = failure.message
            workflow.setNode(node)
        }
    }
}

extension Reconciler.Failure {
    /// The nodes that cannot go on without the effect.
    fileprivate func nodes(in workflow: Workflow) -> [WorkflowNode] {
        switch effect {
        case .createPod(_, let nodeID): [workflow.node(nodeID)].compactMap(\.self)
        case .writeTaskSet, .createAgentPod: workflow.nodes.filter { $0.kind == .http && !$0.phase.isTerminal }
        case .deletePod, .acquireLocks, .releaseLocks, .cleanUp, .pruneTaskSet, .completeTaskSet: []
        }
    }

    /// Argo's words since v3.5.11.
    fileprivate var nodeMessage: String {
        switch effect {
        case .createAgentPod: "create agent pod failed with reason:\"\(message)\""
        case .writeTaskSet: "failed to write the task set: \(message)"
        default: message
        }
    }

    /// Argo's words in v3.4.
    fileprivate var workflowMessage: String {
        switch effect {
        case .createAgentPod: path == .agentPodRead ? message : "failed to create Agent pod. Reason: \(message)"
        default: message
        }
    }
}
