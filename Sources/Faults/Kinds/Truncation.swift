extension Fault {
    /// The answer ends before its end.
    package struct Truncation: FaultParameters {
        /// How many bytes of the body get through.
        package var afterBytes: Int

        package init(afterBytes: Int) { self.afterBytes = afterBytes }

        package static let kind = Kind.truncate
        package var fault: Fault { .truncate(self) }

        package func reportProblems(_ report: ProblemReport) {
            if afterBytes < 0 { report("truncate.afterBytes", "\(afterBytes) is too few; write 0 or more") }
        }

        package static let page = FaultPage(
            .conformant, "the answer's body ends too early",
            effect: """
                Head and so many bytes of the body get through, then the connection is closed (FIN): short of the declared \
                length, or without the last chunk. On HTTP/2 the stream alone ends, with RST_STREAM (INTERNAL_ERROR).
                """,
            parameters: [.init("afterBytes", "bytes, 0 or more", "what of the body gets through")],
            healthy: "The answer counts as none; reads are made again, writes are looked up.",
            broken: "Half a list is taken for the whole, and objects that are missing in it for deleted.",
            disturbs: "On HTTP/1.1 the connection, which carried nothing else.",
            example: "match: {verb: [list], resource: pods}\ntruncate: {afterBytes: 500}")
    }
}
