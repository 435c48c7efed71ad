extension Policy {
    /// The policies that come with Boreas, from the simplest to the best.
    package static let presets: [Policy] = [
        none, fixed, exponential, fullJitter, equalJitter, decorrelatedJitter, clientGo, grpc, awsStandard, awsAdaptive,
        retryBudget, circuitBreaker, argo3417, argo358, argo360, argo412, incident, boreas,
    ]

    /// One attempt, and its failure is final: the floor that every other policy must rise above.
    package static let none = Policy(
        name: "none", description: "One attempt; any failure ends the workflow node.",
        call: Call(maxAttempts: 1), classifier: .kubernetes, transport: .none,
        requeue: Backoff(.fixed, base: .seconds(10)), paths: inPlaceOnly(retriesInPlace: false))

    /// resilience4j's default: 3 attempts, 500 ms apart.
    package static let fixed = inPlace(
        "fixed", "Retries in place after 500 ms, 3 attempts (resilience4j's default); then final.",
        call(Backoff(.fixed, base: .milliseconds(500)), maxAttempts: 3))

    /// What is built first when retries are asked for.
    package static let exponential = inPlace(
        "exponential", "Retries in place, 100 ms doubling to 5 s, no jitter, 6 attempts; then final.",
        call(Backoff(.exponential, base: .milliseconds(100), cap: .seconds(5)), maxAttempts: 6))

    /// Brooker's full jitter (2015), on a longer envelope because its mean wait is half of it.
    package static let fullJitter = inPlace(
        "full-jitter", "Retries in place, full jitter on 100 ms doubling to 10 s, 8 attempts; then final.",
        call(jittered(.fullJitter), maxAttempts: 8))

    /// Brooker's equal jitter, on the envelope of ``fullJitter``, so that the two differ in nothing else.
    package static let equalJitter = inPlace(
        "equal-jitter", "Retries in place, equal jitter on 100 ms doubling to 10 s, 8 attempts; then final.",
        call(jittered(.equalJitter), maxAttempts: 8))

    /// Brooker's decorrelated jitter, with base and cap of ``fullJitter``.
    package static let decorrelatedJitter = inPlace(
        "decorrelated-jitter", "Retries in place, decorrelated jitter from 100 ms to 10 s, 8 attempts; then final.",
        call(jittered(.decorrelatedJitter), maxAttempts: 8))

    private static func jittered(_ formula: Backoff.Formula) -> Backoff {
        Backoff(formula, base: .milliseconds(100), cap: .seconds(10))
    }

    /// What a controller gets that leaves everything to client-go: its transport, its rate limit of 5/s, `DefaultRetry`
    /// for what is read, changed and written back, and the default work queue for all the rest.
    ///
    /// `RetryOnConflict` tries again after conflicts alone; here the same loop serves every transient failure, since
    /// what is transient is one question for all paths. The queue's second limit, 10 a second for all items together,
    /// is left out.
    package static let clientGo = Policy(
        name: "client-go",
        description: "client-go's defaults: Retry-After obeyed, DefaultRetry for status, requeues from 5 ms to 1000 s.",
        call: Call(
            backoff: Backoff(.additiveJitter, base: .milliseconds(10), factor: 1, jitter: 0.1), maxAttempts: 5,
            stopsAtCap: true),
        classifier: .kubernetes, transport: .clientGo, rateLimit: RateLimit(qps: 5, burst: 10),
        requeue: Backoff(.exponential, base: .milliseconds(5), cap: .seconds(1000)),
        paths: {
            let written = PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .ignore)
            let queued = PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .ignore)
            return [
                .other: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .failNode),
                .informer: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue),
                .leaderElection: PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue),
                .workflowUpdate: written, .taskSetStatus: written, .cronStatus: written,
                .podDelete: queued, .podLabel: queued, .exec: queued, .workflowDelete: queued, .cronCreate: queued,
                .cronTemplateRead: queued, .workflowShutdown: queued,
            ]
        }(),
        cleanup: Cleanup(
            backoff: Backoff(.exponential, base: .milliseconds(5), cap: .seconds(1000)),
            rateLimit: RateLimit(qps: 10, burst: 100)),
        // k8s.io/client-go/examples/leader-election, and every controller of kubebuilder.
        leaderElection: LeaderElection(retryPeriod: .seconds(2)))

    /// gRPC's retry policy by the example of its proposal A6, with retry throttling.
    package static let grpc = inPlace(
        "grpc",
        "gRPC's A6: 4 attempts, 100 ms doubling to 1 s, ±20 %, pushback obeyed, retries throttled by tokens.",
        call(
            Backoff(.symmetricJitter, base: .milliseconds(100), cap: .seconds(1), jitter: 0.2), maxAttempts: 4,
            retryAfter: .exact),
        budget: .throttle(RetryBudget.Throttle()))

    /// The AWS SDKs' standard mode as of 2026 (2.1): a short base except after throttling, and a quota of retries. The
    /// mode of the same name before that had a base of 1 s and costs of 5 and 10.
    package static let awsStandard = inPlace(
        "aws-standard",
        "The AWS SDKs' standard mode (2026): 3 attempts, full jitter from 50 ms, 1 s when throttled; quota of 500.",
        awsCall, budget: .quota(RetryBudget.Quota()))

    /// ``awsStandard`` with the client-side rate limit that learns from throttling.
    package static let awsAdaptive = inPlace(
        "aws-adaptive",
        "aws-standard, and after the first 429 a rate limit that falls to 70 % and grows along a cubic curve.",
        awsCall, budget: .quota(RetryBudget.Quota()), adaptiveRate: AdaptiveRate.Parameters())

    private static let awsCall: Call = {
        var call = Self.call(
            Backoff(.fullJitter, base: .milliseconds(50), cap: .seconds(20)), maxAttempts: 3, retryAfter: .clamp)
        call.throttledBackoff = Backoff(.fullJitter, base: .seconds(1), cap: .seconds(20))
        return call
    }()

    /// ``fullJitter`` under Finagle's and Linkerd's budget.
    package static let retryBudget = inPlace(
        "retry-budget",
        "full-jitter, with retries bounded to 20 % of the calls and 10 a second (Finagle, Linkerd).",
        call(jittered(.fullJitter), maxAttempts: 8), budget: .share(RetryBudget.Share()))

    /// ``fullJitter`` behind resilience4j's circuit breaker. A call that an open breaker refuses has failed.
    package static let circuitBreaker = inPlace(
        "circuit-breaker",
        "full-jitter, and after 50 % failures in 100 attempts none for 60 s (resilience4j).",
        call(jittered(.fullJitter), maxAttempts: 8), breaker: CircuitBreaker.Parameters())

    /// The remedy that the reports of the five incidents propose: 100 ms doubling, 3 retries, an exec timeout of 30 s,
    /// and leases for permits. They say nothing of what follows the last retry, so it is what Argo does at its best:
    /// creates of pods are requeued, and elsewhere the failure is final.
    package static let incident: Policy = {
        var policy = inPlace(
            "incident", "What the incident reports propose: 3 retries from 100 ms doubling, execs of 30 s, leases.",
            Call(backoff: Backoff(.exponential, base: .milliseconds(100)), maxAttempts: 4))
        policy.transport = .clientGo
        policy.rateLimit = RateLimit(qps: 20, burst: 30)
        for path in [CallPath.podCreate, .agentPodCreate] {
            policy.paths[path] = PathRule(retriesInPlace: true, onTransient: .requeue, onPermanent: .failNode)
        }
        policy.locks = Locks(store: .leases)
        policy.exec = Exec(timeout: .seconds(30), isParallel: false)
        return policy
    }()

    /// The tries in place of a preset: every attempt bounded, and all of them together by a minute.
    private static func call(
        _ backoff: Backoff, maxAttempts: Int, retryAfter: RetryAfterRule = .obey
    ) -> Call {
        Call(
            backoff: backoff, maxAttempts: maxAttempts, attemptTimeout: .seconds(10), deadline: .seconds(60),
            retryAfter: retryAfter)
    }

    /// A policy whose failures are final once its tries in place are used up.
    private static func inPlace(
        _ name: String, _ description: String, _ call: Call, budget: RetryBudget.Parameters? = nil,
        breaker: CircuitBreaker.Parameters? = nil, adaptiveRate: AdaptiveRate.Parameters? = nil
    ) -> Policy {
        Policy(
            name: name, description: description, call: call, budget: budget, breaker: breaker,
            adaptiveRate: adaptiveRate, classifier: .kubernetes, transport: .none,
            requeue: Backoff(.fixed, base: .seconds(10)), paths: inPlaceOnly(retriesInPlace: true))
    }

    private static func inPlaceOnly(retriesInPlace: Bool) -> [CallPath: PathRule] {
        // No node is there to fail: the write, the result, the deletion, the signal or the run of a cron is dropped.
        let dropped = PathRule(retriesInPlace: retriesInPlace, onTransient: .ignore, onPermanent: .ignore)
        // These loops have no end by themselves.
        let loop = PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .requeue)
        return [
            .other: PathRule(retriesInPlace: retriesInPlace, onTransient: .failNode, onPermanent: .failNode),
            .informer: loop, .leaderElection: loop,
            .workflowUpdate: dropped, .taskSetStatus: dropped, .podDelete: dropped, .podLabel: dropped,
            .exec: dropped, .workflowDelete: dropped, .workflowShutdown: dropped, .cronCreate: dropped,
            .cronTemplateRead: dropped, .cronStatus: dropped,
        ]
    }
}
