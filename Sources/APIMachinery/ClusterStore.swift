package import Kubernetes

/// Everything that an API server decides, as one value: each thing that happens gives the actions to perform.
///
/// It has no clock and no source of chance but its seed, so that the same happenings at the same moments give the same
/// answers, in the simulated world and behind sockets. Times given to it never go back.
package struct ClusterStore: Sendable {
    package let configuration: Configuration
    private var deadline: Timestamp?

    package init(configuration: Configuration = Configuration(), now: Timestamp) {
        self.configuration = configuration
    }

    /// Takes a request. Its answer comes now or, if it takes service time or waits for a quota, with a later call.
    ///
    /// A `connect` (exec, attach, portforward) and a read of `pods/log` are answered with the pod itself where they are
    /// in order, and with the Status that a kube-apiserver gives before it dials the node where they are not.
    package mutating func receive(_ request: ServerRequest, id: RequestTicket, now: Timestamp) -> [Action] {
        [.respond(id, ServerResponse(.unknownResource))]
    }

    /// The client has left: its watch is closed, or its answer is no longer wanted. What was begun is not undone.
    package mutating func closeWatch(_ id: RequestTicket, now: Timestamp) -> [Action] { [] }

    /// Does what is due; to be called when ``nextDeadline`` is reached, and harmless at any other time.
    package mutating func timePassed(now: Timestamp) -> [Action] { [] }

    /// When something will be due, if nothing else happens before.
    package var nextDeadline: Timestamp? { deadline }

    /// What discovery lists: sorted by group, version and name, the core group first.
    package var servedResources: [ServedResource] { [] }
}
