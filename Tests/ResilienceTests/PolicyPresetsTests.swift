import Determinism
import Resilience
import Testing

extension Policy: CustomTestStringConvertible {
    package var testDescription: String { name }
}

struct PolicyPresetsTests {
    @Test("the presets have the names that experiments use, each once")
    func names() {
        let expected = [
            "none", "fixed", "exponential", "full-jitter", "equal-jitter", "decorrelated-jitter", "client-go", "grpc",
            "aws-standard", "aws-adaptive", "retry-budget", "circuit-breaker", "argo-v3.4.17", "argo-v3.5.8",
            "argo-v3.6.0", "argo-v4.1.2", "incident", "boreas",
        ]
        #expect(Policy.presets.map(\.name) == expected)
    }

    @Test("every preset says in one line what it does", arguments: Policy.presets)
    func description(policy: Policy) {
        #expect(!policy.description.isEmpty && policy.description.count <= 120 && policy.description.last == ".")
        #expect(!policy.description.contains("\n"))
    }

    @Test("every preset says what becomes of an informer, and of leading", arguments: Policy.presets)
    func loops(policy: Policy) {
        for path in [CallPath.informer, .leaderElection] {
            #expect(policy.rule(for: path).onTransient == .requeue)
            #expect(policy.rule(for: path).onPermanent == .requeue)
        }
    }

    /// A place in Argo, and its attempts since the first, in milliseconds (ARGO.md, 2.1); the last number is when it
    /// gives up.
    struct Window: Sendable, CustomTestStringConvertible {
        var policy: Policy
        var path: CallPath
        var attempts: [Int]

        var testDescription: String { "\(policy.name) \(path.rawValue)" }
    }

    private static let once = [0, 0]
    private static let defaultRetry = [0, 10, 30, 70, 150, 150]
    private static let defaultBackoff = [0, 10, 60, 310, 310]
    private static let agentPatch = [0, 1_000, 3_000, 7_000, 15_000, 15_000]

    private static let windows: [Window] =
        [(Policy.argo3417, 0), (.argo358, 1), (.argo360, 2), (.argo412, 3)].flatMap { policy, index -> [Window] in
            func window(_ path: CallPath, _ byRelease: [[Int]]) -> Window {
                Window(policy: policy, path: path, attempts: byRelease[index])
            }
            return [
                window(.semaphoreSetup, [once, once, once, defaultRetry]),
                window(.semaphoreLimit, [once, once, once, defaultRetry]),
                window(.cronCreate, [once, once, once, defaultRetry]),
                window(.cronTemplateRead, [once, once, once, once]),
                window(.cronStatus, [defaultBackoff, defaultBackoff, defaultBackoff, defaultRetry]),
                window(.workflowShutdown, [defaultRetry, defaultRetry, defaultRetry, defaultRetry]),
                window(.taskSetStatus, [agentPatch, agentPatch, agentPatch, agentPatch]),
                window(.taskSetWrite, [once, once, once, once]),
                window(.agentPodCreate, [once, once, once, once]),
                window(.agentPodRead, [once, once, once, once]),
                window(.podCreate, [once, once, once, once]),
                window(.workflowUpdate, [once, once, once, once]),
                window(.podDelete, [once, once, once, once]),
                window(.podLabel, [once, once, once, once]),
                window(.exec, [once, once, once, once]),
            ]
        }

    @Test("Argo's windows for retries follow from its constants", arguments: windows)
    func argoWindow(window: Window) {
        struct Lowest: RandomNumberGenerator { mutating func next() -> UInt64 { 0 } }
        var generator = Lowest()
        let policy = window.policy
        var retrier = Retrier(policy.inPlace(at: window.path) ?? Policy.Call(maxAttempts: 1), policy.classifier)
        let refused = CallFailure(httpStatus: 0, transport: "connectionRefused")
        var (times, now) = ([Duration.zero], Duration.zero)
        attempts: while true {
            switch retrier.failed(refused, elapsed: now, using: &generator) {
            case .retry(let wait):
                now += wait
                times.append(now)
            case .waitAndGiveUp(_, let wait):
                times.append(now + wait)
                break attempts
            case .giveUp:
                times.append(now)
                break attempts
            }
        }
        #expect(times == window.attempts.map { .milliseconds($0) })
    }

    private static let cliffs: [(Policy, CallPath, Policy.Disposition, Policy.Disposition)] = [
        (.argo3417, .agentPodCreate, .failWorkflow, .failWorkflow),
        (.argo358, .agentPodCreate, .failWorkflow, .failWorkflow),
        (.argo360, .agentPodCreate, .requeue, .failNode), (.argo412, .agentPodCreate, .requeue, .failNode),
        (.argo358, .semaphoreSetup, .failNode, .failNode), (.argo412, .semaphoreSetup, .failNode, .failNode),
        (.argo360, .semaphoreLimit, .failNode, .failNode), (.argo412, .semaphoreLimit, .ignore, .ignore),
        (.argo412, .cronCreate, .ignore, .ignore), (.argo412, .taskSetStatus, .ignore, .requeue),
        (.argo412, .taskSetWrite, .ignore, .ignore), (.argo412, .workflowUpdate, .ignore, .ignore),
        (.argo412, .exec, .ignore, .ignore), (.argo412, .podDelete, .requeue, .ignore),
        (.argo412, .podCreate, .requeue, .failNode), (.argo412, .permit, .requeue, .failNode),
    ]

