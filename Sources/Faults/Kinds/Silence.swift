extension Fault {
    /// The request vanishes: never forwarded, never answered, the connection stays up.
    package struct BlackHole: FaultParameters {
        package init() {}

        package static let kind = Kind.blackHole
        package var fault: Fault { .blackHole(self) }

        package static let page = FaultPage(
            .conformant, "the request vanishes and is never answered",
            effect:
                "The request is read and not forwarded; no byte of an answer comes. The connection stays up for others.",
            healthy: "A time limit ends the call, and it is made again.",
            broken: "A worker hangs for ever; with it, one after the other, all workers.",
            disturbs: "On HTTP/1.1 the connection is lost to the client until it gives up; on HTTP/2 nothing else.",
            example: "match: {verb: [connect], resource: pods/exec}\nblackHole: {}")
    }

    /// The request is forwarded and acted on, and its connection never carries another byte to the client. One that asks
    /// for an upgrade, as exec does, gets it, and then no byte passes either way.
    package struct HalfOpen: FaultParameters {
        package init() {}

        package static let kind = Kind.halfOpen
        package var fault: Fault { .halfOpen(self) }

        package static let page = FaultPage(
            .conformant, "the connection stays up and carries nothing more to the client",
            effect: """
                The request is forwarded and acted on; from then on the client's connection is silent, as after a firewall \
                has forgotten it. A connection that is to be upgraded (exec) is, and then no byte passes.
                """,
            healthy:
                "A time limit ends the call and a ping or a read limit the connection; work goes on over a new one.",
            broken: "All requests over that connection time out for as long as it is kept, watches see nothing.",
            disturbs: "On HTTP/2 every stream of the connection.",
            example: "match: {verb: [watch], resource: pods}\nwhen: {first: 1}\nhalfOpen: {}")
    }
}
