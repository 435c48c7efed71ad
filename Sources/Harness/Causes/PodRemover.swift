import Determinism
import Faults
import Kubernetes

/// Evicts pods, or kills them: once all that run, or one every so often.
struct PodRemover: ClusterCause {
    enum Way: Hashable, Sendable { case eviction, kill }

    let rule: Rule
    let way: Way
    /// A glob; nil is any.
    let name: String?
    let every: Duration?
    let ground: CauseGround

    /// Between two looks for pods that run.
    private static let period = Duration.milliseconds(50)

    func act() async throws {
        var count = 0
        while true {
            let targets = await targets()
            for pod in every == nil ? targets[...] : targets.prefix(1) where await remove(pod) {
                count += 1
                ground.injected(rule, identity(pod), ordinal: count)
            }
            // What was to be hit once is hit; where there was nothing yet, it may still come.
            if every == nil, count > 0 { return }
            try await ground.clock.sleep(for: count > 0 ? every ?? Self.period : Self.period)
        }
    }

    /// Those that run, the oldest first.
    private func targets() async -> [Pod] {
        guard let pods = try? await ground.api.list(Pod.self, namespace: ground.namespace, timeout: CauseGround.timeout)
        else { return [] }
        let glob = Glob(name ?? "*")
        return pods.items.filter {
            $0.phase == .running && $0.metadata.deletionTimestamp == nil && glob.matches($0.metadata.name)
        }.sorted {
            ($0.metadata.creationTimestamp?.microsecondsSinceEpoch ?? .max, $0.metadata.name)
                < ($1.metadata.creationTimestamp?.microsecondsSinceEpoch ?? .max, $1.metadata.name)
        }
    }

    /// - Returns: Whether the server has taken it. A pod that a disruption budget keeps is tried again later.
    private func remove(_ pod: Pod) async -> Bool {
        do {
            _ = try await ground.api.send(request(pod))
            return true
        } catch {
            return false
        }
    }

    private func request(_ pod: Pod) -> APIRequest {
        let key = pod.metadata.key
        switch way {
        case .eviction:
            return APIRequest(
                .create, .pods, namespace: key.namespace, name: key.name, subresource: "eviction",
                body: [
                    "apiVersion": "policy/v1", "kind": "Eviction",
                    "metadata": ["name": .string(key.name), "namespace": .string(key.namespace)],
                ], timeout: CauseGround.timeout)
        case .kill:
            return .delete(
                .pods, key,
                options: RequestOptions(gracePeriodSeconds: 0, preconditionUID: pod.metadata.uid),
                timeout: CauseGround.timeout)
        }
    }

    private func identity(_ pod: Pod) -> RequestIdentity { request(pod).identity }
}
