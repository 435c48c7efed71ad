import APIMachinery
import Determinism
import Kubernetes
import Logging

/// What all requests of a server share.
struct ServerEnvironment: Sendable {
    let core: APIServerCore
    let router: Router
    let exchanges: OpenExchanges
    let headers: ResponseHeaders
    let limits: ServerConfiguration.Limits
    let logger: Logger

    var now: Timestamp { Timestamp(microsecondsSinceEpoch: core.clock.epochMicrosecondsNow) }
}
