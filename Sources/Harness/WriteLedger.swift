import Determinism
import Experiments
import Kubernetes

/// What a subject's requests say of whether it has come to rest.
struct WriteLedger: Hashable, Sendable {
    /// When it last changed something; leases are renewed, and events told, for as long as it runs.
    private(set) var lastChange = Duration.zero
    /// When it last wrote, whatever came of it.
    private(set) var lastWrite = Duration.zero
    /// What it tried last, and failed in, so that it may try again.
    private var failing: Set<RequestIdentity> = []

    var isFailing: Bool { !failing.isEmpty }

    mutating func saw(_ exchange: ProxiedExchange) {
        let identity = exchange.identity
        guard identity.resource != APIResource.leases.name, identity.resource != APIResource.events.name else { return }
        if identity.verb.isWrite {
            let end = exchange.started + exchange.duration
            lastWrite = max(lastWrite, end)
            if (200..<300).contains(exchange.upstreamStatus), exchange.isChange ?? true {
                lastChange = max(lastChange, end)
            }
        }
        // Whether a watch is open is asked by itself.
        guard identity.verb != .watch, identity.verb != .connect else { return }
        if exchange.isTransientFailure { failing.insert(identity) } else { failing.remove(identity) }
    }

    /// The process has ended; the next one begins anew.
    mutating func died() { failing = [] }
}

extension ProxiedExchange {
    /// Whether whoever met the failure may well try again.
    fileprivate var isTransientFailure: Bool {
        switch httpStatus {
        case 0, 408, 429, 500...: true
        case 409: failureReason != Status.Reason.alreadyExists
        case 403: failureMessage.contains("exceeded quota")
        default: false
        }
    }
}

/// Whether a subject and what it works on have come to rest.
struct Stillness: Hashable, Sendable {
    /// How long nothing may have changed, nor been written, where nothing is open.
    static let span = Duration.seconds(1)
    /// How long nothing may have changed where it is written to no effect all the while.
    static let noisySpan = Duration.seconds(3)
    /// How long where something is open: a request without an answer, one that failed and was not tried again, a watch
    /// that is not there. Whoever has not come back to it by then has given it up.
    static let patience = Duration.seconds(10)
    /// What is written to no effect is counted for so long.
    private static let window = Duration.seconds(2)

    /// Since when the subject is ready; nil where it is not.
    var readyAt: Duration?
    /// When the last change was, the subject's own or one of the objects.
    var lastChange: Duration
    /// When the subject last wrote.
    var lastWrite: Duration
    /// Whether the subject has something open.
    var isOpen: Bool

    /// Since when all is at rest; nil where it is not.
    ///
    /// - Parameter begin: What was before does not count.
    func begun(at now: Duration, since begin: Duration) -> Duration? {
        guard let readyAt else { return nil }
        let change = max(lastChange, readyAt, begin)
        let write = max(change, lastWrite)
        if !isOpen, now - write >= Self.span { return write }
        return now - change >= (isOpen ? Self.patience : Self.noisySpan) ? now - Self.window : nil
    }
}
