extension Fault {
    /// A point in a resource's history of events, by which views are told to begin and end.
    package struct EventPoint: Hashable, Sendable, Codable {
        package enum Change: String, Hashable, Sendable, Codable, CaseIterable { case added, modified, deleted }

        package var event: Change
        /// A glob; nil is any object's.
        package var name: String?
        /// Which of such events it is, from 1; nil is the first.
        package var count: Int?
        /// Only events whose object has this value at the path, as `status.phase`; both or none.
        package var field: String?
        package var equals: String?

        package init(
            _ event: Change, name: String? = nil, count: Int? = nil, field: String? = nil, equals: String? = nil
        ) {
            self.event = event
            self.name = name
            self.count = count
            self.field = field
            self.equals = equals
        }

        func reportProblems(_ key: String, _ report: ProblemReport) {
            if let name, name.isEmpty {
                report("\(key).name", "the pattern is empty; write * for any, or leave it out")
            }
            if let count, count < 1 { report("\(key).count", "\(count) is too few; write 1 or more") }
            if (field == nil) != (equals == nil) {
                report("\(key).field", "field and equals go together: field: status.phase, equals: Running")
            }
        }
    }

    /// A restarted subject sees an older state: after Sieve's time travel.
    package struct StaleView: FaultParameters {
        /// What it sees then is the state just after this event.
        package var freezeAt: EventPoint
        /// When this event has come, the subject is restarted, and sees the frozen state.
        package var restartAt: EventPoint
        /// How long the old state is shown; what came after follows then, in its order. Nil is 2 s.
        package var span: Duration?
        /// How long the subject has to act on `restartAt` before it is restarted. Nil is 500 ms.
        package var settle: Duration?

        package init(
            freezeAt: EventPoint, restartAt: EventPoint, span: Duration? = nil, settle: Duration? = nil
        ) {
            self.freezeAt = freezeAt
            self.restartAt = restartAt
            self.span = span
            self.settle = settle
        }

        private enum CodingKeys: String, CodingKey {
            case freezeAt, restartAt
            case span = "for"
            case settle
        }

        package static let spanDefault = Duration.seconds(2)
        package static let settleDefault = Duration.milliseconds(500)
        package static let kind = Kind.staleView
        package var fault: Fault { .staleView(self) }

        package func reportProblems(_ report: ProblemReport) {
            freezeAt.reportProblems("staleView.freezeAt", report)
            restartAt.reportProblems("staleView.restartAt", report)
            if let span, span <= .zero { report("staleView.for", "the span must be longer than 0, as in 2s") }
            if let settle, settle < .zero { report("staleView.settle", "a span cannot be negative") }
        }

        package static let page = FaultPage(
            .conformant, "a restarted controller sees an older state, as from another API server that lags",
            effect: """
                The state of the resource just after `freezeAt` is kept. When `restartAt` has happened, and the subject \
                has had time to act on it, it is killed and started again (a client of a proxy by itself: all its connections are cut), and its lists with \
                resourceVersion=0 and the watches that follow are served from the kept state, for the span; then what \
                happened since comes through in order. Lists without a resourceVersion are quorum reads and stay fresh; \
                a streaming list (WatchList) is refused (422), as by a server without it, and the client falls back to list \
                and watch. The span begins with the first request that sees the old state.
                """,
            parameters: [
                .init("freezeAt", "{event: added|modified|deleted, name, count, field, equals}", "the state to keep"),
                .init("restartAt", "the same", "when the subject is restarted"),
                .init("for", "duration, above 0; 2s", "how long the old state is shown"),
            ],
            healthy:
                "Before something is destroyed, its owner is read afresh, or a precondition (UID, resourceVersion) is sent.",
            broken: "What was made anew is deleted because the old state said so.",
            disturbs: "Only the matching resource is old; others are as they are.",
            example: """
                match: {resource: websites.example.com}
                staleView: {freezeAt: {event: deleted, name: web}, restartAt: {event: added, name: web, count: 2}}
                """)
    }

    /// A state in between is never seen, because the stream was held until it was over.
    package struct UnobservedState: FaultParameters {
        /// The event that is not to be seen.
        package var from: EventPoint
        /// When this one has come too, the watch ends with 410, and the client lists what is there by now.
        package var until: EventPoint
        /// If `until` does not come by then, the stream goes on as if nothing had been; nil is 10 s.
        package var within: Duration?

        package init(from: EventPoint, until: EventPoint, within: Duration? = nil) {
            self.from = from
            self.until = until
            self.within = within
        }

        package static let withinDefault = Duration.seconds(10)
        package static let kind = Kind.unobserved
        package var fault: Fault { .unobserved(self) }

        package func reportProblems(_ report: ProblemReport) {
            from.reportProblems("unobserved.from", report)
            until.reportProblems("unobserved.until", report)
            if let within, within <= .zero { report("unobserved.within", "the span must be longer than 0, as in 10s") }
        }

        package static let page = FaultPage(
            .conformant, "a state in between is never seen",
            effect: """
                From the event `from` on, the resource's watches are held as a whole, so that their order stays. When \
                `until` has happened, they end with 410 and the client lists: it sees what is, and never saw what was. \
                Lists meanwhile stay fresh. If `until` does not come in time, the held events follow, and nothing was hit.
                """,
            parameters: [
                .init("from", "{event: added|modified|deleted, name, count, field, equals}", "what is not to be seen"),
                .init("until", "the same", "what it is over with"),
                .init("within", "duration, above 0; 10s", "how long the stream may be held"),
            ],
            healthy: "What is to be done follows from the state as it is, and from what was written down of the past.",
            broken: "Resources leak whose deletion hung on an event, or a step is left out.",
            disturbs: "All watches of the resource wait meanwhile.",
            example: """
                match: {resource: websites.example.com}
                unobserved: {from: {event: modified, name: web, field: spec.storage, equals: "false"}, \
                until: {event: modified, name: web, count: 2}}
                """)
    }
}
