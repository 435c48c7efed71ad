package import Kubernetes

/// What the proxy tells of one request of a subject that does not record its own.
package struct ProxiedExchange: Hashable, Sendable {
    /// `GET`.
    package var method: String
    /// The path and query, as they were sent.
    package var uri: String
    package var identity: RequestIdentity
    /// The request's own id, where it carried one.
    package var requestID: String?
    /// On the trial's clock, as all times of a record.
    package var started: Duration
    /// Until the last byte of the answer, or the end of the connection.
    package var duration: Duration
    /// What the client was given; 0 is no answer.
    package var httpStatus: Int
    /// What the server answered; 0 where it was not asked, or gave no answer.
    package var upstreamStatus: Int
    /// Of the request's body; 0 for an empty one.
    package var bodyHash: UInt64
    /// Of the Status that the client was given, or of the failure that it met: empty where it got a whole answer.
    package var failureReason: String
    package var failureMessage: String
    /// The rule that hit the request.
    package var rule: String?
    package var userAgent: String
    package var fieldManager: String
    /// Of a write, whether it changed something: false where the answer's resourceVersion is the one that was known
    /// before. Nil where nobody knows.
    package var isChange: Bool?
    /// Of a create, the object's name, where the server gave it one.
    package var objectName: String?

    package init(
        method: String, uri: String, identity: RequestIdentity, requestID: String? = nil, started: Duration,
        duration: Duration, httpStatus: Int, upstreamStatus: Int, bodyHash: UInt64 = 0, failureReason: String = "",
        failureMessage: String = "", rule: String? = nil, userAgent: String = "", fieldManager: String = "",
        isChange: Bool? = nil, objectName: String? = nil
    ) {
        self.method = method
        self.uri = uri
        self.identity = identity
        self.requestID = requestID
        self.started = started
        self.duration = duration
        self.httpStatus = httpStatus
        self.upstreamStatus = upstreamStatus
        self.bodyHash = bodyHash
        self.failureReason = failureReason
        self.failureMessage = failureMessage
        self.rule = rule
        self.userAgent = userAgent
        self.fieldManager = fieldManager
        self.isChange = isChange
        self.objectName = objectName
    }
}
