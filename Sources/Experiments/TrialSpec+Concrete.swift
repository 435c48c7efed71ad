import Determinism
package import Faults

extension TrialSpec {
    /// The plan that does again what the faults of a trial did, one rule for each request that was hit, and leaves
    /// everything else to chance no more.
    ///
    /// A rule counts the requests of each identity while it is awake, whatever other rules do. So the one that hits the
    /// n-th request of an identity in the same phase hits the same request as the rule that it stands for. What acts on
    /// no requests, crashes and quota conflicts, stays as it was, where it did something.
    ///
    /// - Parameter record: Of a trial of this very specification.
    package func concretePlan(from record: TrialRecord) -> Plan {
        let rules = Dictionary(variation.plan.rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let fired = Set(record.injections.map(\.rule))
        let kept = variation.plan.rules.filter { !$0.fault.kind.actsOnRequests && fired.contains($0.name) }
        var names = Set(kept.map(\.name))
        var counts: [String: Int] = [:]
        var cuts: [Rule] = []
        for injection in record.injections {
            guard let rule = rules[injection.rule], rule.fault.kind.actsOnRequests else { continue }
            var cut = rule
            cut.match = RequestMatch(exactly: injection.identity)
            cut.when = Timing(first: injection.ordinal, after: injection.ordinal > 1 ? injection.ordinal - 1 : nil)
            if case .latency = rule.fault {
                let delay = rule.delay(of: injection.identity, ordinal: injection.ordinal, seed: seed)
                // To the microsecond, as a file holds it.
                cut.fault = .latency(Fault.Latency(fixed: .microseconds(max(1, delay.microseconds))))
            }
            guard !cuts.contains(where: { $0.during == cut.during && $0.match == cut.match && $0.when == cut.when })
            else { continue }
            repeat {
                counts[rule.name, default: 0] += 1
                cut.name = "\(rule.name)-\(counts[rule.name] ?? 1)"
            } while !names.insert(cut.name).inserted
            cuts.append(cut)
        }
        return Plan(rules: cuts + kept)
    }
}
