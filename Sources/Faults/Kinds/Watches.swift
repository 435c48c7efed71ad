extension Fault {
    /// A watch ends, as servers end each one in its time.
    package struct WatchCut: FaultParameters {
        /// How many events get through before; nil is none.
        package var afterEvents: Int?
        /// How long it lasts at most; nil is until the events are through.
        package var after: Duration?

        package init(afterEvents: Int? = nil, after: Duration? = nil) {
            self.afterEvents = afterEvents
            self.after = after
        }

        package static let kind = Kind.cutWatch
        package var fault: Fault { .cutWatch(self) }

        package func reportProblems(_ report: ProblemReport) {
            reportEvents(afterEvents, "cutWatch", report)
            if let after, after < .zero { report("cutWatch.after", "a span cannot be negative") }
        }

        package static let page = FaultPage(
            .conformant, "a watch ends properly, as servers end each one in its time",
            effect: "After so many events, or so much time, the stream ends as if its timeoutSeconds were over.",
            parameters: [
                .init("afterEvents", "0 or more; 0", "events that get through before"),
                .init("after", "duration, 0 or more", "ends it at the latest after this time"),
            ],
            healthy: "The watch is opened again from the last resourceVersion; no event is missed or handled as new.",
            broken: "A relist each time; events between end and new beginning are lost; a controller that goes blind.",
            disturbs: "Nothing else.",
            example: "match: {verb: [watch], resource: pods}\ncutWatch: {afterEvents: 3}")
    }

    /// A watch ends with an ERROR event: 410, its resourceVersion is too old.
    package struct WatchExpiry: FaultParameters {
        /// How many events get through before; nil is none.
        package var afterEvents: Int?

        package init(afterEvents: Int? = nil) { self.afterEvents = afterEvents }

        package static let kind = Kind.expireWatch
        package var fault: Fault { .expireWatch(self) }

        package func reportProblems(_ report: ProblemReport) { reportEvents(afterEvents, "expireWatch", report) }

        package static let page = FaultPage(
            .conformant, "a watch ends with 410 Expired",
            effect: """
                After so many events the stream gives an ERROR event with the Status `too old resource version` and ends, \
                as when etcd has compacted what the watch would go on from.
                """,
            parameters: [.init("afterEvents", "0 or more; 0", "events that get through before")],
            healthy: "The resource is listed anew and watched from there; objects that are gone are taken as deleted.",
            broken:
                "The same resourceVersion is tried again for ever; objects that went meanwhile live on in the cache.",
            disturbs: "Nothing else.",
            example: "match: {verb: [watch], resource: pods}\nexpireWatch: {afterEvents: 2}")
    }

    /// A watch goes on and says nothing more.
    package struct WatchStall: FaultParameters {
        /// How many events get through before; nil is none.
        package var afterEvents: Int?
        /// After it, what was held back comes through; nil is never.
        package var span: Duration?

        package init(afterEvents: Int? = nil, span: Duration? = nil) {
            self.afterEvents = afterEvents
            self.span = span
        }

        private enum CodingKeys: String, CodingKey {
            case afterEvents
            case span = "for"
        }

        package static let kind = Kind.stallWatch
        package var fault: Fault { .stallWatch(self) }

        package func reportProblems(_ report: ProblemReport) {
            reportEvents(afterEvents, "stallWatch", report)
            if let span, span <= .zero { report("stallWatch.for", "the span must be longer than 0, as in 5s") }
        }

        package static let page = FaultPage(
            .degraded, "a watch stays open and says nothing more",
            effect: """
                After so many events the stream is held, bookmarks with it, while the connection and its other streams live \
                on. After the span, or when the rule is removed, what was held comes through in its order.
                """,
            parameters: [
                .init("afterEvents", "0 or more; 0", "events that get through before"),
                .init("for", "duration, above 0; for ever", "how long the stream is held"),
            ],
            healthy:
                "A time limit of the watch (timeoutSeconds) or a resync brings what was missed; nothing else waits.",
            broken: "The controller works from an old picture for as long as the stream is open.",
            disturbs: "Nothing else.",
            example: "match: {verb: [watch], resource: configmaps}\nstallWatch: {for: 20s}")
    }

    /// Bookmarks do not come.
    package struct BookmarkLoss: FaultParameters {
        package enum Which: String, Hashable, Sendable, Codable, CaseIterable {
            case all
            /// The bookmark alone that ends the initial events of a streaming list (WatchList).
            case initialEventsEnd
        }

        /// Nil is ``Which/all``.
        package var which: Which?

        package init(which: Which? = nil) { self.which = which }

        package static let kind = Kind.withholdBookmarks
        package var fault: Fault { .withholdBookmarks(self) }

        package static let page = FaultPage(
            .degraded, "a watch never gets its bookmarks",
            effect: """
                BOOKMARK events are taken out of the stream: all of them, or that alone which ends the initial events of a \
                streaming list (annotation k8s.io/initial-events-end), without which a client-go informer is never synced \
                (kubernetes#140902).
                """,
            parameters: [.init("which", "all or initialEventsEnd; all", "which bookmarks are withheld")],
            healthy: "The client falls back to a list after a while; a controller says that its cache is not synced.",
            broken: "The controller waits for its cache for ever, without a word.",
            disturbs: "A watch that is opened again much later begins at an older version, and may meet 410.",
            example: "match: {verb: [watch], resource: pods}\nwithholdBookmarks: {which: initialEventsEnd}")
    }

    /// Each event comes twice.
    package struct EventDuplication: FaultParameters {
        package init() {}

        package static let kind = Kind.duplicateEvents
        package var fault: Fault { .duplicateEvents(self) }

        package static let page = FaultPage(
            .byzantine, "a watch gives each event twice",
            effect: "ADDED, MODIFIED and DELETED events are sent twice in a row, with the same resourceVersion.",
            healthy: "The second one changes nothing: what is to be done follows from the state, not from the event.",
            broken: "Something is counted, created or deleted twice.",
            disturbs: "Nothing else.",
            example: "match: {verb: [watch], resource: websites.example.com}\nduplicateEvents: {}")
    }

    /// Events of one object within a span are joined to the last one.
    package struct EventCompaction: FaultParameters {
        package var within: Duration

        package init(within: Duration) { self.within = within }

        package static let kind = Kind.compactEvents
        package var fault: Fault { .compactEvents(self) }

        package func reportProblems(_ report: ProblemReport) {
            if within <= .zero { report("compactEvents.within", "the span must be longer than 0, as in 500ms") }
        }

        package static let page = FaultPage(
            .degraded, "of an object's events in quick succession a watch gives only the last",
            effect: """
                The stream is held for the span from an event on; then of each object the last state alone is given (an \
                object that came and went: nothing; one that went and came anew: DELETED, then ADDED), in the order of \
                their resourceVersions. It is what a client sees that relists instead.
                """,
            parameters: [.init("within", "duration, above 0", "how long events are gathered")],
            healthy: "Nothing depends on having seen a state in between.",
            broken: "A step is never taken because its trigger was never seen.",
            disturbs: "Events come later by up to the span.",
            example: "match: {verb: [watch], resource: pods}\ncompactEvents: {within: 1s}")
    }
}

private func reportEvents(_ count: Int?, _ key: String, _ report: ProblemReport) {
    if let count, count < 0 { report("\(key).afterEvents", "\(count) is too few; write 0 or more") }
}
