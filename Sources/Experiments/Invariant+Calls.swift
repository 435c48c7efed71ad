import Determinism
import Kubernetes
import Resilience

extension Invariant {
    func retriedPermanentErrors(_ history: History) -> [Violation] {
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

    /// What the clocks of a busy machine may add to a time limit.
    private static let tolerance = Duration.seconds(2)

    func brokenCallBounds(_ history: History) -> [Violation] {
        guard let policy = history.policy else { return [] }
        let byOperation = Dictionary(grouping: history.attempts, by: \.exchange.trace.operation)
        return byOperation.sorted { $0.key < $1.key }.flatMap { operation, attempts in
            let ordered = attempts.sorted { $0.exchange.trace.attempt < $1.exchange.trace.attempt }
            guard let path = ordered.first.flatMap({ CallPath(rawValue: $0.exchange.trace.path) }) else {
                return [Violation]()
            }
            // As the policy bounds attempts where it does not repeat them, too.
            let bounds = policy.inPlace(at: path)
            let limits = bounds ?? policy.call
            return Self.calls(in: ordered).compactMap { call in
                Self.brokenBound(of: call, limits, maxAttempts: bounds?.maxAttempts ?? 1).map { when, what in
                    Violation(self, operation, at: when, evidence: what)
                }
            }
        }
    }

    /// The attempts of an operation, parted where a queue or a loop took it up anew.
    private static func calls(in attempts: [AttemptRecord]) -> [[AttemptRecord]] {
        var calls: [[AttemptRecord]] = []
        var isOpen = false
        for attempt in attempts {
            if isOpen { calls[calls.count - 1].append(attempt) } else { calls.append([attempt]) }
            isOpen = attempt.decision.map { $0.layer == .call || $0.layer == .transport } ?? true
        }
        return calls
    }

    private static func brokenBound(
        of call: [AttemptRecord], _ limits: Policy.Call, maxAttempts: Int
    ) -> (at: Duration, what: String)? {
        var retries = 0
        for attempt in call {
            let exchange = attempt.exchange
            guard exchange.identity.verb != .watch, exchange.identity.verb != .connect else { continue }
            let end = exchange.started + exchange.duration
            let name = "attempt \(exchange.trace.requestID), \(exchange.identity),"
            if let timeout = limits.attemptTimeout, exchange.duration > timeout + tolerance {
                return (end, "\(name) took \(exchange.duration.textInMilliseconds), and may take \(timeout.text)")
            }
            if let deadline = limits.deadline, end > call[0].exchange.started + deadline + tolerance {
                let elapsed = (end - call[0].exchange.started).textInMilliseconds
                return (end, "\(name) ended \(elapsed) after its call had begun, and the deadline is \(deadline.text)")
            }
            switch attempt.decision?.layer {
            case .call: retries += 1
            case .transport: break
            default: retries = 0
            }
            if retries >= maxAttempts {
                return (
                    end, "\(name) is to be tried again as often as \(retries) times, and \(maxAttempts) is the most"
                )
            }
        }
        return nil
    }

    func writeStorms(_ history: History) -> [Violation] {
        guard let settled = history.observations(.settled).last?.at else { return [] }
        // Leases are renewed for as long as somebody leads.
        let writes = history.attempts.filter { attempt in
            let exchange = attempt.exchange
            return exchange.identity.verb.isWrite && exchange.identity.resource != "leases"
                && exchange.started >= settled
        }
        let span = history.ended - settled
        guard writes.count > 10, Double(writes.count) > 5 * span.seconds, let last = writes.last else { return [] }
        return [
            Violation(
                self, last.exchange.trace.path, at: last.exchange.started,
                evidence:
                    "\(writes.count) writes in the \(span.textInMilliseconds) after everything had ended, the last of them "
                    + "\(last.exchange.identity)")
        ]
    }
}
