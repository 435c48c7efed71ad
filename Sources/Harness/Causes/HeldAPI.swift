import Determinism
import Kubernetes

/// The way of a process that runs on the trial's node: while the node is off, it sends nothing.
struct HeldAPI: KubernetesAPI {
    let api: any KubernetesAPI
    let power: NodePower
    let clock: TrialClock

    func send(_ request: APIRequest) async throws -> JSONObject {
        try await power.untilOn(clock)
        return try await api.send(request)
    }

    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        try await power.untilOn(clock)
        return try await api.withWatch(request, body)
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult {
        try await power.untilOn(clock)
        return try await api.exec(request)
    }
}
