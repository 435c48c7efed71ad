import Determinism
import Kubernetes
import Resilience
import Testing
import Workflows

/// The decisions alone: time is a number.
struct LeaderElectionTests {
    private static let key = ObjectKey(namespace: "n", name: "controller")
    private static let policy = Policy.LeaderElection()
    private var election = LeaderElection(identity: "a", key: key, policy: policy)
    private var generator = SplitMix64(seed: 1)

    private static func lease(_ holder: String?, renewed: Int = 0, seconds: Int64? = 15) -> Lease {
        var lease = Lease(name: key.name, namespace: key.namespace)
        lease.metadata.resourceVersion = "7"
        lease.holderIdentity = holder
        lease.leaseDurationSeconds = seconds
        lease.leaseTransitions = 3
        lease.acquireTime = time(.zero)
        lease.renewTime = time(.seconds(renewed))
        return lease
    }

    private static func time(_ now: Duration) -> Timestamp { WorkflowFixtures.start + now }

    private mutating func next(_ now: Duration) -> LeaderElection.Step {
        election.next(now: now, time: Self.time(now), using: &generator)
    }

    @Test("where there is no lease the candidate creates it, and leads from the moment before")
    mutating func creates() throws {
        #expect(next(.seconds(1)) == .read)
        election.read(nil, now: .seconds(2))
        guard case .create(let lease) = next(.seconds(3)) else {
            Issue.record("no lease is created")
            return
        }
        #expect(lease.holderIdentity == "a" && lease.leaseTransitions == 0 && lease.leaseDurationSeconds == 15)
        #expect(lease.renewTime == Self.time(.seconds(3)) && lease.acquireTime == lease.renewTime)
        #expect(lease.json["spec", "renewTime"]?.string == "2025-06-15T15:06:43.000000Z")
        #expect(!election.leads(now: .seconds(3)))
        election.written(lease, now: .seconds(8))
        #expect(election.leadsUntil == .seconds(13))
        #expect(election.leads(now: .milliseconds(12_999)) && !election.leads(now: .seconds(13)))
        #expect(next(.seconds(8)) == .wait(.seconds(5)))
        guard case .update(let renewal) = next(.seconds(13)) else {
            Issue.record("the lease is not renewed")
            return
        }
        #expect(renewal.acquireTime == lease.acquireTime && renewal.renewTime == Self.time(.seconds(13)))
    }

    @Test("a lease that somebody renews is left alone, however old its times look; one that stands still is not")
    mutating func leavesAlone() {
        var now = Duration.seconds(1_000_000)
        for renewal in 0..<20 {
            #expect(next(now) == .read)
            election.read(Self.lease("b", renewed: renewal), now: now)
            guard case .wait(let wait) = next(now) else {
                Issue.record("a lease that is renewed is taken")
                return
            }
            #expect(wait >= .seconds(5) && wait < .seconds(11))
            now += .seconds(14)
        }
        let last = now - .seconds(14)
        #expect(next(last + .seconds(14)) == .read)
        election.read(Self.lease("b", renewed: 19), now: last + .seconds(14))
        if case .wait = next(last + .seconds(14)) {} else { Issue.record("the lease is taken too soon") }
        #expect(next(last + .seconds(15)) == .read)
        election.read(Self.lease("b", renewed: 19), now: last + .seconds(15))
        guard case .update(let lease) = next(last + .seconds(15)) else {
            Issue.record("a lease that ran out is not taken")
            return
        }
        #expect(lease.metadata.resourceVersion == "7" && lease.leaseTransitions == 4 && lease.holderIdentity == "a")
    }

    @Test("a lease that was given back is taken at once", arguments: ["", nil])
    mutating func givenBack(holder: String?) {
        _ = next(.zero)
        election.read(Self.lease(holder), now: .zero)
        if case .update = next(.zero) {} else { Issue.record("the lease is not taken") }
    }

    @Test("a conflict is looked into, and a leader that finds another one leads no more")
    mutating func conflict() {
        _ = next(.zero)
        election.read(Self.lease("a"), now: .zero)
        _ = next(.zero)
        election.written(Self.lease("a"), now: .zero)
        #expect(next(.zero) == .wait(.seconds(5)))
        _ = next(.seconds(5))
        election.refused()
        #expect(election.leads(now: .seconds(5)))
        #expect(next(.seconds(5)) == .read)
        election.read(Self.lease("b"), now: .seconds(5))
        #expect(election.leadsUntil == nil)
    }

    @Test("a renewal whose answer is lost lengthens nothing, until its success is seen")
    mutating func lostAnswer() {
        _ = next(.zero)
        election.read(nil, now: .zero)
        _ = next(.zero)
        election.written(Self.lease("a"), now: .zero)
        _ = next(.zero)
        _ = next(.seconds(5))
        election.failed(wait: .seconds(60))
        #expect(election.leadsUntil == .seconds(10))
        #expect(next(.seconds(5)) == .wait(.seconds(5)))
        if case .update = next(.seconds(6)) {} else { Issue.record("no second try") }
        election.written(Self.lease("a"), now: .seconds(7))
        #expect(election.leadsUntil == .seconds(16))
    }

    @Test("only who holds the lease gives it back")
    mutating func release() {
        #expect(election.release(time: Self.time(.zero)) == nil)
        _ = next(.zero)
        election.read(nil, now: .zero)
        _ = next(.zero)
        election.written(Self.lease("a"), now: .zero)
        let lease = election.release(time: Self.time(.seconds(4)))
        #expect(lease?.holderIdentity == "" && lease?.leaseDurationSeconds == 1)
    }
}
