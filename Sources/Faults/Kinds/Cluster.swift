extension Fault {
    /// Somebody else really takes a Lease over.
    package struct LeaseTheft: FaultParameters {
        /// The Lease's name in the trial's namespace.
        package var lease: String
        /// Who takes it; nil is `boreas-thief`.
        package var holder: String?

        package init(lease: String, holder: String? = nil) {
            self.lease = lease
            self.holder = holder
        }

        package static let holderDefault = "boreas-thief"
        package static let kind = Kind.stealLease
        package var fault: Fault { .stealLease(self) }

        package func reportProblems(_ report: ProblemReport) {
            if lease.isEmpty { report("stealLease.lease", "name the Lease to take over") }
            if let holder, holder.isEmpty { report("stealLease.holder", "the holder is empty; leave it out") }
        }

        package static let page = FaultPage(
            .conformant, "another holder takes a Lease over, and gives it back",
            effect: """
                The Lease gets another holderIdentity, one more leaseTransitions and a renewTime that is kept fresh, for \
                the phase or `when: {for}`; then it is released.
                """,
            parameters: [
                .init("lease", "a name", "the Lease in the trial's namespace"),
                .init("holder", "a name; boreas-thief", "who takes it"),
            ],
            healthy: "The subject notices, stops working at once, and takes the Lease again when it is free.",
            broken: "It works on without the Lease; it never takes it again; it overwrites the other's.",
            disturbs: "Whatever the Lease guards.",
            example: "during: storm\nwhen: {for: 5s}\nstealLease: {lease: workflow-controller}")
    }

    /// Pods are evicted, by the API that node drains use.
    package struct Eviction: FaultParameters {
        /// A glob; nil is any pod.
        package var name: String?
        /// Between one eviction and the next; nil evicts once, all that match.
        package var every: Duration?

        package init(name: String? = nil, every: Duration? = nil) {
            self.name = name
            self.every = every
        }

        package static let kind = Kind.evictPod
        package var fault: Fault { .evictPod(self) }

        package func reportProblems(_ report: ProblemReport) { reportPods(name, every, "evictPod", report) }

        package static let page = FaultPage(
            .conformant, "pods are evicted, as by a node's drain",
            effect: """
                By the subresource pods/eviction, which respects PodDisruptionBudgets: at the phase's beginning all pods \
                that match and run, or one every so often.
                """,
            parameters: [
                .init("name", "a glob; any", "the pods in the trial's namespace"),
                .init("every", "duration, above 0; once", "one pod every so often"),
            ],
            healthy: "The pod's work is done again, where its owner says so.",
            broken: "The owner waits for ever for a pod that is gone, or takes its absence for success.",
            disturbs: "What runs in the pod: it has its grace period to end.",
            example: "during: storm\nevictPod: {name: \"*agent*\"}")
    }

    /// Pods are deleted without grace, as when their node is lost.
    package struct PodKill: FaultParameters {
        /// A glob; nil is any pod.
        package var name: String?
        /// Between one kill and the next; nil kills once, all that match.
        package var every: Duration?

        package init(name: String? = nil, every: Duration? = nil) {
            self.name = name
            self.every = every
        }

        package static let kind = Kind.killPod
        package var fault: Fault { .killPod(self) }

        package func reportProblems(_ report: ProblemReport) { reportPods(name, every, "killPod", report) }

        package static let page = FaultPage(
            .conformant, "pods are deleted without grace",
            effect:
                "Deleted with gracePeriodSeconds 0: at the phase's beginning all that match and run, or one every so often.",
            parameters: [
                .init("name", "a glob; any", "the pods in the trial's namespace"),
                .init("every", "duration, above 0; once", "one pod every so often"),
            ],
            healthy: "The pod's work is done again, where its owner says so.",
            broken: "The owner waits for ever for a pod that is gone, or takes its absence for success.",
            disturbs: "What runs in the pod: it has no time to end.",
            example: "during: storm\nkillPod: {every: 2s}")
    }

    /// The node stops reporting, and runs nothing meanwhile.
    package struct NodeLoss: FaultParameters {
        package init() {}

        package static let kind = Kind.nodeNotReady
        package var fault: Fault { .nodeNotReady(self) }

        package static let page = FaultPage(
            .conformant, "the node is not ready for a while",
            effect: """
                The trial's virtual node stops: its condition Ready becomes Unknown, its pods make no progress and report \
                nothing, exec to them fails; after the phase it comes back and goes on.
                """,
            healthy: "Work waits, or is placed anew after a limit; nothing runs twice when the node comes back.",
            broken: "Work that still runs is taken for failed, and both runs go on.",
            disturbs: "All pods of the trial.",
            example: "during: storm\nwhen: {for: 10s}\nnodeNotReady: {}")
    }

    /// The API server is really stopped and started.
    package struct ServerRestart: FaultParameters {
        /// Until it listens again.
        package var downtime: Duration

        package init(downtime: Duration) { self.downtime = downtime }

        package static let kind = Kind.serverRestart
        package var fault: Fault { .serverRestart(self) }

        package func reportProblems(_ report: ProblemReport) {
            if downtime < .zero { report("serverRestart.downtime", "a span cannot be negative") }
        }

        package static let page = FaultPage(
            .conformant, "the API server is really restarted",
            effect: """
                The embedded server stops listening, ends every connection and forgets what an API server keeps in memory \
                (watch caches, what is in flight); what etcd keeps is kept. After the downtime it listens again.
                """,
            parameters: [.init("downtime", "duration, 0 or more", "until it listens again")],
            healthy: "Calls are retried, watches opened again or relisted; nothing is lost or made twice.",
            broken: "Anything that a refused connect or a broken watch ends for good.",
            disturbs: "Everything, the harness's own requests too, which are made again.",
            example: "during: storm\nserverRestart: {downtime: 1s}")
    }

    /// The API server does less in the same time, for all requests alike. Its world does it, beside the fault path.
    package struct Capacity: FaultParameters {
        /// What is left of the capacity, above 0 and below 1.
        package var factor: Double

        package init(factor: Double) { self.factor = factor }

        package static let kind = Kind.capacity
        package var fault: Fault { .capacity(self) }

        package func reportProblems(_ report: ProblemReport) {
            if !(factor > 0 && factor < 1) {
                report(
                    "capacity.factor",
                    "\(factor) of the capacity; write what is left of it, above 0 and below 1, as 0.2")
            }
        }

        package static let page = FaultPage(
            .degraded, "the API server does less in the same time",
            effect:
                "For the phase every request takes longer by the factor, and queues grow. The simulated world alone has it.",
            parameters: [.init("factor", "above 0 and below 1", "what is left of the capacity")],
            healthy: "Retries stay rare enough that the server recovers by itself.",
            broken: "Retries keep the server busy after its capacity is back: metastable overload.",
            disturbs: "All requests.",
            example: "during: storm\ncapacity: {factor: 0.2}")
    }
}

private func reportPods(_ name: String?, _ every: Duration?, _ key: String, _ report: ProblemReport) {
    if let name, name.isEmpty { report("\(key).name", "the pattern is empty; write * for any, or leave it out") }
    if let every, every <= .zero { report("\(key).every", "the span must be longer than 0, as in 2s") }
}
