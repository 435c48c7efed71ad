import Faults
import Kubernetes
import Testing

/// The conditions of rules beyond counting: what woke them, when in the phase it is, whom they are about, how many at once.
struct TimingTests {
    private func injector(_ match: RequestMatch = RequestMatch(), _ when: Timing) -> FaultInjector {
        FaultInjector(
            plan: Plan(rules: [Rule(name: "r", during: .storm, match: match, when: when, fault: .blackHole(.init()))]),
            seed: 1)
    }

    private func pods(_ verb: Verb, _ name: String) -> RequestIdentity {
        RequestIdentity(verb: verb, group: "", resource: "pods", namespace: "t", name: name)
    }

    @Test("a window counts from the beginning of its phase")
    func window() {
        var injector = injector(when: Timing(window: .init(from: .seconds(2), to: .seconds(4))))
        injector.began(.storm, at: .seconds(10))
        let hits = [10.0, 11.9, 12, 13.9, 14, 20].map {
            injector.decide(about: pods(.create, "a"), in: .storm, now: .seconds($0)) != nil
        }
        #expect(hits == [false, false, true, true, false, false])
    }

    @Test("a rule sleeps until the n-th request of a kind has passed, in whatever phase, and counts nothing before")
    func sinceRequest() {
        let trigger = Timing.Trigger(request: RequestMatch(verb: [.create], resource: "pods"), count: 2)
        var injector = injector(RequestMatch(verb: [.update]), Timing(first: 1, since: trigger))
        func decide(_ verb: Verb, _ phase: Phase = .storm) -> Int? {
            injector.decide(about: pods(verb, "a"), in: phase, now: .zero)?.ordinal
        }
        #expect(decide(.update) == nil)
        #expect(decide(.create, .calm) == nil)
        #expect(decide(.update) == nil)
        #expect(decide(.create) == nil)
        #expect(decide(.update) == 1)
        #expect(decide(.update) == nil)
    }

    @Test("a rule sleeps until an object is in a state, and each object counts once")
    func sinceObject() {
        let trigger = Timing.Trigger(
            object: .init(resource: "workflows.argoproj.io", field: "status.phase", equals: "Running"), count: 2)
        var injector = injector(when: Timing(since: trigger))
        let workflow = RequestIdentity(
            verb: .watch, group: "argoproj.io", resource: "workflows", namespace: "t", name: "")
        #expect(injector.awaits(objectsOf: workflow) && !injector.awaits(objectsOf: pods(.watch, "")))
        func saw(_ name: String, _ phase: String) {
            let identity = RequestIdentity(
                verb: .watch, group: "argoproj.io", resource: "workflows", namespace: "t", name: name)
            injector.saw(["status": ["phase": .string(phase)]], of: identity)
        }
        func isAwake() -> Bool { injector.decide(about: pods(.create, "a"), in: .storm, now: .zero) != nil }
        saw("a", "Running")
        saw("a", "Running")
        #expect(!isAwake())
        saw("b", "Pending")
        #expect(!isAwake())
        saw("a", "Succeeded")
        saw("b", "Running")
        #expect(isAwake())
    }

    @Test("labels are those of the object in the body, and the client is known by its User-Agent")
    func facts() {
        var injector = injector(
            RequestMatch(labels: ["app": "web-*", "tier": "*"], userAgent: "kubectl/*"), Timing())
        #expect(injector.readsLabels)
        func decide(_ userAgent: String, _ labels: [String: String]) -> Bool {
            injector.decide(
                about: pods(.create, "a"), facts: RequestFacts(userAgent: userAgent, labels: labels), in: .storm,
                now: .zero) != nil
        }
        #expect(decide("kubectl/v1.36.0", ["app": "web-1", "tier": "front"]))
        #expect(!decide("kubectl/v1.36.0", ["app": "web-1"]))
        #expect(!decide("kubectl/v1.36.0", ["app": "db", "tier": "front"]))
        #expect(!decide("Go-http-client/2.0", ["app": "web-1", "tier": "front"]))
        #expect(injector.mayConcern(pods(.create, ""), facts: RequestFacts(userAgent: "kubectl/v1"), in: .storm))
        #expect(!injector.mayConcern(pods(.create, ""), facts: RequestFacts(userAgent: "curl"), in: .storm))
    }

    @Test("no more than so many requests are held at once")
    func active() throws {
        var injector = injector(when: Timing(limitActive: 2))
        func decide(_ name: String) -> FaultInjector.Decision? {
            injector.decide(about: pods(.create, name), in: .storm, now: .zero)
        }
        let first = try #require(decide("a"))
        #expect(decide("b") != nil)
        #expect(decide("c") == nil)
        injector.ended(first)
        #expect(decide("d") != nil)
        #expect(decide("e") == nil)
    }

    @Test("a crash before the request comes at the n-th write, which is never forwarded")
    func crashBeforeRequest() {
        let rule = Rule(name: "die", fault: .crash(Fault.Crash(afterWrites: 2, at: .beforeRequest)))
        var counter = CrashCounter(plan: Plan(rules: [rule]))
        #expect(counter.due(pods(.create, "a"), in: .storm) == nil)
        #expect(counter.done(pods(.create, "a"), in: .storm) == nil)
        #expect(counter.due(pods(.get, "a"), in: .storm) == nil)
        #expect(counter.due(pods(.create, "b"), in: .storm)?.rule == "die")
        #expect(counter.due(pods(.create, "b"), in: .storm) == nil)
        #expect(counter.done(pods(.create, "b"), in: .storm) == nil)
    }

    private func injector(when: Timing) -> FaultInjector { injector(RequestMatch(), when) }
}
