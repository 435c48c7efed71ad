import Determinism
import Kubernetes
import Resilience
import Synchronization
import Testing

@testable import Workflows

@Suite("The keeper of locks", .timeLimit(.minutes(1))) struct LockKeeperTests {
    let a = LockTableTests.semaphore("a")
    let b = LockName(.configMap, namespace: "ns", name: "other", key: "b")
    let mutex = LockName(.mutex, namespace: "ns", name: "m")

    private func request(_ workflow: String, _ locks: [LockName], age: Int64 = 0) -> LockRequest {
        LockTableTests.request(workflow, locks, age: age)
    }

    private func holder(_ workflow: String) -> LockHolder { LockTableTests.holder(workflow) }

    enum Outcome: Equatable, CustomTestStringConvertible {
        case granted, requeued
        case waiting(String)
        case failed(String)

        var testDescription: String { "\(self)" }
    }

    private func ask(_ fixture: KeeperFixture, _ request: LockRequest) async throws -> Outcome {
        do {
            switch try await fixture.keeper.acquire(request) {
            case .granted: return .granted
            case .waiting(_, let message): return .waiting(message)
            case .failed(let message): return .failed(message)
            }
        } catch let failure as CallFailed where failure.disposition == .requeue {
            return .requeued
        }
    }

    /// What is wrong with a ConfigMap.
    enum Trouble: String, Sendable, CaseIterable { case unreachable, missing, noKey, noNumber, zero }

    struct Row: Sendable, CustomTestStringConvertible {
        var policy: Policy
        var isKnown: Bool
        var trouble: Trouble
        var outcome: Outcome

        var testDescription: String { "\(policy.name), \(isKnown ? "known" : "first use"), \(trouble)" }
    }

    static let refused = KeeperFixture.refused.message
    static let missing = APIError(.notFound(.configMaps, name: "cm")).message
    static let noKey = "Sync configuration key 'a' not found in ConfigMap"
    static let noNumber = #"strconv.Atoi: parsing "many": invalid syntax"#
    static let setup = "failed to initialize semaphore ns/ConfigMap/cm/a with limit"
    static let zero = "Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/0"

    static func rows(_ policy: Policy, isKnown: Bool, _ outcomes: [Outcome]) -> [Row] {
        zip(Trouble.allCases, outcomes).map {
            Row(policy: policy, isKnown: isKnown, trouble: $0, outcome: $1)
        }
    }

    static let raw: [Outcome] = [
        .failed(refused), .failed(missing), .failed(noKey), .failed(noNumber), .waiting(zero),
    ]
    static let rows: [Row] =
        [Policy.argo3417, .argo358, .argo360].flatMap {
            rows($0, isKnown: false, raw) + rows($0, isKnown: true, raw)
        } + rows(.argo412, isKnown: false, Array(repeating: .failed(setup), count: 5))
        + rows(.argo412, isKnown: true, [.granted, .granted, .granted, .granted, .waiting(zero)])
        + rows(.boreas, isKnown: false, [.requeued] + raw[1...]) + rows(.boreas, isKnown: true, [.requeued] + raw[1...])

    @Test("What can't be read is dealt with as the policy has it", arguments: rows)
    func trouble(_ row: Row) async throws {
        let fixture = KeeperFixture(row.policy)
        if row.isKnown {
            try await fixture.set(["a": "2"])
            #expect(try await ask(fixture, request("first", [a])) == .granted)
            try await fixture.keeper.release(holder("first"))
        }
        switch row.trouble {
        case .unreachable:
            try await fixture.set(["a": "2"])
            fixture.makeUnreadable()
        case .missing:
            if row.isKnown { _ = try await fixture.api.send(.delete(.configMaps, a.configMap)) }
        case .noKey: try await fixture.set(["b": "2"])
        case .noNumber: try await fixture.set(["a": "many"])
        case .zero: try await fixture.set(["a": "0"])
        }
        #expect(try await ask(fixture, request("second", [a])) == row.outcome)
        // Nothing is left in the way of others.
        #expect(try await ask(fixture, request("third", [mutex])) == .granted)
    }

    @Test(
        "Argo since v3.7 tries five times within 150 ms, and those before once",
        arguments: [
            (Policy.argo358, 1), (.argo412, 5),
        ])
    func tries(_ policy: Policy, _ reads: Int) async throws {
        let fixture = KeeperFixture(policy)
        fixture.makeUnreadable()
        _ = try await ask(fixture, request("one", [a]))
        #expect(fixture.reads() == reads)
    }

    @Test(
        "A holder keeps its permit while the limit can't be read; Argo up to v3.6 fails it",
        arguments: [
            (Policy.boreas, Outcome.granted), (.argo412, .granted), (.argo358, .failed(refused)),
        ])
    func holderInOutage(_ policy: Policy, _ outcome: Outcome) async throws {
        let fixture = KeeperFixture(policy)
        try await fixture.set(["a": "1"])
        #expect(try await ask(fixture, request("one", [a])) == .granted)
        fixture.makeUnreadable()
        #expect(try await ask(fixture, request("one", [a])) == outcome)
        #expect(fixture.keeper.isHolding(holder("one")))
    }

    @Test("A limit is read for each permit, and followed at once in both directions")
    func dynamicLimit() async throws {
        let fixture = KeeperFixture(.boreas)
        try await fixture.set(["a": "2"])
        #expect(try await ask(fixture, request("one", [a])) == .granted)
        #expect(try await ask(fixture, request("two", [a])) == .granted)
        try await fixture.set(["a": "1"])
        #expect(
            try await ask(fixture, request("three", [a]))
                == .waiting("Waiting for ns/ConfigMap/cm/a lock. Lock status: -1/1"))
        try await fixture.keeper.release(holder("one"))
        #expect(fixture.calls() == [])
        #expect(
            try await ask(fixture, request("three", [a]))
                == .waiting("Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/1"))
        try await fixture.set(["a": "3"])
        fixture.keeper.configMapChanged(a.configMap)
        #expect(fixture.calls() == ["three after 0.0 seconds"])
        #expect(try await ask(fixture, request("three", [a])) == .granted)
        #expect(fixture.reads() == 5)
    }

    @Test("A cached limit is not read again until it is old, or its ConfigMap changes")
    func cache() async throws {
        var policy = Policy.boreas
        policy.locks.limitCache = .seconds(10)
        let fixture = KeeperFixture(policy)
        try await fixture.set(["a": "5"])
        for name in ["one", "two"] { #expect(try await ask(fixture, request(name, [a])) == .granted) }
        #expect(fixture.reads() == 1)
        fixture.time.advance(by: .seconds(10))
        #expect(try await ask(fixture, request("three", [a])) == .granted)
        #expect(fixture.reads() == 2)
        try await fixture.set(["a": "3"])
        fixture.keeper.configMapChanged(a.configMap)
        #expect(
            try await ask(fixture, request("four", [a]))
                == .waiting("Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/3"))
        // A failure that is not the ConfigMap's keeps what is cached.
        fixture.makeUnreadable()
        #expect(
            try await ask(fixture, request("four", [a]))
                == .waiting("Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/3"))
    }

    @Test("Whoever is next is called after the policy's delay, and how long it waited is told")
    func calls() async throws {
        let fixture = KeeperFixture(.argo412)
        #expect(try await ask(fixture, request("one", [mutex])) == .granted)
        #expect(
            try await ask(fixture, request("two", [mutex])) == .waiting("Waiting for ns/Mutex/m lock. Lock status: 0/1")
        )
        _ = try await ask(fixture, request("two", [mutex]))
        fixture.time.advance(by: .seconds(7))
        try await fixture.keeper.release(holder("one"))
        #expect(fixture.calls() == ["two after 1.0 seconds"])
        #expect(try await ask(fixture, request("two", [mutex])) == .granted)
        #expect(fixture.notes.waits.withLock { $0 } == [.zero, .seconds(7)])
    }

    @Test("Deleted workflows leave what they had, whether somebody tells of it or not")
    func gone() async throws {
        let fixture = KeeperFixture(.boreas)
        #expect(try await ask(fixture, request("one", [mutex])) == .granted)
        _ = try await ask(fixture, request("two", [mutex], age: 3))
        _ = try await ask(fixture, request("three", [mutex]))
        fixture.keeper.forget(workflow: LockTableTests.key("one"), uid: "an older one")
        #expect(fixture.keeper.isHolding(holder("one")))
        fixture.keeper.forget(workflow: LockTableTests.key("one"), uid: "uid-one")
        #expect(fixture.calls() == ["two after 0.0 seconds"])
        fixture.keeper.sweep { workflow, _ in workflow.name != "two" }
        #expect(fixture.calls() == ["three after 0.0 seconds"])
        #expect(try await ask(fixture, request("three", [mutex])) == .granted)
        #expect(
            fixture.keeper.counts
                == [LockTable.Count(lock: mutex, limit: 1, holders: 1, waiters: 0)])
    }
}

