import Determinism
package import Kubernetes
import Resilience
import Synchronization

/// Permits as Lease objects: one a permit, named after its lock and its slot, renewed while it is held, deleted when it
/// is given back.
///
/// A slot is taken by a create, or by an update of a lease that has lapsed; of two that try, the API server lets one.
/// The slot taken is always the lowest that is free, and only while fewer permits than the limit are there: whoever acts
/// on a picture that is out of date tries for a slot that is taken, and looks again. Whether a lease has lapsed is judged
/// by how long this process has seen it unchanged, as in client-go's leader election: clocks are never compared.
package final class LeaseLockStore: LockStore {
    package static let lockLabel = "boreas.dev/lock"
    package static let lockAnnotation = "boreas.dev/lock-name"

    private struct Sight: Sendable {
        var resourceVersion: String
        /// When the lease was first seen so.
        var since: Duration
    }

    private struct State: Sendable {
        var sights: [ObjectKey: Sight] = [:]
        /// When the last renewal that succeeded was sent.
        var renewals: [ObjectKey: Duration] = [:]
        /// The lease of a permit, where this process wrote it.
        var leases: [Permit: Lease] = [:]
    }

    private struct Permit: Hashable, Sendable {
        var lock: LockName
        var holder: LockHolder
    }

    /// How often a slot is tried for that others take.
    private static let triesMax = 16

    private let runner: CallRunner
    private let instanceID: String?
    private let duration: Duration
    private let state = Mutex(State())

    package init(runner: CallRunner, instanceID: String?) {
        self.runner = runner
        self.instanceID = instanceID
        duration = runner.policy.locks.permitDuration
    }

    package var renewalInterval: Duration? { duration / 3 }

    package func acquire(
        _ locks: [LockName], for holder: LockHolder, limits: [LockName: Int]
    ) async throws -> LockStoreAnswer {
        var taken: [LockName] = []
        do {
            // In one order for all, so that two that want the same locks do not keep each other from both.
            for lock in locks.sorted() {
                if let holders = try await take(lock, for: holder, limit: limits[lock] ?? 0) {
                    try await release(taken, of: holder)
                    return .occupied(lock, holders: holders)
                }
                taken.append(lock)
            }
            return .recorded
        } catch {
            // What can't be given back now lapses, as nobody renews it.
            if !(error is CancellationError) { try? await release(taken, of: holder) }
            throw error
        }
    }

    package func release(_ locks: [LockName], of holder: LockHolder) async throws {
        for lock in locks.sorted() { try await release(lock, of: holder) }
    }

    package func renew(_ locks: [LockName], of holder: LockHolder) async throws -> [LockName] {
        var lost: [LockName] = []
        for lock in locks.sorted() where !(try await renew(Permit(lock: lock, holder: holder))) { lost.append(lock) }
        return lost
    }

    package func permits(of workflows: [Workflow]) async throws -> [LockPermits] {
        var byHolder: [LockHolder: [LockName]] = [:]
        let recorded = workflows.flatMap { SynchronizationStatus.holders(in: $0) }
        let namespaces = Set(workflows.map(\.metadata.key.namespace) + recorded.flatMap { $0.locks.map(\.namespace) })
        let uids = Dictionary(
            workflows.map { ($0.metadata.key, $0.metadata.uid ?? "") }, uniquingKeysWith: { first, _ in first })
        for namespace in namespaces.sorted() {
            let leases = try await list(
                namespace, "\(Self.lockLabel),\(WorkflowNames.selector(instanceID: instanceID))")
            for lease in leases {
                guard let lock = lease.metadata[annotation: Self.lockAnnotation].flatMap(LockName.init),
                    let holder = lease.holderIdentity.flatMap(LockHolder.init(permitKey:)),
                    uids[holder.workflow] == holder.uid
                else { continue }
                byHolder[holder, default: []].append(lock)
                remember(lease, of: Permit(lock: lock, holder: holder), sent: nil)
            }
        }
        return byHolder.keys.sorted().map { LockPermits(holder: $0, locks: (byHolder[$0] ?? []).sorted()) }
    }
}

// MARK: - Taking

