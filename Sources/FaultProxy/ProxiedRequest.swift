package import Kubernetes

/// One request that came through the proxy, for whoever keeps the record.
package struct ProxiedRequest: Hashable, Sendable {
    package var method: String
    /// The path with its query, as the client sent it.
    package var uri: String
    /// Nil for a path that names no resource. The name of an object to be created is known only where a rule may be about
    /// it; see ``objectName``.
    package var identity: RequestIdentity?
    /// What the client sent in X-Boreas-Request-Id.
    package var requestID: String?
    /// On the trial's clock.
    package var started: Duration
    /// Until the answer was complete, or it was clear that none will come.
    package var duration: Duration
    /// What the server answered; 0 where it did not, or was not asked.
    package var upstreamStatus: Int
    /// What the client was given; 0 where its connection broke first, or it never got a whole answer. A watch that has
    /// begun has its answer.
    package var clientStatus: Int
    /// The rule that decided about the request.
    package var rule: String?
    /// Over the body's bytes; 0 where there were none.
    package var bodyHash: UInt64
    package var userAgent: String
    /// The parameter `fieldManager`; empty without it.
    package var fieldManager: String
    /// Of the failure that the client was given.
    package var reason: String
    package var message: String
    /// The name of the object that a create made.
    package var objectName: String?
    /// The resourceVersion of the object that answers a write.
    package var resourceVersion: String?
    /// Of a write that was done, whether it changed what the server stores: false for one whose answer has no newer
    /// resourceVersion than was seen before it was sent on. Nil where the answer does not tell.
    package var isChange: Bool?

    package init(
        method: String, uri: String, identity: RequestIdentity?, requestID: String?, started: Duration,
        duration: Duration, upstreamStatus: Int, clientStatus: Int = 0, rule: String?, bodyHash: UInt64 = 0,
        userAgent: String = "", fieldManager: String = "", reason: String = "", message: String = "",
        objectName: String? = nil, resourceVersion: String? = nil, isChange: Bool? = nil
    ) {
        self.method = method
        self.uri = uri
        self.identity = identity
        self.requestID = requestID
        self.started = started
        self.duration = duration
        self.upstreamStatus = upstreamStatus
        self.clientStatus = clientStatus
        self.rule = rule
        self.bodyHash = bodyHash
        self.userAgent = userAgent
        self.fieldManager = fieldManager
        self.reason = reason
        self.message = message
        self.objectName = objectName
        self.resourceVersion = resourceVersion
        self.isChange = isChange
    }
}
