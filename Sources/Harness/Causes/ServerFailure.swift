import Determinism
import Faults
import Kubernetes

/// Restarts the API server, once.
struct ServerFailure: ClusterCause {
    let rule: Rule
    let downtime: Duration
    let restart: ClusterWeather.RestartServer
    let ground: CauseGround

    func act() async throws {
        // It hits everything; the record has it once.
        ground.injected(
            rule, RequestIdentity(verb: .get, group: "", resource: "", namespace: "", name: ""))
        try await restart(downtime)
        ground.note(rule, "the API server is there again after \(downtime.text)")
    }
}
