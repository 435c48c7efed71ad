extension Fault {
    /// Nothing listens: for ``span`` after the matching request, which is dropped unanswered, every connect is refused.
    package struct Refusal: FaultParameters {
        package var span: Duration

        package init(span: Duration) { self.span = span }

        private enum CodingKeys: String, CodingKey { case span = "for" }

        package static let kind = Kind.refuse
        package var fault: Fault { .refuse(self) }

        package func reportProblems(_ report: ProblemReport) {
            if span <= .zero { report("refuse.for", "the span must be longer than 0, as in 310ms") }
        }

        package static let page = FaultPage(
            .conformant, "every connect is refused for a while, as while an API server restarts",
            effect: """
                The matching request is dropped unanswered, its connection is reset, and nothing listens for the span: \
                connects meet ECONNREFUSED. Idle connections end; HTTP/1.1 connections that are busy end with their answer.
                """,
            parameters: [.init("for", "duration, above 0", "how long connects are refused; spans that overlap join")],
            healthy:
                "Calls are retried with a growing wait, watches are opened again from where they were, nothing is lost.",
            broken:
                "An object fails for good by `connection refused`; a hot loop of connects; a watch that is never opened again.",
            disturbs: "All requests of the client, whatever the rule matches, because there is one listener.",
            example: "refuse: {for: 2s}")
    }
}
