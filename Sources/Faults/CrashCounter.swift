package import Kubernetes

/// Counts a controller's writes, and says at which of them it is to die.
///
/// Each rule kills once. Like the decisions about requests, these depend on no clock: the n-th write that matches, in
/// the order in which the server did them.
package struct CrashCounter: Sendable {
    /// The crash that is due at a write.
    package struct Crash: Hashable, Sendable {
        /// The name of the rule that decided.
        package var rule: String
        package var fault: Fault.Crash
        package var identity: RequestIdentity
    }

    private struct ActiveRule {
        let name: String
        let during: Phase?
        let matcher: RequestMatcher
        let fault: Fault.Crash
        var writes = 0
    }

    private var rules: [ActiveRule]

    package init(plan: Plan) {
        rules = plan.rules.compactMap { rule in
            guard case .crash(let crash) = rule.fault else { return nil }
            return ActiveRule(
                name: rule.name, during: rule.during, matcher: RequestMatcher(rule.match), fault: crash)
        }
    }

    /// Whether no write kills.
    package var isIdle: Bool { rules.isEmpty }

    /// Whether a rule that is awake could count the write if its body said the right things.
    package func mayConcern(_ identity: RequestIdentity, facts: RequestFacts = .none, in phase: Phase?) -> Bool {
        identity.verb.isWrite
            && rules.contains { rule in
                (rule.during == nil || rule.during == phase) && rule.matcher.matchesButForBody(identity, facts)
            }
    }

    /// The crash that is due before a write is forwarded, which then never is; asked before each write.
    ///
    /// A write that is about to be forwarded counts as the one after those that were done.
    package mutating func due(
        _ identity: RequestIdentity, facts: RequestFacts = .none, in phase: Phase?
    ) -> Crash? {
        guard identity.verb.isWrite else { return nil }
        for index in rules.indices where rules[index].fault.at == .beforeRequest {
            let rule = rules[index]
            guard rule.during == nil || rule.during == phase, rule.matcher.matches(identity, facts),
                rule.writes + 1 == rule.fault.afterWrites
            else { continue }
            rules[index].writes += 1
            return Crash(rule: rule.name, fault: rule.fault, identity: identity)
        }
        return nil
    }

    /// Counts a request that the server has done.
    ///
    /// - Returns: The crash that is due at it, by the first rule whose number it is.
    package mutating func done(
        _ identity: RequestIdentity, facts: RequestFacts = .none, in phase: Phase?
    ) -> Crash? {
        guard identity.verb.isWrite else { return nil }
        var crash: Crash?
        for index in rules.indices {
            let rule = rules[index]
            guard rule.during == nil || rule.during == phase, rule.matcher.matches(identity, facts) else { continue }
            rules[index].writes += 1
            guard rules[index].writes == rule.fault.afterWrites, rule.fault.at != .beforeRequest, crash == nil else {
                continue
            }
            crash = Crash(rule: rule.name, fault: rule.fault, identity: identity)
        }
        return crash
    }
}
