import Determinism
package import Experiments
import Faults
import Kubernetes
import Resilience

/// One trial whose subject is clients by themselves: no controller, no objects, nothing but calls and a policy.
///
/// Synchronous and pure: equal specs give equal records, whatever else the machine does.
package struct Study {
    private let spec: TrialSpec
    private let load: ClientLoad

    /// Nil for a trial of a controller.
    package init?(_ spec: TrialSpec) {
        guard let load = spec.variation.clients else { return nil }
        self.spec = spec
        self.load = load
    }

    /// Midnight of 2026 in universal time: in a simulation it is as late as one says.
    private static let startedEpochMicroseconds: Int64 = 1_767_225_600_000_000

    package func run() -> TrialRecord {
        TrialRecord(
            spec, evidence: evidence(isTold: spec.index == 1), startedEpochMicroseconds: Self.startedEpochMicroseconds)
    }

    private var phases: Experiment.Phases { spec.variation.phases }

    private var horizon: Duration { phases.calm + phases.storm + phases.converge }

    /// - Parameter isTold: Whether to tell what happened, and not only what it came to.
    private func evidence(isTold: Bool) -> TrialEvidence {
        switch load {
        case .contend(let contention): evidence(of: contention, isTold: isTold)
        case .call(let calls): evidence(of: calls, isTold: isTold)
        }
    }

    private func evidence(of load: ClientLoad.Contention, isTold: Bool) -> TrialEvidence {
        let outcome = ContentionStudy(
            load, spec.policy, horizon: horizon, seed: spec.seed,
            isTold: isTold && load.clients * load.operations <= Self.toldOperationsMax
        ).run()
        let makespan = Duration.nanoseconds(outcome.makespan)
        let ended = outcome.unfinished > 0 ? horizon : makespan
        let tale = ContentionTale(outcome.attempts)
        return TrialEvidence(
            exchanges: tale.exchanges, decisions: tale.decisions,
            observations: [.entered(.converge, at: .zero)],
            calls: CallEvidence(
                operations: outcome.operations, succeeded: outcome.succeeded, unfinished: outcome.unfinished,
                attempts: outcome.writes,
                samples: [
                    Sample(.conflicts, value: Double(outcome.conflicts)),
                    Sample(.makespan, value: ended.seconds, isCensored: outcome.unfinished > 0),
                ] + rates(of: outcome, ended: ended), digest: outcome.digest.value),
            ended: ended)
    }

    /// Clients that contend know of no phase but the last.
    private func rates(of outcome: ContentionStudy.Outcome, ended: Duration) -> [Sample] {
        let count = PhaseCount(
            phase: .converge, length: ended, begun: outcome.operations, begunSucceeded: outcome.succeeded,
            attempts: outcome.writes, succeeded: outcome.succeeded)
        return PhaseCount.samples(of: [count], succeeded: outcome.succeeded, ended: ended)
    }

    /// An archive does not hold the attempts of more.
    private static let toldOperationsMax = 30

    private func evidence(of load: ClientLoad.Calls, isTold: Bool) -> TrialEvidence {
        let outcome = OverloadStudy(
            load, spec.policy, slowdowns: slowdowns, phases: phases, seed: spec.seed
        ).run()
        let isOpen = if case .open = load.arrivals { true } else { false }
        let aftermath = Aftermath(outcome, phases, isOpen: isOpen)
        let wasted = outcome.served > 0 ? Double(outcome.wasted) / Double(outcome.served) : 0
        return TrialEvidence(
            injections: outcome.hits.map { hit in
                Injection(
                    rule: hit.rule, kind: .capacity, identity: Self.callIdentity, ordinal: 1, requestID: nil,
                    at: .nanoseconds(hit.at))
            },
            observations: observations(of: outcome, isTold: isTold),
            calls: CallEvidence(
                operations: outcome.operations, succeeded: outcome.succeeded, attempts: outcome.attempts,
                aftermath: aftermath.evidence,
                samples: aftermath.samples + [Sample(.workWasted, value: wasted)] + rates(of: outcome),
                digest: outcome.digest.value),
            ended: horizon)
    }

    private func rates(of outcome: OverloadStudy.Outcome) -> [Sample] {
        let lengths = [Phase.calm: phases.calm, .storm: phases.storm, .converge: phases.converge]
        let counts = Phase.allCases.map { phase in
            let seconds = outcome.series[phase]
            return PhaseCount(
                phase: phase, length: lengths[phase] ?? .zero, begun: seconds.begun,
                begunSucceeded: seconds.begunSucceeded, attempts: seconds.attempts, succeeded: seconds.succeeded)
        }
        return PhaseCount.samples(of: counts, succeeded: outcome.succeeded, ended: horizon)
    }

    private var slowdowns: [OverloadStudy.Slowdown] {
        spec.variation.plan.rules.compactMap { rule in
            guard case .capacity(let capacity) = rule.fault else { return nil }
            let span = min(rule.when.span ?? phases.storm, phases.storm)
            return OverloadStudy.Slowdown(
                rule: rule.name, factor: capacity.factor, begins: phases.calm.wholeNanoseconds,
                ends: (phases.calm + span).wholeNanoseconds)
        }
    }

    private func observations(of outcome: OverloadStudy.Outcome, isTold: Bool) -> [Observation] {
        var observations = [
            Observation.entered(.calm, at: .zero), .entered(.storm, at: phases.calm),
            .entered(.converge, at: phases.calm + phases.storm),
        ]
        for slowdown in slowdowns {
            for (factor, time) in [("\(slowdown.factor)", slowdown.begins), ("1.0", slowdown.ends)] {
                observations.append(
                    Observation(.capacityChanged, factor, detail: slowdown.rule, at: .nanoseconds(time)))
            }
        }
        guard isTold else { return observations }
        for (index, second) in outcome.series.seconds.enumerated() {
            observations.append(
                Observation(
                    .loadSampled, "\(second.attempts)", detail: "\(second.succeeded)",
                    message:
                        "\(second.begun) begun, \(second.failed) given up, \(second.outstanding) calls at the server",
                    at: .seconds(index + 1)))
        }
        return observations
    }

    private static let callIdentity = RequestIdentity(
        verb: .get, group: "", resource: "configmaps", namespace: "boreas-trial", name: "called")
}
