extension Policy {
    /// A short burst of jittered tries in place for what passes quickly, every one of them bounded in time, and all
    /// together by a budget; then back to the queue, for as long as the cause may pass. Nothing that may pass ends a
    /// workflow, loses a run, a result or a permit; and nothing that does not pass is tried twice.
    package static let boreas = Policy(
        name: "boreas",
        description: "Bounded, jittered tries in place, then jittered requeues up to 10 s apart until it works.",
        call: Call(
            // Full jitter because lost races are the commonest failure, and of the formulas it parts many rivals with
            // the fewest requests. Its waits are short: what lasts longer than a few seconds is the queue's, which
            // holds no worker.
            backoff: Backoff(.fullJitter, base: .milliseconds(100), cap: .seconds(2)), maxAttempts: 4,
            // An API server answers within a second or not at all; a request of 5 s that is cut may have been applied,
            // which every path recognises by the names that it gives.
            attemptTimeout: .seconds(5), deadline: .seconds(20),
            // Retry-After as a floor, but not as a beat to which all clients come back at once.
            retryAfter: .clamp),
        // Whatever the number of workflows, an ailing server sees at most a fifth more requests from tries in place,
        // and ten a second besides. A call that the budget refuses a retry goes to the queue at once.
        budget: .share(RetryBudget.Share()),
        // No breaker: one controller makes too few calls to judge by, and a breaker would keep good paths from their
        // work because of a bad one (a quota that is full, say). No adaptive rate: the queue's backoff is one.
        classifier: .kubernetes,
        // One layer retries. client-go's own would multiply the attempts, and sleep exactly what the server said.
        transport: .none, rateLimit: RateLimit(qps: 50, burst: 100),
        requeue: Backoff(.equalJitter, base: .milliseconds(500), cap: .seconds(10)),
        reflector: Reflector(
            backoff: Backoff(.equalJitter, base: .milliseconds(200), cap: .seconds(5)),
            // A watch that says nothing any more is found out after 35 s at most.
            watchTimeout: .seconds(15), watchGrace: .seconds(5)),
        paths: boreasPaths,
        // Argo's store, so that a workflow tells who holds what, and no second kind of object can disagree with it; but
        // written before the work begins, so that no crash lets one holder too many in. Reads of limits don't queue.
        locks: Locks(store: .workflowStatus, isWriteAhead: true, isSerial: false, restart: .adopt, forms: .all),
        // A create whose answer was lost is recognised by its name. An outage is no failure of a run.
        cron: Cron(repairsAlreadyExists: true, countsFailedSubmissions: false),
        // Another agent takes over; results leave the task set only when the workflow's status has them.
        agent: Agent(onPodLoss: .requeue, prunesTasksFirst: false),
        // A signal takes milliseconds. A node that does not answer costs a worker 10 s, whatever the containers.
        exec: Exec(timeout: .seconds(10), isParallel: true),
        cleanup: Cleanup(
            backoff: Backoff(.equalJitter, base: .milliseconds(500), cap: .seconds(30)), forgetsFailures: false),
        // Every 2 s, and no renewal may take longer than 3: three tries at least within the 10 s in which to renew.
        leaderElection: LeaderElection(retryPeriod: .seconds(2)))

    /// What becomes of a failure, path by path. Three questions decide: is there a node to blame, is there anybody else
    /// who tries again, and what is lost if nobody does?
    private static let boreasPaths: [CallPath: PathRule] = {
        // Tried again until it works; a permanent failure is told by the node that wanted the call.
        let lasting = PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .failNode)
        // Nobody's node: a permanent failure is logged, for trying again does not help.
        let nobodys = PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .ignore)
        // What must be written is kept until it is, also where the classifier has no hope: a role that lacks a right
        // today may have it tomorrow, and the alternative is a workflow that never ends, or a lost result.
        let kept = PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .requeue)
        return [
            .other: lasting,
            // The loop of the reflector is the retry; trying in place below it would multiply the attempts.
            .informer: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue),
            // A pod's name follows from its node: a create whose answer was lost finds its own pod there.
            .podCreate: lasting,
            // A full quota is transient: room comes back when other pods end, and the queue asks for it every 10 s.
            .agentPodCreate: lasting,
            // Argo fails the node here whatever the cause (H8); a secret that is not there is an answer, not a failure.
            .agentPodRead: lasting,
            // Argo logs and leaves it (H8), and the HTTP node hangs.
            .taskSetWrite: lasting,
            // Argo drops the batch (H9).
            .taskSetStatus: kept,
            // Argo logs and leaves it (H11).
            .workflowUpdate: kept,
            .podDelete: nobodys,
            .podLabel: nobodys,
            // Not in place: a worker is not to be held by the pods of a node that is gone; the queue tries again, with
            // a backoff that grows. A command that was refused for good (no such container) is moot.
            .exec: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .ignore),
            // An unreadable limit is no limit: nobody is let in, nobody fails, and the queue asks again (H1). A
            // ConfigMap or key that is not there fails who wants the lock, with a message that names it.
            .semaphoreSetup: lasting,
            // Not the last known limit, as in Argo since v3.7: it may have been lowered.
            .semaphoreLimit: lasting,
            // A permit that can't be given back stays the holder's until it can; one that can't be taken is not held.
            .permit: lasting,
            // The run's name follows from cron and time, so that trying for ever makes one run (H4, H7).
            .cronCreate: nobodys,
            // Guarded as the create is; Argo's is not (H5).
            .cronTemplateRead: nobodys,
            // A status that is not written makes a second run of the same time possible (H6).
            .cronStatus: nobodys,
            .workflowShutdown: nobodys,
            .workflowDelete: nobodys,
            // The loop of the election is the retry, and its deadline the bound; one attempt must leave time for the
            // next.
            .leaderElection: PathRule(
                retriesInPlace: true, onTransient: .requeue, onPermanent: .requeue,
                call: Call(maxAttempts: 1, attemptTimeout: .seconds(3), deadline: .seconds(3))),
        ]
    }()
}
