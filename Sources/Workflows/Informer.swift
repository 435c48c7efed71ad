import Determinism
package import Kubernetes
import Logging
import Resilience
import Synchronization

/// Runs a ``Reflector``: the local, ever-updated copy of a collection.
package final class Informer<Object: KubernetesObject>: Sendable {
    package struct Scope: Hashable, Sendable {
        package var namespace: String?
        package var labelSelector: String?
        package var fieldSelector: String?

        package init(namespace: String?, labelSelector: String? = nil, fieldSelector: String? = nil) {
            self.namespace = namespace
            self.labelSelector = labelSelector
            self.fieldSelector = fieldSelector
        }
    }

    /// Objects a page, client-go's number.
    private static var pageSize: Int { 500 }

    private let runner: CallRunner
    private let scope: Scope
    private let reflector: Mutex<Reflector<Object>>
    private let onChange: @Sendable (Reflector<Object>.Change) -> Void
    private let onSync: @Sendable () -> Void

    /// - Parameters:
    ///   - onChange: Told of every change, after the store has it.
    ///   - onSync: Told when the first whole list has arrived.
    package init(
        runner: CallRunner, scope: Scope, indexedBy indexValue: @escaping @Sendable (Object) -> String? = { _ in nil },
        onChange: @escaping @Sendable (Reflector<Object>.Change) -> Void, onSync: @escaping @Sendable () -> Void
    ) {
        self.runner = runner
        self.scope = scope
        reflector = Mutex(Reflector(backoff: runner.policy.reflector.backoff, indexedBy: indexValue))
        self.onChange = onChange
        self.onSync = onSync
    }

    package var hasSynced: Bool { reflector.withLock { $0.hasSynced } }

    package subscript(key: ObjectKey) -> Object? { reflector.withLock { $0.objects[key] } }

    /// In the order of their keys.
    package var objects: [Object] {
        reflector.withLock { reflector in reflector.objects.allKeys.compactMap { reflector.objects[$0] } }
    }

    /// In the order of their keys.
    package func objects(indexed value: String) -> [Object] {
        reflector.withLock { $0.objects.objects(indexed: value) }
    }

    /// Takes in the answer to one's own write.
    package func observed(_ object: Object) { reflector.withLock { $0.observed(object) } }

    /// Lists and watches until the task is cancelled.
    package func run() async throws {
        while true {
            try Task.checkCancellation()
            switch reflector.withLock({ $0.next }) {
            case .wait(let wait):
                try await runner.clock.sleep(for: wait)
                reflector.withLock { $0.waited() }
            case .list(let token): try await list(token)
            case .watch(let version): try await watch(version)
            }
        }
    }

    private func list(_ token: String?) async throws {
        let options = RequestOptions(
            labelSelector: scope.labelSelector, fieldSelector: scope.fieldSelector, limit: Self.pageSize,
            continueToken: token)
        let request = APIRequest(.list, Object.resource, namespace: scope.namespace, options: options)
        do {
            let json = try await runner.perform(.informer, request.identity) { try await $0.send(request) }
            let wasSynced = hasSynced
            let changes = reflector.withLock { $0.listed(ObjectList(json: json)) }
            changes.forEach(onChange)
            if !wasSynced, hasSynced { onSync() }
        } catch let failure as CallFailed {
            backOff(failure.error, failure.requestID, failure.classification)
        }
    }

    private func watch(_ version: String) async throws {
        let policy = runner.policy.reflector
        let operation = runner.attempts.beginOperation(named: "informer/\(Object.resource.name)/watch")
        defer { runner.attempts.endOperation(operation) }
        let trace = RequestTrace(
            operation: operation, attempt: runner.attempts.nextAttempt(of: operation),
            path: CallPath.informer.rawValue)
        var generator = runner.streams.stream("watch", trace.requestID)
        let lower = max(1, Int(policy.watchTimeout.seconds))
        let seconds = Int.random(in: lower..<(2 * lower), using: &generator)
        let options = RequestOptions(
            labelSelector: scope.labelSelector, fieldSelector: scope.fieldSelector, resourceVersion: version,
            timeoutSeconds: seconds, allowWatchBookmarks: true)
        let request = APIRequest(
            .watch, Object.resource, namespace: scope.namespace, options: options, trace: trace)
        do {
            try await follow(request, limit: policy.watchGrace.map { .seconds(seconds) + $0 })
            reflector.withLock { $0.watchEnded(now: runner.clock.now) }
        } catch let error as APIError {
            try Task.checkCancellation()
            let classification = runner.policy.classifier.classify(CallFailure(error))
            backOff(error, "\(operation).\(runner.attempts.attempts(of: operation))", classification)
        }
    }

    /// Reads one watch to its end; gives it up where it lasts longer than it may.
    private func follow(_ request: APIRequest, limit: Duration?) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { [self] in
                try await runner.api.withWatch(request) { stream in
                    reflector.withLock { $0.watchOpened(now: runner.clock.now) }
                    for try await event in stream { try received(event) }
                }
            }
            if let limit {
                group.addTask { [clock = runner.clock] in
                    try await clock.sleep(for: limit)
                    throw APIError(
                        code: .unreachable, message: "the watch did not end when it was asked to",
                        transport: TransportFailure(kind: .timeout))
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func received(_ event: WatchEvent) throws {
        if case .error(let status) = event { throw APIError(status) }
        reflector.withLock { $0.received(event) }.forEach(onChange)
    }

    private func backOff(_ error: APIError, _ requestID: String, _ classification: Retryability) {
        let now = runner.clock.now
        var generator = runner.streams.stream("reflector", requestID)
        let wait = reflector.withLock { $0.failed(error, now: now, using: &generator) }
        runner.observer.onDecision(
            RetryDecision(requestID: requestID, classification: classification, layer: .reflector, wait: wait))
    }
}
