import Determinism
import Faults
import Kubernetes
import Testing

struct FaultInjectorTests {
    private static let cut = Fault.reset(Fault.Reset(at: .afterCommit))

    private func create(_ name: String, _ resource: String = "pods") -> RequestIdentity {
        RequestIdentity(verb: .create, group: "", resource: resource, namespace: "t", name: name)
    }

    private func rule(
        _ name: String = "cut", during: Phase? = nil, match: RequestMatch = RequestMatch(resource: "pods"),
        when: Timing = Timing(), fault: Fault = cut
    ) -> Rule {
        Rule(name: name, during: during, match: match, when: when, fault: fault)
    }

    /// The ordinals at which requests of one identity, one a second, are hit.
    private func hits(_ when: Timing, of count: Int = 12, seed: UInt64 = 1) -> [Int] {
        var injector = FaultInjector(plan: Plan(rules: [rule(when: when)]), seed: seed)
        return (1...count).filter { injector.decide(about: create("a"), in: .storm, now: .seconds($0)) != nil }
    }

    @Test("a rule without conditions hits every request that it matches, and counts from 1")
    func everyRequest() throws {
        var injector = FaultInjector(plan: Plan(rules: [rule()]), seed: 1)
        for ordinal in 1...3 {
            let made = injector.decide(about: create("a"), in: .calm, now: .zero)
            let decision = try #require(made)
            #expect(decision.ordinal == ordinal)
            #expect(decision.rule == "cut")
            #expect(decision.fault == Self.cut)
        }
        #expect(injector.decide(about: create("a", "configmaps"), in: .calm, now: .zero) == nil)
    }

    @Test(
        "counting conditions pick their ordinals",
        arguments: [
            (Timing(first: 2), [1, 2]), (Timing(every: 5), [5, 10]), (Timing(after: 9), [10, 11, 12]),
            (Timing(first: 4, after: 2), [3, 4]), (Timing(first: 9, every: 3, after: 3), [6, 9]),
            (Timing(limitConsecutive: 3), [1, 2, 3, 5, 6, 7, 9, 10, 11]),
            (Timing(every: 2, limitConsecutive: 1), [2, 4, 6, 8, 10, 12]),
            (Timing(span: .seconds(3)), [1, 2, 3]), (Timing(after: 2, span: .seconds(4)), [3, 4]),
            (Timing(probability: 0), []), (Timing(probability: 1), Array(1...12)),
        ])
    func counting(when: Timing, expected: [Int]) { #expect(hits(when) == expected) }

    @Test("the window of a rule begins with its first match, of whatever identity, and not with the trial")
    func window() {
        var injector = FaultInjector(plan: Plan(rules: [rule(when: Timing(span: .seconds(2)))]), seed: 1)
        #expect(injector.decide(about: create("a"), in: .storm, now: .seconds(100)) != nil)
        #expect(injector.decide(about: create("b"), in: .storm, now: .milliseconds(101_999)) != nil)
        #expect(injector.decide(about: create("c"), in: .storm, now: .seconds(102)) == nil)
    }

    @Test("a rule of a phase sleeps in the others, and counts nothing there")
    func phases() {
        var injector = FaultInjector(plan: Plan(rules: [rule(during: .storm, when: Timing(first: 1))]), seed: 1)
        #expect(injector.decide(about: create("a"), in: .calm, now: .zero) == nil)
        #expect(injector.decide(about: create("a"), in: .storm, now: .zero)?.ordinal == 1)
        #expect(injector.decide(about: create("a"), in: .storm, now: .zero) == nil)
        #expect(injector.decide(about: create("a"), in: .converge, now: .zero) == nil)
    }

    @Test("the share of hits is near the probability, and differs in its places from seed to seed")
    func probability() {
        let one = hits(Timing(probability: 0.3), of: 10_000, seed: 1)
        // Four standard deviations of a binomial count, each way.
        #expect(abs(one.count - 3_000) < 184)
        #expect(one != hits(Timing(probability: 0.3), of: 10_000, seed: 2))
    }

    /// Requests of three identities in an order drawn from a seed, and what is decided about each.
    private func log(_ plan: Plan, seed: UInt64, order: UInt64, others: Int = 0) -> [String] {
        var injector = FaultInjector(plan: plan, seed: seed)
        var generator = SplitMix64(seed: order)
        var requests = (0..<300).map { create(["a", "b", "c"][$0 % 3]) } + (0..<others).map { create("other-\($0)") }
        requests.shuffle(using: &generator)
        var ordinals: [RequestIdentity: Int] = [:]
        var entries: [String] = []
        for (index, request) in requests.enumerated() {
            ordinals[request, default: 0] += 1
            let decision = injector.decide(about: request, in: .storm, now: .milliseconds(index))
            if request.name.hasPrefix("other") { continue }
            let text = decision.map { "\($0.rule) \($0.ordinal) \($0.delay)" } ?? "-"
            entries.append("\(request) #\(ordinals[request] ?? 0): \(text)")
        }
        return entries
    }

    private var mixed: Plan {
        Plan(rules: [
            rule("coin", when: Timing(probability: 0.4, limitConsecutive: 3)),
            rule(
                "slow", when: Timing(probability: 0.5),
                fault: .latency(Fault.Latency(fixed: .milliseconds(10), jitter: .milliseconds(90)))),
        ])
    }

    @Test("the same seed gives the same log twice, and another seed another")
    func sameSeedSameLog() {
        let log = log(mixed, seed: 7, order: 1)
        #expect(log == self.log(mixed, seed: 7, order: 1))
        #expect(log != self.log(mixed, seed: 8, order: 1))
        #expect(log.contains { $0.contains("coin") } && log.contains { $0.contains("slow") })
    }

    @Test(
        "the order in which identities come makes no difference to any of them", arguments: 2...6 as ClosedRange<UInt64>
    )
    func interleaving(order: UInt64) {
        #expect(log(mixed, seed: 7, order: 1).sorted() == log(mixed, seed: 7, order: order).sorted())
    }

    @Test("requests of other identities shift nothing")
    func otherIdentities() {
        #expect(
            log(mixed, seed: 7, order: 1).sorted() == log(mixed, seed: 7, order: 3, others: 500).sorted())
    }

