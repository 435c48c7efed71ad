extension Fault {
    /// TLS cannot be agreed on: for ``span`` after the matching request, whose connection is reset, handshakes fail.
    package struct TLSFailure: FaultParameters {
        package enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
            /// The server ends the handshake with an alert.
            case handshake
            /// The server shows a certificate of an authority that the client does not know.
            case unknownAuthority
        }

        package var span: Duration
        /// Nil is ``Cause/handshake``.
        package var cause: Cause?

        package init(span: Duration, cause: Cause? = nil) {
            self.span = span
            self.cause = cause
        }

        private enum CodingKeys: String, CodingKey {
            case span = "for"
            case cause
        }

        package static let kind = Kind.tlsFailure
        package var fault: Fault { .tlsFailure(self) }

        package func reportProblems(_ report: ProblemReport) {
            if span <= .zero { report("tlsFailure.for", "the span must be longer than 0, as in 2s") }
        }

        package static let page = FaultPage(
            .degraded, "TLS handshakes fail for a while, as while certificates rotate",
            effect: """
                The matching request's connection is reset; for the span, new connections are accepted and their handshake \
                fails: by an alert, or because the certificate is another authority's.
                """,
            parameters: [
                .init("for", "duration, above 0", "how long handshakes fail"),
                .init("cause", "handshake or unknownAuthority; handshake", "how they fail"),
            ],
            healthy: "Calls are retried with a growing wait until a handshake succeeds.",
            broken: "A failed handshake counts as permanent, or is retried without a pause.",
            disturbs: "All new connections of the client; those that are open live on.",
            example: "tlsFailure: {for: 3s, cause: unknownAuthority}")
    }
}
