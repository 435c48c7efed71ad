package import Kubernetes

/// One request that came through the proxy, for whoever keeps the record.
package struct ProxiedRequest: Hashable, Sendable {
    package var method: String
    /// The path with its query, as the client sent it.
    package var uri: String
    /// Nil for a path that names no resource. The name of an object to be created is known only where a rule may be about
    /// it.
    package var identity: RequestIdentity?
    /// What the client sent in X-Boreas-Request-Id.
    package var requestID: String?
    /// On the trial's clock.
    package var started: Duration
    /// Until the answer was complete, or it was clear that none will come.
    package var duration: Duration
    /// What the server answered; 0 where it did not, or was not asked.
    package var upstreamStatus: Int
    /// The rule that decided about the request.
    package var rule: String?

    package init(
        method: String, uri: String, identity: RequestIdentity?, requestID: String?, started: Duration,
        duration: Duration, upstreamStatus: Int, rule: String?
    ) {
        self.method = method
        self.uri = uri
        self.identity = identity
        self.requestID = requestID
        self.started = started
        self.duration = duration
        self.upstreamStatus = upstreamStatus
        self.rule = rule
    }
}
