import Determinism
import Kubernetes

/// Keeps a second run off a cluster: a Lease that is held while a run lasts.
///
/// It expires by itself, so that a run that was killed blocks the cluster for ``duration`` and no longer.
struct RunLease {
    let api: any KubernetesAPI
    let clock: TrialClock
    let holder: String

    static let key = ObjectKey(namespace: "boreas-lock", name: "run")
    static let duration = Duration.seconds(60)
    private static let renewal = Duration.seconds(15)

    /// Takes the lease, renews it while `body` runs, and gives it back.
    ///
    /// - Throws: ``HarnessError`` with `guarded` where another run holds it; whatever `body` throws.
    func hold<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await acquire()
        return try await withCleanup {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await renew() }
                defer { group.cancelAll() }
                return try await body()
            }
        } cleanup: {
            try await release()
        }
    }

    private func acquire() async throws {
        let ground = Ground(api: api, clock: clock, runID: holder)
        try await ground.poll(
            "the end of namespace \(Self.key.namespace), which a run before this one leaves", within: .seconds(60)
        ) {
            try await createNamespace()
            do {
                _ = try await api.create(lease(updating: Lease(name: Self.key.name, namespace: Self.key.namespace)))
            } catch let error as APIError where error.code == .alreadyExists {
                try await takeOver()
            } catch let error as APIError where error.message.contains("because it is being terminated") {
                return false
            }
            return true
        }
    }

    private func createNamespace() async throws {
        var namespace = Namespace(name: Self.key.namespace)
        namespace.metadata.labels = [Ground.managerLabel: "boreas"]
        do {
            _ = try await api.create(namespace, timeout: .seconds(10))
        } catch let error as APIError where error.code == .alreadyExists {
            // Left by a run that was killed, or still in use; the Lease tells which.
        }
    }

    private func takeOver() async throws {
        let current = try await api.get(Lease.self, Self.key, timeout: .seconds(10))
        let renewed = current.renewTime ?? Timestamp(microsecondsSinceEpoch: 0)
        let age = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow) - renewed
        guard age > Self.duration else {
            throw HarnessError(
                .guarded,
                """
                run \(current.holderIdentity ?? "?") holds this cluster (Lease \(Self.key), renewed \
                \(age.seconds.rounded()) s ago); wait for it, or, if it is dead, for the lease to expire after \
                \(Self.duration.text)
                """)
        }
        do {
            _ = try await api.update(lease(updating: current), timeout: .seconds(10))
        } catch let error as APIError where error.code == .conflict {
            let rival = try await api.get(Lease.self, Self.key, timeout: .seconds(10))
            throw HarnessError(
                .guarded, "run \(rival.holderIdentity ?? "?") took this cluster a moment before; wait for it")
        }
    }

    private func renew() async throws {
        while true {
            try await clock.sleep(for: Self.renewal)
            let current = try await api.get(Lease.self, Self.key, timeout: .seconds(10))
            _ = try await api.update(lease(updating: current), timeout: .seconds(10))
        }
    }

    private func release() async throws {
        try await Ground(api: api, clock: clock, runID: holder).deleteNamespace(Self.key.namespace)
    }

    private func lease(updating current: Lease) -> Lease {
        var lease = current
        let now = Timestamp(microsecondsSinceEpoch: clock.epochMicrosecondsNow)
        lease.holderIdentity = holder
        lease.leaseDurationSeconds = Int64(Self.duration.seconds)
        lease.acquireTime = lease.acquireTime ?? now
        lease.renewTime = now
        return lease
    }
}