extension LeaseLockStore {
    /// Takes a permit.
    ///
    /// - Returns: How many are taken, where none is left; nil where one was taken, or had been.
    private func take(_ lock: LockName, for holder: LockHolder, limit: Int) async throws -> Int? {
        let permit = Permit(lock: lock, holder: holder)
        let identity = RequestIdentity(
            verb: .create, group: Lease.resource.group, resource: Lease.resource.name, namespace: lock.namespace,
            name: LeaseName.base(of: lock))
        return try await runner.perform(.permit, identity, for: holder.workflow) { call in
            var holders = 0
            for _ in 0..<Self.triesMax {
                let request = APIRequest(
                    .list, Lease.resource, namespace: lock.namespace,
                    options: RequestOptions(labelSelector: "\(Self.lockLabel)=\(LeaseName.hash(of: lock))"))
                let leases = see(ObjectList<Lease>(json: try await call.send(request)).items)
                if let own = leases.first(where: { $0.lease.holderIdentity == holder.permitKey }) {
                    // From a create whose answer was lost, or from this controller's life before a restart.
                    if try await write(own.lease, of: permit, by: call) { return nil }
                    continue
                }
                holders = leases.count { !$0.hasLapsed }
                guard holders < limit else { return holders }
                let taken = Set(leases.filter { !$0.hasLapsed }.map(\.lease.metadata.name))
                let names = (0..<limit).lazy.map { LeaseName.slot($0, of: lock) }
                guard let name = names.first(where: { !taken.contains($0) }) else { return holders }
                let lapsed = leases.first { $0.lease.metadata.name == name }?.lease
                if try await write(lapsed ?? Lease(name: name, namespace: lock.namespace), of: permit, by: call) {
                    return nil
                }
            }
            return max(holders, limit)
        }
    }

    /// Notes how long leases have been as they are; those that are gone are forgotten with their lock's next permit.
    private func see(_ leases: [Lease]) -> [(lease: Lease, hasLapsed: Bool)] {
        let now = runner.clock.now
        return state.withLock { state in
            leases.sorted { $0.metadata.name < $1.metadata.name }.map { lease in
                let key = lease.metadata.key
                let version = lease.metadata.resourceVersion ?? ""
                var sight = state.sights[key] ?? Sight(resourceVersion: version, since: now)
                if sight.resourceVersion != version { sight = Sight(resourceVersion: version, since: now) }
                state.sights[key] = sight
                let span = lease.leaseDurationSeconds.map { Duration.seconds($0) } ?? duration
                return (lease, now - sight.since >= span)
            }
        }
    }

    /// Creates a lease, or writes it over as it was read.
    ///
    /// - Returns: Whether nobody was faster.
    private func write(_ lease: Lease, of permit: Permit, by call: Call, within timeout: Duration? = nil) async throws
        -> Bool
    {
        var lease = lease
        let now = Timestamp(microsecondsSinceEpoch: runner.clock.epochMicrosecondsNow)
        let identity = permit.holder.permitKey
        if lease.holderIdentity != identity {
            lease.acquireTime = now
            lease.leaseTransitions = lease.metadata.uid == nil ? 0 : (lease.leaseTransitions ?? 0) + 1
        }
        lease.holderIdentity = identity
        // Leases count in whole seconds, and not in none.
        lease.leaseDurationSeconds = max(1, Int64(duration.seconds.rounded(.up)))
        lease.renewTime = now
        var labels = lease.metadata.labels
        labels[Self.lockLabel] = LeaseName.hash(of: permit.lock)
        labels[WorkflowNames.instanceLabel] = instanceID
        lease.metadata.labels = labels
        lease.metadata.annotations = [Self.lockAnnotation: permit.lock.description]
        let sent = runner.clock.now
        var request = lease.metadata.uid == nil ? APIRequest.create(lease) : APIRequest.update(lease)
        request.timeout = timeout
        do {
            let written = Lease(json: try await call.send(request, handling: [.alreadyExists, .conflict, .notFound]))
            remember(written, of: permit, sent: sent)
            return true
        } catch let error as APIError where error.code != .notFound || lease.metadata.uid != nil {
            return false
        }
    }

    private func remember(_ lease: Lease, of permit: Permit, sent: Duration?) {
        state.withLock { state in
            state.leases[permit] = lease
            state.renewals[lease.metadata.key] = sent
        }
    }
}

// MARK: - Keeping and giving back

