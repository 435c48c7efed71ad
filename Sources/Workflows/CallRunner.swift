package import Determinism
package import Kubernetes
package import Resilience
import Synchronization

/// Sends requests under a policy, and keeps account of the operations that they belong to.
///
/// An operation stays open from its first request until it succeeds or is given up: a requeue takes the same operation
/// up again, and its requests go on being numbered.
package final class CallRunner: Sendable {
    private struct OpenOperation {
        var id: String
        var path: CallPath
        var identity: RequestIdentity
        /// Whose work it is part of.
        var owner: ObjectKey
        var started: Duration
        var message: String
        /// Not left for a requeue.
        var isRunning: Bool
    }

    package let api: any KubernetesAPI
    package let policy: Policy
    package let clock: TrialClock
    package let streams: RandomStreams
    package let attempts: AttemptCounter
    package let observer: ControllerObserver
    /// What the policy makes all calls share.
    let guards: CallGuards
    let workflowRetries = Mutex<Set<WorkflowRetryKey>>([])
    private let open = Mutex<[String: OpenOperation]>([:])

    /// - Parameter attempts: Shared with the client beneath `api`, which numbers the requests that it adds itself.
    package init(
        api: any KubernetesAPI, policy: Policy, clock: TrialClock, streams: RandomStreams, attempts: AttemptCounter,
        observer: ControllerObserver
    ) {
        self.api = api
        self.policy = policy
        self.clock = clock
        self.streams = streams
        self.attempts = attempts
        self.observer = observer
        guards = CallGuards(policy, now: clock.now)
    }

    /// Runs one operation, or takes it up again where it was left for a requeue.
    ///
    /// - Parameters:
    ///   - identity: What the operation is about; with `path` and `owner` it tells operations apart.
    ///   - owner: For whom it is, where that is not the object itself: several workflows read one ServiceAccount at the
    ///     same time, and each read is an operation of its own.
    ///   - part: What of the object it is about, where one object has several such operations at a time: a container.
    ///   - body: Sends the operation's requests; it must not send two at once.
    /// - Throws: ``CallFailed`` where the policy has given up in place; `CancellationError` untouched, with the operation
    ///   left open.
    package func perform<Result: Sendable>(
        _ path: CallPath, _ identity: RequestIdentity, for owner: ObjectKey? = nil, part: String? = nil,
        _ body: (Call) async throws -> Result
    ) async throws -> Result {
        let name = Self.name(path, identity, owner, part)
        let owner = owner ?? ObjectKey(namespace: identity.namespace, name: identity.name)
        let call = Call(runner: self, operation: begin(name, path, identity, owner), path: path, started: clock.now)
        do {
            let result = try await body(call)
            end(name, .succeeded, "")
            return result
        } catch let error as APIError {
            // An answer that the body had meant to deal with, and could not.
            throw settle(call.failed(error, classification: policy.classifier.classify(CallFailure(error))), name)
        } catch let failure as CallFailed {
            throw settle(failure, name)
        } catch {
            open.withLock { $0[name]?.isRunning = false }
            throw error
        }
    }

    /// Reports the requeue that failures led to: the wait belongs to each of them.
    package func requeued(_ failures: [CallFailed], wait: Duration) {
        for failure in failures where failure.disposition == .requeue && failure.wasSent {
            observer.onDecision(
                RetryDecision(
                    requestID: failure.requestID, classification: failure.classification, layer: .requeue, wait: wait))
        }
    }

    /// Ends an operation that is not taken up again, although its path's failures go back to the queue.
    package func giveUp(_ failure: CallFailed) {
        let name = open.withLock { open in open.first { $0.value.id == failure.operation }?.key }
        if let name { end(failure, name) }
    }

    /// Ends the operations that nobody will take up again: those about an object that is gone, at one path or at all, or,
    /// without `key`, all. Of an object's operations those are left alone that are just running: a pod may be called as
    /// its workflow, and its clean-up may outlast it.
    package func abandon(about key: ObjectKey? = nil, at path: CallPath? = nil) {
        let names = open.withLock { open in
            open.filter { _, operation in
                guard let key else { return true }
                return key == operation.owner && !operation.isRunning && path ?? operation.path == operation.path
            }.keys.sorted()
        }
        for name in names { end(name, .abandoned, nil) }
        forgetWorkflowRetries(of: key)
    }

    private static func name(
        _ path: CallPath, _ identity: RequestIdentity, _ owner: ObjectKey?, _ part: String?
    ) -> String {
        let parts = [
            path.rawValue, path == .informer ? identity.resource : "", identity.namespace, owner?.name ?? "",
            identity.name, part ?? "",
        ]
        let place = parts.filter { !$0.isEmpty }.joined(separator: "/")
        // These paths are about more than one kind of request.
        return path == .informer || path == .other || path == .agentPodRead
            ? "\(place)/\(identity.verb.rawValue)-\(identity.resource)" : place
    }

    private func begin(_ name: String, _ path: CallPath, _ identity: RequestIdentity, _ owner: ObjectKey) -> String {
        open.withLock { open in
            if let operation = open[name] {
                open[name]?.isRunning = true
                return operation.id
            }
            let id = attempts.beginOperation(named: name)
            open[name] = OpenOperation(
                id: id, path: path, identity: identity, owner: owner, started: clock.now, message: "",
                isRunning: true)
            return id
        }
    }

    private func settle(_ failure: CallFailed, _ name: String) -> CallFailed {
        guard failure.disposition != .requeue else {
            open.withLock { open in
                open[name]?.message = failure.error.message
                open[name]?.isRunning = false
            }
            return failure
        }
        end(failure, name)
        return failure
    }

    private func end(_ failure: CallFailed, _ name: String) {
        if failure.wasSent {
            observer.onDecision(
                RetryDecision(
                    requestID: failure.requestID, classification: failure.classification, layer: nil, wait: .zero))
        }
        end(name, .failed(failure.classification), failure.error.message)
    }

    private func end(_ name: String, _ outcome: OperationReport.Outcome, _ message: String?) {
        guard let operation = open.withLock({ $0.removeValue(forKey: name) }) else { return }
        observer.onOperation(
            OperationReport(
                operation: operation.id, path: operation.path, identity: operation.identity,
                started: operation.started, finished: clock.now, attempts: attempts.attempts(of: operation.id),
                outcome: outcome, message: message ?? operation.message))
        attempts.endOperation(operation.id)
    }
}

