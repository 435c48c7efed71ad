import APIMachinery
import Determinism
import Kubernetes
import Testing

@testable import Harness

@Suite(.timeLimit(.minutes(2)))
struct RunLeaseTests {
    /// What a run that was killed leaves behind.
    private func leave(_ holder: String, renewed age: Duration, in api: InProcessAPI, _ clock: TrialClock) async throws
    {
        var namespace = Namespace(name: RunLease.key.namespace)
        namespace.metadata.labels = [Ground.managerLabel: "boreas"]
        _ = try await api.create(namespace)
        var lease = Lease(name: RunLease.key.name, namespace: RunLease.key.namespace)
        lease.holderIdentity = holder
        lease.renewTime = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow - age.microseconds)
        _ = try await api.create(lease)
    }

    private func isLocked(_ api: InProcessAPI) async throws -> Bool {
        try await api.list(Namespace.self, namespace: nil).items.contains { $0.metadata.name == RunLease.key.namespace }
    }

    @Test("a second run is refused with the first one's name, and the lease goes when the first has ended")
    func second() async throws {
        try await Fixtures.withAPI { api, clock in
            try await RunLease(api: api, clock: clock, holder: "first").hold {
                let held = try await api.get(Lease.self, RunLease.key)
                #expect(held.holderIdentity == "first")
                let error = await #expect(throws: HarnessError.self) {
                    try await RunLease(api: api, clock: clock, holder: "second").hold {
                        Issue.record("two runs hold one cluster")
                    }
                }
                #expect(error?.code == .guarded)
                #expect(error?.message.contains("run first holds this cluster") == true)
                // The one that was refused takes nothing away.
                #expect(try await api.get(Lease.self, RunLease.key).holderIdentity == "first")
            }
            #expect(try await !isLocked(api))
            try await RunLease(api: api, clock: clock, holder: "third").hold {}
        }
    }

    @Test("a lease that has expired is taken over; one that is a little younger is not")
    func expired() async throws {
        try await Fixtures.withAPI { api, clock in
            try await leave("dead", renewed: RunLease.duration + .seconds(1), in: api, clock)
            try await RunLease(api: api, clock: clock, holder: "next").hold {
                let holder = try await api.get(Lease.self, RunLease.key).holderIdentity
                #expect(holder == "next")
            }
            #expect(try await !isLocked(api))
            try await leave("alive", renewed: RunLease.duration - .seconds(30), in: api, clock)
            let error = await #expect(throws: HarnessError.self) {
                try await RunLease(api: api, clock: clock, holder: "next").hold {}
            }
            #expect(error?.code == .guarded)
        }
    }

    @Test("the lease is given back when the run fails")
    func failure() async throws {
        struct Broken: Error {}
        try await Fixtures.withAPI { api, clock in
            await #expect(throws: Broken.self) {
                try await RunLease(api: api, clock: clock, holder: "first").hold { throw Broken() }
            }
            let isStillLocked = try await isLocked(api)
            #expect(!isStillLocked)
        }
    }
}
