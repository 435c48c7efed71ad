/// A failed attempt, in the terms that policies judge by.
package struct CallFailure: Hashable, Sendable {
    /// 0 where no answer came.
    package var httpStatus: Int
    /// The Status reason; empty where there is none.
    package var reason: String
    /// The words of the server or of the transport.
    package var message: String
    /// How the connection failed (`connectionRefused`, `timeout`, …); empty where an answer came.
    package var transport: String
    /// What the server asked for by Retry-After.
    package var retryAfter: Duration?
    /// Whether the server may have acted on the request although no answer came.
    package var mayHaveBeenApplied: Bool

    package init(
        httpStatus: Int, reason: String = "", message: String = "", transport: String = "",
        retryAfter: Duration? = nil, mayHaveBeenApplied: Bool = false
    ) {
        self.httpStatus = httpStatus
        self.reason = reason
        self.message = message
        self.transport = transport
        self.retryAfter = retryAfter
        self.mayHaveBeenApplied = mayHaveBeenApplied
    }
}

/// Whether trying again may help.
package enum Retryability: String, Hashable, Sendable, Codable, CaseIterable {
    case transient
    case permanent
}

/// Sorts failures into transient and permanent by the first rule that matches.
package struct Classifier: Hashable, Sendable, Codable {
    /// Matches where all its conditions do; a rule without conditions matches everything.
    package struct Rule: Hashable, Sendable, Codable {
        /// HTTP status codes, any of them.
        package var status: [Int]?
        /// The Status reason, exactly.
        package var reason: String?
        /// A part of the message; upper and lower case differ, as they do for Argo.
        package var message: String?
        /// Kinds of transport failure, any of them.
        package var transport: [String]?
        package var verdict: Retryability

        package init(
            status: [Int]? = nil, reason: String? = nil, message: String? = nil, transport: [String]? = nil,
            _ verdict: Retryability
        ) {
            self.status = status
            self.reason = reason
            self.message = message
            self.transport = transport
            self.verdict = verdict
        }

        package func matches(_ failure: CallFailure) -> Bool {
            if let status, !status.contains(failure.httpStatus) { return false }
            if let reason, reason != failure.reason { return false }
            if let message, !failure.message.contains(message) { return false }
            if let transport, !transport.contains(failure.transport) { return false }
            return true
        }
    }

    package var rules: [Rule]
    /// The verdict on what no rule matches.
    package var otherwise: Retryability

    package init(rules: [Rule], otherwise: Retryability) {
        self.rules = rules
        self.otherwise = otherwise
    }

    package func classify(_ failure: CallFailure) -> Retryability {
        rules.first { $0.matches(failure) }?.verdict ?? otherwise
    }
}
