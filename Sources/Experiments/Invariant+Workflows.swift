import Determinism
import Kubernetes

extension Invariant {
    func transientFailures(_ history: History) -> [Violation] {
        let failures = history.attempts.filter { attempt in
            !attempt.exchange.isSuccess && (attempt.exchange.isTransientFailure || attempt.injection != nil)
        }
        let nodeMessages = Dictionary(grouping: history.observations(.nodeFailed), by: \.subject)
            .mapValues { $0.map(\.message) }
        return history.sortedWorkflows.compactMap { fate in
            guard let finished = fate.finished, !fate.hasSucceeded else { return nil }
            let messages = [fate.message] + nodeMessages[fate.name, default: []]
            let causes = failures.filter { failure in
                failure.exchange.started <= finished
                    && messages.contains { Self.mayHaveEnded(fate.name, $0, failure.exchange, history) }
            }
            // The last one before the end; one that the workflow's message quotes goes before one that is only its own.
            let quoted = causes.last { cause in messages.contains { Self.quotes($0, cause.exchange) } }
            guard let cause = quoted ?? causes.last else { return nil }
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

    /// Whether the message quotes the failure, or tells of a lock whose limit or permit could not be read; or, without
    /// such a trace, whether an operation on one of the workflow's own objects failed for good.
    private static func mayHaveEnded(
        _ workflow: String, _ message: String, _ exchange: Exchange, _ history: History
    ) -> Bool {
        let identity = exchange.identity
        let isOwn = identity.name == workflow || identity.name.hasPrefix("\(workflow)-")
        if quotes(message, exchange) {
            // Words that name an object of another workflow are about that one.
            return isOwn || !identity.name.isEmpty && message.contains(identity.name)
                || !history.workflows.values.contains { identity.name.hasPrefix("\($0.name)-") }
        }
        if tellsOfLock(message) {
            if identity.resource == "configmaps" { return message.contains(identity.name) }
            return identity.resource == "leases"
        }
        guard isOwn, identity.verb.isWrite else { return false }
        return history.operations.contains { $0.id == exchange.trace.operation && $0.outcome == .failed }
    }

    /// Argo's words for a lock that it could not take, and those that any other controller would find.
    private static func tellsOfLock(_ message: String) -> Bool {
        ["synchronization lock", "semaphore", "mutex", "poisoned", "permit"].contains { message.contains($0) }
    }

    func lateWorkflows(_ history: History) -> [Violation] {
        guard let deadline = history.convergeDeadline else { return [] }
        return history.sortedWorkflows.compactMap { fate in
            if let finished = fate.finished {
                guard finished > deadline else { return nil }
                return Violation(
                    self, fate.name, at: finished,
                    evidence:
                        "ended in \(fate.phase), \((finished - deadline).textInMilliseconds) after the converge bound")
            }
            return Violation(
                self, fate.name, at: deadline,
                evidence: "still \(fate.phase.isEmpty ? "unseen by its controller" : fate.phase) when the converge "
                    + "bound of \(history.phases.converge.text) was over\(fate.message.isEmpty ? "" : ": \(fate.message)")"
            )
        }
    }

    func leaks(_ kind: Observation.Kind, _ what: String, _ history: History) -> [Violation] {
        history.observations.filter { $0.kind == kind }.compactMap { remained in
            guard let fate = history.workflows[remained.detail], let finished = fate.finished else { return nil }
            return Violation(
                self, remained.subject, at: remained.at,
                evidence:
                    "the \(what) \(remained.subject) was still there \((remained.at - finished).textInMilliseconds) after its "
                    + "workflow \(fate.name) had ended in \(fate.phase)")
        }
    }
}
