extension Fault {
    /// The server's name does not resolve for ``span`` after the matching request, whose connection is reset.
    package struct NameFailure: FaultParameters {
        package var span: Duration

        package init(span: Duration) { self.span = span }

        private enum CodingKeys: String, CodingKey { case span = "for" }

        package static let kind = Kind.unresolved
        package var fault: Fault { .unresolved(self) }

        package func reportProblems(_ report: ProblemReport) {
            if span <= .zero { report("unresolved.for", "the span must be longer than 0, as in 2s") }
        }

        package static let page = FaultPage(
            .conformant, "the API server's name does not resolve for a while",
            effect: """
                The matching request's connection is reset, and for the span every new one fails before it begins: no such \
                host. A lookup happens in the client, out of a proxy's reach, so the simulated world alone has this fault.
                """,
            parameters: [.init("for", "duration, above 0", "how long the name does not resolve")],
            healthy: "Calls are retried with a growing wait.",
            broken: "`no such host` ends the work.",
            disturbs: "All new connections of the client.",
            example: "unresolved: {for: 2s}")
    }
}
