/// The places in a controller where policies differ.
package enum CallPath: String, Hashable, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    /// Lists and watches of the informers.
    case informer
    /// The create of a workflow's own pods.
    case podCreate
    /// The create of the agent pod.
    case agentPodCreate
    /// The reads of a CA certificate and a service account that go before it.
    case agentPodRead
    /// The create and patch of a WorkflowTaskSet by the controller.
    case taskSetWrite
    /// The patch of results into the WorkflowTaskSet's status, by the agent.
    case taskSetStatus
    /// The write of a workflow's status.
    case workflowUpdate
    case podDelete
    /// The label that marks a pod as done with.
    case podLabel
    /// The exec that signals a container.
    case exec
    /// The first read of a semaphore's limit.
    case semaphoreSetup
    /// The reads of a limit that has been read before.
    case semaphoreLimit
    /// Taking, renewing and giving back a permit in a lease or a database.
    case permit
    /// The create of a CronWorkflow's run.
    case cronCreate
    /// The reads of a WorkflowTemplate before it.
    case cronTemplateRead
    /// The patch of a CronWorkflow's status.
    case cronStatus
    /// The stop of a CronWorkflow's run that another one replaces.
    case workflowShutdown
    /// The deletion of workflows whose time to live, or whose place in a history, is over.
    case workflowDelete
    /// The lease by which one controller leads.
    case leaderElection
    case other
}