@Suite("A ConfigMap whose read stalls", .timeLimit(.minutes(1))) struct LockStallTests {
    let stalled = LockTableTests.semaphore("a")
    let other = LockName(.configMap, namespace: "ns", name: "other", key: "b")

    private func request(_ workflow: String, _ locks: [LockName]) -> LockRequest {
        LockTableTests.request(workflow, locks)
    }

    private func fixture(_ policy: Policy) async throws -> (KeeperFixture, StallingAPI) {
        var front: StallingAPI?
        let fixture = KeeperFixture(policy) { api in
            let stalling = StallingAPI(api, stalling: "cm")
            front = stalling
            return stalling
        }
        try await fixture.set(["a": "1"])
        try await fixture.set(["b": "1"], in: "other")
        return (fixture, try #require(front))
    }

    @Test("holds up nobody who asks for other locks")
    func independent() async throws {
        let (fixture, api) = try await fixture(.boreas)
        try await withThrowingTaskGroup(of: LockAnswer.self) { group in
            group.addTask { try await fixture.keeper.acquire(request("one", [stalled])) }
            while api.stalled == 0 { await Task.yield() }
            #expect(try await fixture.keeper.acquire(request("two", [other])) == .granted)
            try await fixture.keeper.release(LockTableTests.holder("two"))
            api.resume()
            #expect(try await group.next() == .granted)
        }
    }

    @Test("holds up everybody where operations are serial, as in Argo")
    func serial() async throws {
        let (fixture, api) = try await fixture(.argo412)
        let log = EventLog()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await fixture.keeper.acquire(request("one", [stalled]))
                log.append("stalled")
            }
            while api.stalled == 0 { await Task.yield() }
            group.addTask {
                _ = try await fixture.keeper.acquire(request("two", [LockName(.mutex, namespace: "ns", name: "m")]))
                log.append("mutex")
            }
            while fixture.keeper.gate.waiterCount == 0 { await Task.yield() }
            #expect(log.all == [])
            api.resume()
            try await group.waitForAll()
        }
        #expect(log.all == ["stalled", "mutex"])
    }

    @Test("is read once for all who want it, and again by another when its reader is cancelled")
    func shared() async throws {
        let (fixture, api) = try await fixture(.boreas)
        let reader = Task { try await fixture.keeper.acquire(request("one", [stalled])) }
        while api.stalled == 0 { await Task.yield() }
        try await withThrowingTaskGroup(of: LockAnswer.self) { group in
            for name in ["two", "three"] {
                group.addTask { try await fixture.keeper.acquire(request(name, [stalled])) }
            }
            while fixture.keeper.reads.followerCount < 2 { await Task.yield() }
            #expect(api.stalled == 1)
            reader.cancel()
            await #expect(throws: CancellationError.self) { _ = try await reader.value }
            while fixture.keeper.reads.followerCount != 1 || api.stalled != 1 { await Task.yield() }
            api.resume()
            var answers: [LockAnswer] = []
            for try await answer in group { answers.append(answer) }
            #expect(answers.count { $0 == .granted } == 1)
        }
    }
}

