package import Kubernetes

/// When a finished workflow is to be deleted.
package enum TimeToLive {
    /// The end of a workflow's life by its `ttlStrategy`; nil where it has none, or is not over.
    ///
    /// The most specific of the strategy's members that applies stands, as in Argo.
    package static func deadline(of workflow: Workflow) -> Timestamp? {
        let member: String
        switch workflow.phase {
        case .succeeded: member = "secondsAfterSuccess"
        case .failed, .error: member = "secondsAfterFailure"
        case .unknown, .pending, .running: return nil
        }
        // A workflow made from a template has the template's strategy in the spec that is stored with its status.
        let stored = workflow.json["status", "storedWorkflowTemplateSpec", "ttlStrategy"]?.object
        guard let finishedAt = workflow.finishedAt, let strategy = workflow.spec["ttlStrategy"]?.object ?? stored,
            let seconds = strategy[member]?.integer ?? strategy["secondsAfterCompletion"]?.integer
        else { return nil }
        // A hundred years, beyond which the sum might overflow.
        return finishedAt + .seconds(min(max(0, seconds), 3_200_000_000))
    }
}
