import Determinism
package import Kubernetes

/// Decides which requests meet which fault.
///
/// A decision depends on the seed, the rule's name, the request's identity and its ordinal among the requests of that
/// identity that the rule has seen while awake; never on wall time, nor on what other identities do in between. So the
/// same plan means the same in every world, policies that are compared meet the same weather, and one more rule shifts
/// no other: each rule counts every request that it matches while awake, whether or not an earlier rule took it.
package struct FaultInjector: Sendable {
    /// What one request is to meet.
    package struct Decision: Hashable, Sendable {
        /// The name of the rule that decided.
        package var rule: String
        package var fault: Fault
        package var identity: RequestIdentity
        /// Which of the requests of this identity it was, from 1, as the rule counts.
        package var ordinal: Int
        /// How long a ``Fault/latency(_:)`` holds the request back, jitter included; zero for other faults.
        package var delay: Duration
    }

    package private(set) var plan: Plan
    private let streams: RandomStreams
    private var rules: [ActiveRule]

    /// - Parameter seed: The trial's.
    package init(plan: Plan, seed: UInt64) {
        self.plan = plan
        streams = RandomStreams(seed: seed)
        rules = plan.rules.filter(\.fault.kind.actsOnRequests).map(ActiveRule.init)
    }

    /// Whether no rule acts on requests, so that nothing need be asked.
    package var isIdle: Bool { rules.isEmpty }

    /// Whether a rule that is awake could match the request if the object had the right name. Where none could, a
    /// create's body need not be read for it.
    package func mayConcern(_ identity: RequestIdentity, in phase: Phase) -> Bool {
        rules.contains { $0.isAwake(in: phase) && $0.matchesButForName(identity) }
    }

    /// Takes over other rules. One whose name stays goes on counting from where it is, changed or not.
    package mutating func replace(with plan: Plan) {
        let known = rules
        self.plan = plan
        rules = plan.rules.filter(\.fault.kind.actsOnRequests).map { rule in
            known.first { $0.rule.name == rule.name }?.changed(to: rule) ?? ActiveRule(rule)
        }
    }

    /// Decides about one request, and counts it.
    ///
    /// - Parameters:
    ///   - phase: Where the trial is.
    ///   - now: On the trial's clock; it matters to `for:` alone.
    /// - Returns: What the first rule says whose conditions all hold; nil to let the request pass.
    package mutating func decide(
        about identity: RequestIdentity, in phase: Phase, now: Duration
    ) -> Decision? {
        var decision: Decision?
        for index in rules.indices {
            guard let ordinal = rules[index].ordinalIfFiring(identity, in: phase, now: now, streams),
                decision == nil
            else { continue }
            decision = rules[index].decision(about: identity, ordinal, streams)
        }
        return decision
    }
}

/// A rule with what it has counted.
private struct ActiveRule: Sendable {
    struct Count: Sendable {
        var requests = 0
        var hitsInARow = 0
    }

    let rule: Rule
    private let matcher: RequestMatcher
    private var counts: [RequestIdentity: Count] = [:]
    private var firstMatch: Duration?

    init(_ rule: Rule) {
        self.rule = rule
        matcher = RequestMatcher(rule.match)
    }

    /// The other rule, with what this one has counted.
    func changed(to rule: Rule) -> ActiveRule {
        guard rule != self.rule else { return self }
        var changed = ActiveRule(rule)
        changed.counts = counts
        changed.firstMatch = firstMatch
        return changed
    }

    func isAwake(in phase: Phase) -> Bool { rule.during == nil || rule.during == phase }

    func matchesButForName(_ identity: RequestIdentity) -> Bool { matcher.matchesButForName(identity) }

    /// Counts the request, and gives its ordinal where the rule's conditions hold.
    mutating func ordinalIfFiring(
        _ identity: RequestIdentity, in phase: Phase, now: Duration, _ streams: RandomStreams
    ) -> Int? {
        guard isAwake(in: phase), matcher.matches(identity) else { return nil }
        let start = firstMatch ?? now
        firstMatch = start
        var count = counts[identity, default: Count()]
        count.requests += 1
        let isHit =
            isWithin(rule.when, ordinal: count.requests, sinceFirstMatch: now - start)
            && count.hitsInARow < rule.when.limitConsecutive ?? .max
            && isCoinHeads(identity, count.requests, streams)
        count.hitsInARow = isHit ? count.hitsInARow + 1 : 0
        counts[identity] = count
        return isHit ? count.requests : nil
    }

    private func isWithin(_ timing: Timing, ordinal: Int, sinceFirstMatch elapsed: Duration) -> Bool {
        if let span = timing.span, elapsed >= span { return false }
        if let after = timing.after, ordinal <= after { return false }
        if let first = timing.first, ordinal > first { return false }
        if let every = timing.every, !ordinal.isMultiple(of: every) { return false }
        return true
    }

    private func isCoinHeads(_ identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams) -> Bool {
        guard let probability = rule.when.probability else { return true }
        var coin = stream("fault", identity, ordinal, streams)
        return coin.uniform() < probability
    }

    func decision(
        about identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams
    ) -> FaultInjector.Decision {
        FaultInjector.Decision(
            rule: rule.name, fault: rule.fault, identity: identity, ordinal: ordinal,
            delay: rule.delay(of: identity, ordinal, streams))
    }

    private func stream(
        _ purpose: String, _ identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams
    ) -> SplitMix64 {
        rule.stream(purpose, identity, ordinal, streams)
    }
}

extension Rule {
    /// How long a ``Fault/latency(_:)`` of this rule holds a request back in the trial of a seed, jitter included; zero
    /// for other faults.
    ///
    /// - Parameter ordinal: Which of the requests of the identity it is, from 1, as the rule counts.
    package func delay(of identity: RequestIdentity, ordinal: Int, seed: UInt64) -> Duration {
        delay(of: identity, ordinal, RandomStreams(seed: seed))
    }

    fileprivate func delay(of identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams) -> Duration {
        guard case .latency(let latency) = fault else { return .zero }
        guard let jitter = latency.jitter else { return latency.fixed }
        var draw = stream("latency", identity, ordinal, streams)
        return latency.fixed + jitter * draw.uniform()
    }

    fileprivate func stream(
        _ purpose: String, _ identity: RequestIdentity, _ ordinal: Int, _ streams: RandomStreams
    ) -> SplitMix64 {
        streams.stream(
            purpose, name, identity.verb.rawValue, identity.group, identity.resource, identity.subresource,
            identity.namespace, identity.name, String(ordinal))
    }
}
