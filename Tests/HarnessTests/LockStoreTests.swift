import Determinism
import Kubernetes
import Testing
import Workflows

@testable import Harness

@Suite("Where permits are recorded", .timeLimit(.minutes(2))) struct LockStoreTests {
    static let expiring = [LockStoreKind.leases, .sqlite]

    @Test("Permits are granted up to the limit, and again when they are given back", arguments: LockStoreKind.allCases)
    func limit(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind, limit: 2) { ground in
            let keeper = try ground.makeKeeper()
            #expect(try await ground.acquire(keeper, "one") == .granted)
            #expect(try await ground.acquire(keeper, "two") == .granted)
            #expect(try await ground.acquire(keeper, "two") == .granted)
            #expect(try await ground.acquire(keeper, "three") == LockGround.waiting(0, 2))
            try await ground.release(keeper, "one")
            #expect(try await ground.acquire(keeper, "three") == .granted)
            for name in ["two", "three"] { try await ground.release(keeper, name) }
            #expect(try await ground.leases() == [])
        }
    }

    @Test("All permits of a request are taken, or none", arguments: LockStoreKind.allCases)
    func allOrNone(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind) { ground in
            let first = try ground.makeKeeper()
            // Where keepers share a store, the second one learns of the first one's permit from there alone.
            let second = kind == .workflowStatus ? first : try ground.makeKeeper()
            #expect(try await ground.acquire(first, "holder", [LockGround.mutex]) == .granted)
            #expect(
                try await ground.acquire(second, "both", [LockGround.semaphore, LockGround.mutex])
                    == LockGround.waiting(0, 1, for: LockGround.mutex))
            #expect(!second.isHolding(ground.holder("both")))
            try await second.release(ground.holder("both"))
            #expect(try await ground.acquire(first, "other", [LockGround.semaphore]) == .granted)
            for name in ["holder", "other"] { try await ground.release(first, name) }
            #expect(
                try await ground.acquire(second, "both", [LockGround.semaphore, LockGround.mutex]) == .granted)
        }
    }

    @Test("A keeper that takes over knows who holds what", arguments: LockStoreKind.allCases)
    func crash(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind, limit: 2) { ground in
            let first = try ground.makeKeeper()
            #expect(try await ground.acquire(first, "one", [LockGround.semaphore, LockGround.mutex]) == .granted)
            #expect(try await ground.acquire(first, "two") == .granted)
            let second = try ground.makeKeeper()
            try await second.reestablish(ground.recorded)
            #expect(second.isHolding(ground.holder("one")))
            #expect(second.locks(heldBy: ground.holder("one")) == [LockGround.semaphore, LockGround.mutex])
            #expect(second.isHolding(ground.holder("two")))
            #expect(try await ground.acquire(second, "three") == LockGround.waiting(0, 2))
            #expect(try await ground.acquire(second, "two") == .granted)
            try await ground.release(second, "one")
            #expect(try await ground.acquire(second, "three", [LockGround.semaphore, LockGround.mutex]) == .granted)
            for name in ["two", "three"] { try await ground.release(second, name) }
            #expect(try await ground.leases() == [])
        }
    }

    @Test("A holder that nobody remembers finds its permit when it asks again", arguments: expiring)
    func forgotten(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind) { ground in
            #expect(try await ground.acquire(try ground.makeKeeper(), "one") == .granted)
            let second = try ground.makeKeeper()
            #expect(try await ground.acquire(second, "other") == LockGround.waiting(0, 1))
            try await second.release(ground.holder("other"))
            #expect(try await ground.acquire(second, "one") == .granted)
            try await ground.release(second, "one")
            #expect(try await ground.acquire(second, "other") == .granted)
        }
    }

    @Test(
        "A lowered limit takes nothing away, and lets nobody in until there is room", arguments: LockStoreKind.allCases)
    func lowered(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind, limit: 3) { ground in
            let keeper = try ground.makeKeeper()
            for name in ["one", "two", "three"] { #expect(try await ground.acquire(keeper, name) == .granted) }
            try await ground.setLimit(1)
            #expect(try await ground.acquire(keeper, "four") == LockGround.waiting(-2, 1))
            for name in ["one", "two"] {
                try await ground.release(keeper, name)
                guard case .waiting = try await ground.acquire(keeper, "four") else {
                    Issue.record("there was no room after \(name)")
                    continue
                }
            }
            try await ground.release(keeper, "three")
            #expect(try await ground.acquire(keeper, "four") == .granted)
        }
    }

    @Test("A permit that nobody renews lapses, and one that is renewed does not", arguments: expiring)
    func expiry(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind) { ground in
            let first = try ground.makeKeeper()
            let second = try ground.makeKeeper()
            #expect(try await ground.acquire(first, "one") == .granted)
            #expect(try await ground.acquire(second, "two") == LockGround.waiting(0, 1))
            ground.time.advance(by: .seconds(10))
            try await first.renewPermits()
            ground.time.advance(by: .seconds(10))
            #expect(try await ground.acquire(second, "two") == LockGround.waiting(0, 1))
            ground.time.advance(by: .seconds(15))
            #expect(try await ground.acquire(second, "two") == .granted)
            // The first one learns of it, and does not take it back.
            #expect(first.isHolding(ground.holder("one")))
            try await first.renewPermits()
            #expect(!first.isHolding(ground.holder("one")))
            #expect(try await ground.acquire(first, "one") == LockGround.waiting(0, 1))
            try await first.release(ground.holder("one"))
            try await second.renewPermits()
            #expect(second.isHolding(ground.holder("two")))
        }
    }

    @Test("Keepers that contend for one limit never exceed it", arguments: expiring)
    func contention(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind, limit: 3) { ground in
            let crowd = Crowd()
            let keepers = [try ground.makeKeeper(), try ground.makeKeeper()]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<12 {
                    group.addTask {
                        let keeper = keepers[worker % 2]
                        for round in 0..<4 {
                            let name = "w\(worker)-\(round)"
                            while try await ground.acquire(keeper, name) != .granted { await Task.yield() }
                            crowd.enter()
                            await Task.yield()
                            crowd.leave()
                            try await ground.release(keeper, name)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(crowd.most <= 3)
            #expect(crowd.entries == 48)
            #expect(try await ground.leases() == [])
        }
    }

    @Test("The keeper renews while it runs, and gives back what deleted workflows had", arguments: expiring)
    func running(_ kind: LockStoreKind) async throws {
        try await LockGround.with(kind) { ground in
            let keeper = try ground.makeKeeper()
            let rival = try ground.makeKeeper()
            #expect(try await ground.acquire(keeper, "one") == .granted)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await keeper.run() }
                for _ in 0..<6 {
                    try await Fixtures.eventually("the keeper sleeps") { ground.time.sleeperCount == 1 }
                    #expect(try await ground.acquire(rival, "two") == LockGround.waiting(0, 1))
                    ground.time.advance(by: .seconds(5))
                }
                try await Fixtures.eventually("the keeper sleeps") { ground.time.sleeperCount == 1 }
                keeper.forget(workflow: ground.holder("one").workflow, uid: "uid-one")
                try await Fixtures.eventually("the permit is free") {
                    try await ground.acquire(rival, "two") == .granted
                }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
        }
    }

    @Test(
        "A write whose answer is lost makes no second permit, and leaves none behind, be the permit new or old",
        arguments: 1...6, [Duration.zero, .seconds(10)])
    func ambiguity(_ write: Int, age: Duration) async throws {
        try await LockGround.with(.leases, limit: 2) { ground in
            let keeper = try ground.makeKeeper(
                api: LossyAPI(ground.api, losing: write), clock: ground.time.clockWithRealWaits)
            let locks = [LockGround.semaphore, LockGround.mutex]
            #expect(try await ground.acquire(keeper, "one", locks) == .granted)
            #expect(try await ground.leases().count == 2)
            // An old one is written anew before it is deleted, and that write may be the one.
            ground.time.advance(by: age)
            try await ground.release(keeper, "one")
            #expect(try await ground.leases() == [])
        }
    }

    @Test("A lease says whose it is, of which lock, and until when")
    func lease() async throws {
        try await LockGround.with(.leases, limit: 2) { ground in
            let keeper = try ground.makeKeeper()
            _ = try await ground.acquire(keeper, "one")
            let lease = try #require(try await ground.leases().first)
            #expect(lease.holderIdentity == "ns/one#uid-one")
            #expect(lease.leaseDurationSeconds == 15)
            #expect(lease.renewTime == Timestamp(microsecondsSinceEpoch: 1_750_000_000_000_000))
            #expect(lease.metadata.annotations[LeaseLockStore.lockAnnotation] == "ns/ConfigMap/limits/a")
            #expect(lease.metadata.labels[WorkflowNames.instanceLabel] == "test")
            #expect(lease.metadata.name.hasPrefix("semaphore-limits-a-"))
            #expect(lease.metadata.name.hasSuffix("-0"))
        }
    }
}
