/// Decides what the transport layer sends again by itself, as `k8s.io/client-go/rest/with_retry.go` does.
package struct TransportRetrier: Sendable {
    /// client-go's bound, for the retries that ``Policy/Transport`` leaves without one.
    private static let readRetriesMax = 10
    private static let readWait: Duration = .seconds(1)

    private let policy: Policy.Transport
    private var retries = 0

    package init(_ policy: Policy.Transport) { self.policy = policy }

    /// What came of an attempt, as far as this layer looks.
    package enum Failure: Hashable, Sendable {
        /// An answer, with the value of its header Retry-After.
        case answer(status: Int, retryAfter: String?)
        /// How the connection failed, named as in ``CallFailure/transport``.
        case transport(String, message: String)
    }

    /// The wait before the next attempt; nil where there is none.
    ///
    /// - Parameters:
    ///   - isRead: Whether the request is a GET.
    ///   - opensWatch: Whether what it reads is a watch.
    package mutating func failed(_ failure: Failure, isRead: Bool, opensWatch: Bool) -> Duration? {
        guard let (wait, limit) = wait(failure, isRead, opensWatch), retries < limit else { return nil }
        retries += 1
        return wait
    }

    private func wait(_ failure: Failure, _ isRead: Bool, _ opensWatch: Bool) -> (Duration, limit: Int)? {
        switch failure {
        case .answer(let status, let retryAfter):
            guard status == 429 || (500..<600).contains(status), let seconds = Self.seconds(retryAfter) else {
                return nil
            }
            return (.seconds(seconds), policy.maxRetryAfterRetries)
        case .transport(let kind, let message):
            guard policy.retriesReadsOnReset, isRead else { return nil }
            // By their words, as client-go's net.IsProbableEOF and IsHTTP2ConnectionLost go; it forgives other
            // timeouts only where it opens a watch.
            let isLost =
                ["connectionReset", "connectionClosed"].contains(kind)
                || message.contains("http2: server sent GOAWAY and closed the connection")
                || message.contains("http2: client connection lost") || (kind == "timeout" && opensWatch)
            return isLost ? (Self.readWait, Self.readRetriesMax) : nil
        }
    }

    /// Whole seconds; the header's other form, a date, is not read, as client-go does not read it.
    package static func seconds(_ retryAfter: String?) -> Int? {
        retryAfter.flatMap { Int($0) }.flatMap { (0...86_400).contains($0) ? $0 : nil }
    }
}
