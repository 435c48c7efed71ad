import Determinism
import Kubernetes
import Resilience

/// A predicate over a history that must hold whatever the weather.
package enum Invariant: String, Hashable, Sendable, Codable, CaseIterable {
    /// What passes by itself must not end a workflow.
    case noWorkflowFailedByTransientCause
    /// Liveness: within the converge bound, whatever was submitted has ended.
    case everythingFinishedWithinConverge
    /// A finished workflow leaves no agent pod behind.
    case noPodLeaked
    /// A finished workflow leaves no open task set behind.
    case noTaskSetLeaked
    /// What can't be mended by trying again is not tried again within its call.
    case permanentErrorsNotRetried

    package func violations(in history: History) -> [Violation] {
        switch self {
        case .noWorkflowFailedByTransientCause: transientFailures(history)
        case .everythingFinishedWithinConverge: lateWorkflows(history)
        case .noPodLeaked: leaks(.podRemained, "agent pod", history)
        case .noTaskSetLeaked: leaks(.taskSetRemained, "task set", history)
        case .permanentErrorsNotRetried: retriedPermanentErrors(history)
        }
    }

    private func transientFailures(_ history: History) -> [Violation] {
        let failures = history.attempts.filter { attempt in
            !attempt.exchange.isSuccess && (attempt.exchange.isTransientFailure || attempt.injection != nil)
        }
        return history.sortedWorkflows.compactMap { fate in
            guard let finished = fate.finished, !fate.hasSucceeded else { return nil }
            let causes = failures.filter {
                $0.exchange.started <= finished && Self.mayHaveEnded(fate, $0.exchange, history)
            }
            // The last one before the end; one that the workflow's message quotes goes before one that is only its own.
            guard let cause = causes.last(where: { Self.quotes(fate.message, $0.exchange) }) ?? causes.last else {
                return nil
            }
            let exchange = cause.exchange
            return Violation(
                self, fate.name, at: finished,
                evidence: "ended in \(fate.phase): \(fate.message); attempt \(exchange.trace.requestID), "
                    + "\(exchange.identity), got \(exchange.outcomeText)")
        }
    }

    private static func quotes(_ message: String, _ exchange: Exchange) -> Bool {
        !exchange.message.isEmpty && message.contains(exchange.message)
    }

    /// Whether the workflow's message quotes the failure; or, without such a trace, whether an operation on one of the
    /// workflow's own objects failed for good.
    private static func mayHaveEnded(_ fate: History.WorkflowFate, _ exchange: Exchange, _ history: History) -> Bool {
        let isOwn = exchange.identity.name == fate.name || exchange.identity.name.hasPrefix("\(fate.name)-")
        if quotes(fate.message, exchange) {
            // Words that name an object of another workflow are about that one.
            return isOwn || !exchange.identity.name.isEmpty && fate.message.contains(exchange.identity.name)
                || !history.workflows.values.contains { exchange.identity.name.hasPrefix("\($0.name)-") }
        }
        guard isOwn, exchange.identity.verb.isWrite else { return false }
        return history.operations.contains { $0.id == exchange.trace.operation && $0.outcome == .failed }
    }

    private func lateWorkflows(_ history: History) -> [Violation] {
        guard let deadline = history.convergeDeadline else { return [] }
        return history.sortedWorkflows.compactMap { fate in
            if let finished = fate.finished {
                guard finished > deadline else { return nil }
                return Violation(
                    self, fate.name, at: finished,
                    evidence: "ended in \(fate.phase), \((finished - deadline).text) after the converge bound")
            }
            return Violation(
                self, fate.name, at: deadline,
                evidence: "still \(fate.phase.isEmpty ? "unseen by its controller" : fate.phase) when the converge "
                    + "bound of \(history.phases.converge.text) was over\(fate.message.isEmpty ? "" : ": \(fate.message)")"
            )
        }
    }

    private func leaks(_ kind: Observation.Kind, _ what: String, _ history: History) -> [Violation] {
        history.observations.filter { $0.kind == kind }.compactMap { remained in
            guard let fate = history.workflows[remained.detail], let finished = fate.finished else { return nil }
            return Violation(
                self, remained.subject, at: remained.at,
                evidence: "the \(what) \(remained.subject) was still there \((remained.at - finished).text) after its "
                    + "workflow \(fate.name) had ended in \(fate.phase)")
        }
    }

    private func retriedPermanentErrors(_ history: History) -> [Violation] {
        let byOperation = Dictionary(grouping: history.attempts, by: \.exchange.trace.operation)
        return byOperation.sorted { $0.key < $1.key }.flatMap { operation, attempts in
            let ordered = attempts.sorted { $0.exchange.trace.attempt < $1.exchange.trace.attempt }
            return zip(ordered, ordered.dropFirst()).compactMap { failed, next -> Violation? in
                let exchange = failed.exchange
                // A create that exists already is read back within the same operation: another request, and no retry.
                guard next.exchange.identity.verb == exchange.identity.verb, Self.isPermanent(exchange),
                    failed.injection == nil,
                    failed.decision.map({ $0.layer == .call || $0.layer == .transport }) ?? true
                else { return nil }
                return Violation(
                    self, operation, at: next.exchange.started,
                    evidence: "attempt \(exchange.trace.requestID), \(exchange.identity), got \(exchange.outcomeText), "
                        + "and was tried again as \(next.exchange.trace.requestID)")
            }
        }
    }

    /// Answers that the same request gets again: it is wrong, not allowed, or done already.
    private static func isPermanent(_ exchange: Exchange) -> Bool {
        guard exchange.curlCode == 0 else { return false }
        switch exchange.httpStatus {
        case 400, 405, 406, 413, 415, 422: return true
        case 403: return !exchange.message.contains("exceeded quota")
        case 409: return exchange.reason == Status.Reason.alreadyExists
        default: return false
        }
    }
}
