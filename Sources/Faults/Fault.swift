/// What goes wrong.
package enum Fault: Hashable, Sendable {
    /// Nothing listens: for `span` after the matching request, which is dropped unanswered, every connect is refused.
    case refuse(Refusal)
    /// The connection ends with a TCP reset.
    case reset(Reset)
    /// The request vanishes: never forwarded, never answered, the connection stays up.
    case blackHole
    /// The request is forwarded and acted on, and its connection never carries another byte to the client. One that asks
    /// for an upgrade, as exec does, gets it, and then no byte passes either way.
    case halfOpen
    /// The request is held back before it is forwarded.
    case latency(Latency)
    /// An answer that the server never gave.
    case status(ForgedStatus)
    /// Concurrent writers rewrite a ResourceQuota, so that the server's own admission loses its compare-and-swap and
    /// answers 409. A real race on a real object: the harness does it, beside the fault path.
    case quotaConflict(QuotaChurn)
    /// The subject's controller is killed at a write of its own, and started again. The harness does it.
    case crash(Crash)
    /// The API server does less in the same time, for all requests alike. Its world does it, beside the fault path.
    case capacity(Capacity)

    package struct Refusal: Hashable, Sendable, Codable {
        package var span: Duration

        package init(span: Duration) { self.span = span }

        private enum CodingKeys: String, CodingKey { case span = "for" }
    }

    package struct Reset: Hashable, Sendable, Codable {
        package enum Point: String, Hashable, Sendable, Codable, CaseIterable {
            /// Before the request is forwarded: the server never sees it.
            case beforeRequest
            /// After the server's answer has arrived, and before the client gets any of it: the write happened, and
            /// nobody but the server knows.
            case afterCommit
        }

        package var at: Point

        package init(at: Point) { self.at = at }
    }

    package struct Latency: Hashable, Sendable, Codable {
        package var fixed: Duration
        /// A draw from [0, jitter) comes on top; nil is none.
        package var jitter: Duration?

        package init(fixed: Duration, jitter: Duration? = nil) {
            self.fixed = fixed
            self.jitter = jitter
        }
    }

    package struct ForgedStatus: Hashable, Sendable, Codable {
        /// The HTTP status code, 400 to 599.
        package var code: Int
        /// Whole seconds, as the header and the Status body give them; nil leaves both out.
        package var retryAfter: Duration?
        /// The words of the body instead of those that a server uses for this code and request.
        package var message: String?
        /// The Status reason instead of the code's usual one; an empty one leaves it out.
        package var reason: String?

        package init(code: Int, retryAfter: Duration? = nil, message: String? = nil, reason: String? = nil) {
            self.code = code
            self.retryAfter = retryAfter
            self.message = message
            self.reason = reason
        }
    }

    package struct QuotaChurn: Hashable, Sendable, Codable {
        /// The ResourceQuota's name in the trial's namespace.
        package var quota: String
        /// Concurrent closed-loop writers: the knob that holds across machines (writes a second do not).
        package var writers: Int

        package init(quota: String, writers: Int) {
            self.quota = quota
            self.writers = writers
        }
    }

    package struct Crash: Hashable, Sendable, Codable {
        package enum Point: String, Hashable, Sendable, Codable, CaseIterable {
            /// The answer to the write has arrived at the controller's client.
            case afterAnswer
            /// The write is done, and the controller never learns of it.
            case beforeAnswer
        }

        /// Which of the matching writes it is, from 1; only those that the server did count.
        package var afterWrites: Int
        /// Nil is ``Point/afterAnswer``.
        package var at: Point?
        /// Until the controller is started again; nil is at once.
        package var downtime: Duration?

        package init(afterWrites: Int, at: Point? = nil, downtime: Duration? = nil) {
            self.afterWrites = afterWrites
            self.at = at
            self.downtime = downtime
        }
    }

    package struct Capacity: Hashable, Sendable, Codable {
        /// What is left of the capacity, above 0 and below 1.
        package var factor: Double

        package init(factor: Double) { self.factor = factor }
    }

    /// The key under which a rule names the fault.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case refuse, reset, blackHole, halfOpen, latency, status, quotaConflict, crash, capacity

        /// Whether the fault path carries it out, request by request; the others the harness does beside it.
        package var actsOnRequests: Bool { self != .quotaConflict && self != .crash && self != .capacity }

        /// Whether it takes a server whose speed is Boreas's to set: that of the simulated world.
        package var needsSimulation: Bool { self == .capacity }

        package var validity: Validity {
            switch self {
            case .refuse, .reset, .blackHole, .halfOpen, .latency, .quotaConflict, .crash: .conformant
            case .status, .capacity: .degraded
            }
        }
    }

    /// Who could be to blame for the fault outside a test.
    package enum Validity: String, Hashable, Sendable, Codable, CaseIterable {
        /// A correct API server on a correct network may do this.
        case conformant
        /// A server may do this when it is overloaded or half broken.
        case degraded
        /// Only a bug does this.
        case byzantine
    }

    package var kind: Kind {
        switch self {
        case .refuse: .refuse
        case .reset: .reset
        case .blackHole: .blackHole
        case .halfOpen: .halfOpen
        case .latency: .latency
        case .status: .status
        case .quotaConflict: .quotaConflict
        case .crash: .crash
        case .capacity: .capacity
        }
    }
}
