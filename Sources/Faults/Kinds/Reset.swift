extension Fault {
    /// The connection ends with a TCP reset.
    package struct Reset: FaultParameters {
        package enum Point: String, Hashable, Sendable, Codable, CaseIterable {
            /// Before the request is forwarded: the server never sees it.
            case beforeRequest
            /// After the server's answer has arrived, and before the client gets any of it: the write happened, and
            /// nobody but the server knows.
            case afterCommit
            /// In the middle of the answer's body.
            case midBody
        }

        package var at: Point
        /// With ``Point/midBody``, how many bytes of the body get through; nil is 1.
        package var afterBytes: Int?

        package init(at: Point, afterBytes: Int? = nil) {
            self.at = at
            self.afterBytes = afterBytes
        }

        package static let kind = Kind.reset
        package var fault: Fault { .reset(self) }

        package func reportProblems(_ report: ProblemReport) {
            guard let afterBytes else { return }
            if at != .midBody { report("reset.afterBytes", "only at: midBody has a body; leave afterBytes out") }
            if afterBytes < 0 { report("reset.afterBytes", "\(afterBytes) is too few; write 0 or more") }
        }

        package static let page = FaultPage(
            .conformant, "the connection ends with a TCP reset",
            effect: """
                The client's connection is reset: before the request is forwarded, after the server has answered and \
                before the client hears of it (the write is done, and the client can't know), or within the answer's body. \
                On HTTP/2 every stream of the connection goes with it.
                """,
            parameters: [
                .init("at", "beforeRequest, afterCommit or midBody", "where on its way the request is cut off"),
                .init("afterBytes", "bytes, 0 or more; 1", "with midBody: what of the body gets through"),
            ],
            healthy: "The call is made again; after a lost answer a create that meets AlreadyExists is taken for done.",
            broken:
                "`connection reset by peer` or `unexpected EOF` ends the work; a lost answer makes a second object.",
            disturbs: "Other requests that share the HTTP/2 connection, watches among them.",
            example: "match: {verb: [create], resource: pods}\nreset: {at: afterCommit}")
    }
}
