import Kubernetes
import Resilience

/// The attempts of clients that contend, as the exchanges and decisions that a record consists of: a read and its write
/// are one exchange.
struct ContentionTale {
    private(set) var exchanges: [Exchange] = []
    private(set) var decisions: [RetryDecision] = []

    init(_ attempts: [ContentionStudy.Attempt]) {
        for attempt in attempts {
            let trace = RequestTrace(
                operation: "client-\(attempt.client + 1)-\(attempt.operation)", attempt: attempt.number, path: Self.path
            )
            let failure = attempt.isConflict ? CallFailure.conflict : nil
            exchanges.append(
                Exchange(
                    trace: trace, identity: Self.identity, started: .nanoseconds(attempt.began),
                    duration: .nanoseconds(attempt.ended - attempt.began), httpStatus: failure?.httpStatus ?? 200,
                    reason: failure?.reason ?? "", message: failure?.message ?? ""))
            guard attempt.isConflict else { continue }
            decisions.append(
                RetryDecision(
                    requestID: trace.requestID, classification: .transient, layer: attempt.wait == nil ? nil : .call,
                    wait: .nanoseconds(attempt.wait ?? 0)))
        }
    }

    /// No place in a controller, so that no rule for one is applied to it.
    private static let path = "client"

    private static let identity = RequestIdentity(
        verb: .update, group: "", resource: "configmaps", namespace: "boreas-trial", name: "contended")
}
