import Faults
import Kubernetes
import Testing

struct PlanProblemsTests {
    private static let cut = Fault.reset(Fault.Reset(at: .beforeRequest))

    private func problems(
        _ match: RequestMatch = RequestMatch(), _ when: Timing = Timing(), _ fault: Fault = cut
    ) -> [PlanProblem] {
        Plan(rules: [Rule(name: "r", match: match, when: when, fault: fault)]).problems()
    }

    @Test(
        "a plan that can act has no problems",
        arguments: [
            RequestMatch(), RequestMatch(verb: [.create], resource: "pods", namespace: "*", name: "a-*"),
            RequestMatch(verb: [.connect], resource: "pods/exec"),
            RequestMatch(resource: "workflows.argoproj.io/status"),
            RequestMatch(resource: "widgets.example.org"), RequestMatch(resource: "*"),
            RequestMatch(resource: "pods/*"),
            RequestMatch(resource: "events"), RequestMatch(verb: [.list, .get], resource: "pods", name: "a"),
            RequestMatch(resource: "nodes", namespace: "*"), RequestMatch(resource: "cronworkflows"),
        ])
    func fit(match: RequestMatch) { #expect(problems(match).isEmpty) }

    @Test(
        "a resource that does not exist is refused with the nearest that does",
        arguments: [
            ("pod", "pods"), ("Pod", "pods"), ("po", "pods"), ("podss", "pods"), ("cm", "configmaps"),
            ("configmap", "configmaps"), ("Workflow", "workflows"), ("wf", "workflows"), ("deploy", "deployments"),
            ("workflow.argoproj.io", "workflows.argoproj.io"), ("ingress", "ingresses"), ("pod/exec", "pods/exec"),
            ("pods/exe", "pods/exec"), ("workflos.argoproj.io", "workflows.argoproj.io"), ("leasess", "leases"),
            ("gadgets", "workflows.argoproj.io"),
        ])
    func unknownResource(spelled: String, suggestion: String) throws {
        let problem = try #require(problems(RequestMatch(resource: spelled)).first)
        #expect(problem.key == "match.resource")
        #expect(problem.rule == 0)
        #expect(problem.message.contains(suggestion))
    }

    @Test(
        "matches that no request can meet are refused",
        arguments: [
            (RequestMatch(verb: []), "match.verb"),
            (RequestMatch(verb: [.create], resource: "pods/exec"), "match.verb"),
            (RequestMatch(verb: [.connect], resource: "pods"), "match.verb"),
            (RequestMatch(verb: [.list], resource: "pods", name: "a"), "match.name"),
            (RequestMatch(verb: [.watch, .deleteCollection], name: "a-*"), "match.name"),
            (RequestMatch(resource: "namespaces", namespace: "t"), "match.namespace"),
            (RequestMatch(name: ""), "match.name"),
        ])
    func impossibleMatch(match: RequestMatch, key: String) { #expect(problems(match).map(\.key) == [key]) }

    @Test(
        "times that never come are refused",
        arguments: [
            (Timing(probability: 1.5), "when.probability"), (Timing(probability: -0.1), "when.probability"),
            (Timing(probability: .nan), "when.probability"), (Timing(probability: 0), "when.probability"),
            (Timing(first: 0), "when.first"), (Timing(every: 0), "when.every"), (Timing(after: -1), "when.after"),
            (Timing(span: .zero), "when.for"), (Timing(limitConsecutive: 0), "when.limitConsecutive"),
            (Timing(first: 3, after: 3), "when.first"), (Timing(first: 4, every: 5), "when.every"),
            (Timing(first: 9, every: 5, after: 5), "when.every"),
        ])
    func impossibleTime(when: Timing, key: String) {
        #expect(problems(RequestMatch(), when).map(\.key) == [key])
    }

    @Test("times that look odd and yet come are accepted")
    func possibleTime() {
        #expect(problems(RequestMatch(), Timing(probability: 1, first: 10, every: 5, after: 5)).isEmpty)
    }

    @Test(
        "values that mean nothing are refused",
        arguments: [
            (Fault.status(Fault.ForgedStatus(code: 200)), "status.code"),
            (.status(Fault.ForgedStatus(code: 600)), "status.code"),
            (.status(Fault.ForgedStatus(code: 429, retryAfter: .milliseconds(500))), "status.retryAfter"),
            (.status(Fault.ForgedStatus(code: 429, retryAfter: .milliseconds(1500))), "status.retryAfter"),
            (.refuse(Fault.Refusal(span: .zero)), "refuse.for"),
            (.latency(Fault.Latency(fixed: .zero)), "latency"),
            (.latency(Fault.Latency(fixed: .milliseconds(-1))), "latency.fixed"),
            (.quotaConflict(Fault.QuotaChurn(quota: "", writers: 1)), "quotaConflict.quota"),
            (.quotaConflict(Fault.QuotaChurn(quota: "q", writers: 0)), "quotaConflict.writers"),
        ])
    func meaningless(fault: Fault, key: String) {
        #expect(problems(RequestMatch(), Timing(), fault).map(\.key) == [key])
    }

    @Test("rules have names, and no two the same")
    func names() {
        let plan = Plan(rules: [
            Rule(name: "", match: RequestMatch(name: "x"), fault: Self.cut),
            Rule(name: "a", match: RequestMatch(name: "y"), fault: Self.cut),
            Rule(name: "a", match: RequestMatch(name: "z"), fault: Self.cut),
        ])
        #expect(plan.problems().map(\.rule) == [0, 2])
        #expect(plan.problems().allSatisfy { $0.key == "name" })
    }

    @Test("a rule that an earlier one leaves nothing is refused; one that gets a share is not")
    func hidden() {
        let pods = RequestMatch(resource: "pods")
        let all = Rule(name: "all", match: pods, fault: Self.cut)
        let storm = Rule(name: "storm", during: .storm, match: pods, fault: .blackHole(.init()))
        let some = Rule(name: "some", match: pods, when: Timing(every: 2), fault: .blackHole(.init()))
        #expect(Plan(rules: [all, storm]).problems().map(\.rule) == [1])
        #expect(Plan(rules: [storm, all]).problems().isEmpty)
        #expect(Plan(rules: [some, all]).problems().isEmpty)
    }

    @Test("conditions on requests are refused for a fault that acts on none")
    func churn() {
        let churn = Fault.quotaConflict(Fault.QuotaChurn(quota: "q", writers: 4))
        #expect(problems(RequestMatch(resource: "pods"), Timing(), churn).map(\.key) == ["match"])
        #expect(problems(RequestMatch(), Timing(probability: 0.5), churn).map(\.key) == ["when"])
        #expect(problems(RequestMatch(), Timing(span: .seconds(5)), churn).isEmpty)
    }

    @Test("a loss of capacity needs a phase, and leaves a part of it")
    func capacity() {
        func problems(_ factor: Double, during phase: Phase?, _ match: RequestMatch = RequestMatch()) -> [String] {
            let fault = Fault.capacity(Fault.Capacity(factor: factor))
            return Plan(rules: [Rule(name: "slow", during: phase, match: match, fault: fault)]).problems().map(\.key)
        }
        #expect(problems(0.2, during: .storm).isEmpty)
        #expect(problems(0.2, during: nil) == ["during"])
        #expect(problems(0.2, during: .storm, RequestMatch(resource: "pods")) == ["match"])
        for factor in [0, 1, -0.5, 2, .nan] { #expect(problems(factor, during: .storm) == ["capacity.factor"]) }
    }
}
