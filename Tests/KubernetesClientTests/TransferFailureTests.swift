import Kubernetes
import KubernetesClient
import Testing

struct TransferFailureTests {
    struct Case: CustomTestStringConvertible {
        var code: Int
        var systemError: Int32 = 0
        var detail = ""
        var hasHead = false
        var kind: TransportFailure.Kind
        var words: String

        var testDescription: String { "\(code) \(detail)" }
    }

    private let server = ServerAddress(isTLS: true, host: "127.0.0.1", port: 6443)

    private func error(_ outcome: TransferOutcome, isWrite: Bool = true) -> APIError {
        APIError(outcome, method: "POST", server: server, path: "/api", isWrite: isWrite)
    }

    @Test(
        "each failure of libcurl's has its kind and the words of a Go client",
        arguments: [
            Case(code: 6, kind: .nameNotResolved, words: "lookup 127.0.0.1: no such host"),
            Case(
                code: 7, systemError: 111, kind: .connectionRefused,
                words: "dial tcp 127.0.0.1:6443: connect: connection refused"),
            Case(code: 7, systemError: 113, kind: .other, words: "no route to host"),
            Case(code: 7, systemError: 110, kind: .timeout, words: "connection timed out"),
            Case(code: 28, kind: .timeout, words: "dial tcp 127.0.0.1:6443: i/o timeout"),
            Case(code: 28, detail: "Operation too slow.", kind: .timeout, words: "http2: client connection lost"),
            Case(code: 56, systemError: 104, kind: .connectionReset, words: "read tcp: connection reset by peer"),
            Case(code: 55, systemError: 32, kind: .connectionReset, words: "broken pipe"),
            Case(code: 56, detail: "Connection reset by peer", kind: .connectionReset, words: "reset by peer"),
            Case(code: 52, kind: .connectionClosed, words: ": EOF"),
            Case(code: 65, kind: .connectionClosed, words: ": EOF"),
            Case(code: 18, hasHead: true, kind: .truncated, words: "unexpected EOF"),
            Case(code: 18, kind: .connectionClosed, words: ": EOF"),
            Case(code: 16, kind: .http2, words: "http2: server sent GOAWAY and closed the connection"),
            Case(
                code: 92, detail: "HTTP/2 stream 5 was not closed cleanly: INTERNAL_ERROR (err 2)", kind: .http2,
                words: "stream error: stream ID 5; INTERNAL_ERROR; received from peer"),
            Case(
                code: 35, detail: "OpenSSL SSL_connect: Connection reset by peer in connection to a:1",
                kind: .connectionReset, words: "connection reset by peer"),
            Case(code: 35, detail: "error:0A000126:SSL routines::unexpected eof", kind: .tls, words: ": EOF"),
            Case(code: 60, kind: .tls, words: "x509: certificate signed by unknown authority"),
            Case(code: 2, kind: .other, words: "transfer failed"),
        ])
    func kinds(expected: Case) {
        var outcome = TransferOutcome()
        outcome.curlCode = expected.code
        outcome.systemError = expected.systemError
        outcome.detail = expected.detail
        if expected.hasHead { outcome.head = ResponseHead(status: 200) }
        let error = error(outcome)
        #expect(error.code == .unreachable)
        #expect(error.transport == TransportFailure(kind: expected.kind, curlCode: expected.code))
        #expect(error.message.hasPrefix("Post \"https://127.0.0.1:6443/api\": "))
        #expect(error.message.contains(expected.words), "\(error)")
    }

    @Test("a timeout is told by how far the transfer came")
    func timeouts() {
        var outcome = TransferOutcome()
        outcome.curlCode = 28
        outcome.timings.connect = .milliseconds(1)
        #expect(error(outcome).message.contains("net/http: TLS handshake timeout"))
        outcome.wasSent = true
        #expect(error(outcome).message.contains("Client.Timeout exceeded while awaiting headers"))
        outcome.head = ResponseHead(status: 200)
        #expect(error(outcome).message.contains("while reading body"))
    }

    @Test("after a refused replay, the first connection's end counts, not what came of the second")
    func replay() {
        var outcome = TransferOutcome()
        outcome.curlCode = 7
        outcome.isReplayRefused = true
        #expect(error(outcome).transport?.kind == .connectionClosed)
        outcome.systemError = 104
        #expect(error(outcome).transport?.kind == .connectionReset)
    }

    @Test("a write may have been applied where it was sent whole, and only then")
    func mayHaveBeenApplied() {
        var outcome = TransferOutcome()
        outcome.curlCode = 56
        outcome.wasSent = true
        #expect(!error(outcome).mayHaveBeenApplied)
        outcome.wasSentWhole = true
        #expect(error(outcome).mayHaveBeenApplied)
        #expect(!error(outcome, isWrite: false).mayHaveBeenApplied)
    }

    @Test("what is no HTTP, or too long, is malformed")
    func malformed() {
        var outcome = TransferOutcome()
        outcome.curlCode = 1
        #expect(error(outcome).code == .malformed)
        outcome.curlCode = 23
        outcome.isTooLong = true
        #expect(error(outcome).code == .malformed)
    }
}
