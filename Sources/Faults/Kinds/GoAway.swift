extension Fault {
    /// The server asks the client to leave the connection: HTTP/2's GOAWAY, HTTP/1.1's `Connection: close`.
    package struct GoAway: FaultParameters {
        package enum Point: String, Hashable, Sendable, Codable, CaseIterable {
            /// The request is not taken: the GOAWAY says that its stream was not looked at, and the connection ends.
            case beforeRequest
            /// The request and all others under way are answered; no new ones are taken.
            case afterAnswer
        }

        package var at: Point

        package init(at: Point = .afterAnswer) { self.at = at }

        package static let kind = Kind.goAway
        package var fault: Fault { .goAway(self) }

        package static let page = FaultPage(
            .conformant, "the server sends its client away (HTTP/2 GOAWAY)",
            effect: """
                What kube-apiserver does by --goaway-chance and when it shuts down: a GOAWAY, after which streams under way \
                are served (afterAnswer) or the matching one is not taken and the connection ends (beforeRequest). On \
                HTTP/1.1 the answer says `Connection: close`, or the connection is closed unanswered.
                """,
            parameters: [.init("at", "beforeRequest or afterAnswer", "whether the matching request is still served")],
            healthy: "The client connects anew and goes on; a request that was not taken is sent again.",
            broken: "`http2: server sent GOAWAY and closed the connection` ends the work.",
            disturbs:
                "The connection's other streams: with beforeRequest they break, with afterAnswer they end in their time.",
            example: "when: {probability: 0.02}\ngoAway: {at: afterAnswer}")
    }
}
