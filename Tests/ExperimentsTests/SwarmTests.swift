import Experiments
import Faults
import Resilience
import Testing

struct SwarmTests {
    private static let seeds = Array(1...300 as ClosedRange<UInt64>)

    private func variation(_ rules: [Rule] = [Fixtures.coin], objects: [String] = []) throws -> Experiment.Variation {
        try Fixtures.variation(rules, objects: objects)
    }

    @Test("whatever is drawn is fit to run")
    func valid() throws {
        let rules = [
            Fixtures.coin,
            Rule(name: "all", fault: .status(Fault.ForgedStatus(code: 500))),
            Rule(name: "swarm-latency", when: Timing(first: 3, every: 3, after: 2), fault: .halfOpen(.init())),
            Rule(
                name: "slow", when: Timing(span: .milliseconds(1)),
                fault: .latency(Fault.Latency(fixed: .microseconds(1), jitter: .zero))),
            Rule(name: "kill", fault: .crash(Fault.Crash(afterWrites: 1))),
            Rule(name: "churn", fault: .quotaConflict(Fault.QuotaChurn(quota: "compute", writers: 1))),
        ]
        let swarm = Swarm(try variation(rules))
        for seed in Self.seeds {
            let plan = swarm.plan(seed: seed)
            #expect(plan.problems() == [], "seed \(seed)")
            #expect(!plan.rules.isEmpty, "seed \(seed)")
        }
    }

    @Test("each kind is on in about half of the trials, in all combinations, and never none")
    func half() throws {
        let swarm = Swarm(try variation())
        var counts: [String: Int] = [:]
        for seed in Self.seeds { for rule in swarm.plan(seed: seed).rules { counts[rule.name, default: 0] += 1 } }
        #expect(counts.count == 12, "\(counts.keys.sorted())")
        #expect(counts.keys.contains("coin"))
        #expect(!counts.keys.contains("swarm-quota-conflict"))
        for (name, count) in counts { #expect((115...185).contains(count), "\(name) \(count)") }
    }

    @Test("a quota is fought over where there is one")
    func quota() throws {
        let swarm = Swarm(try variation(objects: [Fixtures.object("ResourceQuota", "compute")]))
        let churns = Self.seeds.flatMap { swarm.plan(seed: $0).rules }.compactMap { rule -> Fault.QuotaChurn? in
            if case .quotaConflict(let churn) = rule.fault { churn } else { nil }
        }
        #expect(churns.count > 100)
        #expect(Set(churns.map(\.quota)) == ["compute"])
        #expect(Set(churns.map(\.writers)) == [1, 2, 4, 8])
    }

    @Test("one kind or one rule more shifts no other draw")
    func keyed() throws {
        let quota = [Fixtures.object("ResourceQuota", "compute")]
        let extra = Rule(name: "extra", when: Timing(first: 1), fault: .blackHole(.init()))
        let few = Swarm(try variation())
        let more = Swarm(try variation([Fixtures.coin, extra], objects: quota))
        for seed in Self.seeds {
            let drawn = few.plan(seed: seed).rules
            let others = more.plan(seed: seed).rules.filter { !["extra", "swarm-quota-conflict"].contains($0.name) }
            // Where nothing was on, one had to be picked.
            if !others.isEmpty { #expect(drawn == others, "seed \(seed)") }
        }
    }

    @Test("a swarm's trials have plans of their own, and the same for every policy")
    func specs() throws {
        var variation = try variation()
        variation.policies = [try Fixtures.policy(), try Fixtures.policy("other")]
        var experiment = Experiment(name: "e", description: "", seed: 3, trials: 20, variations: [variation])
        #expect(Set(experiment.trialSpecs().map(\.variation.plan)) == [variation.plan])
        experiment.isSwarm = true
        let specs = experiment.trialSpecs()
        let plans = Dictionary(grouping: specs, by: \.index).mapValues { Set($0.map(\.variation.plan)) }
        #expect(plans.values.allSatisfy { $0.count == 1 })
        #expect(Set(specs.map(\.variation.plan)).count == 20)
        #expect(specs.allSatisfy { $0.isSwarm })
        // As a run that is looked at again: by number, whatever the number of trials.
        #expect(experiment.trialSpecs(trials: 5)[7] == specs[7])
        let document = try experiment.document()
        #expect(try Experiment(document: document) == experiment)
    }

    @Test("of a plan that was drawn, one rule that hit something is enough")
    func judgement() throws {
        let rules = [
            Fixtures.coin, Rule(name: "never", match: RequestMatch(name: "nobody"), fault: .blackHole(.init())),
        ]
        let playground = Playground { _, _ in [] }
        var spec = try Fixtures.spec(try variation(rules))
        #expect(playground.record(of: spec).reason.contains("the fault never never hit a request"))
        spec.isSwarm = true
        #expect(!playground.record(of: spec).reason.contains("fault"))
        spec.variation.plan.rules.removeFirst()
        #expect(playground.record(of: spec).reason.contains("no fault that was drawn hit a request"))
    }

    @Test("what was added to experiments is not in the text of those that have none of it")
    func document() throws {
        let plain = Experiment(name: "e", description: "", seed: 3, trials: 2, variations: [try variation()])
        var changed = plain
        changed.variations[0].workload = changed.variations[0].workload.map { load in
            var load = load
            load.after = .zero
            return load
        }
        let text = try changed.document()
        for word in ["swarm", "firstTrial", "after\"", "abandonsFailedRelease"] { #expect(!text.contains(word)) }
        changed.firstTrial = 4
        changed.variations[0].policies[0].locks.abandonsFailedRelease = true
        #expect(try Experiment(document: try changed.document()) == changed)
        #expect(try Experiment(document: try plain.document()) == plain)
    }
}