    @Test("one rule more shifts no decision of the others, wherever it stands", arguments: [0, 1, 2])
    func anotherRule(place: Int) {
        var plan = mixed
        plan.rules.insert(rule("extra", when: Timing(probability: 0.2), fault: .blackHole(.init())), at: place)
        let without = log(mixed, seed: 7, order: 1)
        let with = log(plan, seed: 7, order: 1)
        var taken = 0
        for (before, after) in zip(without, with) {
            if after.contains("extra") { taken += 1 } else { #expect(before == after) }
        }
        #expect(taken > 20)
    }

    @Test("rules that are replaced while running go on counting where they stay the same")
    func replacing() {
        let keeper = rule("keeper", match: RequestMatch(name: "a"), when: Timing(first: 2))
        var injector = FaultInjector(plan: Plan(rules: [keeper]), seed: 1)
        #expect(injector.decide(about: create("a"), in: .calm, now: .zero)?.ordinal == 1)
        injector.replace(with: Plan(rules: [rule("new", match: RequestMatch(name: "b")), keeper]))
        #expect(injector.decide(about: create("a"), in: .calm, now: .zero)?.ordinal == 2)
        #expect(injector.decide(about: create("a"), in: .calm, now: .zero) == nil)
        #expect(injector.decide(about: create("b"), in: .calm, now: .zero)?.rule == "new")
        injector.replace(with: Plan())
        #expect(injector.isIdle)
        #expect(injector.decide(about: create("b"), in: .calm, now: .zero) == nil)
    }

    @Test("the first rule in the plan decides where several would")
    func order() {
        var injector = FaultInjector(
            plan: Plan(rules: [rule("one", when: Timing(every: 2)), rule("two", fault: .halfOpen(.init()))]), seed: 1)
        let rules = (1...4).map { _ in injector.decide(about: create("a"), in: .calm, now: .zero)?.rule }
        #expect(rules == ["two", "one", "two", "one"])
    }

    @Test("jitter lies between the fixed delay and the fixed delay with all of it, and varies")
    func jitter() {
        let latency = Fault.latency(Fault.Latency(fixed: .milliseconds(200), jitter: .milliseconds(100)))
        var injector = FaultInjector(plan: Plan(rules: [rule(fault: latency)]), seed: 1)
        let delays = (0..<1000).compactMap { _ in
            injector.decide(about: create("a"), in: .calm, now: .zero)?.delay
        }
        #expect(delays.count == 1000)
        #expect(delays.allSatisfy { $0 >= .milliseconds(200) && $0 < .milliseconds(300) })
        #expect(Set(delays).count > 990)
    }

    @Test("what the harness does beside the fault path is not decided on requests")
    func churn() {
        let churn = Fault.quotaConflict(Fault.QuotaChurn(quota: "q", writers: 2))
        var injector = FaultInjector(
            plan: Plan(rules: [rule(match: RequestMatch(), fault: churn)]), seed: 1)
        #expect(injector.isIdle)
        #expect(injector.decide(about: create("a"), in: .calm, now: .zero) == nil)
    }

    @Test(
        "resources are matched with their groups and subresources",
        arguments: [
            ("pods", "pods", "", "", true), ("pods", "pods", "", "exec", false),
            ("pods/exec", "pods", "", "exec", true),
            ("pods/exec", "pods", "", "", false), ("pods/*", "pods", "", "log", true),
            ("pods/*", "pods", "", "", false),
            ("*", "pods", "", "exec", true), ("*/status", "workflows", "argoproj.io", "status", true),
            ("workflows", "workflows", "argoproj.io", "", true),
            ("workflows.argoproj.io", "workflows", "argoproj.io", "", true),
            ("workflows.argoproj.io", "workflows", "example.org", "", false),
            ("workflows.argoproj.io/status", "workflows", "argoproj.io", "status", true),
            ("*.argoproj.io", "cronworkflows", "argoproj.io", "", true), ("*.argoproj.io", "pods", "", "", false),
        ])
    func resources(pattern: String, resource: String, group: String, subresource: String, isMatch: Bool) {
        var injector = FaultInjector(
            plan: Plan(rules: [rule(match: RequestMatch(resource: pattern))]), seed: 1)
        let identity = RequestIdentity(
            verb: .get, group: group, resource: resource, subresource: subresource, namespace: "t", name: "x")
        #expect((injector.decide(about: identity, in: .calm, now: .zero) != nil) == isMatch)
    }

    @Test("verb, namespace and name must all match")
    func otherConditions() {
        let match = RequestMatch(verb: [.create, .patch], resource: "pods", namespace: "t-*", name: "*-agent")
        var injector = FaultInjector(plan: Plan(rules: [rule(match: match)]), seed: 1)
        func isHit(_ verb: Verb, _ namespace: String, _ name: String) -> Bool {
            let identity = RequestIdentity(verb: verb, group: "", resource: "pods", namespace: namespace, name: name)
            return injector.decide(about: identity, in: .calm, now: .zero) != nil
        }
        #expect(isHit(.create, "t-1", "w-agent"))
        #expect(isHit(.patch, "t-1", "w-agent"))
        #expect(!isHit(.get, "t-1", "w-agent"))
        #expect(!isHit(.create, "u-1", "w-agent"))
        #expect(!isHit(.create, "t-1", "w-main"))
    }
}
