extension Fault {
    /// A command's stream closes and never says how the command ended.
    package struct LostExecStatus: FaultParameters {
        package init() {}

        package static let kind = Kind.dropExecStatus
        package var fault: Fault { .dropExecStatus(self) }

        package static let page = FaultPage(
            .degraded, "an exec ends without the command's exit status",
            effect: """
                Over WebSocket the message on the error channel (3), which holds the Status with the exit code, is taken \
                out, and the connection closes as usual: what clients meet when a kubelet goes down. Over SPDY the \
                connection is closed before the error stream's data.
                """,
            healthy: "The outcome counts as unknown, and the command is tried again or looked into.",
            broken: "No status counts as success.",
            disturbs: "Nothing else.",
            example: "match: {verb: [connect], resource: pods/exec}\ndropExecStatus: {}")
    }
}
