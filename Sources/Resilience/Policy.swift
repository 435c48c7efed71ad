/// How a subject survives: everything that decides whether, when and by whom a failed call is tried again.
///
/// A policy is data, so that teams can keep theirs beside their code, derive it from a preset, and compare it.
package struct Policy: Hashable, Sendable, Codable {
    package var name: String
    package var description: String
    /// Retries within one call.
    package var call: Call
    package var classifier: Classifier
    /// What the transport does by itself, as client-go does.
    package var transport: Transport
    package var rateLimit: RateLimit?
    /// How long an item that failed stays away from its work queue.
    package var requeue: Backoff
    /// How the informers go on when a list or watch ends.
    package var reflector: Reflector
    /// How long changes gather before they are acted on: events on their way to the work queue, and an agent's results
    /// on their way to the task set. Argo's `DEFAULT_REQUEUE_TIME` is 10 s for both.
    package var batching: Duration
    /// What each place in the controller does with a failure; places that are not named do as `other`.
    package var paths: [CallPath: PathRule]
    package var locks: Locks
    package var cron: Cron
    package var agent: Agent
    package var exec: Exec
    package var cleanup: Cleanup
    package var workers: Workers
    package var leaderElection: LeaderElection

    package struct Call: Hashable, Sendable, Codable {
        package var backoff: Backoff
        /// The first try included; 1 is no retry.
        package var maxAttempts: Int
        /// Bounds one attempt; nil leaves it unbounded.
        package var attemptTimeout: Duration?
        /// Bounds the call with all its attempts and waits; nil leaves it unbounded.
        package var deadline: Duration?
        package var retryAfter: RetryAfterRule

        package init(
            backoff: Backoff = .none, maxAttempts: Int, attemptTimeout: Duration? = nil, deadline: Duration? = nil,
            retryAfter: RetryAfterRule = .ignore
        ) {
            self.backoff = backoff
            self.maxAttempts = maxAttempts
            self.attemptTimeout = attemptTimeout
            self.deadline = deadline
            self.retryAfter = retryAfter
        }
    }

    package struct Reflector: Hashable, Sendable, Codable {
        /// Between a list or watch that failed and the next.
        package var backoff: Backoff
        /// The server is asked to end each watch after a random time between this and its double, in whole seconds.
        package var watchTimeout: Duration
        /// How long after that a watch that still has not ended is given up as dead; nil waits for ever.
        package var watchGrace: Duration?

        package init(backoff: Backoff, watchTimeout: Duration, watchGrace: Duration? = nil) {
            self.backoff = backoff
            self.watchTimeout = watchTimeout
            self.watchGrace = watchGrace
        }

        /// k8s.io/client-go tools/cache/reflector.go.
        package static let clientGo = Reflector(
            backoff: Backoff(.additiveJitter, base: .milliseconds(800), cap: .seconds(30), jitter: 1),
            watchTimeout: .seconds(300))
    }

    /// What a call's own retries make of the header Retry-After.
    package enum RetryAfterRule: String, Hashable, Sendable, Codable, CaseIterable {
        case ignore
        /// Waits as long as the server asks, where that is longer than the backoff.
        case obey
        /// Waits for the server's value held between the backoff and the backoff plus 5 s (AWS SDK 2.1), so that
        /// clients that were given the same whole seconds do not come back together.
        case clamp
    }

    package struct Transport: Hashable, Sendable, Codable {
        /// How often a request is sent again after 429 or 5xx with a Retry-After in whole seconds; client-go's 10.
        package var maxRetryAfterRetries: Int
        /// Whether a GET is sent again, 1 s after its connection was reset or closed.
        package var retriesReadsOnReset: Bool

        package init(maxRetryAfterRetries: Int, retriesReadsOnReset: Bool) {
            self.maxRetryAfterRetries = maxRetryAfterRetries
            self.retriesReadsOnReset = retriesReadsOnReset
        }

        package static let none = Transport(maxRetryAfterRetries: 0, retriesReadsOnReset: false)
        /// k8s.io/client-go rest/with_retry.go.
        package static let clientGo = Transport(maxRetryAfterRetries: 10, retriesReadsOnReset: true)
    }

    /// A client's own bound on its requests: a token bucket.
    package struct RateLimit: Hashable, Sendable, Codable {
        /// Requests a second.
        package var qps: Double
        package var burst: Int

        package init(qps: Double, burst: Int) {
            self.qps = qps
            self.burst = burst
        }
    }

    package struct PathRule: Hashable, Sendable, Codable {
        /// Whether calls are tried again in place at all.
        package var retriesInPlace: Bool
        package var onTransient: Disposition
        package var onPermanent: Disposition
        /// How they are, where this place differs from ``Policy/call-swift.property``.
        package var call: Call?

        package init(
            retriesInPlace: Bool, onTransient: Disposition, onPermanent: Disposition, call: Call? = nil
        ) {
            self.retriesInPlace = retriesInPlace
            self.onTransient = onTransient
            self.onPermanent = onPermanent
            self.call = call
        }
    }

    /// What becomes of the work when its call has failed for the last time.
    package enum Disposition: String, Hashable, Sendable, Codable, CaseIterable {
        /// The item goes back to the queue and is tried again after ``Policy/requeue``.
        case requeue
        /// The workflow node that wanted the call ends in Error.
        case failNode
        /// The whole workflow ends in Error.
        case failWorkflow
        /// The failure is logged and nothing else; whatever wakes the item next tries again.
        case ignore
    }

    package func rule(for path: CallPath) -> PathRule {
        paths[path] ?? paths[.other] ?? PathRule(retriesInPlace: false, onTransient: .requeue, onPermanent: .failNode)
    }

    package init(
        name: String, description: String, call: Call, classifier: Classifier, transport: Transport,
        rateLimit: RateLimit? = nil, requeue: Backoff, reflector: Reflector = .clientGo, batching: Duration = .zero,
        paths: [CallPath: PathRule], locks: Locks = Locks(), cron: Cron = Cron(), agent: Agent = Agent(),
        exec: Exec = Exec(), cleanup: Cleanup = Cleanup(), workers: Workers = Workers(),
        leaderElection: LeaderElection = LeaderElection()
    ) {
        self.name = name
        self.description = description
        self.call = call
        self.classifier = classifier
        self.transport = transport
        self.rateLimit = rateLimit
        self.requeue = requeue
        self.reflector = reflector
        self.batching = batching
        self.paths = paths
        self.locks = locks
        self.cron = cron
        self.agent = agent
        self.exec = exec
        self.cleanup = cleanup
        self.workers = workers
        self.leaderElection = leaderElection
    }

    /// How a place in the controller tries again in place; nil where it does not.
    package func inPlace(at path: CallPath) -> Call? {
        let rule = rule(for: path)
        return rule.retriesInPlace ? rule.call ?? call : nil
    }
}

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
