extension Policy {
    /// Argo Workflows v3.4.17: one failed create of an agent pod ends the workflow
    /// (workflow/controller/agent.go; https://github.com/argoproj/argo-workflows/issues/13654).
    package static let argo3417 = argo(
        .v3_4_17, description: "Argo Workflows v3.4.17: an agent pod that cannot be created ends the workflow in Error."
    )

    /// Argo Workflows v3.5.8: as v3.4.17, on the paths that Boreas is about.
    package static let argo358 = argo(
        .v3_5_8,
        description: "Argo Workflows v3.5.8: one unreadable ConfigMap, lost create or quota conflict is final.")

    /// Argo Workflows v3.6.0: agent pods are requeued, execs end after two minutes, `semaphores` are understood.
    package static let argo360 = argo(
        .v3_6_0, description: "Argo Workflows v3.6.0: agent pods are requeued, and execs end after two minutes.")

    /// Argo Workflows v4.1.2: the create of an agent pod is classified, the reads before it are not.
    package static let argo412 = argo(
        .v4_1_2, description: "Argo Workflows v4.1.2: transient failures are requeued after 10 s, for ever.")

    /// Argo's `util/retry.DefaultRetry`: 5 steps from 10 ms, doubling, so that the last try is 150 ms after the first.
    private static let defaultRetry = Call(
        backoff: Backoff(.exponential, base: .milliseconds(10)), maxAttempts: 5, stopsAtCap: true)

    /// client-go's `retry.DefaultBackoff`: 4 steps from 10 ms, times 5, jitter 0.1; the last try is after 310 ms.
    private static let defaultBackoff = Call(
        backoff: Backoff(.additiveJitter, base: .milliseconds(10), factor: 5, jitter: 0.1), maxAttempts: 4,
        stopsAtCap: true)

    /// The agent's patch of its results: 5 steps from 1 s, doubling, jitter 0.1, so that the last try is after 15 s.
    private static let agentPatch = Call(
        backoff: Backoff(.additiveJitter, base: .seconds(1), cap: .seconds(30), jitter: 0.1), maxAttempts: 5,
        stopsAtCap: true)

    /// The lock manager's transactions on its database (`dbRetryBackoff`): 5 steps from 10 ms, doubling, jitter 0.5.
    private static let lockTransaction = Call(
        backoff: Backoff(.additiveJitter, base: .milliseconds(10), cap: .milliseconds(600), jitter: 0.5),
        maxAttempts: 5, stopsAtCap: true)

    /// A policy that does what a release of Argo does, hazards included.
    ///
    /// What all releases share: no timeout of an attempt, client-go's transport and rate limit, a fixed requeue of 10 s,
    /// and retries in place only where ``paths(of:)`` has them.
    private static func argo(_ release: ArgoRelease, description: String) -> Policy {
        Policy(
            name: "argo-\(release.rawValue)", description: description, call: agentPatch, classifier: .argo(release),
            transport: .clientGo, rateLimit: RateLimit(qps: 20, burst: 30),
            requeue: Backoff(.fixed, base: .seconds(10)), batching: .seconds(10), paths: paths(of: release),
            locks: locks(of: release),
            cron: Cron(repairsAlreadyExists: false, countsFailedSubmissions: release >= .v3_6_0),
            agent: Agent(
                onPodLoss: release >= .v3_6_0 ? .failNode : .failWorkflow, prunesTasksFirst: release >= .v3_5_8),
            exec: Exec(
                timeout: release >= .v3_6_0 ? .seconds(120) : nil, isParallel: false, killsWithoutGrace: false),
            // The failures of an item are forgotten at once, so that 5 ms is all it ever waits (#8061).
            cleanup: Cleanup(
                backoff: Backoff(.exponential, base: .milliseconds(5), cap: .seconds(1000)), forgetsFailures: true,
                rateLimit: RateLimit(qps: 10, burst: 100)))
    }

    private static func locks(of release: ArgoRelease) -> Locks {
        Locks(
            store: .workflowStatus, isWriteAhead: false, isSerial: true,
            // Holders are no longer forgotten since v3.7.11 (#15609), and locks are poisoned since v3.7.15 (#16160).
            restart: release >= .v3_7_18 ? .poison : .forgetFirst, notifyDelay: .seconds(1),
            forms: release >= .v4_0_10 ? .v4 : release >= .v3_6_0 ? .v3_6 : .v3_5)
    }

    private static func paths(of release: ArgoRelease) -> [CallPath: PathRule] {
        func rule(
            _ onTransient: Disposition, _ onPermanent: Disposition, inPlace call: Call? = nil
        ) -> PathRule {
            PathRule(
                retriesInPlace: call != nil, onTransient: onTransient, onPermanent: onPermanent, call: call)
        }
        // Where v3.7 brought retries in place (#14336, #13971).
        let retried = release >= .v3_7_0 ? defaultRetry : nil
        return [
            .other: rule(.requeue, .failNode),
            .informer: rule(.requeue, .requeue),
            .podCreate: rule(.requeue, .failNode),
            .agentPodCreate: release >= .v3_6_0 ? rule(.requeue, .failNode) : rule(.failWorkflow, .failWorkflow),
            .agentPodRead: release >= .v3_6_0 ? rule(.failNode, .failNode) : rule(.failWorkflow, .failWorkflow),
            // Logged, and the reconcile goes no further; the next event or the resync tries again.
            .taskSetWrite: rule(.ignore, .ignore),
            // The agent drops its batch after five transient failures, and keeps it on any other.
            .taskSetStatus: rule(.ignore, .requeue, inPlace: agentPatch),
            .workflowUpdate: rule(.ignore, .ignore),
            .podDelete: rule(.requeue, .ignore),
            .podLabel: rule(.requeue, .ignore),
            // Errors of signals are not looked at.
            .exec: rule(.ignore, .ignore),
            // A semaphore that is not known yet fails its workflow in every release (H1); one that is known keeps its
            // last limit since v3.7.
            .semaphoreSetup: rule(.failNode, .failNode, inPlace: retried),
            .semaphoreLimit: release >= .v3_7_0
                ? rule(.ignore, .ignore, inPlace: retried) : rule(.failNode, .failNode),
            // Since v3.7.15 a lost transaction is tried again in place (#16102), since v4.0.10 after that by the queue
            // (#16745).
            .permit: release >= .v4_0_10
                ? rule(.requeue, .failNode, inPlace: lockTransaction)
                : rule(.failNode, .failNode, inPlace: release >= .v3_7_18 ? lockTransaction : nil),
            .cronCreate: rule(.ignore, .ignore, inPlace: retried),
            .cronTemplateRead: rule(.ignore, .ignore),
            .cronStatus: rule(.ignore, .ignore, inPlace: release >= .v3_7_18 ? defaultRetry : defaultBackoff),
            .workflowShutdown: rule(.ignore, .ignore, inPlace: defaultRetry),
            .workflowDelete: rule(.requeue, .ignore),
            .leaderElection: rule(.requeue, .requeue),
        ]
    }
}
