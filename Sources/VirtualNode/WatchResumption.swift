package import Kubernetes

/// Decides how a list and its watch go on after an end or a failure: from where, and after how long.
package struct WatchResumption: Hashable, Sendable {
    package enum Step: Hashable, Sendable {
        case list
        case watch(from: String)
    }

    package private(set) var step = Step.list
    private let settings: NodeConfiguration
    private var failures = 0
    private var hasReceived = false

    package init(settings: NodeConfiguration) { self.settings = settings }

    package mutating func listed(resourceVersion: String) {
        step = .watch(from: resourceVersion)
        hasReceived = false
    }

    /// An event came, a bookmark counts as one.
    package mutating func received(resourceVersion: String?) {
        failures = 0
        hasReceived = true
        if let resourceVersion { step = .watch(from: resourceVersion) }
    }

    /// The server ended the watch in good order.
    ///
    /// - Returns: How long to wait before the next step: a watch that ends without an event may do so again at once.
    package mutating func ended() -> Duration {
        defer { hasReceived = false }
        if hasReceived { return .zero }
        failures += 1
        return settings.retryDelay(failures: failures)
    }

    /// A list or a watch failed.
    ///
    /// - Returns: How long to wait before the next step.
    package mutating func failed(_ error: APIError) -> Duration {
        failures += 1
        hasReceived = false
        switch error.code {
        // The server could not answer just now; its history may well reach back still.
        case .unreachable, .throttled, .serverFailure: break
        default: step = .list
        }
        return settings.retryDelay(failures: failures, asked: error.retryAfter)
    }
}
