package import Kubernetes
package import Resilience

/// Decides how one of several candidates comes to lead by a Lease, and for how long (client-go's tools/leaderelection).
///
/// No clock but one's own counts: a lease that somebody holds is left alone until it has not changed for its duration, as
/// seen from here. The holder counts its time from the moment before it sent the renewal, so that it stops before
/// anybody else may begin, however long answers take.
package struct LeaderElection: Sendable {
    /// What the candidate is to do next.
    package enum Step: Hashable, Sendable {
        /// Get the lease; ``read(_:now:)`` is told.
        case read
        /// Create or update the lease, at once; ``written(_:now:)`` or ``refused()`` is told.
        case create(Lease)
        case update(Lease)
        /// Wait, and ask again.
        case wait(Duration)
    }

    private let identity: String
    private let key: ObjectKey
    private let policy: Policy.LeaderElection

    /// As it was last seen; nil where there is none, or none is known.
    private var lease: Lease?
    private var isKnown = false
    /// When the lease was first seen as it is.
    private var changedAt = Duration.zero
    /// When the write was sent that is under way, or was the last.
    private var sentAt = Duration.zero
    /// When the last write was sent that took or renewed the lease; nil for a candidate.
    private var renewedAt: Duration?
    private var pause: Duration?

    /// - Parameters:
    ///   - identity: Unique among the candidates, and among their lives: whoever finds its own identity in the lease takes
    ///     the lease for its own.
    ///   - key: Of the lease.
    package init(identity: String, key: ObjectKey, policy: Policy.LeaderElection) {
        precondition(!identity.isEmpty, "a candidate needs an identity")
        precondition(
            policy.renewDeadline < policy.leaseDuration,
            "a leader stops before others may begin (renews until \(policy.renewDeadline) of \(policy.leaseDuration))")
        self.identity = identity
        self.key = key
        self.policy = policy
    }

    /// Until when the candidate may lead, unless it renews the lease before; nil where it does not hold it.
    package var leadsUntil: Duration? { renewedAt.map { $0 + policy.renewDeadline } }

    package func leads(now: Duration) -> Bool { leadsUntil.map { now < $0 } ?? false }

    /// - Parameters:
    ///   - now: On the candidate's own clock.
    ///   - time: Civil time, which the lease has for people to read.
    package mutating func next(
        now: Duration, time: Timestamp, using generator: inout some RandomNumberGenerator
    ) -> Step {
        if let pause {
            self.pause = nil
            return .wait(pause)
        }
        guard isKnown else { return .read }
        guard isFree(now: now) else {
            isKnown = false
            // client-go's JitterFactor: candidates that were started together do not stay together.
            let uniform = Double(generator.next() >> 11) * 0x1p-53
            return .wait(policy.retryPeriod * (1 + 1.2 * uniform))
        }
        sentAt = now
        guard let lease else { return .create(claim(on: Lease(name: key.name, namespace: key.namespace), time)) }
        return .update(claim(on: lease, time))
    }

    /// The lease was read.
    ///
    /// - Parameter lease: Nil where there is none.
    package mutating func read(_ lease: Lease?, now: Duration) {
        note(lease, now: now)
        if lease?.holderIdentity != identity { renewedAt = nil }
    }

    /// The write was done, and the lease is the candidate's.
    package mutating func written(_ lease: Lease, now: Duration) {
        note(lease, now: now)
        renewedAt = sentAt
        pause = policy.retryPeriod
    }

    /// The lease is not what it was taken for: somebody else wrote it, or an earlier write of one's own went through
    /// although its answer was lost.
    package mutating func refused() { isKnown = false }

    /// A call came to nothing; after an answer that was lost the next write finds out.
    ///
    /// - Parameter wait: Before the next.
    package mutating func failed(wait: Duration) { pause = min(wait, policy.retryPeriod) }

    /// The write that gives the lease back, so that the next leader need not wait for its end; nil where it is not held.
    package func release(time: Timestamp) -> Lease? {
        guard renewedAt != nil, var lease else { return nil }
        lease.holderIdentity = ""
        lease.leaseDurationSeconds = 1
        lease.acquireTime = time
        lease.renewTime = time
        return lease
    }

    private mutating func note(_ seen: Lease?, now: Duration) {
        if !isSame(seen) { changedAt = now }
        lease = seen
        isKnown = true
    }

    private func isSame(_ seen: Lease?) -> Bool { seen?.json["spec"] == lease?.json["spec"] }

    private func isFree(now: Duration) -> Bool {
        guard let lease, let holder = lease.holderIdentity, !holder.isEmpty, holder != identity else { return true }
        let duration = lease.leaseDurationSeconds.map { Duration.seconds($0) } ?? policy.leaseDuration
        return now >= changedAt + duration
    }

    private func claim(on lease: Lease, _ time: Timestamp) -> Lease {
        var lease = lease
        if lease.holderIdentity != identity {
            lease.leaseTransitions = lease.holderIdentity == nil ? 0 : (lease.leaseTransitions ?? 0) + 1
            lease.holderIdentity = identity
            lease.acquireTime = time
        }
        lease.leaseDurationSeconds = Int64((policy.leaseDuration + .milliseconds(999)).components.seconds)
        lease.renewTime = time
        return lease
    }
}
