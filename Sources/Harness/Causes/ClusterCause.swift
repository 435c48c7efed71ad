import Determinism
import Experiments
import Faults
import Kubernetes

/// A fault that the harness really brings about on the cluster, beside the fault path.
protocol ClusterCause: Sendable {
    var rule: Rule { get }

    /// Brings the fault about until the task is cancelled, and undoes it before it returns or throws.
    func act() async throws
}

extension ClusterCause {
    /// Brings the fault about until the task is cancelled or its own time is over.
    func run(_ ground: CauseGround) async {
        do {
            guard let span = rule.when.span else { return try await act() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await act() }
                group.addTask { try await ground.clock.sleep(for: span) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            // The phase is over.
        } catch {
            ground.note(rule, "\(error)")
        }
    }
}

/// Where causes act, and who hears of them.
struct CauseGround: Sendable {
    /// Reaches the server beside the fault path.
    let api: any KubernetesAPI
    let namespace: String
    let clock: TrialClock
    let onInjection: @Sendable (Injection) -> Void
    let observe: @Sendable (Observation) -> Void

    /// For one request.
    static let timeout = Duration.seconds(10)
    /// How long what must be undone is tried.
    private static let patience = Duration.seconds(30)

    var now: Timestamp { Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow) }

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// The fault has taken effect, by this request.
    func injected(_ rule: Rule, _ identity: RequestIdentity, ordinal: Int = 1) {
        onInjection(
            Injection(
                rule: rule.name, kind: rule.fault.kind, identity: identity, ordinal: ordinal, requestID: nil,
                at: clock.now))
    }

    /// Something about a rule that is worth reading in a timeline.
    func note(_ rule: Rule, _ message: String) {
        observe(Observation(.note, rule.name, message: message, at: clock.now))
    }

    /// What is asked for; nil where it is not there.
    func find<Object: KubernetesObject>(_ type: Object.Type, _ name: String) async throws -> Object? {
        do {
            return try await api.get(type, key(name), timeout: Self.timeout)
        } catch let error as APIError where error.code == .notFound {
            return nil
        }
    }

    /// Does what must be done, however often it fails: a fault that is not undone would go on in fair weather.
    func insist(_ body: () async throws -> Void) async throws {
        let deadline = clock.now + Self.patience
        while true {
            do {
                return try await body()
            } catch let error as APIError where error.code != .notFound {
                guard clock.now < deadline else { throw error }
                try await clock.sleep(for: .milliseconds(50))
            }
        }
    }
}
