extension Fault {
    /// The answer comes through at so many bytes a second.
    package struct Bandwidth: FaultParameters {
        package var bytesPerSecond: Int

        package init(bytesPerSecond: Int) { self.bytesPerSecond = bytesPerSecond }

        package static let kind = Kind.bandwidth
        package var fault: Fault { .bandwidth(self) }

        package func reportProblems(_ report: ProblemReport) {
            if !(1...1_000_000_000).contains(bytesPerSecond) {
                report("bandwidth.bytesPerSecond", "\(bytesPerSecond) is out of bounds; write 1 to 1000000000, as 2000")
            }
        }

        package static let page = FaultPage(
            .conformant, "the answer drips, so many bytes a second",
            effect: """
                The body of the answer passes at an even pace, a tenth of a second's worth at a time, or one byte where \
                that is less; over an upgraded connection (exec, port-forward) all that the server sends.
                """,
            parameters: [.init("bytesPerSecond", "bytes a second, 1 to 10⁹", "the pace of the answer's body")],
            healthy:
                "Long lists take long; limits on a whole call end what takes too long, and paging makes it shorter.",
            broken: "A limit that restarts with each byte is never reached, and a worker hangs in a slow drip.",
            disturbs: "Nothing else, also on HTTP/2: the other streams keep their pace.",
            example: "match: {verb: [list], resource: pods}\nbandwidth: {bytesPerSecond: 2000}")
    }
}
