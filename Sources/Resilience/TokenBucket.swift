import Determinism

/// A client's own rate limit: a bucket that fills with `qps` tokens a second up to `burst`, and lends.
///
/// As Go's `golang.org/x/time/rate`, which client-go uses: whoever comes takes a token at once and waits until it would
/// have been there, so that those who wait go in the order in which they came.
package struct TokenBucket: Sendable {
    private let limit: Policy.RateLimit
    private var tokens: Double
    private var filledAt: Duration

    /// A full bucket. A rate that is not positive never fills it.
    package init(_ limit: Policy.RateLimit, now: Duration) {
        self.limit = limit
        tokens = Double(limit.burst)
        filledAt = now
    }

    /// Takes a token, and tells how long to wait before using it.
    package mutating func take(now: Duration) -> Duration {
        tokens = min(Double(limit.burst), tokens + max(0, limit.qps) * max(.zero, now - filledAt).seconds)
        filledAt = max(filledAt, now)
        tokens -= 1
        guard tokens < 0 else { return .zero }
        guard limit.qps > 0 else { return .seconds(Int64.max / 2_000_000_000) }
        return .seconds(-tokens / limit.qps)
    }

    /// Gives back a token whose taker no longer wants it.
    package mutating func giveBack() { tokens = min(Double(limit.burst), tokens + 1) }
}