@Suite("Locks after a restart", .timeLimit(.minutes(1))) struct LockRestartTests {
    let a = LockTableTests.semaphore("a")
    let mutex = LockName(.mutex, namespace: "ns", name: "m")

    /// A workflow that is recorded as holding locks.
    private func workflow(_ name: String, _ locks: [LockName], phase: Workflow.Phase = .running) -> Workflow {
        var workflow = Workflow(name: name, namespace: "ns")
        workflow.metadata.uid = "uid-\(name)"
        workflow.phase = phase
        var status = SynchronizationStatus()
        status.holding(LockTableTests.holder(name), locks)
        workflow.synchronization = status
        return workflow
    }

    @Test("Holders are taken over without a limit to hold them against, and those of finished workflows are not")
    func adopt() async throws {
        let fixture = KeeperFixture(.boreas)
        fixture.makeUnreadable()
        try await fixture.keeper.reestablish([
            workflow("one", [a, mutex]), workflow("two", [a]), workflow("done", [a], phase: .succeeded),
        ])
        #expect(fixture.keeper.holders(of: a).map(\.workflow.name) == ["one", "two"])
        #expect(fixture.reads() == 0)
        fixture.makeUnreadable("cm", false)
        try await fixture.set(["a": "2"])
        #expect(
            try await fixture.keeper.acquire(LockTableTests.request("three", [a]))
                == .waiting(on: a, message: "Waiting for ns/ConfigMap/cm/a lock. Lock status: 0/2"))
        #expect(try await fixture.keeper.acquire(LockTableTests.request("one", [a, mutex])) == .granted)
    }

    @Test("Argo poisons a lock whose limit can't be read, until the next restart")
    func poison() async throws {
        let fixture = KeeperFixture(.argo412)
        fixture.makeUnreadable()
        try await fixture.keeper.reestablish([workflow("one", [a, mutex])])
        fixture.makeUnreadable("cm", false)
        try await fixture.set(["a": "2"])
        let message = """
            lock ns/ConfigMap/cm/a is in a poisoned state: controller could not initialize lock at startup: failed to \
            initialize semaphore ns/ConfigMap/cm/a with limit; manual intervention required
            """
        #expect(
            try await fixture.keeper.acquire(LockTableTests.request("two", [a])) == .waiting(on: a, message: message))
        #expect(fixture.keeper.isHolding(LockTableTests.holder("one")))
    }

    @Test("Argo takes holders over that it can read the limit of, also beyond it")
    func noPoison() async throws {
        let fixture = KeeperFixture(.argo412)
        try await fixture.set(["a": "1"])
        try await fixture.keeper.reestablish([workflow("one", [a]), workflow("two", [a])])
        #expect(fixture.keeper.holders(of: a).count == 2)
    }

    @Test("Argo up to v3.6 forgets the first holder of a semaphore, and lets one too many in")
    func forgetFirst() async throws {
        let fixture = KeeperFixture(.argo358)
        try await fixture.set(["a": "2"])
        try await fixture.keeper.reestablish([
            workflow("one", [a, mutex]), workflow("two", [a]), workflow("three", [a]), workflow("four", [a]),
        ])
        #expect(fixture.keeper.holders(of: a).map(\.workflow.name) == ["three", "two"])
        #expect(fixture.keeper.holders(of: mutex).map(\.workflow.name) == ["one"])
    }

    @Test("Argo up to v3.6 forgets all holders of a semaphore that it can't read")
    func forgetAll() async throws {
        let fixture = KeeperFixture(.argo358)
        fixture.makeUnreadable()
        try await fixture.keeper.reestablish([workflow("one", [a]), workflow("two", [a])])
        #expect(fixture.keeper.holders(of: a) == [])
    }
}
