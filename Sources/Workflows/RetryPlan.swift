import Determinism
import Kubernetes

/// A template's `retryStrategy`, its variables filled in.
/// https://argo-workflows.readthedocs.io/en/latest/retries/
struct RetryPlan: Sendable {
    enum Policy: String, Sendable {
        case always = "Always"
        case onFailure = "OnFailure"
        case onError = "OnError"
        case onTransientError = "OnTransientError"
    }

    struct Backoff: Sendable {
        var duration: Duration
        var factor: Double
        var cap: Duration?
        var maxDuration: Duration?

        /// How long to wait after a number of tries.
        func wait(after tries: Int) -> Duration {
            // A hundred years are the most that a duration of Argo's can be.
            let longest = 3.0e9
            var factors = 1.0
            if factor > 0 { for _ in 1..<max(tries, 1) where factors < longest { factors *= factor.rounded(.down) } }
            let seconds = min(duration.seconds * factors, longest)
            let wait = Duration.microseconds(Int64(seconds * 1_000_000))
            return cap.map { min($0, wait) } ?? wait
        }
    }

    /// Tries after the first; nil for as many as it takes.
    var limit: Int?
    var policy: Policy
    var backoff: Backoff?
    var expression: String?
}
