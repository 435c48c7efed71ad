package import Kubernetes

/// What a client has under way at a proxy that tells of its requests.
package struct ProxyActivity: Hashable, Sendable {
    /// Watches that have begun, those that have ended included.
    package private(set) var watchesBegun = 0
    /// Watches that have begun since the client's last life, and how many of each are open.
    package private(set) var watches: [RequestIdentity: Int] = [:]
    /// Requests that wait for their answer; watches, and what goes on as a stream of bytes, are none.
    package private(set) var waiting = 0

    package init() {}

    /// Whether of every watch that the client has begun in its life one is open.
    package var isWatching: Bool { watches.values.allSatisfy { $0 > 0 } }

    mutating func began(_ identity: RequestIdentity) {
        watchesBegun += 1
        watches[identity, default: 0] += 1
    }

    mutating func ended(_ identity: RequestIdentity) {
        if let count = watches[identity], count > 0 { watches[identity] = count - 1 }
    }

    mutating func asked() { waiting += 1 }

    mutating func answered() { waiting -= 1 }

    /// The client is dead, and all its connections have ended.
    mutating func died() { watches = [:] }
}
