extension Policy {
    /// The policies that come with Boreas, from the simplest to the best.
    package static let presets: [Policy] = [
        none, exponential, fullJitter, argo3417, argo358, argo360, argo412, boreas,
    ]

    /// One attempt, and its failure is final: the floor that every other policy must rise above.
    package static let none = Policy(
        name: "none", description: "One attempt; any failure ends the workflow node.",
        call: Call(maxAttempts: 1), classifier: .kubernetes, transport: .none,
        requeue: Backoff(.fixed, base: .seconds(10)), paths: inPlaceOnly(retriesInPlace: false))

    /// What is built first when retries are asked for.
    package static let exponential = Policy(
        name: "exponential",
        description: "Retries in place, 100 ms doubling to 5 s, no jitter, 6 attempts; then final.",
        call: Call(
            backoff: Backoff(.exponential, base: .milliseconds(100), cap: .seconds(5)), maxAttempts: 6,
            attemptTimeout: .seconds(10), deadline: .seconds(60), retryAfter: .obey),
        classifier: .kubernetes, transport: .none, requeue: Backoff(.fixed, base: .seconds(10)),
        paths: inPlaceOnly(retriesInPlace: true))

    /// Brooker's full jitter (2015), on a longer envelope because its mean wait is half of it.
    package static let fullJitter = Policy(
        name: "full-jitter",
        description: "Retries in place, full jitter on 100 ms doubling to 10 s, 8 attempts; then final.",
        call: Call(
            backoff: Backoff(.fullJitter, base: .milliseconds(100), cap: .seconds(10)), maxAttempts: 8,
            attemptTimeout: .seconds(10), deadline: .seconds(60), retryAfter: .obey),
        classifier: .kubernetes, transport: .none, requeue: Backoff(.fixed, base: .seconds(10)),
        paths: inPlaceOnly(retriesInPlace: true))

    /// A short burst of jittered tries in place for what passes quickly, every one of them bounded in time; then back to
    /// the queue, for as long as the cause may pass. Nothing that may pass ends a workflow.
    package static let boreas: Policy = {
        let lasting = PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .failNode)
        return Policy(
            name: "boreas",
            description: "Bounded, jittered tries in place, then jittered requeues up to 10 s apart until it works.",
            call: Call(
                backoff: Backoff(.fullJitter, base: .milliseconds(100), cap: .seconds(2)), maxAttempts: 4,
                attemptTimeout: .seconds(5), deadline: .seconds(20), retryAfter: .clamp),
            classifier: .kubernetes, transport: .none, rateLimit: RateLimit(qps: 50, burst: 100),
            requeue: Backoff(.equalJitter, base: .milliseconds(500), cap: .seconds(10)),
            reflector: Reflector(
                backoff: Backoff(.equalJitter, base: .milliseconds(200), cap: .seconds(5)),
                watchTimeout: .seconds(15), watchGrace: .seconds(5)),
            paths: [
                .other: lasting,
                // The loop of the reflector is the retry; trying in place below it would multiply the attempts.
                .informer: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue),
                // Never lost: the status and the results are kept until they are written.
                .workflowUpdate: PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .requeue),
                .taskSetStatus: PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .requeue),
                .podDelete: PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .ignore),
                .podLabel: PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .ignore),
                // A worker is not to be held by tries in place; the queue tries again.
                .exec: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .ignore),
                .leaderElection: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue),
                .workflowDelete: PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .ignore),
            ])
    }()

    /// The paths of a policy whose failures are final once its tries in place are used up.
    private static func inPlaceOnly(retriesInPlace: Bool) -> [CallPath: PathRule] {
        [
            .other: PathRule(retriesInPlace: retriesInPlace, onTransient: .failNode, onPermanent: .failNode),
            .informer: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue),
            // No node is there to fail: the write, the result, or the deletion is dropped.
            .workflowUpdate: PathRule(retriesInPlace: retriesInPlace, onTransient: .ignore, onPermanent: .ignore),
            .taskSetStatus: PathRule(retriesInPlace: retriesInPlace, onTransient: .ignore, onPermanent: .ignore),
            .podDelete: PathRule(retriesInPlace: retriesInPlace, onTransient: .ignore, onPermanent: .ignore),
        ]
    }
}
