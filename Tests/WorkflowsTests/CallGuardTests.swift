import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

/// What a policy makes all calls of a runner share: budget, breaker, rate; and waits that nobody profits from.
@Suite(.timeLimit(.minutes(1)))
struct CallGuardTests {
    private let log = ObserverLog()
    private let hands = Hands()
    private let heldBack = Log<Duration>()
    private let workflowRetries = Log<WorkflowRetry>()

    private final class Log<Element: Sendable>: Sendable {
        private let elements = Mutex<[Element]>([])
        var all: [Element] { elements.withLock { $0 } }
        func append(_ element: Element) { elements.withLock { $0.append(element) } }
    }

    /// Time that passes only by waiting.
    private final class Hands: Sendable {
        private let time = Mutex(Duration.zero)
        var now: Duration { time.withLock { $0 } }

        var clock: TrialClock {
            TrialClock(
                startEpochMicroseconds: 0, elapsed: { self.now },
                pause: { wait in
                    try Task.checkCancellation()
                    self.time.withLock { $0 += wait }
                })
        }
    }

    private static let overload = APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy"))
    private static let throttling = APIError(Status(code: 429, reason: "TooManyRequests", message: "too many"))

    private func runner(_ policy: Policy, _ api: ScriptedAPI) -> CallRunner {
        let (heldBack, workflowRetries) = (heldBack, workflowRetries)
        let observer = ControllerObserver(
            onWorkflowRetry: { workflowRetries.append($0) }, onHeldBack: { heldBack.append($1) })
        return CallRunner(
            api: api, policy: policy, clock: hands.clock, streams: RandomStreams(seed: 1), attempts: AttemptCounter(),
            observer: log.observer.joined(with: observer))
    }

    private func create(_ runner: CallRunner, _ name: String = "p") async throws {
        let request = APIRequest.create(Pod(name: name, namespace: "n"))
        _ = try await runner.perform(.podCreate, request.identity) { try await $0.send(request) }
    }

    private func policy(
        _ call: Policy.Call, budget: RetryBudget.Parameters? = nil, breaker: CircuitBreaker.Parameters? = nil,
        rate: AdaptiveRate.Parameters? = nil
    ) -> Policy {
        var policy = Policy.fixed
        policy.call = call
        policy.budget = budget
        policy.breaker = breaker
        policy.adaptiveRate = rate
        return policy
    }

    private static let patient = Policy.Call(backoff: Backoff(.fixed, base: .seconds(1)), maxAttempts: 9)

    @Test("a retry that the budget refuses is a failure like any other after the last attempt")
    func budget() async throws {
        let api = ScriptedAPI { _, _ in .refuse(Self.overload) }
        let runner = runner(policy(Self.patient, budget: .throttle(.init(tokensMax: 4, ratio: 0.1))), api)
        let failure = await #expect(throws: CallFailed.self) { try await create(runner) }
        // After the first failure three tokens of four are left, after the second no more than half.
        #expect(api.requests.count == 2)
        #expect(failure?.disposition == .failNode && failure?.classification == .transient)
        #expect(failure?.requestID == "podCreate/n/p.2")
        #expect(log.decisions.map(\.layer) == [.call, nil])
        #expect(log.operations.map(\.outcome) == [.failed(.transient)])
    }

    @Test("all calls of a runner draw on one budget, and successes fill it")
    func sharedBudget() async throws {
        let api = ScriptedAPI { request, _ in request.identity.name == "bad" ? .refuse(Self.overload) : nil }
        let runner = runner(policy(Self.patient, budget: .throttle(.init(tokensMax: 4, ratio: 1))), api)
        await #expect(throws: CallFailed.self) { try await create(runner, "bad") }
        #expect(api.requests.count == 2)
        await #expect(throws: CallFailed.self) { try await create(runner, "bad") }
        #expect(api.requests.count == 3)
        for name in ["a", "b", "c"] { try await create(runner, name) }
        await #expect(throws: CallFailed.self) { try await create(runner, "bad") }
        #expect(api.requests.count == 8)
    }

    @Test("Finagle's budget grows by calls, and not by their retries nor by their return from the queue")
    func deposits() async throws {
        let api = ScriptedAPI { _, _ in .refuse(Self.overload) }
        var policy = policy(
            Policy.Call(maxAttempts: 99), budget: .share(.init(share: 1, perSecondMin: 0, window: .seconds(10))))
        policy.paths[.podCreate] = Policy.PathRule(
            retriesInPlace: true, onTransient: .requeue, onPermanent: .failNode)
        let runner = runner(policy, api)
        await #expect(throws: CallFailed.self) { try await create(runner) }
        #expect(api.requests.count == 2)
        await #expect(throws: CallFailed.self) { try await create(runner) }
        #expect(api.requests.count == 3)
    }

    private static let breaker = CircuitBreaker.Parameters(
        window: 4, attemptsMin: 4, failureShare: 0.5, openFor: .seconds(60), trials: 1)

