import Determinism
import Kubernetes
import Resilience
import Synchronization

extension Call {
    /// Makes attempts until one succeeds or the policy gives up: the tries in place of one request, and what all calls
    /// of a runner share.
    ///
    /// - Parameters:
    ///   - handled: Answers that the caller deals with itself; they are thrown as they are, and never retried.
    ///   - body: Sends one request.
    /// - Throws: ``CallFailed`` when the policy gives up; ``APIError`` for handled answers; `CancellationError`.
    func attempt<Answer: Sendable>(
        handling handled: Set<APIError.Code>, _ body: () async throws -> Answer
    ) async throws -> Answer {
        let guards = runner.guards
        var retrier = Retrier(runner.policy.inPlace(at: path) ?? Policy.Call(maxAttempts: 1), runner.policy.classifier)
        if runner.attempts.attempts(of: operation) == 0 { guards.began(now: runner.clock.now) }
        // What the attempt to come is a retry of, and what the budget took for it.
        var last: APIError?
        var cost: Int?
        while true {
            let permit = try await admission(after: last)
            do {
                let answer = try await body()
                guards.answered(permit, cost: cost, now: runner.clock.now)
                return answer
            } catch let error as APIError {
                if handled.contains(error.code) {
                    guards.answered(permit, cost: cost, now: runner.clock.now)
                    throw error
                }
                if Task.isCancelled {
                    guards.abandoned(permit)
                    throw CancellationError()
                }
                cost = try await retry(after: error, permit, cost, &retrier)
                last = error
            } catch {
                guards.abandoned(permit)
                throw error
            }
        }
    }

    /// Waits for the retry after a failure, and tells what the budget took for it.
    private func retry(
        after error: APIError, _ permit: RetryGuards.Permit, _ cost: Int?, _ retrier: inout Retrier
    ) async throws -> Int? {
        let (guards, clock) = (runner.guards, runner.clock)
        let failure = CallFailure(error)
        var generator = runner.streams.stream("call", requestID)
        let decision = retrier.failed(failure, elapsed: clock.now - started, using: &generator)
        switch decision {
        case .giveUp(.permanent), .waitAndGiveUp(.permanent, _):
            // The server works, and says no.
            guards.answered(permit, cost: cost, now: clock.now)
        default: guards.failed(permit, isThrottling: failure.isThrottling, now: clock.now)
        }
        switch decision {
        case .giveUp(let classification): throw failed(error, classification: classification)
        case .waitAndGiveUp(let classification, let wait):
            report(wait)
            try await clock.sleep(for: wait)
            throw failed(error, classification: classification)
        case .retry(let backoff):
            var coins = runner.streams.stream("budget", requestID)
            guard let grant = guards.grant(after: failure, now: clock.now, using: &coins) else {
                throw failed(error, classification: .transient)
            }
            let wait = backoff + guards.wait(at: clock.now + backoff)
            guard fits(wait) else { throw failed(error, classification: .transient) }
            report(wait)
            try await clock.sleep(for: wait)
            return grant.cost
        }
    }

    /// Waits until the rate limit and the breaker let an attempt through.
    ///
    /// - Parameter last: What the attempt is a retry of.
    /// - Throws: ``CallFailed`` where that is never, or not before the call's deadline.
    private func admission(after last: APIError?) async throws -> RetryGuards.Permit {
        let (guards, clock) = (runner.guards, runner.clock)
        while let wait = guards.take(now: clock.now) {
            guard fits(wait) else { throw refused(after: last, "the rate limit leaves no time before the deadline") }
            runner.observer.onHeldBack(path, wait)
            try await clock.sleep(for: wait)
        }
        guard let permit = guards.permit(now: clock.now) else {
            throw refused(after: last, "the circuit breaker is open")
        }
        return permit
    }

    /// Whether an attempt after the wait would still begin before the call's deadline.
    private func fits(_ wait: Duration) -> Bool {
        let limits = runner.policy.inPlace(at: path) ?? runner.policy.call
        return limits.deadline.map { runner.clock.now - started + wait < $0 } ?? true
    }

    private func refused(after last: APIError?, _ message: String) -> CallFailed {
        if let last { return failed(last, classification: .transient) }
        let error = APIError(code: .unreachable, message: message, transport: TransportFailure(kind: .other))
        var failure = failed(error, classification: .transient)
        failure.requestID = ""
        return failure
    }

    private func report(_ wait: Duration) {
        runner.observer.onDecision(
            RetryDecision(requestID: requestID, classification: .transient, layer: .call, wait: wait))
    }
}

/// Budget, breaker and rate of a policy, for all calls of one runner, whichever tasks make them.
final class CallGuards: Sendable {
    private let guards: Mutex<RetryGuards>

    init(_ policy: Policy, now: Duration) { guards = Mutex(RetryGuards(policy, now: now)) }

    func began(now: Duration) { guards.withLock { $0.began(now: now) } }

    func take(now: Duration) -> Duration? { guards.withLock { $0.take(now: now) } }

    func wait(at now: Duration) -> Duration { guards.withLock { $0.wait(at: now) } }

    func permit(now: Duration) -> RetryGuards.Permit? { guards.withLock { $0.permit(now: now) } }

    func answered(_ permit: RetryGuards.Permit, cost: Int?, now: Duration) {
        guards.withLock { $0.answered(permit, cost: cost, now: now) }
    }

    func failed(_ permit: RetryGuards.Permit, isThrottling: Bool, now: Duration) {
        guards.withLock { $0.failed(permit, isThrottling: isThrottling, now: now) }
    }

    func abandoned(_ permit: RetryGuards.Permit) { guards.withLock { $0.abandoned(permit) } }

    func grant(
        after failure: CallFailure, now: Duration, using coins: inout SplitMix64
    ) -> RetryGuards.Grant? {
        guards.withLock { $0.grant(after: failure, now: now, using: &coins) }
    }
}
