import Determinism
import Experiments
import Faults
import Kubernetes
import Resilience
import Testing

@testable import Harness

/// The same weather twice, over real sockets. One after another, because the trials run in real time.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RepeatabilityTests {
    /// What was decided about the requests of one identity, in their order: whether the rule hit.
    private typealias Decisions = [RequestIdentity: [Bool]]

    /// Each kind of request meets one rule at most, which is awake all the time: so the ordinals are the requests'.
    private static let rules = [
        Rule(
            name: "lost-answer", match: RequestMatch(verb: [.create], resource: "pods"),
            when: Timing(probability: 0.5, limitConsecutive: 2), fault: .reset(Fault.Reset(at: .afterCommit))),
        Rule(
            name: "lost-write", match: RequestMatch(verb: [.update], resource: "workflows.argoproj.io"),
            when: Timing(probability: 0.5, limitConsecutive: 2), fault: .reset(Fault.Reset(at: .beforeRequest))),
        Rule(
            name: "busy", match: RequestMatch(verb: [.create], resource: "workflowtasksets.argoproj.io"),
            when: Timing(probability: 0.5, limitConsecutive: 2), fault: .status(Fault.ForgedStatus(code: 503))),
    ]

    private func spec(seed: UInt64) throws -> TrialSpec {
        try Fixtures.trial(
            "full-jitter", seed: seed, workflows: 10, every: .milliseconds(20),
            phases: .init(calm: .zero, storm: .milliseconds(500), converge: .seconds(20)), Self.rules)
    }

    /// - Throws: Where an injection's ordinal is not that of its request.
    private func decisions(of record: TrialRecord) throws -> Decisions {
        let concerned = record.attempts.filter { isConcerned($0.exchange.identity) }
        return try Dictionary(grouping: concerned, by: \.exchange.identity).mapValues { attempts in
            var hits: [Bool] = []
            for attempt in attempts {
                if let index = attempt.injection {
                    hits.append(true)
                    try #require(record.injections[index].ordinal == hits.count)
                } else if attempt.exchange.httpStatus != 0 {
                    hits.append(false)
                } else {
                    // A reset takes along what else its connection carries; nobody knows whether the proxy had decided
                    // about it.
                    break
                }
            }
            return hits
        }
    }

    private func isConcerned(_ identity: RequestIdentity) -> Bool {
        let resource = identity.group.isEmpty ? identity.resource : "\(identity.resource).\(identity.group)"
        return identity.subresource.isEmpty
            && Self.rules.contains { $0.match.verb == [identity.verb] && $0.match.resource == resource }
    }

    /// The decisions about those requests that both runs sent.
    private func common(_ left: Decisions, _ right: Decisions) -> [(RequestIdentity, Int, Bool, Bool)] {
        left.sorted { $0.key.description < $1.key.description }.flatMap { identity, decisions in
            zip(decisions, right[identity] ?? []).enumerated().map {
                (identity, $0.offset + 1, $0.element.0, $0.element.1)
            }
        }
    }

    @Test("one seed decides alike in two runs about every request that both sent; another seed decides otherwise")
    func seeds() async throws {
        let records = try await Fixtures.run([spec(seed: 11), spec(seed: 11), spec(seed: 12)])
        try #require(records.count == 3)
        let logs = try records.map(decisions)
        let repeated = common(logs[0], logs[1])
        #expect(repeated.count >= 20)
        #expect(repeated.contains { $0.2 } && repeated.contains { !$0.2 })
        for (identity, ordinal, first, second) in repeated {
            #expect(first == second, "\(identity), request \(ordinal)")
        }
        #expect(common(logs[0], logs[2]).contains { $0.2 != $0.3 })
        #expect(Set(records.flatMap(\.injections).map(\.rule)) == ["lost-answer", "lost-write", "busy"])
    }
}