/// A call that a policy has given up in place.
package struct CallFailed: Error, Sendable, CustomStringConvertible {
    package var path: CallPath
    package var error: APIError
    package var classification: Retryability
    /// What is to become of the work that wanted the call.
    package var disposition: Policy.Disposition
    /// The last request that was sent; empty where a circuit breaker or a rate limit let none through.
    package var requestID: String
    /// ``RequestTrace/operation`` of its requests.
    package var operation: String

    /// Whether there is an attempt to which a wait could belong.
    var wasSent: Bool { !requestID.isEmpty }

    package var description: String { "\(path.rawValue): \(error)" }
}

/// One run of an operation: sends its requests, each with the tries in place that the policy grants.
package struct Call: Sendable {
    let runner: CallRunner
    /// ``RequestTrace/operation`` of the requests.
    package let operation: String
    let path: CallPath
    let started: Duration

    /// - Parameter handled: Answers that the caller deals with itself; they are thrown as they are, and never retried.
    /// - Throws: ``CallFailed`` when the policy gives up; ``APIError`` for handled answers; `CancellationError`.
    package func send(_ request: APIRequest, handling handled: Set<APIError.Code> = []) async throws -> JSONObject {
        try await attempt(handling: handled) { try await runner.api.send(next(request)) }
    }

    /// Runs a command in a container, within the policy's time limit for execs, which holds also where the API does not
    /// keep it. A command that fails is no failure of the call.
    ///
    /// - Throws: As ``send(_:handling:)``.
    package func exec(_ request: ExecRequest) async throws -> ExecResult {
        try await attempt(handling: []) {
            let request = next(request)
            guard let timeout = request.timeout else { return try await runner.api.exec(request) }
            return try await withThrowingTaskGroup(of: ExecResult?.self) { group in
                group.addTask { [api = runner.api] in try await api.exec(request) }
                group.addTask { [clock = runner.clock] in
                    try await clock.sleep(for: timeout)
                    return nil
                }
                defer { group.cancelAll() }
                if let result = try await group.next() ?? nil { return result }
                throw APIError(
                    code: .unreachable, message: "the command did not end within \(timeout.text)",
                    transport: TransportFailure(kind: .timeout), mayHaveBeenApplied: true)
            }
        }
    }

    /// The last request sent: the caller's own, or one that the transport added.
    var requestID: String {
        RequestTrace(operation: operation, attempt: runner.attempts.attempts(of: operation), path: path.rawValue)
            .requestID
    }

    private func next(_ request: APIRequest) -> APIRequest {
        var request = request
        request.trace = nextTrace()
        let limits = runner.policy.inPlace(at: path) ?? runner.policy.call
        request.timeout = [request.timeout, limits.attemptTimeout, rest(of: limits)].compactMap(\.self).min()
        return request
    }

    private func next(_ request: ExecRequest) -> ExecRequest {
        var request = request
        request.trace = nextTrace()
        // A command lasts longer than a request: the limits of other calls are not for it.
        let left = runner.policy.inPlace(at: path).flatMap { rest(of: $0) }
        request.timeout = [request.timeout, runner.policy.exec.timeout, left].compactMap(\.self).min()
        return request
    }

    private func nextTrace() -> RequestTrace {
        RequestTrace(operation: operation, attempt: runner.attempts.nextAttempt(of: operation), path: path.rawValue)
    }

    private func rest(of limits: Policy.Call) -> Duration? {
        limits.deadline.map { max(.milliseconds(1), started + $0 - runner.clock.now) }
    }

    func failed(_ error: APIError, classification: Retryability) -> CallFailed {
        let rule = runner.policy.rule(for: path)
        return CallFailed(
            path: path, error: error, classification: classification,
            disposition: classification == .transient ? rule.onTransient : rule.onPermanent, requestID: requestID,
            operation: operation)
    }
}

extension CallFailure {
    /// What a policy judges an API error by.
    package init(_ error: APIError) {
        self.init(
            httpStatus: error.httpStatus, reason: error.status?.reason ?? "", message: error.message,
            transport: error.transport?.kind.rawValue ?? "", retryAfter: error.retryAfter,
            mayHaveBeenApplied: error.mayHaveBeenApplied)
    }
}
