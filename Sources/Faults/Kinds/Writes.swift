extension Fault {
    /// The write is done twice, one after the other, and the client is given the second answer.
    package struct DoubleApplication: FaultParameters {
        package init() {}

        package static let kind = Kind.applyTwice
        package var fault: Fault { .applyTwice(self) }

        package static let page = FaultPage(
            .conformant, "a write reaches the server twice",
            effect: """
                The request is forwarded, and when it has been answered, forwarded again; the client gets the second \
                answer: what a transport does that re-sends a write whose answer was lost. Bodies up to 3 MiB; a larger one \
                passes once and counts as not hit.
                """,
            healthy: "AlreadyExists and Conflict are looked into, and what is there is taken for done.",
            broken: "Two objects by generateName, a failure for what is in truth done, a counter that is off by one.",
            disturbs: "Nothing else.",
            example: "match: {verb: [create], resource: pods}\napplyTwice: {}")
    }

    /// Somebody else changes the object just before the write passes, so that the server itself answers 409.
    package struct Interloper: FaultParameters {
        package init() {}

        package static let kind = Kind.interlope
        package var fault: Fault { .interlope(self) }

        /// The annotation that is changed, and the field manager that changes it.
        package static let annotation = "boreas.dev/interloper"
        package static let fieldManager = "boreas-interloper"

        package static let page = FaultPage(
            .conformant, "somebody else changes the object just before a write passes: a real conflict",
            effect: """
                Before an update (or a patch that names a resourceVersion) is forwarded, an annotation of the object is \
                changed (\(Interloper.annotation), field manager \(Interloper.fieldManager)), so that its resourceVersion moves \
                and the server's own check answers 409. Writes that name no version pass all the same.
                """,
            healthy: "The object is read anew, the change is made again on what is there, and written.",
            broken:
                "The stale object is sent again and again; the other's change is overwritten; the conflict ends the work.",
            disturbs: "The object itself: watchers see one more event.",
            example: "match: {verb: [update], resource: workflows.argoproj.io}\ninterlope: {}")
    }
}
