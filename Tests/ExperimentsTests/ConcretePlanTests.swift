import Experiments
import Faults
import Kubernetes
import Testing

struct ConcretePlanTests {
    private let playground = Playground { _, _ in [] }

    @Test(
        "a concrete plan hits the same requests as the rules of chance, and no others",
        arguments: [1, 2, 3, 4] as [UInt64])
    func sameHits(seed: UInt64) throws {
        let rules = [
            Rule(
                name: "early", match: RequestMatch(verb: [.create], resource: "pods"), when: Timing(probability: 0.3),
                fault: .status(Fault.ForgedStatus(code: 503))),
            Rule(
                name: "cut", during: .storm, when: Timing(probability: 0.4, limitConsecutive: 2),
                fault: .blackHole(.init())),
            Rule(
                name: "late", during: .converge, match: RequestMatch(resource: "workflowtasksets.*/status"),
                when: Timing(every: 2), fault: .reset(Fault.Reset(at: .beforeRequest))),
        ]
        let spec = try Fixtures.spec(try Fixtures.variation(rules), seed: seed)
        let record = playground.record(of: spec)
        #expect(record.injections.count > 20)

        var concrete = spec
        concrete.variation.plan = spec.concretePlan(from: record)
        #expect(concrete.variation.plan.problems() == [])
        #expect(Set(concrete.variation.plan.rules.map(\.name)).count == concrete.variation.plan.rules.count)
        // Another seed changes nothing: no chance is left.
        concrete.seed = 99
        let again = playground.record(of: concrete)
        #expect(again.injections.map(\.identity) == record.injections.map(\.identity))
        #expect(again.injections.map(\.at) == record.injections.map(\.at))
        #expect(again.injections.map(\.kind) == record.injections.map(\.kind))
    }

    @Test("a rule for one request names it exactly, with its turn and its phase")
    func spelling() throws {
        let rule = Rule(
            name: "cut", during: .storm, match: RequestMatch(verb: [.patch]), when: Timing(first: 2, after: 1),
            fault: .halfOpen(.init()))
        let spec = try Fixtures.spec(try Fixtures.variation([rule], counts: [1]))
        let plan = spec.concretePlan(from: playground.record(of: spec))
        #expect(
            plan.rules == [
                Rule(
                    name: "cut-1", during: .storm,
                    match: RequestMatch(
                        verb: [.patch], resource: "workflowtasksets.argoproj.io/status", namespace: "boreas-trial",
                        name: "job-1-0001"),
                    when: Timing(first: 2, after: 1), fault: .halfOpen(.init()))
            ])
    }

    @Test("a latency keeps the delay that was drawn, and who acts beside the fault path stays a rule where it acted")
    func othersKinds() throws {
        let slow = Rule(
            name: "slow", match: RequestMatch(verb: [.create]), when: Timing(first: 1),
            fault: .latency(Fault.Latency(fixed: .milliseconds(100), jitter: .milliseconds(900))))
        let kill = Rule(name: "slow-2", fault: .crash(Fault.Crash(afterWrites: 3)))
        let never = Rule(name: "never", fault: .crash(Fault.Crash(afterWrites: 30)))
        let spec = try Fixtures.spec(try Fixtures.variation([slow, kill, never], counts: [2]))
        var record = playground.record(of: spec)
        let identity = Playground.requests(of: "job-1-0001")[0]
        record.injections.append(
            Injection(rule: "slow-2", kind: .crash, identity: identity, ordinal: 3, requestID: nil, at: .seconds(1)))
        let plan = spec.concretePlan(from: record)
        #expect(plan.rules.map(\.name) == ["slow-1", "slow-3", "slow-2"])
        #expect(plan.rules.last == kill)
        var injector = FaultInjector(plan: spec.variation.plan, seed: spec.seed)
        let decision = injector.decide(about: identity, in: .calm, now: .zero)
        let drawn = try #require(decision).delay
        guard case .latency(let latency) = plan.rules[0].fault else {
            Issue.record("no latency")
            return
        }
        #expect(latency.fixed > .milliseconds(100) && latency.jitter == nil)
        #expect(abs((latency.fixed - drawn) / .microseconds(1)) <= 1)
    }
}
