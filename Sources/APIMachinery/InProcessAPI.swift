import Determinism
package import Kubernetes

/// The API of an ``APIServerCore`` without sockets: for tests of controllers, and for the harness beside the weather.
package final class InProcessAPI: KubernetesAPI {
    private let core: APIServerCore
    private let user: String
    private let userAgent: String
    private let watchBufferLimit: Int

    /// - Parameter watchBufferLimit: Events that may wait for a slow reader before its watch is cut.
    package init(
        _ core: APIServerCore, user: String = ServerRequest.administrator, userAgent: String = "boreas",
        watchBufferLimit: Int = 1_000
    ) {
        self.core = core
        self.user = user
        self.userAgent = userAgent
        self.watchBufferLimit = watchBufferLimit
    }

    package func send(_ request: APIRequest) async throws -> JSONObject {
        throw APIError(.unknownResource)
    }

    package func withWatch<Result: Sendable>(
        _ request: APIRequest, _ body: (WatchStream) async throws -> Result
    ) async throws -> Result {
        throw APIError(.unknownResource)
    }
}
