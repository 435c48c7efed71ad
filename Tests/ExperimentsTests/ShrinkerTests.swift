import Experiments
import Faults
import Kubernetes
import Synchronization
import Testing

struct ShrinkerTests {
    private func shrink(
        _ playground: Playground, _ variation: Experiment.Variation, executionsMax: Int = 500, seed: UInt64 = 7
    ) async throws -> Shrinkage {
        let spec = try Fixtures.spec(variation, seed: seed)
        let record = playground.record(of: spec)
        try #require(!record.violations.isEmpty)
        return try await Shrinker(executionsMax: executionsMax, execute: playground.executor)
            .shrink(spec, violating: record)
    }

    /// A seed under which the coin hits both requests.
    private func seed(_ playground: Playground, _ variation: Experiment.Variation) throws -> UInt64 {
        try #require(
            try (1...500 as ClosedRange<UInt64>).first { seed in
                !playground.record(of: try Fixtures.spec(variation, seed: seed)).violations.isEmpty
            })
    }

    @Test("of dozens of faults and seven workflows the two and the one are left that it takes")
    func twoFaults() async throws {
        let playground = Playground.breaking(when: [
            (.create, "job-2-0002-pod", 2), (.patch, "job-2-0002", 3),
        ])
        let others = [
            Rule(name: "noise", match: RequestMatch(verb: [.get]), when: Timing(every: 2), fault: .blackHole(.init())),
            Rule(name: "kill", fault: .crash(Fault.Crash(afterWrites: 3))),
        ]
        let objects = [Fixtures.object("ConfigMap", "limits"), Fixtures.object("Secret", "token")]
        let variation = try Fixtures.variation(
            [Fixtures.coin] + others, objects: objects,
            changes: [
                Experiment.Change(at: .seconds(1), resource: "configmaps", name: "limits", patch: "{}"),
                Experiment.Change(at: .seconds(1), resource: "workflows", name: "job-1-0001", patch: "{}"),
            ], replicas: 3)
        let seed = try seed(playground, variation)
        let shrinkage = try await shrink(playground, variation, seed: seed)
        let smallest = shrinkage.spec.variation
        #expect(smallest.plan.rules.count == 2)
        #expect(Set(smallest.plan.rules.map(\.match.name)) == ["job-2-0002-pod", "job-2-0002"])
        #expect(smallest.plan.problems() == [])
        #expect(smallest.workload.count == 1)
        #expect(smallest.workload[0].workflowNames(load: 1) == ["job-2-0002"])
        #expect(smallest.workload[0].after == .zero)
        #expect(smallest.objects.isEmpty && smallest.changes.isEmpty && smallest.replicas == 1)
        // Faults are not to meet a subject that has not begun.
        #expect(smallest.phases.calm == .milliseconds(100) && smallest.phases.storm == .zero)
        #expect(smallest.phases.converge == variation.phases.converge)
        #expect(shrinkage.executions < 200 && !shrinkage.isExhausted)
        #expect(shrinkage.removed.contains("workflows 7 to 1"))
        // It was seen to fail, and fails again.
        #expect(!playground.record(of: shrinkage.spec).violations.isEmpty)
        #expect(shrinkage.record == playground.record(of: shrinkage.spec))
        // Once more comes to the same.
        #expect(try await shrink(playground, variation, seed: seed) == shrinkage)
    }

    @Test("only the invariant that broke first counts: what breaks another one is no smaller case of it")
    func sameInvariant() async throws {
        let playground = Playground { spec, injections in
            let isCut = injections.contains { $0.identity.name == "job-1-0003-pod" }
            return isCut
                ? [Violation(.noPermitLeaked, "limits", at: nil, evidence: "leaks")]
                : [Violation(.noTickMissed, "tick", at: nil, evidence: "is missing")]
        }
        let rule = Rule(name: "cut", during: .storm, match: RequestMatch(verb: [.create]), fault: .halfOpen(.init()))
        let shrinkage = try await shrink(playground, try Fixtures.variation([rule]))
        #expect(shrinkage.invariant == .noPermitLeaked)
        #expect(shrinkage.spec.variation.plan.rules.map(\.match.name) == ["job-1-0003-pod"])
    }

    @Test("a violation that needs no fault loses them all")
    func noFaults() async throws {
        let playground = Playground { spec, _ in
            spec.variation.workflowCount >= 2 ? [Violation(.noPodLeaked, "pod", at: nil, evidence: "is left")] : []
        }
        let shrinkage = try await shrink(playground, try Fixtures.variation([Fixtures.coin]))
        #expect(shrinkage.spec.variation.plan.rules.isEmpty)
        #expect(shrinkage.spec.variation.workflowCount == 2)
    }

    @Test("a crash counts the writes of the object that it came at, so that other workflows can go")
    func crash() async throws {
        // Each workflow writes three times in turn, and it is the second write of one of them that must not be the last.
        let playground = Playground { _, injections in
            injections.contains { $0.identity.name == "job-1-0003" && $0.ordinal == 2 }
                ? [Violation(.noPodLeaked, "pod", at: nil, evidence: "is left")] : []
        }
        let executor: TrialExecutor = { spec in
            var counter = CrashCounter(plan: spec.variation.plan)
            var record = playground.record(of: spec)
            let names = spec.variation.workload.enumerated().flatMap { $0.element.workflowNames(load: $0.offset + 1) }
            for turn in 1...3 {
                for name in names {
                    var exchange = Fixtures.exchange(
                        "\(name)-\(turn)", verb: .update, resource: "workflows", name: name, status: 200)
                    exchange.started = .seconds(record.attempts.count)
                    record.attempts.append(AttemptRecord(exchange: exchange))
                    guard let crash = counter.done(exchange.identity, in: .storm) else { continue }
                    record.injections.append(
                        Injection(
                            rule: crash.rule, kind: .crash, identity: crash.identity, ordinal: turn, requestID: nil,
                            at: exchange.started + exchange.duration))
                }
            }
            record.violations = playground.violations(spec, record.injections)
            return record
        }
        let kill = Rule(name: "kill", fault: .crash(Fault.Crash(afterWrites: 10, downtime: .seconds(1))))
        let spec = try Fixtures.spec(try Fixtures.variation([kill]))
        let shrinkage = try await Shrinker(execute: executor).shrink(spec, violating: try await executor(spec))
        #expect(shrinkage.spec.variation.workload.flatMap { $0.workflowNames(load: 1) } == ["job-1-0003"])
        let rule = try #require(shrinkage.spec.variation.plan.rules.first)
        #expect(rule.match.name == "job-1-0003")
        #expect(rule.fault == .crash(Fault.Crash(afterWrites: 2, downtime: .seconds(1))))
    }

    @Test("an object stays without which the invariant would break in fair weather")
    func fairWeather() async throws {
        let limits = Fixtures.object("ConfigMap", "limits")
        let playground = Playground { spec, injections in
            let isFit = spec.variation.objects.contains(limits)
            return !isFit || injections.contains { $0.identity.verb == .create }
                ? [Violation(.everythingFinishedWithinConverge, "job", at: nil, evidence: "hangs")] : []
        }
        let rule = Rule(name: "cut", match: RequestMatch(verb: [.create, .get]), fault: .halfOpen(.init()))
        let shrinkage = try await shrink(
            playground, try Fixtures.variation([rule], objects: [Fixtures.object("Secret", "token"), limits]))
        #expect(shrinkage.spec.variation.objects == [limits])
        #expect(shrinkage.spec.variation.plan.rules.count == 1)
    }

    @Test("the bound on executions ends the search with the best so far", arguments: [0, 1, 5, 12])
    func bound(executions: Int) async throws {
        let playground = Playground.breaking(when: [(.create, "job-2-0002-pod", 2)])
        let variation = try Fixtures.variation([Fixtures.coin], counts: [40, 40])
        let seed = try seed(playground, variation)
        let shrinkage = try await shrink(playground, variation, executionsMax: executions, seed: seed)
        #expect(shrinkage.executions == executions)
        #expect(shrinkage.isExhausted)
        #expect(!playground.record(of: shrinkage.spec).violations.isEmpty)
        if executions == 12 { #expect(shrinkage.spec.variation.workflowCount < 80) }
    }

    @Test("a trial that can't be carried out counts as sound, and a cancelled one ends the search")
    func failures() async throws {
        struct Unfit: Error {}
        let playground = Playground.breaking(when: [(.create, "job-1-0001-pod", 1)])
        let rule = Rule(name: "cut", match: RequestMatch(verb: [.create]), fault: .halfOpen(.init()))
        let spec = try Fixtures.spec(try Fixtures.variation([rule]))
        let record = playground.record(of: spec)
        let picky = Shrinker { spec in
            if spec.variation.workflowCount < 3 { throw Unfit() }
            return playground.record(of: spec)
        }
        #expect(try await picky.shrink(spec, violating: record).spec.variation.workflowCount == 3)
        let cancelled = Shrinker { _ in throw CancellationError() }
        await #expect(throws: CancellationError.self) { try await cancelled.shrink(spec, violating: record) }
    }

    @Test("progress tells each execution once")
    func progress() async throws {
        let told = Mutex<[Int]>([])
        let playground = Playground.breaking(when: [(.create, "job-1-0001-pod", 1)])
        let rule = Rule(name: "cut", match: RequestMatch(verb: [.create]), fault: .halfOpen(.init()))
        let spec = try Fixtures.spec(try Fixtures.variation([rule]))
        let shrinker = Shrinker(
            onProgress: { progress in told.withLock { $0.append(progress.executions) } }, execute: playground.executor)
        let shrinkage = try await shrinker.shrink(spec, violating: playground.record(of: spec))
        #expect(told.withLock(\.self) == Array(1...shrinkage.executions))
    }

    @Test("a shrunk trial is an experiment of its own, whose one trial has the same seed")
    func regression() async throws {
        let playground = Playground.breaking(when: [(.create, "job-2-0002-pod", 2)])
        let variation = try Fixtures.variation([Fixtures.coin])
        let experiment = Experiment(
            name: "lost-answers", description: "", seed: 5, trials: 900, variations: [variation])
        let spec = try #require(
            experiment.trialSpecs().first { $0.index > 3 && !playground.record(of: $0).violations.isEmpty })
        let shrinkage = try await Shrinker(execute: playground.executor)
            .shrink(spec, violating: playground.record(of: spec))
        let regression = experiment.regression(shrinkage, seed: 5)
        #expect(regression.name == "lost-answers-base-no-permit-leaked")
        #expect(regression.expectations == [Experiment.Expectation(policy: "base", verdict: .fail)])
        let only = regression.trialSpecs()
        #expect(only.count == 1 && only[0].seed == spec.seed && only[0].index == spec.index)
        #expect(only[0].variation == shrinkage.spec.variation)
        #expect(playground.record(of: only[0]).outcome == .fail)
    }
}