    @Test("an open breaker ends a call's retries, refuses the calls that follow, and lets one try after its time")
    func breaker() async throws {
        let api = ScriptedAPI { _, _ in .refuse(Self.overload) }
        let runner = runner(policy(Self.patient, breaker: Self.breaker), api)
        let first = await #expect(throws: CallFailed.self) { try await create(runner) }
        #expect(api.requests.count == 4 && first?.error.code == .serverFailure)
        let refused = await #expect(throws: CallFailed.self) { try await create(runner, "q") }
        #expect(api.requests.count == 4)
        #expect(refused?.error.message == "the circuit breaker is open" && refused?.classification == .transient)
        // Nothing was sent, so that there is nothing to which a decision could belong.
        #expect(log.decisions.allSatisfy { $0.requestID.hasPrefix("podCreate/n/p.") })
        #expect(log.operations.map(\.attempts) == [4, 0])
        try await hands.clock.sleep(for: .seconds(60))
        await #expect(throws: CallFailed.self) { try await create(runner, "r") }
        #expect(api.requests.count == 5)
    }

    @Test("refusals by a server that works open no breaker")
    func permanent() async throws {
        let invalid = APIError(Status(code: 422, reason: "Invalid", message: "no image"))
        let api = ScriptedAPI { _, _ in .refuse(invalid) }
        let runner = runner(policy(Self.patient, breaker: Self.breaker), api)
        for _ in 1...8 { await #expect(throws: CallFailed.self) { try await create(runner) } }
        #expect(api.requests.count == 8)
    }

    @Test("after throttling, attempts are held back, and the wait is the call's")
    func rate() async throws {
        let api = ScriptedAPI { request, ordinal in
            request.identity.name == "p" && ordinal == 1 ? .refuse(Self.throttling) : nil
        }
        let call = Policy.Call(backoff: Backoff(.fixed, base: .milliseconds(100)), maxAttempts: 9)
        let runner = runner(policy(call, rate: AdaptiveRate.Parameters()), api)
        try await create(runner)
        // Half a token a second: the backoff of 100 ms is the lesser part of the wait.
        let wait = try #require(log.decisions.first).wait
        #expect(log.decisions.map(\.layer) == [.call])
        #expect(wait > .milliseconds(1_900) && wait < .milliseconds(2_100))
        #expect(hands.now == wait && heldBack.all.isEmpty)
        // A first attempt has no failure before it, and so no decision.
        try await create(runner, "q")
        #expect(log.decisions.count == 1)
        #expect(heldBack.all.count == 1 && hands.now == wait + heldBack.all.reduce(.zero, +))
    }

    @Test("no attempt is held back beyond its call's deadline")
    func rateAndDeadline() async throws {
        let api = ScriptedAPI { _, ordinal in ordinal == 1 ? .refuse(Self.throttling) : nil }
        var call = Policy.Call(backoff: Backoff(.fixed, base: .milliseconds(100)), maxAttempts: 9)
        call.deadline = .seconds(1)
        let runner = runner(policy(call, rate: AdaptiveRate.Parameters()), api)
        let failure = await #expect(throws: CallFailed.self) { try await create(runner) }
        #expect(failure?.error == Self.throttling && hands.now == .zero)
        let refused = await #expect(throws: CallFailed.self) { try await create(runner, "q") }
        #expect(refused?.requestID == "" && refused?.error.message.hasPrefix("the rate limit") == true)
    }

    @Test("the wait that apimachinery's cap wastes is waited and attributed, and no attempt follows")
    func stopsAtCap() async throws {
        let api = ScriptedAPI { _, _ in .refuse(Self.overload) }
        let call = Policy.Call(
            backoff: Backoff(.exponential, base: .seconds(1), cap: .seconds(5)), maxAttempts: 10, stopsAtCap: true)
        await #expect(throws: CallFailed.self) { try await create(runner(policy(call), api)) }
        #expect(api.requests.count == 3 && hands.now == .seconds(7))
        #expect(log.decisions.map(\.wait) == [.seconds(1), .seconds(2), .seconds(4), .zero])
        #expect(log.decisions.map(\.layer) == [.call, .call, .call, nil])
    }

    @Test("a workflow's own retry is reported once for each node, and attributed to the request that failed the node")
    func workflowRetry() {
        let runner = runner(.boreas, ScriptedAPI())
        let retry = WorkflowRetry(
            workflow: "n/w", nodeID: "w-1", reason: "exit code 1", requestID: "podCreate/n/p.1", wait: .seconds(5))
        for _ in 1...3 { runner.retriedByWorkflow(retry) }
        #expect(workflowRetries.all == [retry])
        let expected = RetryDecision(
            requestID: "podCreate/n/p.1", classification: .transient, layer: .workflow, wait: .seconds(5))
        #expect(log.decisions == [expected])
        var other = retry
        other.nodeID = "w-2"
        other.requestID = nil
        runner.retriedByWorkflow(other)
        #expect(workflowRetries.all.count == 2 && log.decisions.count == 1)
        runner.abandon(about: ObjectKey(namespace: "n", name: "w"))
        runner.retriedByWorkflow(other)
        #expect(workflowRetries.all.count == 3)
    }
}
