import Determinism
import Faults
import Kubernetes
import Testing

struct CrashCounterTests {
    private func identity(_ verb: Verb, _ resource: String = "pods", _ name: String = "p") -> RequestIdentity {
        RequestIdentity(verb: verb, group: "", resource: resource, namespace: "n", name: name)
    }

    private func rule(_ fault: Fault.Crash, during: Phase? = nil, _ match: RequestMatch = RequestMatch()) -> Rule {
        Rule(name: "kill", during: during, match: match, fault: .crash(fault))
    }

    @Test("the n-th matching write kills, once; reads do not count")
    func nth() {
        var counter = CrashCounter(plan: Plan(rules: [rule(.init(afterWrites: 2), .init(resource: "pods"))]))
        let sequence = [
            identity(.create, "configmaps"), identity(.get), identity(.create), identity(.list), identity(.delete),
            identity(.create), identity(.patch),
        ]
        let crashes = sequence.map { counter.done($0, in: .storm) }
        #expect(crashes.map { $0 != nil } == [false, false, false, false, true, false, false])
        #expect(crashes[4]?.identity.verb == .delete)
        #expect(crashes[4]?.rule == "kill")
    }

    @Test("writes outside the rule's phase do not count")
    func phase() {
        var counter = CrashCounter(plan: Plan(rules: [rule(.init(afterWrites: 1), during: .storm)]))
        #expect(counter.done(identity(.create), in: .calm) == nil)
        #expect(counter.done(identity(.create), in: nil) == nil)
        #expect(counter.done(identity(.create), in: .storm) != nil)
    }

    @Test("each rule counts for itself, and the first whose number it is decides")
    func several() {
        var other = rule(.init(afterWrites: 1, at: .beforeAnswer))
        other.name = "other"
        var counter = CrashCounter(plan: Plan(rules: [rule(.init(afterWrites: 2)), other]))
        #expect(counter.done(identity(.create), in: .storm)?.rule == "other")
        #expect(counter.done(identity(.create), in: .storm)?.rule == "kill")
        #expect(counter.done(identity(.create), in: .storm) == nil)
        #expect(CrashCounter(plan: Plan()).isIdle)
    }

    @Test(
        "a crash that can never come is refused",
        arguments: [
            (Fault.Crash(afterWrites: 0), RequestMatch(), Timing(), "crash.afterWrites"),
            (Fault.Crash(afterWrites: 1, downtime: .seconds(-1)), RequestMatch(), Timing(), "crash.downtime"),
            (Fault.Crash(afterWrites: 1), RequestMatch(verb: [.get, .watch]), Timing(), "match.verb"),
            (Fault.Crash(afterWrites: 1), RequestMatch(resource: "podz"), Timing(), "match.resource"),
            (Fault.Crash(afterWrites: 1), RequestMatch(), Timing(first: 2), "when"),
        ])
    func problems(fault: Fault.Crash, match: RequestMatch, when: Timing, key: String) {
        let plan = Plan(rules: [Rule(name: "kill", match: match, when: when, fault: .crash(fault))])
        #expect(plan.problems().map(\.key) == [key])
        #expect(Plan(rules: [rule(.init(afterWrites: 1, at: .beforeAnswer, downtime: .seconds(1)))]).problems().isEmpty)
    }
}
