/// What a failure of the transport is called, in the words that Go's HTTP client and net package use, and by the numbers
/// of libcurl.
///
/// Controllers sort failures by these words (Argo's `IsTransientErr` looks for parts of them), so that a subject meets
/// the same ones in every world.
extension TransportFailure {
    package enum Words {
        package static let reset = "read tcp: connection reset by peer"
        package static let brokenPipe = "write tcp: write: broken pipe"
        /// The connection ended before an answer began.
        package static let end = "EOF"
        /// It ended within one.
        package static let unexpectedEnd = "unexpected EOF"
        package static let handshakeTimedOut = "net/http: TLS handshake timeout"
        package static let connectionTimedOut = "read tcp: connection timed out"
        package static let connectionLost = "http2: client connection lost"
        package static let goAway = "http2: server sent GOAWAY and closed the connection"

        /// One HTTP/2 stream ended with RST_STREAM and the error of that name: `INTERNAL_ERROR`.
        package static func streamReset(_ number: Int, _ name: String) -> String {
            "stream error: stream ID \(number); \(name); received from peer"
        }

        package static func refused(_ authority: String) -> String {
            "dial tcp \(authority): connect: connection refused"
        }

        package static func connectTimedOut(_ authority: String) -> String { "dial tcp \(authority): i/o timeout" }

        package static func notFound(_ host: String) -> String { "dial tcp: lookup \(host): no such host" }

        /// The request's own time limit passed when it had been sent.
        package static func timedOut(hasHead: Bool) -> String {
            let phase = hasHead ? "or context cancellation while reading body" : "while awaiting headers"
            return "context deadline exceeded (Client.Timeout exceeded \(phase))"
        }

        /// An exec's time limit passed while the command ran.
        package static let commandTimedOut = "context deadline exceeded (the command's status did not come)"
        /// An exec's connection ended while the command ran.
        package static let commandCut = "the stream ended before the command's status came"
    }

    /// The CURLcodes that failures of connections have.
    package enum CurlCode {
        package static let couldNotResolveHost = 6
        package static let couldNotConnect = 7
        package static let partialFile = 18
        package static let operationTimedOut = 28
        package static let tlsConnectError = 35
        package static let receiveError = 56
        package static let http2Stream = 92
    }

    /// The message of a request that failed, as Go's `url.Error` puts it: `Get "https://10.0.0.1:6443/version": EOF`.
    ///
    /// - Parameter server: The URL without the path.
    package static func message(method: String, server: String, path: String, words: String) -> String {
        let verb = method.prefix(1).uppercased() + method.dropFirst().lowercased()
        return "\(verb) \"\(server)\(path)\": \(words)"
    }
}
