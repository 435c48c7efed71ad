import Determinism
import Faults
import Kubernetes

/// Takes a Lease over as another candidate would, keeps it fresh, and gives it back.
struct LeaseThief: ClusterCause {
    let rule: Rule
    let theft: Fault.LeaseTheft
    let ground: CauseGround

    private var holder: String { theft.holder ?? Fault.LeaseTheft.holderDefault }

    /// Between two looks; a third of the shortest lease that is in use.
    private static let period = Duration.milliseconds(300)

    func act() async throws {
        try await withCleanup {
            try await hold()
        } cleanup: {
            try await ground.insist { try await giveBack() }
        }
    }

    /// Takes the Lease as soon as somebody has it, and again where somebody takes it back.
    private func hold() async throws {
        var thefts = 0
        while true {
            do {
                if let lease = try await ground.find(Lease.self, theft.lease) {
                    let isMine = lease.holderIdentity == holder
                    if isMine || lease.holderIdentity?.isEmpty == false {
                        _ = try await ground.api.update(
                            isMine ? renewed(lease) : taken(lease), timeout: CauseGround.timeout)
                        if !isMine {
                            thefts += 1
                            ground.injected(rule, identity, ordinal: thefts)
                            if thefts > 1 {
                                ground.note(rule, "\(lease.holderIdentity ?? "") had taken it back from its holder")
                            }
                        }
                    }
                }
            } catch let error as APIError {
                // Between the look and the write its holder has renewed it: at once again.
                if error.code == .conflict { continue }
            }
            try await ground.clock.sleep(for: Self.period)
        }
    }

    private func taken(_ lease: Lease) -> Lease {
        var lease = lease
        lease.holderIdentity = holder
        lease.leaseTransitions = (lease.leaseTransitions ?? 0) + 1
        lease.acquireTime = ground.now
        lease.renewTime = ground.now
        return lease
    }

    private func renewed(_ lease: Lease) -> Lease {
        var lease = lease
        lease.renewTime = ground.now
        return lease
    }

    /// As client-go releases a Lease: nobody holds it, and it runs out in a second.
    private func giveBack() async throws {
        guard var lease = try await ground.find(Lease.self, theft.lease), lease.holderIdentity == holder else { return }
        lease.holderIdentity = ""
        lease.leaseDurationSeconds = 1
        lease.renewTime = ground.now
        _ = try await ground.api.update(lease, timeout: CauseGround.timeout)
    }

    private var identity: RequestIdentity {
        RequestIdentity(
            verb: .update, group: APIResource.leases.group, resource: APIResource.leases.name,
            namespace: ground.namespace, name: theft.lease)
    }
}
