extension Fault {
    /// The request is held back before it is forwarded.
    package struct Latency: FaultParameters {
        package var fixed: Duration
        /// A draw from [0, jitter) comes on top; nil is none.
        package var jitter: Duration?

        package init(fixed: Duration, jitter: Duration? = nil) {
            self.fixed = fixed
            self.jitter = jitter
        }

        package static let kind = Kind.latency
        package var fault: Fault { .latency(self) }

        package func reportProblems(_ report: ProblemReport) {
            if fixed < .zero { report("latency.fixed", "a delay cannot be negative") }
            if let jitter, jitter < .zero { report("latency.jitter", "a delay cannot be negative") }
            if fixed == .zero, jitter ?? .zero == .zero {
                report("latency", "with no delay the rule does nothing; write one, as fixed: 200ms")
            }
        }

        package static let page = FaultPage(
            .conformant, "the request is held back before it is forwarded",
            effect:
                "The server hears of the request that much later. Each request draws its own jitter, from its identity.",
            parameters: [
                .init("fixed", "duration, 0 or more", "what every matching request waits"),
                .init("jitter", "duration, 0 or more; 0", "a draw from 0 up to this comes on top"),
            ],
            healthy: "Work takes longer and succeeds; time limits are longer than what is usual on a bad day.",
            broken: "Calls time out and are made twice; leases run out; queues grow and do not shrink again.",
            disturbs: "Nothing else: only the matching request waits, also on HTTP/2.",
            example: "latency: {fixed: 200ms, jitter: 1s}")
    }
}
