/// How a subject survives: everything that decides whether, when and by whom a failed call is tried again.
///
/// A policy is data, so that teams can keep theirs beside their code, derive it from a preset, and compare it.
package struct Policy: Hashable, Sendable, Codable {
    package var name: String
    package var description: String
    /// Retries within one call.
    package var call: Call
    /// Bounds the retries of all calls together; nil leaves each call to itself.
    package var budget: RetryBudget.Parameters?
    /// Refuses calls while too many of them fail.
    package var breaker: CircuitBreaker.Parameters?
    /// Holds attempts back after answers that ask for fewer.
    package var adaptiveRate: AdaptiveRate.Parameters?
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
        /// The backoff after an answer that asks for fewer requests (429); nil makes no difference.
        package var throttledBackoff: Backoff?
        /// The first try included; 1 is no retry.
        package var maxAttempts: Int
        /// Bounds one attempt; nil leaves it unbounded.
        package var attemptTimeout: Duration?
        /// Bounds the call with all its attempts and waits; nil leaves it unbounded.
        package var deadline: Duration?
        package var retryAfter: RetryAfterRule
        /// Whether the wait after which the next one would be longer than the backoff's cap is the last, and no attempt
        /// follows it: what apimachinery's `wait.Backoff` does, whatever number of steps it was given.
        package var stopsAtCap: Bool

        package init(
            backoff: Backoff = .none, throttledBackoff: Backoff? = nil, maxAttempts: Int,
            attemptTimeout: Duration? = nil, deadline: Duration? = nil, retryAfter: RetryAfterRule = .ignore,
            stopsAtCap: Bool = false
        ) {
            self.backoff = backoff
            self.throttledBackoff = throttledBackoff
            self.maxAttempts = maxAttempts
            self.attemptTimeout = attemptTimeout
            self.deadline = deadline
            self.retryAfter = retryAfter
            self.stopsAtCap = stopsAtCap
        }

        /// Reads documents that were written before ``stopsAtCap``, too.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                backoff: try container.decode(Backoff.self, forKey: .backoff),
                throttledBackoff: try container.decodeIfPresent(Backoff.self, forKey: .throttledBackoff),
                maxAttempts: try container.decode(Int.self, forKey: .maxAttempts),
                attemptTimeout: try container.decodeIfPresent(Duration.self, forKey: .attemptTimeout),
                deadline: try container.decodeIfPresent(Duration.self, forKey: .deadline),
                retryAfter: try container.decode(RetryAfterRule.self, forKey: .retryAfter),
                stopsAtCap: try container.decodeIfPresent(Bool.self, forKey: .stopsAtCap) ?? false)
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
        /// Waits as long as the server asks, be it shorter or longer, and begins the backoff anew (gRPC's pushback).
        case exact
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
        name: String, description: String, call: Call, budget: RetryBudget.Parameters? = nil,
        breaker: CircuitBreaker.Parameters? = nil, adaptiveRate: AdaptiveRate.Parameters? = nil,
        classifier: Classifier, transport: Transport, rateLimit: RateLimit? = nil, requeue: Backoff,
        reflector: Reflector = .clientGo, batching: Duration = .zero,
        paths: [CallPath: PathRule], locks: Locks = Locks(), cron: Cron = Cron(), agent: Agent = Agent(),
        exec: Exec = Exec(), cleanup: Cleanup = Cleanup(), workers: Workers = Workers(),
        leaderElection: LeaderElection = LeaderElection()
    ) {
        self.name = name
        self.description = description
        self.call = call
        self.budget = budget
        self.breaker = breaker
        self.adaptiveRate = adaptiveRate
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

    /// Reads documents that were written before a controller's parts and the guards were known, too: an archive's, or a
    /// team's own full policy. Those parts are then as in a policy that says nothing of them.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func part<Part: Decodable>(_ key: CodingKeys, or otherwise: Part) throws -> Part {
            try container.decodeIfPresent(Part.self, forKey: key) ?? otherwise
        }
        self.init(
            name: try container.decode(String.self, forKey: .name),
            description: try container.decode(String.self, forKey: .description),
            call: try container.decode(Call.self, forKey: .call),
            budget: try container.decodeIfPresent(RetryBudget.Parameters.self, forKey: .budget),
            breaker: try container.decodeIfPresent(CircuitBreaker.Parameters.self, forKey: .breaker),
            adaptiveRate: try container.decodeIfPresent(AdaptiveRate.Parameters.self, forKey: .adaptiveRate),
            classifier: try container.decode(Classifier.self, forKey: .classifier),
            transport: try container.decode(Transport.self, forKey: .transport),
            rateLimit: try container.decodeIfPresent(RateLimit.self, forKey: .rateLimit),
            requeue: try container.decode(Backoff.self, forKey: .requeue),
            reflector: try container.decode(Reflector.self, forKey: .reflector),
            batching: try container.decode(Duration.self, forKey: .batching),
            paths: try container.decode([CallPath: PathRule].self, forKey: .paths),
            locks: try part(.locks, or: Locks()), cron: try part(.cron, or: Cron()),
            agent: try part(.agent, or: Agent()), exec: try part(.exec, or: Exec()),
            cleanup: try part(.cleanup, or: Cleanup()), workers: try part(.workers, or: Workers()),
            leaderElection: try part(.leaderElection, or: LeaderElection()))
    }

    /// How a place in the controller tries again in place; nil where it does not.
    package func inPlace(at path: CallPath) -> Call? {
        let rule = rule(for: path)
        return rule.retriesInPlace ? rule.call ?? call : nil
    }
}
