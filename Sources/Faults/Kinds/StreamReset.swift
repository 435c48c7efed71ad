extension Fault {
    /// One HTTP/2 stream ends with RST_STREAM, and the connection lives on.
    package struct StreamReset: FaultParameters {
        /// RFC 9113, 7.
        package enum Code: String, Hashable, Sendable, Codable, CaseIterable {
            case refusedStream, internalError, cancel, enhanceYourCalm

            /// As the RFC names it: `INTERNAL_ERROR`.
            package var name: String {
                switch self {
                case .refusedStream: "REFUSED_STREAM"
                case .internalError: "INTERNAL_ERROR"
                case .cancel: "CANCEL"
                case .enhanceYourCalm: "ENHANCE_YOUR_CALM"
                }
            }
        }

        package var code: Code
        /// Nil is ``Reset/Point/beforeRequest``.
        package var at: Reset.Point?

        package init(code: Code, at: Reset.Point? = nil) {
            self.code = code
            self.at = at
        }

        package static let kind = Kind.streamReset
        package var fault: Fault { .streamReset(self) }

        package func reportProblems(_ report: ProblemReport) {
            if code == .refusedStream, at ?? .beforeRequest != .beforeRequest {
                report("streamReset.at", "refusedStream promises that nothing was done; write at: beforeRequest")
            }
        }

        package static let page = FaultPage(
            .conformant, "one HTTP/2 stream is reset, the connection lives on",
            effect: """
                The stream ends with RST_STREAM and the code given: before the request is forwarded, after the server has \
                done it, or within the answer's body. A client of HTTP/1.1 has its connection reset.
                """,
            parameters: [
                .init("code", "refusedStream, internalError, cancel or enhanceYourCalm", "the error code of RFC 9113"),
                .init(
                    "at", "beforeRequest, afterCommit or midBody; beforeRequest",
                    "where on its way the request is cut off"),
            ],
            healthy: "The call is made again; refusedStream at once, because nothing was done.",
            broken: "`stream error: stream ID 5; INTERNAL_ERROR` ends the work.",
            disturbs: "Nothing else on HTTP/2.",
            example: "streamReset: {code: internalError, at: afterCommit}")
    }
}
