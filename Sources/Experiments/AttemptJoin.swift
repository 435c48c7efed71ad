package import Faults
import Kubernetes
import Resilience

/// Puts together what three witnesses say of the same requests: the client (exchanges), the policy (decisions) and
/// the fault path (injections), by the request's id.
package struct AttemptJoin: Hashable, Sendable {
    /// By start, then by id.
    package let attempts: [AttemptRecord]
    package let operations: [OperationRecord]
    /// What the fault path did, and the quota conflicts that the subject met.
    package let injections: [Injection]

    init(attempts: [AttemptRecord], operations: [OperationRecord], injections: [Injection]) {
        self.attempts = attempts
        self.operations = operations
        self.injections = injections
    }

    package init(_ evidence: TrialEvidence, plan: Plan) {
        let exchanges = evidence.exchanges.sorted {
            ($0.started, $0.trace.operation, $0.trace.attempt) < ($1.started, $1.trace.operation, $1.trace.attempt)
        }
        let injections = evidence.injections + Self.quotaConflicts(in: exchanges, plan: plan)
        // A client may put one id on the wire twice (a silent replay); the first fault is the one that it saw.
        let injectionIndices = Dictionary(
            injections.enumerated().compactMap { index, injection in injection.requestID.map { ($0, index) } },
            uniquingKeysWith: { first, _ in first })
        let decisions = Dictionary(
            evidence.decisions.map { ($0.requestID, $0) }, uniquingKeysWith: { _, last in last })
        attempts = exchanges.map { exchange in
            let id = exchange.trace.requestID
            return AttemptRecord(exchange: exchange, decision: decisions[id], injection: injectionIndices[id])
        }
        self.injections = injections
        operations = Self.operations(of: attempts)
    }

    /// The churner works beside the fault path, so its hits are told by the server's own words.
    static func quotaConflicts(in exchanges: [Exchange], plan: Plan) -> [Injection] {
        var found: [Injection] = []
        for rule in plan.rules {
            guard case .quotaConflict(let churn) = rule.fault else { continue }
            var ordinals: [RequestIdentity: Int] = [:]
            for exchange in exchanges
            where exchange.httpStatus == 409
                && exchange.message.contains("Operation cannot be fulfilled on resourcequotas \"\(churn.quota)\"")
            {
                ordinals[exchange.identity, default: 0] += 1
                found.append(
                    Injection(
                        rule: rule.name, kind: .quotaConflict, identity: exchange.identity,
                        ordinal: ordinals[exchange.identity, default: 1], requestID: exchange.trace.requestID,
                        at: exchange.started + exchange.duration))
            }
        }
        return found
    }

    private static func operations(of attempts: [AttemptRecord]) -> [OperationRecord] {
        Dictionary(grouping: attempts, by: \.exchange.trace.operation).compactMap { id, attempts in
            guard let first = attempts.first?.exchange,
                let last = attempts.max(by: { $0.exchange.trace.attempt < $1.exchange.trace.attempt })
            else { return nil }
            return OperationRecord(
                id: id, path: first.trace.path, identity: first.identity, started: first.started,
                finished: last.exchange.started + last.exchange.duration, outcome: outcome(of: last))
        }
        .sorted { ($0.started, $0.id) < ($1.started, $1.id) }
    }

    /// What the last attempt made of its operation.
    private static func outcome(of last: AttemptRecord) -> OperationRecord.Outcome {
        if last.exchange.isSuccess { return .succeeded }
        // A refusal that no policy was asked about was an answer to the subject: that nothing is there, say.
        guard let decision = last.decision else { return last.exchange.httpStatus == 0 ? .unfinished : .succeeded }
        return decision.layer == nil ? .failed : .unfinished
    }
}

extension Exchange {
    /// Whether the answer arrived whole and was no failure.
    package var isSuccess: Bool { curlCode == 0 && (100..<400).contains(httpStatus) }

    /// Whether, whatever a policy makes of it, the failure passes by itself: no answer, overload, a lost race. What
    /// an injected fault does passes too.
    var isTransientFailure: Bool {
        switch httpStatus {
        case _ where isSuccess: false
        case 409: reason != Status.Reason.alreadyExists
        case 403: message.contains("exceeded quota")
        case 0, 408, 429, 500..., 100..<400: true
        default: false
        }
    }

    /// `409 Conflict: Operation cannot be fulfilled on …`, `no answer (connectionReset): …`.
    package var outcomeText: String {
        if isSuccess { return "\(httpStatus)" }
        let words = message.isEmpty ? "" : ": \(message)"
        if httpStatus == 0 { return "no answer\(reason.isEmpty ? "" : " (\(reason))")\(words)" }
        return "\(httpStatus)\(reason.isEmpty ? "" : " \(reason)")\(words)"
    }
}
