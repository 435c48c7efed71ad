import Determinism
import Kubernetes

/// The harness's own way to a server that is restarted: what the restart breaks is sent again, so that the oracles are not
/// blinded by the weather that they watch.
struct PatientAPI: KubernetesAPI {
    let api: any KubernetesAPI
    let clock: TrialClock
    /// How long the server may be gone.
    let patience: Duration

    private static let pause = Duration.milliseconds(25)

    func send(_ request: APIRequest) async throws -> JSONObject {
        let deadline = clock.now + patience
        var isAmbiguous = false
        while true {
            do {
                return try await api.send(request)
            } catch let error as APIError {
                if isAmbiguous, let known = try await outcome(of: request, after: error) { return known }
                guard Self.isOfRestart(error), clock.now < deadline else { throw error }
                isAmbiguous = isAmbiguous || error.mayHaveBeenApplied
            }
            try await clock.sleep(for: Self.pause)
        }
    }

    /// What a write came to that was done before the server went, and is refused now that it is sent again.
    private func outcome(of request: APIRequest, after error: APIError) async throws -> JSONObject? {
        switch (request.verb, error.code) {
        case (.create, .alreadyExists):
            guard let name = request.name ?? request.identity.nameIfAny, request.subresource == nil else { return nil }
            let key = ObjectKey(namespace: request.namespace ?? "", name: name)
            return try await api.send(.get(request.resource, key, timeout: request.timeout))
        case (.delete, .notFound): return ["kind": "Status", "apiVersion": "v1", "status": "Success"]
        default: return nil
        }
    }

    private static func isOfRestart(_ error: APIError) -> Bool {
        switch error.code {
        case .unreachable: true
        case .serverFailure, .throttled:
            error.message.contains("apiserver is shutting down")
                || error.message.contains("storage is (re)initializing")
        default: false
        }
    }

    /// A watch that breaks is taken up again by whoever reads it.
    func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        try await api.withWatch(request, body)
    }

    func exec(_ request: ExecRequest) async throws -> ExecResult { try await api.exec(request) }
}

extension RequestIdentity {
    fileprivate var nameIfAny: String? { name.isEmpty ? nil : name }
}
