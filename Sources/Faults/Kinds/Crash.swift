extension Fault {
    /// The subject is killed at a write of its own, and started again. The harness does it.
    package struct Crash: FaultParameters {
        package enum Point: String, Hashable, Sendable, Codable, CaseIterable {
            /// The answer to the write has arrived at the subject.
            case afterAnswer
            /// The write is done, and the subject never learns of it.
            case beforeAnswer
            /// The write never reaches the server.
            case beforeRequest
        }

        /// Which of the matching writes it is, from 1; only those that the server did count.
        package var afterWrites: Int
        /// Nil is ``Point/afterAnswer``.
        package var at: Point?
        /// Until the subject is started again; nil is at once.
        package var downtime: Duration?

        package init(afterWrites: Int, at: Point? = nil, downtime: Duration? = nil) {
            self.afterWrites = afterWrites
            self.at = at
            self.downtime = downtime
        }

        package static let kind = Kind.crash
        package var fault: Fault { .crash(self) }

        package func reportProblems(_ report: ProblemReport) {
            if afterWrites < 1 { report("crash.afterWrites", "\(afterWrites) is too few; write 1 or more") }
            if let downtime, downtime < .zero { report("crash.downtime", "a span cannot be negative") }
        }

        package static let page = FaultPage(
            .conformant, "the subject is killed at an exact write, and started again",
            effect: """
                At the n-th matching write that the server does, nothing more of the subject is forwarded: it is killed \
                (SIGKILL) after it has the answer, before it gets it, or before the write is forwarded, and started again \
                after the downtime. A write that follows at once never reaches the server.
                """,
            parameters: [
                .init("afterWrites", "1 or more", "which of the matching writes"),
                .init("at", "afterAnswer, beforeAnswer or beforeRequest; afterAnswer", "what becomes of that write"),
                .init("downtime", "duration, 0 or more; 0s", "until the subject is started again"),
            ],
            healthy: "The next life finds what was begun and finishes it, once.",
            broken: "Half of something stays for ever; something is made twice; the next life dies of what it finds.",
            disturbs: "All that the subject had under way.",
            example: "match: {verb: [create], resource: pods}\ncrash: {afterWrites: 1, at: beforeAnswer}")
    }
}
