import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing
import Workflows

@Suite(.timeLimit(.minutes(1)))
struct CallRunnerTests {
    private let log = ObserverLog()
    private let attempts = AttemptCounter()
    private let pod = Pod(name: "p", namespace: "n")

    /// Time that passes only by waiting.
    private final class Hands: Sendable {
        let now = Mutex(Duration.zero)

        var clock: TrialClock {
            TrialClock(
                startEpochMicroseconds: 0, elapsed: { self.now.withLock { $0 } },
                pause: { wait in
                    try Task.checkCancellation()
                    self.now.withLock { $0 += wait }
                })
        }
    }

    private func runner(_ policy: Policy, _ api: ScriptedAPI) -> CallRunner {
        CallRunner(
            api: api, policy: policy, clock: Hands().clock, streams: RandomStreams(seed: 1), attempts: attempts,
            observer: log.observer)
    }

    private static let overload = APIError(Status(code: 503, reason: "ServiceUnavailable", message: "busy"))

    private func create(_ runner: CallRunner, _ path: CallPath = .podCreate) async throws {
        let request = APIRequest.create(pod)
        _ = try await runner.perform(path, request.identity) { try await $0.send(request) }
    }

    @Test("tries in place are numbered, bounded and reported")
    func inPlace() async throws {
        let api = ScriptedAPI { _, ordinal in ordinal < 3 ? .refuse(Self.overload) : nil }
        try await create(runner(.boreas, api))
        #expect(api.requests.map { $0.trace?.requestID } == ["podCreate/n/p.1", "podCreate/n/p.2", "podCreate/n/p.3"])
        #expect(api.requests.allSatisfy { $0.timeout == .seconds(5) })
        #expect(log.decisions.map(\.layer) == [.call, .call])
        #expect(log.decisions.map(\.requestID) == ["podCreate/n/p.1", "podCreate/n/p.2"])
        let operation = try #require(log.operations.first)
        #expect(operation.outcome == .succeeded && operation.attempts == 3 && operation.path == .podCreate)
        #expect(operation.identity.description == "create pods n/p")
        #expect(operation.finished - operation.started == log.decisions.map(\.wait).reduce(.zero, +))
    }

    @Test("two workflows that read one object at the same time are two operations, and no request id comes twice")
    func owners() async throws {
        let api = ScriptedAPI { _, _ in .refuse(Self.overload) }
        let runner = runner(.boreas, api)
        let request = APIRequest.get(.serviceAccounts, ObjectKey(namespace: "n", name: "default"))
        try await runner.perform(.agentPodRead, request.identity, for: ObjectKey(namespace: "n", name: "a")) { first in
            _ = try? await first.send(request)
            try await runner.perform(
                .agentPodRead, request.identity, for: ObjectKey(namespace: "n", name: "b")
            ) { second in _ = try? await second.send(request) }
            _ = try? await first.send(request)
        }
        let traces = api.requests.compactMap(\.trace)
        #expect(Set(traces.map(\.requestID)).count == api.requests.count)
        #expect(
            Set(traces.map(\.operation))
                == ["agentPodRead/n/a/default/get-serviceaccounts", "agentPodRead/n/b/default/get-serviceaccounts"])
        #expect(log.operations.count == 2)
    }

    @Test("an operation that goes back to the queue is taken up again, and its next one has another name")
    func requeue() async throws {
        let api = ScriptedAPI { request, ordinal in
            request.verb == .create && ordinal == 1 ? .refuse(Self.overload) : nil
        }
        let runner = runner(.argo412, api)
        let failure = await #expect(throws: CallFailed.self) { try await create(runner) }
        #expect(failure?.disposition == .requeue)
        #expect(log.operations.isEmpty)
        runner.requeued([try #require(failure)], wait: .seconds(10))
        try await create(runner)
        try await runner.api.delete(Pod.self, pod.metadata.key)
        try await create(runner)
        let ids = api.requests.compactMap { $0.trace?.requestID }
        #expect(ids == ["podCreate/n/p.1", "podCreate/n/p.2", "podCreate/n/p#2.1"])
        #expect(log.operations.map(\.operation) == ["podCreate/n/p", "podCreate/n/p#2"])
        #expect(log.operations.map(\.attempts) == [2, 1])
        let expected = RetryDecision(
            requestID: "podCreate/n/p.1", classification: .transient, layer: .requeue, wait: .seconds(10))
        #expect(log.decisions == [expected])
    }

    @Test("requests that the transport adds have numbers of their own, and decisions name the last")
    func transport() async throws {
        let attempts = attempts
        let api = ScriptedAPI { request, ordinal in
            // A transport that sent the request once more by itself.
            if let trace = request.trace, ordinal == 1 { _ = attempts.nextAttempt(of: trace.operation) }
            return ordinal == 1 ? .refuse(Self.overload) : nil
        }
        try await create(runner(.boreas, api))
        #expect(api.requests.map { $0.trace?.attempt } == [1, 3])
        #expect(log.decisions.map(\.requestID) == ["podCreate/n/p.2"])
        #expect(log.operations.map(\.attempts) == [3])
    }

    @Test("a failure that is final ends the operation")
    func final() async throws {
        let invalid = APIError(Status(code: 422, reason: "Invalid", message: "no image"))
        let api = ScriptedAPI { _, _ in .refuse(invalid) }
        let failure = await #expect(throws: CallFailed.self) { try await create(runner(.boreas, api)) }
        #expect(failure?.disposition == .failNode && failure?.classification == .permanent)
        #expect(api.requests.count == 1)
        #expect(log.operations.map(\.outcome) == [.failed(.permanent)])
        #expect(log.operations.map(\.message) == ["no image"])
        #expect(log.decisions.map(\.layer) == [nil])
    }

    @Test("an answer that the caller deals with is neither tried again nor reported as a failure")
    func handled() async throws {
        let api = ScriptedAPI()
        let runner = runner(.boreas, api)
        try await create(runner)
        let request = APIRequest.create(pod)
        try await runner.perform(.podCreate, request.identity) { call in
            let error = await #expect(throws: APIError.self) {
                try await call.send(request, handling: [.alreadyExists])
            }
            #expect(error?.code == .alreadyExists)
        }
        #expect(api.requests.count == 2)
        #expect(log.decisions.isEmpty)
        #expect(log.operations.map(\.outcome) == [.succeeded, .succeeded])
    }

    @Test("cancellation is never retried, and leaves the operation for its end to be reported")
    func cancellation() async throws {
        let api = ScriptedAPI { _, _ in
            withUnsafeCurrentTask { $0?.cancel() }
            return .refuse(Self.overload)
        }
        let runner = runner(.boreas, api)
        let thrown = await withTaskGroup { group in
            group.addTask { () -> Bool in
                do {
                    try await create(runner)
                    return false
                } catch { return error is CancellationError }
            }
            return await group.next()
        }
        #expect(thrown == true)
        #expect(api.requests.count == 1)
        #expect(log.operations.isEmpty)
        runner.abandon()
        #expect(log.operations.map(\.outcome) == [.abandoned])
    }

    @Test("the last attempt has only what is left of the deadline")
    func deadline() async throws {
        var policy = Policy.boreas
        policy.call = Policy.Call(
            backoff: Backoff(.fixed, base: .seconds(4)), maxAttempts: 9, attemptTimeout: .seconds(5),
            deadline: .seconds(10))
        let api = ScriptedAPI { _, _ in .refuse(Self.overload) }
        await #expect(throws: CallFailed.self) { try await create(runner(policy, api)) }
        #expect(api.requests.map(\.timeout) == [.seconds(5), .seconds(5), .seconds(2)])
    }
}
