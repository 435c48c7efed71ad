extension Fault {
    /// An answer that the server never gave.
    package struct ForgedStatus: FaultParameters {
        /// The HTTP status code, 400 to 599.
        package var code: Int
        /// A failure that servers have words of their own for; with it the code need not be given.
        package var cause: Cause?
        /// The object that the words are about, where it is not the request's own: the quota, say.
        package var object: String?
        /// Whole seconds, as the header and the Status body give them; nil leaves both out.
        package var retryAfter: Duration?
        /// The words of the body instead of those that a server uses for this code and request.
        package var message: String?
        /// The Status reason instead of the code's usual one; an empty one leaves it out.
        package var reason: String?
        /// How long the client waits for the answer; nil is not at all.
        package var delay: Duration?

        /// Failures that are known by their words: controllers tell them apart by substrings.
        package enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
            case etcdLeaderChanged, etcdTimeout, etcdTooManyRequests, etcdUnavailable
            case quotaConflict, quotaExceeded, quotaTimeout
            case serverTimeout, tooLargeResourceVersion, storageInitializing, terminatingNamespace, webhookFailure
        }

        package init(
            code: Int, cause: Cause? = nil, object: String? = nil, retryAfter: Duration? = nil, message: String? = nil,
            reason: String? = nil, delay: Duration? = nil
        ) {
            self.code = code
            self.cause = cause
            self.object = object
            self.retryAfter = retryAfter
            self.message = message
            self.reason = reason
            self.delay = delay
        }

        private enum CodingKeys: String, CodingKey { case code, cause, object, retryAfter, message, reason, delay }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            cause = try container.decodeIfPresent(Cause.self, forKey: .cause)
            if let cause {
                code = try container.decodeIfPresent(Int.self, forKey: .code) ?? cause.code
            } else {
                code = try container.decode(Int.self, forKey: .code)
            }
            object = try container.decodeIfPresent(String.self, forKey: .object)
            retryAfter = try container.decodeIfPresent(Duration.self, forKey: .retryAfter)
            message = try container.decodeIfPresent(String.self, forKey: .message)
            reason = try container.decodeIfPresent(String.self, forKey: .reason)
            delay = try container.decodeIfPresent(Duration.self, forKey: .delay)
        }

        package static let kind = Kind.status
        package var fault: Fault { .status(self) }

        package func reportProblems(_ report: ProblemReport) {
            if !(400...599).contains(code) {
                report("status.code", "\(code) tells of no failure; write a status from 400 to 599")
            }
            if let cause {
                if code != cause.code {
                    report("status.code", "\(cause.rawValue) comes with \(cause.code); leave code out")
                }
                if message != nil {
                    report("status.message", "\(cause.rawValue) has words of its own; write one of cause and message")
                }
                if cause.isAboutQuota, object?.isEmpty ?? true {
                    report("status.object", "\(cause.rawValue) names the ResourceQuota; write object: compute, say")
                }
            } else if object != nil {
                report("status.object", "only a cause is about another object; leave object out")
            }
            if let delay, delay < .zero { report("status.delay", "a delay cannot be negative") }
            guard let retryAfter else { return }
            if retryAfter < .seconds(1) || retryAfter.components.attoseconds != 0 {
                report("status.retryAfter", "Retry-After is in whole seconds; write 1s or more, without a fraction")
            }
        }

        package static let page = FaultPage(
            .degraded, "an answer that the server never gave, in a server's very words",
            effect: """
                The request is not forwarded; the client gets the status code with the body that kube-apiserver 1.36 \
                sends for it: a Status worded for this very request, plain text for 429, a load balancer's page for 502, \
                an ERROR event for a watch that is 410. client-go's transport retries 429 and 5xx by itself only where \
                Retry-After is sent.
                """,
            parameters: [
                .init("code", "400 to 599", "the HTTP status; not needed with cause"),
                .init("cause", Cause.allCases.map(\.rawValue).joined(separator: ", "), "a failure known by its words"),
                .init("object", "a name", "the ResourceQuota that quotaConflict and quotaExceeded name"),
                .init("retryAfter", "whole seconds, 1s or more; none", "sent as header and in the Status"),
                .init("message", "text", "other words than the server's"),
                .init("reason", "text", "another Status reason; an empty one leaves it out"),
                .init("delay", "duration, 0 or more; 0s", "how long the client waits for the answer"),
            ],
            healthy:
                "What passes by itself is tried again after a wait, Retry-After is kept to, what is permanent is not retried.",
            broken: "A transient answer ends the work for good, or a permanent one is retried for ever.",
            disturbs: "Nothing else.",
            example: "match: {verb: [create], resource: pods}\nstatus: {cause: quotaConflict, object: compute}")
    }
}

extension Fault.ForgedStatus.Cause {
    /// The status that servers send with the words.
    package var code: Int {
        switch self {
        case .quotaConflict: 409
        case .quotaExceeded, .terminatingNamespace: 403
        case .storageInitializing: 429
        case .tooLargeResourceVersion: 504
        case .etcdLeaderChanged, .etcdTimeout, .etcdTooManyRequests, .etcdUnavailable, .quotaTimeout, .serverTimeout,
            .webhookFailure:
            500
        }
    }

    var isAboutQuota: Bool { self == .quotaConflict || self == .quotaExceeded }
}
