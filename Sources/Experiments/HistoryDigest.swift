import Determinism
import Faults
import Kubernetes
import Resilience

/// A hash over everything that a trial's record holds, in its order, times to the nanosecond: two trials with equal
/// digests went the same way in every step. Left out is when it was, and which trial of its run.
struct HistoryDigest {
    private var hash = StableHash()

    var text: String { hash.hexadecimal }

    init(_ trial: TrialRecord) {
        add(trial.key.policy, trial.key.variation)
        add(trial.seed)
        add(trial.duration)
        for attempt in trial.attempts { add(attempt) }
        for injection in trial.injections {
            add(injection.rule, injection.kind.rawValue, injection.requestID ?? "")
            add(injection.identity)
            add(UInt64(injection.ordinal))
            add(injection.at)
        }
        for observation in trial.observations {
            add(observation.kind.rawValue, observation.subject, observation.detail, observation.message)
            add(observation.at)
        }
        for violation in trial.violations {
            add(violation.invariant.rawValue, violation.subject, violation.evidence)
            add(violation.at ?? .zero)
        }
        for sample in trial.samples {
            add(
                sample.metric.rawValue, sample.breakdown?.description ?? "", sample.subject,
                sample.isCensored ? "censored" : "")
            add(sample.value.bitPattern)
        }
        add(trial.outcome.rawValue, trial.reason)
    }

    private mutating func add(_ attempt: AttemptRecord) {
        let exchange = attempt.exchange
        add(exchange.trace.requestID, exchange.trace.path)
        add(exchange.identity)
        add(exchange.started)
        add(exchange.duration)
        add(UInt64(exchange.httpStatus))
        add(UInt64(exchange.curlCode))
        add(exchange.reason, exchange.message)
        if let seen = attempt.seen {
            add(seen.userAgent, seen.fieldManager, seen.objectName ?? "")
            add(UInt64(seen.upstreamStatus))
            add(seen.isChange.map { $0 ? "change" : "no change" } ?? "")
        }
        guard let decision = attempt.decision else { return }
        add(decision.classification.rawValue, decision.layer?.rawValue ?? "")
        add(decision.wait)
    }

    private mutating func add(_ identity: RequestIdentity) {
        add(
            identity.verb.rawValue, identity.group, identity.resource, identity.subresource, identity.namespace,
            identity.name)
    }

    private mutating func add(_ texts: String...) { for text in texts { hash.combine(text) } }

    private mutating func add(_ number: UInt64) { hash.combine(number) }

    private mutating func add(_ duration: Duration) { add(UInt64(bitPattern: duration.wholeNanoseconds)) }
}