    @Test("what Argo makes of a failure after its window", arguments: cliffs)
    func argoDisposition(
        policy: Policy, path: CallPath, onTransient: Policy.Disposition, onPermanent: Policy.Disposition
    ) {
        #expect(policy.rule(for: path).onTransient == onTransient)
        #expect(policy.rule(for: path).onPermanent == onPermanent)
    }

    @Test("Argo's parts besides retries change with its releases")
    func argoParts() {
        let releases = [Policy.argo3417, .argo358, .argo360, .argo412]
        #expect(releases.map(\.exec.timeout) == [nil, nil, .seconds(120), .seconds(120)])
        #expect(releases.map(\.locks.forms) == [.v3_5, .v3_5, .v3_6, .v4])
        #expect(releases.map(\.locks.restart) == [.forgetFirst, .forgetFirst, .forgetFirst, .poison])
        #expect(releases.map(\.agent.prunesTasksFirst) == [false, true, true, true])
        #expect(releases.map(\.agent.onPodLoss) == [.failWorkflow, .failWorkflow, .failNode, .failNode])
        #expect(releases.map(\.cron.countsFailedSubmissions) == [false, false, true, true])
        for policy in releases {
            #expect(!policy.exec.isParallel && !policy.exec.killsWithoutGrace)
            #expect(policy.locks.isSerial && !policy.locks.isWriteAhead)
            #expect(policy.workers == Policy.Workers(workflow: 32, timeToLive: 4, podCleanup: 4, cron: 8))
            #expect(policy.cleanup.forgetsFailures && !policy.cron.repairsAlreadyExists)
            #expect(policy.cleanup.rateLimit == Policy.RateLimit(qps: 10, burst: 100))
            #expect(policy.leaderElection == Policy.LeaderElection())
        }
    }

    @Test("the incidents' remedy is what their reports say")
    func incident() {
        let policy = Policy.incident
        #expect(policy.call.maxAttempts == 4)
        #expect((1...3).map { policy.call.backoff.envelope(retry: $0) } == [100, 200, 400].map { .milliseconds($0) })
        #expect(policy.exec.timeout == .seconds(30))
        #expect(policy.locks.store == .leases)
    }

    @Test("the AWS modes start slowly after throttling, and soon after anything else")
    func aws() {
        #expect(Policy.awsStandard.call.backoff.base == .milliseconds(50))
        #expect(Policy.awsStandard.call.throttledBackoff?.base == .seconds(1))
        #expect(Policy.awsStandard.call.maxAttempts == 3)
        #expect(Policy.awsAdaptive.call == Policy.awsStandard.call && Policy.awsAdaptive.adaptiveRate != nil)
    }

    @Test("Argo v3.4.17 ends the workflow when its agent pod cannot be created, and v4.1.2 asks first why")
    func agentPod() {
        #expect(Policy.argo3417.rule(for: .agentPodCreate).onTransient == .failWorkflow)
        #expect(Policy.argo412.rule(for: .agentPodCreate).onTransient == .requeue)
        #expect(Policy.argo412.rule(for: .agentPodCreate).onPermanent == .failNode)
        #expect(Policy.argo412.rule(for: .agentPodRead).onTransient == .failNode)
    }

    @Test(
        "Argo has no attempt timeout, client-go's transport, and a requeue of 10 s",
        arguments: [
            Policy.argo3417, Policy.argo412,
        ])
    func argo(policy: Policy) {
        #expect(policy.call.attemptTimeout == nil)
        #expect(policy.call.deadline == nil)
        #expect(policy.transport == .clientGo)
        #expect(policy.rateLimit == Policy.RateLimit(qps: 20, burst: 30))
        var generator = SplitMix64(seed: 1)
        var previous = Backoff.Previous()
        #expect(policy.requeue.delay(retry: 7, previous: &previous, using: &generator) == .seconds(10))
        #expect(policy.rule(for: .workflowUpdate).onTransient == .ignore)
    }

    @Test("every attempt under boreas is bounded, and no transient failure ends anything", arguments: CallPath.allCases)
    func boreas(path: CallPath) throws {
        let policy = Policy.boreas
        let timeout = try #require(policy.call.attemptTimeout)
        let deadline = try #require(policy.call.deadline)
        #expect(timeout < deadline)
        #expect(policy.rule(for: path).onTransient == .requeue)
        #expect((1...20).allSatisfy { policy.requeue.envelope(retry: $0) <= .seconds(10) })
        if let own = policy.inPlace(at: path) {
            #expect(try #require(own.attemptTimeout) <= timeout)
            #expect(try #require(own.deadline) <= deadline)
        }
    }

    @Test("boreas has room for three renewals of its lease, however long each takes to fail")
    func boreasLeads() throws {
        let election = Policy.boreas.leaderElection
        let attempt = try #require(Policy.boreas.inPlace(at: .leaderElection)?.attemptTimeout)
        // Two failed ones, each with its wait, and the third before the deadline.
        #expect((attempt + election.retryPeriod) * 2 <= election.renewDeadline)
        #expect(election.renewDeadline < election.leaseDuration)
    }
}
