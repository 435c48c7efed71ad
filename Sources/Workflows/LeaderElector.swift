import Determinism
package import Kubernetes
package import Logging
import Resilience
import Synchronization

/// Leads by a Lease: runs what only one of several controllers may run at a time.
package final class LeaderElector: Sendable {
    /// The lease could not be renewed in time, or somebody else has it.
    package struct LeadershipLost: Error, Hashable, Sendable, CustomStringConvertible {
        package var identity: String

        package var description: String { "\(identity) leads no more" }
    }

    private let identity: String
    private let key: ObjectKey
    private let runner: CallRunner
    private let releasesLease: Bool
    private let logger: Logger
    private let election: Mutex<LeaderElection>
    /// Calls in a row that came to nothing.
    private let failures = Mutex(0)

    /// - Parameters:
    ///   - identity: Unique among the candidates, and among their lives.
    ///   - lease: Its place.
    ///   - releasesLease: Whether the lease is given back when the work ends by itself. Argo does not.
    package init(
        identity: String, lease: ObjectKey, runner: CallRunner, releasesLease: Bool = true,
        logger: Logger = Logger(label: "boreas.workflows")
    ) {
        self.identity = identity
        key = lease
        self.runner = runner
        self.releasesLease = releasesLease
        self.logger = logger
        election = Mutex(LeaderElection(identity: identity, key: lease, policy: runner.policy.leaderElection))
    }

    package var isLeader: Bool { election.withLock { $0.leads(now: runner.clock.now) } }

    /// Waits until it leads, and runs the body as long as it does. To be called once.
    ///
    /// The body is cancelled as soon as the lease has not been renewed for the policy's `renewDeadline`, whatever became of
    /// the call that was to renew it.
    ///
    /// - Throws: ``LeadershipLost``; what the body throws; `CancellationError`, with the lease left to run out, as after a
    ///   crash.
    package func lead(_ body: @escaping @Sendable () async throws -> Void) async throws {
        while !isLeader { try await step() }
        logger.debug("leads", metadata: ["identity": "\(identity)", "lease": "\(key)"])
        let result: Result<Void, any Error>
        do {
            try await whileLeading(body)
            result = .success(())
        } catch is LeadershipLost {
            logger.debug("leads no more", metadata: ["identity": "\(identity)", "lease": "\(key)"])
            throw LeadershipLost(identity: identity)
        } catch {
            result = .failure(error)
        }
        if releasesLease, !Task.isCancelled { await release() }
        try result.get()
    }

    private func whileLeading(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await body() }
            group.addTask { while true { try await self.step() } }
            group.addTask { try await self.untilLost() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// - Throws: ``LeadershipLost``, `CancellationError`; it never returns.
    private func untilLost() async throws {
        while true {
            let now = runner.clock.now
            guard let end = election.withLock({ $0.leadsUntil }), now < end else {
                throw LeadershipLost(identity: identity)
            }
            try await runner.clock.sleep(for: end - now)
        }
    }

    /// Does the next thing on the way to leading, or to go on leading.
    ///
    /// - Throws: ``LeadershipLost`` where somebody else has taken over.
    private func step() async throws {
        let wasHeld = election.withLock { $0.leadsUntil != nil }
        let now = runner.clock.now
        var generator = runner.streams.stream("leader-election", identity, "\(now)")
        switch election.withLock({ $0.next(now: now, time: time, using: &generator) }) {
        case .wait(let wait): try await runner.clock.sleep(for: wait)
        case .read: try await perform(.get(Lease.resource, key)) { $0.read($1, now: $2) }
        case .create(let lease): try await write(.create(lease))
        case .update(let lease): try await write(.update(lease))
        }
        if wasHeld, election.withLock({ $0.leadsUntil == nil }) { throw LeadershipLost(identity: identity) }
    }

    private var time: Timestamp { Timestamp(microsecondsSinceEpoch: runner.clock.epochMicrosecondsNow) }

    private func write(_ request: APIRequest) async throws {
        try await perform(request) { election, lease, now in
            if let lease { election.written(lease, now: now) } else { election.refused() }
        }
    }

    /// - Parameter answered: Told of the lease in the answer; nil where there is none, or it has changed.
    private func perform(
        _ request: APIRequest, answered: @Sendable (inout LeaderElection, Lease?, Duration) -> Void
    ) async throws {
        var request = request
        // A call that can't help any more is not worth waiting for.
        let limits = runner.policy.leaderElection
        let end = election.withLock { $0.leadsUntil }
        request.timeout = end.map { max(.milliseconds(1), $0 - runner.clock.now) } ?? limits.renewDeadline
        do {
            let lease = try await runner.perform(.leaderElection, request.identity) { [request] call -> Lease? in
                do {
                    return Lease(json: try await call.send(request, handling: [.notFound, .alreadyExists, .conflict]))
                } catch let error as APIError where [.notFound, .alreadyExists, .conflict].contains(error.code) {
                    return nil
                }
            }
            failures.withLock { $0 = 0 }
            election.withLock { answered(&$0, lease, runner.clock.now) }
        } catch let failure as CallFailed {
            logger.debug("lease not reached", metadata: ["lease": "\(key)", "error": "\(failure.error)"])
            var generator = runner.streams.stream("leader-election", identity, failure.requestID)
            let retry = failures.withLock { count in
                count += 1
                return count
            }
            var unknown = Backoff.Previous()
            let backoff = runner.policy.requeue.delay(retry: retry, previous: &unknown, using: &generator)
            let wait = min(backoff, limits.retryPeriod)
            runner.requeued([failure], wait: wait)
            election.withLock { $0.failed(wait: wait) }
        }
    }

    /// Where it fails the lease runs out by itself.
    private func release() async {
        guard let lease = election.withLock({ $0.release(time: time) }) else { return }
        var request = APIRequest.update(lease)
        request.timeout = runner.policy.leaderElection.renewDeadline
        do {
            try await runner.perform(.leaderElection, request.identity) { [request] call in
                _ = try await call.send(request)
            }
        } catch {
            logger.debug("lease not given back", metadata: ["lease": "\(key)", "error": "\(error)"])
        }
    }
}
