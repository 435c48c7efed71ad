import Determinism
package import Faults

/// Draws a plan for each trial: which kinds of faults are on, and how hard (Groce et al., Swarm Testing, ISSTA 2012).
///
/// A plan that has everything in it hides what only comes to light where something is left out, and one that is written
/// by hand has only what somebody thought of. Each kind, the experiment's own rules among them, is on in half of the
/// trials. What is drawn depends on the trial's seed and the variation and on nothing else, so that policies that are
/// compared meet the same weather, and every kind draws from a stream of its own, so that one more shifts no other.
package struct Swarm: Hashable, Sendable {
    private let own: [Rule]
    private let vocabulary: SwarmVocabulary
    private let storm: Duration

    package init(_ variation: Experiment.Variation) {
        own = variation.plan.rules
        vocabulary = SwarmVocabulary(variation)
        storm = variation.phases.storm
    }

    /// - Parameter seed: The trial's.
    package func plan(seed: UInt64) -> Plan {
        let draws = Draws(streams: RandomStreams(seed: seed).substreams("swarm"))
        let kinds = vocabulary.kinds
        let names = kinds.map(\.rawValue) + own.map { "own/\($0.name)" }
        var chosen = Set(names.filter { draws.isOn($0) })
        if chosen.isEmpty { chosen = [draws.pick("one", from: names)] }
        // The drawn ones come first: none of them takes everything, as an own rule may.
        var rules = kinds.filter { chosen.contains($0.rawValue) }.map { rule(of: $0, draws) }
        for rule in own where chosen.contains("own/\(rule.name)") { rules.append(scaled(rule, draws)) }
        return fit(rules)
    }

    /// Leaves out what can never act: two rules of one name, a span that was scaled away.
    private func fit(_ rules: [Rule]) -> Plan {
        var plan = Plan(rules: rules)
        while let problem = plan.problems().first { plan.rules.remove(at: problem.rule) }
        return plan
    }

    // MARK: The vocabulary

    private func rule(of kind: SwarmVocabulary.Kind, _ draws: Draws) -> Rule {
        let name = kind.rawValue
        var rule = Rule(name: "swarm-\(name)", during: .storm, fault: fault(of: kind, draws))
        guard rule.fault.kind.actsOnRequests else { return rule }
        rule.match = draws.pick(name, "match", from: vocabulary.matches(for: kind))
        rule.when = timing(of: kind, draws)
        return rule
    }

    private func fault(of kind: SwarmVocabulary.Kind, _ draws: Draws) -> Fault {
        let name = kind.rawValue
        switch kind {
        case .resetBeforeRequest: return .reset(Fault.Reset(at: .beforeRequest))
        case .resetAfterCommit: return .reset(Fault.Reset(at: .afterCommit))
        case .blackHole: return .blackHole(.init())
        case .halfOpen: return .halfOpen(.init())
        case .refuse: return .refuse(Fault.Refusal(span: draws.span(name, "span", from: [50, 310, 1_000, 3_000])))
        case .latency:
            let fixed = draws.span(name, "fixed", from: [20, 100, 500, 2_000])
            let isJittered = draws.pick(name, "jitter", from: [false, true])
            return .latency(Fault.Latency(fixed: fixed, jitter: isJittered ? fixed : nil))
        case .tooManyRequests: return .status(status(429, name, draws))
        case .internalError: return .status(status(500, name, draws))
        case .unavailable: return .status(status(503, name, draws))
        case .gatewayTimeout: return .status(status(504, name, draws))
        case .quotaConflict:
            return .quotaConflict(
                Fault.QuotaChurn(
                    quota: draws.pick(name, "quota", from: vocabulary.quotas),
                    writers: draws.pick(name, "writers", from: [1, 2, 4, 8])))
        case .crash:
            // Early writes more often than late ones: a small trial has few.
            let spread = draws.uniform(name, "write")
            return .crash(
                Fault.Crash(
                    afterWrites: 1 + Int(40 * spread * spread),
                    at: draws.pick(name, "point", from: [.afterAnswer, .beforeAnswer]),
                    downtime: draws.span(name, "downtime", from: [0, 500, 2_000, 5_000])))
        }
    }

    private func status(_ code: Int, _ name: String, _ draws: Draws) -> Fault.ForgedStatus {
        let seconds = draws.pick(name, "retryAfter", from: [nil, nil, nil, 1, 2, 5])
        return Fault.ForgedStatus(code: code, retryAfter: seconds.map { .seconds($0) })
    }

    private enum Shape: CaseIterable { case coin, first, span }

    /// A chance for each request, the first ones of each identity, or all for a time.
    private func timing(of kind: SwarmVocabulary.Kind, _ draws: Draws) -> Timing {
        let name = kind.rawValue
        // What takes a whole connection, or a request's whole deadline, does enough when it is rare.
        if kind.isHeavy {
            return draws.pick(name, "shape", from: [true, false])
                ? Timing(first: 1)
                : Timing(
                    probability: draws.pick(name, "probability", from: [0.02, 0.05, 0.1, 0.2]),
                    limitConsecutive: draws.pick(name, "limit", from: [1, 2]))
        }
        switch draws.pick(name, "shape", from: Shape.allCases) {
        case .coin:
            return Timing(
                probability: draws.pick(name, "probability", from: [0.05, 0.1, 0.2, 0.4, 0.7]),
                limitConsecutive: draws.pick(name, "limit", from: [1, 2, 3, 5, 8]))
        case .first: return Timing(first: draws.pick(name, "first", from: [1, 1, 2, 3]))
        case .span:
            let span = draws.span(name, "span", from: [100, 310, 1_000, 3_000, 10_000])
            return Timing(span: max(.milliseconds(50), min(span, storm)))
        }
    }

    // MARK: The experiment's own rules

    /// A quarter as hard to four times as hard.
    private func scaled(_ rule: Rule, _ draws: Draws) -> Rule {
        let factor = draws.pick("own/\(rule.name)", "factor", from: [0.25, 0.5, 1, 1, 2, 4])
        guard factor != 1 else { return rule }
        var scaled = rule
        if let probability = rule.when.probability {
            scaled.when.probability = min(1, probability * factor)
        } else if factor < 1, rule.fault.kind.actsOnRequests {
            scaled.when.probability = factor
        }
        scaled.when.span = rule.when.span.map { Self.scaled($0, factor) }
        scaled.when.limitConsecutive = rule.when.limitConsecutive.map { Self.scaled($0, factor) }
        scaled.when.first = rule.when.first.map { first in
            let start = rule.when.after ?? 0
            return start + Self.scaled(first - start, factor)
        }
        switch rule.fault {
        case .refuse(let refusal): scaled.fault = .refuse(Fault.Refusal(span: Self.scaled(refusal.span, factor)))
        case .latency(let latency):
            scaled.fault = .latency(
                Fault.Latency(
                    fixed: Self.scaled(latency.fixed, factor), jitter: latency.jitter.map { Self.scaled($0, factor) }))
        case .quotaConflict(let churn) where churn.means != .webhook:
            scaled.fault = .quotaConflict(
                Fault.QuotaChurn(quota: churn.quota, writers: Self.scaled(churn.writers, factor)))
        case .crash(var crash):
            crash.afterWrites = Self.scaled(crash.afterWrites, factor)
            scaled.fault = .crash(crash)
        default: break
        }
        return scaled
    }

    private static func scaled(_ count: Int, _ factor: Double) -> Int {
        max(1, Int((Double(count) * factor).rounded()))
    }

    /// In whole microseconds, as a file holds it.
    private static func scaled(_ span: Duration, _ factor: Double) -> Duration {
        .microseconds(Int64((Double(span.microseconds) * factor).rounded()))
    }
}

/// Draws that are each named, so that none depends on which others there are.
private struct Draws {
    let streams: RandomStreams

    func uniform(_ kind: String, _ purpose: String) -> Double {
        var stream = streams.stream(kind, purpose)
        return stream.uniform()
    }

    func isOn(_ kind: String) -> Bool { uniform(kind, "on") < 0.5 }

    func pick<Value>(_ kind: String, _ purpose: String = "", from values: [Value]) -> Value {
        values[min(values.count - 1, Int(uniform(kind, purpose) * Double(values.count)))]
    }

    func span(_ kind: String, _ purpose: String, from milliseconds: [Int]) -> Duration {
        .milliseconds(pick(kind, purpose, from: milliseconds))
    }
}
