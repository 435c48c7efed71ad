package import Kubernetes

/// One decision that was carried out: which rule hit which request.
package struct Injection: Hashable, Sendable {
    package var rule: String
    package var kind: Fault.Kind
    package var identity: RequestIdentity
    /// Which of the requests of this identity it was, from 1, as the rule counts.
    package var ordinal: Int
    /// The request's own id, where it carried one.
    package var requestID: String?
    /// On the trial's clock.
    package var at: Duration

    package init(
        rule: String, kind: Fault.Kind, identity: RequestIdentity, ordinal: Int, requestID: String?, at: Duration
    ) {
        self.rule = rule
        self.kind = kind
        self.identity = identity
        self.ordinal = ordinal
        self.requestID = requestID
        self.at = at
    }
}