extension LeaseLockStore {
    private func renew(_ permit: Permit) async throws -> Bool {
        guard let known = state.withLock({ $0.leases[permit] }) else { return false }
        let key = known.metadata.key
        let identity = RequestIdentity(
            verb: .update, group: Lease.resource.group, resource: Lease.resource.name, namespace: key.namespace,
            name: key.name)
        // The owner is the lease, so that renewals are operations of their own beside those of the workflow.
        return try await runner.perform(.permit, identity) { call in
            var lease = known
            for _ in 0..<Self.triesMax {
                // A renewal that takes longer has no use, and must not hold up the next.
                if try await write(lease, of: permit, by: call, within: duration / 3) { return true }
                var request = APIRequest.get(Lease.resource, key)
                request.timeout = duration / 3
                do {
                    lease = Lease(json: try await call.send(request, handling: [.notFound]))
                } catch let error as APIError where error.code == .notFound {
                    return false
                }
                // An answer that was lost leaves a version that is newer than the one known, and still this holder's.
                guard lease.holderIdentity == permit.holder.permitKey else { return false }
            }
            return true
        }
    }

    private func release(_ lock: LockName, of holder: LockHolder) async throws {
        let permit = Permit(lock: lock, holder: holder)
        let identity = RequestIdentity(
            verb: .delete, group: Lease.resource.group, resource: Lease.resource.name, namespace: lock.namespace,
            name: "\(LeaseName.base(of: lock))-release")
        // Not the workflow's own operation, which ends with the workflow: this one often begins when that is deleted.
        let owner = ObjectKey(namespace: holder.workflow.namespace, name: "\(holder.workflow.name)#\(holder.uid)")
        try await runner.perform(.permit, identity, for: owner) { call in
            let request = APIRequest(
                .list, Lease.resource, namespace: lock.namespace,
                options: RequestOptions(labelSelector: "\(Self.lockLabel)=\(LeaseName.hash(of: lock))"))
            for _ in 0..<Self.triesMax {
                let leases = ObjectList<Lease>(json: try await call.send(request)).items
                var isLeft = false
                for lease in leases where lease.holderIdentity == holder.permitKey {
                    if try await !delete(lease, of: permit, by: call) { isLeft = true }
                }
                if !isLeft { break }
            }
        }
        state.withLock { state in
            guard let lease = state.leases.removeValue(forKey: permit) else { return }
            state.renewals[lease.metadata.key] = nil
            state.sights[lease.metadata.key] = nil
        }
    }

    /// - Returns: Whether it is known to be gone, or another's. Otherwise somebody has written the lease since it was read:
    ///   a successor, or this holder with a request whose answer was lost.
    private func delete(_ lease: Lease, of permit: Permit, by call: Call) async throws -> Bool {
        // A delete knows no resourceVersion, only a uid, which a successor's lease shares. So it is sent only while
        // nobody can take the lease for lapsed.
        let renewed = state.withLock { $0.renewals[lease.metadata.key] }
        let isFresh = renewed.map { runner.clock.now - $0 < duration / 2 } ?? false
        if !isFresh, !(try await write(lease, of: permit, by: call)) { return false }
        let options = RequestOptions(preconditionUID: lease.metadata.uid)
        do {
            _ = try await call.send(
                .delete(Lease.resource, lease.metadata.key, options: options), handling: [.notFound, .conflict])
        } catch let error as APIError where error.code == .notFound || error.code == .conflict {
            // Deleted before, by a request whose answer was lost perhaps.
        }
        return true
    }

    private func list(_ namespace: String, _ selector: String) async throws -> [Lease] {
        let request = APIRequest(
            .list, Lease.resource, namespace: namespace, options: RequestOptions(labelSelector: selector))
        return try await runner.perform(.permit, request.identity) { call in
            ObjectList<Lease>(json: try await call.send(request)).items
        }
    }
}

/// What the leases of a lock are called.
enum LeaseName {
    /// Tells locks apart, and fits into a label.
    static func hash(of lock: LockName) -> String {
        var hash = StableHash()
        hash.combine(lock.description)
        let digits = String(hash.value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A readable prefix, and the hash.
    static func base(of lock: LockName) -> String {
        let words = [lock.kind == .mutex ? "mutex" : "semaphore", lock.name, lock.key].filter { !$0.isEmpty }
        let readable = words.joined(separator: "-").lowercased().map { character in
            character.isASCII && (character.isLetter || character.isNumber) ? character : "-"
        }
        return "\(String(readable.prefix(60)))-\(hash(of: lock))"
    }

    static func slot(_ slot: Int, of lock: LockName) -> String { "\(base(of: lock))-\(slot)" }
}
